//! Convolutions before recurrent layers: what a few neighbouring steps look like, at several widths.

use burn::module::Module;
use burn::nn::PaddingConfig1d;
use burn::nn::conv::{Conv1d, Conv1dConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use semiseq_schema::{Problem, problem};
use serde::{Deserialize, Serialize};

/// `stem = { widths = [5, 15, 31], filters = 16 }` of a recurrent encoder: `[x, relu(W₁ * x), relu(W₂ * x), …]` at each
/// step, filters of several widths side by side as in InceptionTime (Ismail Fawaz et al. 2020), centred on the step,
/// and the step itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StemConfig {
    /// Steps that a filter sees, odd; one convolution each. Default `[5, 15, 31]`.
    pub widths: Vec<usize>,
    /// Filters of each width. Default 16.
    pub filters: usize,
}

impl Default for StemConfig {
    fn default() -> Self {
        Self { widths: vec![5, 15, 31], filters: 16 }
    }
}

impl StemConfig {
    /// Features of a step after it, of `input` before it.
    pub(crate) fn output(&self, input: usize) -> usize {
        input.saturating_add(self.widths.len().saturating_mul(self.filters))
    }

    /// Weights for steps of `input` features, biases left out.
    pub(crate) fn weights(&self, input: usize) -> u64 {
        let steps = self.widths.iter().fold(0u64, |sum, width| sum.saturating_add(*width as u64));
        steps.saturating_mul(self.filters as u64).saturating_mul(input as u64)
    }

    /// Notes every value out of range; `path` is its key.
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        if self.widths.is_empty() || self.widths.iter().any(|width| width % 2 == 0) {
            problems.push(problem(
                format!("{path}.widths"),
                format!("must be odd numbers of steps, got {:?}", self.widths),
                Some("`[5, 15, 31]`; a filter is centred on its step"),
            ));
        }
        if self.filters == 0 {
            problems.push(problem(format!("{path}.filters"), "must be at least 1, got 0", Some("the default is 16")));
        }
    }

    /// Builds the convolutions for steps of `input` features.
    pub fn init(&self, input: usize, device: &Device) -> Stem {
        let convolution = |width: &usize| {
            let half = width / 2;
            Conv1dConfig::new(input, self.filters, *width)
                .with_padding(PaddingConfig1d::Explicit(half, half))
                .init(device)
        };
        Stem { convolutions: self.widths.iter().map(convolution).collect() }
    }
}

/// The convolutions of [`StemConfig`].
#[derive(Module, Debug)]
pub struct Stem {
    convolutions: Vec<Conv1d>,
}

impl Stem {
    /// # Shapes
    ///
    /// - steps: `[batch, time, features]`, mask: `[batch, time]`; padding counts as zeros
    /// - output: `[batch, time, features + widths · filters]`
    pub fn forward(&self, steps: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<3> {
        let steps = match mask {
            Some(mask) => steps * mask.unsqueeze_dim(2),
            None => steps,
        };
        let channels = steps.clone().swap_dims(1, 2);
        let seen = self.convolutions.iter().map(|filters| relu(filters.forward(channels.clone())).swap_dims(1, 2));
        Tensor::cat(std::iter::once(steps).chain(seen).collect(), 2)
    }
}
