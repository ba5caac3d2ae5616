//! A sequence read as a whole, through fully connected layers.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::leaky_relu;
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use semiseq_schema::{Problem, problem};
use serde::{Deserialize, Serialize};

use crate::encoder::Encoder;
use crate::encoders::image::{Image, ImageKind, read};
use crate::encoders::settings::EncoderSettings;

/// `[model.….encoder.dense]`: fully connected layers over all values of a sequence, as in the field's first GANs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DenseConfig {
    /// Steps of a sequence; of an image, its rows. Shorter sequences are filled with zeros.
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
    image: Image,
    #[module(skip)]
    hidden: usize,
}

/// The slope of the leaky ReLU below zero (Radford et al. 2016).
pub(crate) const SLOPE: f64 = 0.2;

impl EncoderSettings for DenseConfig {
    type Encoder = DenseEncoder;

    fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        if self.steps == 0 {
            problems.push(problem(format!("{path}.steps"), "must be at least 1, got 0", None));
        }
        if self.layers.is_empty() || self.layers.contains(&0) {
            problems.push(problem(
                format!("{path}.layers"),
                format!("must be one or more numbers above 0, got {:?}", self.layers),
                Some("`[256, 128]` is usual"),
            ));
        }
    }

    fn init(&self, channels: usize, device: &Device) -> DenseEncoder {
        let mut width = self.steps * channels;
        let layers = self.layers.iter().map(|units| {
            let from = std::mem::replace(&mut width, *units);
            LinearConfig::new(from, *units).init(device)
        });
        let layers: Vec<Linear> = layers.collect();
        DenseEncoder {
            layers,
            image: Image { height: self.steps, width: channels, kind: ImageKind::Dense },
            hidden: width,
        }
    }

    fn weights(&self, input: usize) -> u64 {
        let mut width = self.steps.saturating_mul(input) as u64;
        let layers = self.layers.iter().map(|units| {
            let units = *units as u64;
            std::mem::replace(&mut width, units).saturating_mul(units)
        });
        layers.fold(0, u64::saturating_add)
    }

    fn steps_at_once(&self) -> Option<usize> {
        Some(self.steps)
    }
}

impl Encoder for DenseEncoder {
    fn forward(&self, input: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<3> {
        let [batch, _, _] = input.dims();
        let Image { height, width, .. } = self.image;
        let flat = read(input, mask, height).reshape([batch, height * width]);
        let vector = self.layers.iter().fold(flat, |vector, layer| leaky_relu(layer.forward(vector), SLOPE));
        vector.unsqueeze_dim(1)
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
