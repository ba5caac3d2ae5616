//! What the tensors of another program make up, whatever it calls them.

use semiseq_models::OtherTensor;

/// Recurrent layers on top of each other, of one cell and size.
pub(crate) struct Stack {
    /// `rnn`, `lstm` or `gru`.
    pub(crate) cell: &'static str,
    /// Whether a GRU resets before the product with the state; `None` where the file does not say, and for other cells.
    pub(crate) reset_before: Option<bool>,
    pub(crate) input: usize,
    pub(crate) hidden: usize,
    pub(crate) layers: usize,
    pub(crate) bidirectional: bool,
    /// Level, direction, our name, numbers in PyTorch's order of gates.
    pub(crate) tensors: Vec<(usize, &'static str, &'static str, OtherTensor)>,
    /// The other program's names of them.
    pub(crate) names: Vec<String>,
}

/// A table of tokens or the weight of a linear layer, `[outputs, inputs]` as PyTorch has it, and the bias beside it.
pub(crate) struct Matrix {
    /// The other program's names of them, the weight's first.
    pub(crate) names: Vec<String>,
    pub(crate) weight: OtherTensor,
    pub(crate) bias: Option<OtherTensor>,
}

impl Matrix {
    /// Whether the weight's name has one of these parts.
    pub(crate) fn is_called(&self, parts: &[&str]) -> bool {
        let name = self.names[0].to_lowercase();
        parts.iter().any(|part| name.contains(part))
    }
}

pub(crate) fn zeros(size: usize) -> OtherTensor {
    OtherTensor { shape: vec![size], values: vec![0.0; size] }
}
