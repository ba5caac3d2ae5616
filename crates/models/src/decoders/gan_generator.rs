//! From noise to a series: the generator of a recurrent GAN (Esteban et al. 2017), or where images are read of a dense
//! or convolutional one (Goodfellow et al. 2014; Radford et al. 2016).

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use semiseq_kernels::Direction;

use crate::cells::lstm::LstmLayer;
use crate::cells::registry::Layer;
use crate::decoders::image::ImageDecoder;
use crate::encoders::image::{Image, fitted};
use crate::layers::each_step;

/// A generator of series.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "one generator an objective; a box would only hide it")]
pub enum SequenceGenerator {
    /// Reads noise at each step.
    Steps(StepGenerator),
    /// Reads noise once.
    Image(ImageDecoder),
}

/// An LSTM that reads a vector of noise at each step, with a linear output per step.
#[derive(Module, Debug)]
pub struct StepGenerator {
    cell: Layer,
    head: Linear,
}

impl SequenceGenerator {
    /// Builds a generator of `features` a step from vectors of `noise` numbers; with a `image`, of that.
    pub fn new(noise: usize, hidden: usize, features: usize, image: Option<Image>, device: &Device) -> Self {
        match image {
            Some(image) => Self::Image(ImageDecoder::new(noise, hidden, image, device)),
            None => Self::Steps(StepGenerator {
                cell: Layer::Lstm(LstmLayer::new(noise, hidden, 0.0, device)),
                head: LinearConfig::new(hidden, features).init(device),
            }),
        }
    }

    /// Vectors of noise that a series of `time` steps is made of.
    pub fn reads(&self, time: usize) -> usize {
        match self {
            Self::Steps(_) => time,
            Self::Image(_) => 1,
        }
    }

    /// # Shapes
    ///
    /// - noise: `[batch, reads(time), noise]`, output: `[batch, time, features]`
    pub fn forward(&self, noise: Tensor<3>, time: usize) -> Tensor<3> {
        match self {
            Self::Steps(generator) => {
                let (steps, _) = generator.cell.forward(noise, None, None, Direction::Forward);
                each_step(&generator.head, steps)
            }
            Self::Image(decoder) => fitted(decoder.forward(noise.squeeze_dim(1)), time),
        }
    }
}
