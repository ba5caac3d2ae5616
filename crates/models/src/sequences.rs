//! A batch of sequences as a model reads it.

use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

/// The steps of a batch.
#[derive(Clone, Debug)]
pub enum Input {
    /// `[batch, time, features]`
    Values(Tensor<3>),
    /// `[batch, time]`, 0 is padding
    Tokens(Tensor<2, Int>),
}

/// A padded batch.
#[derive(Clone, Debug)]
pub struct Sequences {
    /// The steps.
    pub input: Input,
    /// `[batch, time]`, 1 at real steps and 0 at padded ones; `None` where nothing is padded.
    pub mask: Option<Tensor<2>>,
}

/// What a model reads at each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputSize {
    /// A vector of so many values.
    Values(usize),
    /// A token of a vocabulary of so many, the padding token included.
    Tokens(usize),
}

impl Sequences {
    /// Sequences of equal length.
    pub fn dense(values: Tensor<3>) -> Self {
        Self { input: Input::Values(values), mask: None }
    }

    /// `[batch, time]`
    pub fn dims(&self) -> [usize; 2] {
        match &self.input {
            Input::Values(values) => {
                let [batch, time, _] = values.dims();
                [batch, time]
            }
            Input::Tokens(tokens) => tokens.dims(),
        }
    }
}
