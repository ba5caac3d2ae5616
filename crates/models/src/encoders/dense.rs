//! A sequence read as a whole, through fully connected layers.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::leaky_relu;
use burn::tensor::{Device, Tensor};
use semiseq_schema::{Problem, problem};
use serde::{Deserialize, Serialize};

use super::picture::{Picture, PictureKind, fitted};
use crate::Encoder;

/// `[model.….encoder.dense]`: fully connected layers over all values of a sequence, as in the field's first GANs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenseConfig {
    /// Steps of a sequence; of a picture, its rows. Shorter sequences are filled with zeros.
    pub steps: usize,
    /// Units of the layers, each with a leaky ReLU. Default `[256, 128]`; the last is the width of the vector.
    #[serde(default = "default_layers")]
    pub layers: Vec<usize>,
}

fn default_layers() -> Vec<usize> {
    vec![256, 128]
}

/// The layers.
#[derive(Module, Debug)]
pub struct DenseEncoder {
    layers: Vec<Linear>,
    #[module(skip)]
    picture: Picture,
    #[module(skip)]
    hidden: usize,
}

/// The slope of the leaky ReLU below zero (Radford et al. 2016).
pub(crate) const SLOPE: f64 = 0.2;

impl DenseConfig {
    pub(super) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        if self.steps == 0 {
            problems.push(problem(format!("{path}.dense.steps"), "must be at least 1, got 0", None));
        }
        if self.layers.is_empty() || self.layers.contains(&0) {
            problems.push(problem(
                format!("{path}.dense.layers"),
                format!("must be one or more numbers above 0, got {:?}", self.layers),
                Some("`[256, 128]` is usual"),
            ));
        }
    }

    pub(super) fn init(&self, channels: usize, device: &Device) -> DenseEncoder {
        let mut width = self.steps * channels;
        let layers = self.layers.iter().map(|units| {
            let from = std::mem::replace(&mut width, *units);
            LinearConfig::new(from, *units).init(device)
        });
        let layers: Vec<Linear> = layers.collect();
        DenseEncoder {
            layers,
            picture: Picture { height: self.steps, width: channels, kind: PictureKind::Dense },
            hidden: width,
        }
    }
}

impl Encoder for DenseEncoder {
    fn forward(&self, input: Tensor<3>, _mask: Option<Tensor<2>>) -> Tensor<3> {
        let [batch, _, _] = input.dims();
        let Picture { height, width, .. } = self.picture;
        let flat = fitted(input, height).reshape([batch, height * width]);
        let vector = self.layers.iter().fold(flat, |vector, layer| leaky_relu(layer.forward(vector), SLOPE));
        vector.unsqueeze_dim(1)
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
