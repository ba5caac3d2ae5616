//! A sequence read as an image: steps are rows, channels are columns.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::activation::leaky_relu;
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use semiseq_schema::{Problem, problem};
use serde::{Deserialize, Serialize};

use crate::encoder::Encoder;
use crate::encoders::dense::SLOPE;
use crate::encoders::image::{Image, ImageKind, read};
use crate::encoders::settings::EncoderSettings;

/// `[model.….encoder.convolutional]`: two convolutions that each halve the image, and a fully connected layer (as
/// DCGAN's discriminator, Radford et al. 2016, without batch normalisation).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConvolutionalConfig {
    /// Rows of an image: steps of a sequence. Shorter ones are filled with zeros.
    pub height: usize,
    /// Maps after each of the two convolutions. Default `[16, 32]`.
    #[serde(default = "default_maps")]
    pub maps: [usize; 2],
    /// Width of the vector. Default 128.
    #[serde(default = "default_hidden")]
    pub hidden: usize,
}

fn default_maps() -> [usize; 2] {
    [16, 32]
}

fn default_hidden() -> usize {
    128
}

/// The convolutions and the layer on top.
#[derive(Module, Debug)]
pub struct ConvolutionalEncoder {
    first: Conv2d,
    second: Conv2d,
    output: Linear,
    #[module(skip)]
    image: Image,
    #[module(skip)]
    hidden: usize,
}

/// Half, and half again, rounded up: the size after two convolutions of stride 2.
pub(crate) fn quarter(size: usize) -> usize {
    size.div_ceil(2).div_ceil(2)
}

impl EncoderSettings for ConvolutionalConfig {
    type Encoder = ConvolutionalEncoder;

    fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        let values = [("height", self.height), ("hidden", self.hidden), ("maps", self.maps[0].min(self.maps[1]))];
        for (key, value) in values {
            if value == 0 {
                problems.push(problem(format!("{path}.{key}"), "must be at least 1, got 0", None));
            }
        }
    }

    fn init(&self, channels: usize, device: &Device) -> ConvolutionalEncoder {
        let halving = |from, to| {
            Conv2dConfig::new([from, to], [3, 3])
                .with_stride([2, 2])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .init(device)
        };
        let [few, many] = self.maps;
        let flat = many * quarter(self.height) * quarter(channels);
        ConvolutionalEncoder {
            first: halving(1, few),
            second: halving(few, many),
            output: LinearConfig::new(flat, self.hidden).init(device),
            image: Image { height: self.height, width: channels, kind: ImageKind::Convolutional(self.maps) },
            hidden: self.hidden,
        }
    }

    fn weights(&self, input: usize) -> u64 {
        let product = |sizes: &[usize]| sizes.iter().fold(1u64, |product, size| product.saturating_mul(*size as u64));
        let [few, many] = self.maps;
        let flat = product(&[many, quarter(self.height), quarter(input), self.hidden]);
        flat.saturating_add(product(&[9, few, many]))
    }

    fn steps_at_once(&self) -> Option<usize> {
        Some(self.height)
    }
}

impl Encoder for ConvolutionalEncoder {
    fn forward(&self, input: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<3> {
        let image: Tensor<4> = read(input, mask, self.image.height).unsqueeze_dim(1);
        let maps = leaky_relu(self.first.forward(image), SLOPE);
        let maps = leaky_relu(self.second.forward(maps), SLOPE);
        let vector: Tensor<2> = maps.flatten(1, 3);
        leaky_relu(self.output.forward(vector), SLOPE).unsqueeze_dim(1)
    }

    fn causal(&self) -> bool {
        false
    }

    fn hidden(&self) -> usize {
        self.hidden
    }

    fn image(&self) -> Option<Image> {
        Some(self.image)
    }
}
