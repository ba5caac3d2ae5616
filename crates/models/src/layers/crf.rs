//! The transitions of a conditional random field, as a model learns them.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};

use crate::decoders::crf::Transitions;

/// How far from 0 scores of transitions begin at most, as in pytorch-crf.
const SPREAD: f64 = 0.1;

/// Scores of which tag begins, follows and ends; see [`Transitions`].
#[derive(Module, Debug)]
pub struct Crf {
    /// `[tags]`.
    pub start: Param<Tensor<1>>,
    /// `[tags]`.
    pub end: Param<Tensor<1>>,
    /// `[from, to]`.
    pub between: Param<Tensor<2>>,
}

impl Crf {
    /// Of so many tags.
    pub fn new(tags: usize, device: &Device) -> Self {
        let scores = Initializer::Uniform { min: -SPREAD, max: SPREAD };
        Self {
            start: scores.init([tags], device),
            end: scores.init([tags], device),
            between: scores.init([tags, tags], device),
        }
    }

    /// The scores on the host.
    pub fn transitions(&self) -> Transitions {
        let host = |values: burn::tensor::TensorData| values.iter::<f64>().collect();
        Transitions {
            start: host(self.start.val().into_data()),
            end: host(self.end.val().into_data()),
            between: host(self.between.val().into_data()),
        }
    }
}
