//! From noise to a series: the generator of a recurrent GAN (Esteban et al. 2017), or where pictures are read of a dense or
//! convolutional one (Goodfellow et al. 2014; Radford et al. 2016).

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use semiseq_kernels::Direction;

use crate::cells::{Layer, LstmLayer};
use crate::each_step;
use crate::encoders::{Picture, fitted};
use crate::picture_decoder::PictureDecoder;

/// A generator of series.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "one generator an objective; a box would only hide it")]
pub enum SequenceGenerator {
    /// Reads noise at each step.
    Steps(StepGenerator),
    /// Reads noise once.
    Picture(PictureDecoder),
}

/// An LSTM that reads a vector of noise at each step, with a linear output a step.
#[derive(Module, Debug)]
pub struct StepGenerator {
    cell: Layer,
    head: Linear,
}

impl SequenceGenerator {
    /// Builds a generator of `features` a step from vectors of `noise` numbers; with a `picture`, of that.
    pub fn new(noise: usize, hidden: usize, features: usize, picture: Option<Picture>, device: &Device) -> Self {
        match picture {
            Some(picture) => Self::Picture(PictureDecoder::new(noise, hidden, picture, device)),
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
            Self::Picture(_) => 1,
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
            Self::Picture(decoder) => fitted(decoder.forward(noise.squeeze_dim(1)), time),
        }
    }
}
