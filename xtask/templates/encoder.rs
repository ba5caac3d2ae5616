//! EncoderName (AUTHORS YEAR, "TITLE").
//!
//! `h_t = tanh(W x_t + b)`: say here what it computes, with the paper's equation, and where and why this differs from
//! the paper.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use semiseq_schema::{Problem, problem};
use serde::{Deserialize, Serialize};

use crate::encoder::Encoder;
use crate::encoders::settings::EncoderSettings;

/// `[model.….encoder.encoder-name]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EncoderNameConfig {
    /// Width of the vector of a step. Default 128.
    pub hidden: usize,
}

impl Default for EncoderNameConfig {
    fn default() -> Self {
        Self { hidden: 128 }
    }
}

/// The encoder.
#[derive(Module, Debug)]
pub struct EncoderNameEncoder {
    layer: Linear,
    #[module(skip)]
    hidden: usize,
}

impl EncoderSettings for EncoderNameConfig {
    type Encoder = EncoderNameEncoder;

    fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        if self.hidden == 0 {
            problems.push(problem(format!("{path}.hidden"), "must be at least 1, got 0", None));
        }
    }

    fn weights(&self, input: usize) -> u64 {
        (input as u64).saturating_mul(self.hidden as u64)
    }

    fn init(&self, input: usize, device: &Device) -> EncoderNameEncoder {
        EncoderNameEncoder { layer: LinearConfig::new(input, self.hidden).init(device), hidden: self.hidden }
    }
}

impl Encoder for EncoderNameEncoder {
    /// Padding stands on the right and must not matter: here no step looks at another.
    fn forward(&self, input: Tensor<3>, _mask: Option<Tensor<2>>) -> Tensor<3> {
        self.layer.forward(input).tanh()
    }

    fn hidden(&self) -> usize {
        self.hidden
    }

    fn causal(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_per_step_comes_out() {
        let device = Device::default();
        let encoder = EncoderNameConfig { hidden: 5 }.init(3, &device);
        assert_eq!(encoder.forward(Tensor::zeros([2, 7, 3], &device), None).dims(), [2, 7, 5]);
        let mut problems = Vec::new();
        EncoderNameConfig { hidden: 0 }.check("encoder", &mut problems);
        assert_eq!(problems[0].key, "encoder.hidden");
    }
}
