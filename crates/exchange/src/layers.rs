//! What a network that other programs know is made of.

use semiseq_models::OtherTensor;

/// PyTorch's names of a recurrent layer's weights, which are ours too: gates in PyTorch's order.
pub(crate) const WEIGHTS: [&str; 4] = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"];

/// The recurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Rnn { relu: bool },
    Lstm,
    Gru { reset_before: bool },
}

impl Cell {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rnn { .. } => "rnn",
            Self::Lstm => "lstm",
            Self::Gru { .. } => "gru",
        }
    }
}

/// A linear layer, `weight [inputs, outputs]` as Burn has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Linear {
    pub(crate) weight: OtherTensor,
    pub(crate) bias: Option<OtherTensor>,
}
