//! A sequence read as a picture: steps are rows, channels are columns.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::activation::leaky_relu;
use burn::tensor::{Device, Tensor};
use semiseq_schema::{Problem, problem};
use serde::{Deserialize, Serialize};

use super::dense::SLOPE;
use super::picture::{Picture, PictureKind, fitted};
use crate::Encoder;

/// `[model.….encoder.convolutional]`: two convolutions that each halve the picture, and a fully connected layer (as DCGAN's
/// discriminator, Radford et al. 2016, without batch normalisation).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvolutionalConfig {
    /// Rows of a picture: steps of a sequence. Shorter ones are filled with zeros.
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
    picture: Picture,
    #[module(skip)]
    hidden: usize,
}

/// Half, and half again, rounded up: the size after two convolutions of stride 2.
pub(crate) fn quarter(size: usize) -> usize {
    size.div_ceil(2).div_ceil(2)
}

impl ConvolutionalConfig {
    pub(super) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        let values = [("height", self.height), ("hidden", self.hidden), ("maps", self.maps[0].min(self.maps[1]))];
        for (key, value) in values {
            if value == 0 {
                problems.push(problem(format!("{path}.convolutional.{key}"), "must be at least 1, got 0", None));
            }
        }
    }

    pub(super) fn init(&self, channels: usize, device: &Device) -> ConvolutionalEncoder {
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
            picture: Picture { height: self.height, width: channels, kind: PictureKind::Convolutional(self.maps) },
            hidden: self.hidden,
        }
    }
}

impl Encoder for ConvolutionalEncoder {
    fn forward(&self, input: Tensor<3>, _mask: Option<Tensor<2>>) -> Tensor<3> {
        let picture: Tensor<4> = fitted(input, self.picture.height).unsqueeze_dim(1);
        let maps = leaky_relu(self.first.forward(picture), SLOPE);
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

    fn picture(&self) -> Option<Picture> {
        Some(self.picture)
    }
}
