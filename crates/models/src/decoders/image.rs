//! From a vector to an image: what goes with an encoder that reads one.

use burn::module::Module;
use burn::nn::conv::{ConvTranspose2d, ConvTranspose2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::leaky_relu;
use burn::tensor::{Device, Tensor};

use crate::encoders::convolutional::quarter;
use crate::encoders::dense::SLOPE;
use crate::encoders::image::{Image, ImageKind};

/// Layers from a vector to all values of a sequence at once.
#[derive(Module, Debug)]
pub struct ImageDecoder {
    hidden: Linear,
    output: Output,
    #[module(skip)]
    image: Image,
}

#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "one output a decoder; a box would only hide it")]
enum Output {
    Dense(Dense),
    Convolutional(Convolutional),
}

/// Two fully connected layers.
#[derive(Module, Debug)]
struct Dense {
    wide: Linear,
    values: Linear,
}

/// Two transposed convolutions that each double the image (Radford et al. 2016).
#[derive(Module, Debug)]
struct Convolutional {
    maps: Linear,
    first: ConvTranspose2d,
    second: ConvTranspose2d,
    #[module(skip)]
    many: usize,
}

impl ImageDecoder {
    /// Builds a decoder of vectors of `vector` numbers with a first layer of `hidden` units.
    pub fn new(vector: usize, hidden: usize, image: Image, device: &Device) -> Self {
        let linear = |from, to| LinearConfig::new(from, to).init(device);
        let output = match image.kind {
            ImageKind::Dense => Output::Dense(Dense {
                wide: linear(hidden, 2 * hidden),
                values: linear(2 * hidden, image.height * image.width),
            }),
            ImageKind::Convolutional([few, many]) => {
                let doubling = |from, to| {
                    ConvTranspose2dConfig::new([from, to], [4, 4]).with_stride([2, 2]).with_padding([1, 1]).init(device)
                };
                Output::Convolutional(Convolutional {
                    maps: linear(hidden, many * quarter(image.height) * quarter(image.width)),
                    first: doubling(many, few),
                    second: doubling(few, 1),
                    many,
                })
            }
        };
        Self { hidden: linear(vector, hidden), output, image }
    }

    /// # Shapes
    ///
    /// - vector: `[batch, vector]`, output: `[batch, height, width]`
    pub fn forward(&self, vector: Tensor<2>) -> Tensor<3> {
        let [batch, _] = vector.dims();
        let Image { height, width, .. } = self.image;
        let hidden = leaky_relu(self.hidden.forward(vector), SLOPE);
        match &self.output {
            Output::Dense(dense) => {
                let wide = leaky_relu(dense.wide.forward(hidden), SLOPE);
                dense.values.forward(wide).reshape([batch, height, width])
            }
            Output::Convolutional(convolutional) => {
                let maps = leaky_relu(convolutional.maps.forward(hidden), SLOPE);
                let maps = maps.reshape([batch, convolutional.many, quarter(height), quarter(width)]);
                let maps = leaky_relu(convolutional.first.forward(maps), SLOPE);
                // Doubled twice, a size that is no multiple of four is too large.
                let image = convolutional.second.forward(maps).narrow(2, 0, height).narrow(3, 0, width);
                image.reshape([batch, height, width])
            }
        }
    }

    /// What is written.
    pub fn image(&self) -> Image {
        self.image
    }
}
