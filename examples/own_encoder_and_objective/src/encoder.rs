//! A convolution over time as an encoder, and its settings in `[model]`.

use burn::module::Module;
use burn::nn::PaddingConfig1d;
use burn::nn::conv::{Conv1d, Conv1dConfig};
use burn::tensor::{Device, Tensor};
use semiseq::prelude::*;
use semiseq::schema::problem;
use serde::{Deserialize, Serialize};

/// `[model]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Width of the vector of a step.
    hidden: usize,
    /// Steps that a vector sees, an odd number.
    width: usize,
}

/// A convolution over time.
#[derive(Module, Debug)]
pub struct Convolution {
    layer: Conv1d,
    hidden: usize,
}

impl Encoder for Convolution {
    fn forward(&self, input: Tensor<3>, _mask: Option<Tensor<2>>) -> Tensor<3> {
        // [batch, time, features] → [batch, features, time] and back.
        self.layer.forward(input.swap_dims(1, 2)).swap_dims(1, 2).tanh()
    }

    fn hidden(&self) -> usize {
        self.hidden
    }

    // It is centred: half of what it sees comes later.
    fn causal(&self) -> bool {
        false
    }
}

impl ModelSettings for Settings {
    type Model = Classifier<Convolution>;

    fn name(&self) -> &str {
        "convolution"
    }

    fn encoder(&self) -> &str {
        "convolution"
    }

    fn kind(&self) -> ModelKind {
        ModelKind::Classifier { output: Output::Softmax }
    }

    fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        if self.hidden == 0 {
            problems.push(problem(format!("{path}.hidden"), "must be at least 1, got 0", None));
        }
        if self.width.is_multiple_of(2) {
            let message = format!("must be odd, got {}", self.width);
            problems.push(problem(format!("{path}.width"), message, Some("9 is a tenth of these series")));
        }
    }

    fn init(&self, input: InputSize, head: HeadSize, device: &Device) -> Self::Model {
        let features = input.channels().unwrap_or(1);
        let classes = if let HeadSize::Logits(classes) = head { classes } else { 2 };
        let layer =
            Conv1dConfig::new(features, self.hidden, self.width).with_padding(PaddingConfig1d::Same).init(device);
        let encoder = Convolution { layer, hidden: self.hidden };
        Classifier::with_encoder(encoder, features, classes, Pooling::Max, 0.0, device)
    }
}
