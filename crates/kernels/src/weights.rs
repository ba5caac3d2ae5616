//! The weights of one layer and direction, in PyTorch's layout.

use burn::tensor::Tensor;

/// Weights of one layer and direction: PyTorch's `weight_ih`, `weight_hh`, `bias_ih` and `bias_hh`.
///
/// `gates` is 1 for RNN, 4 for LSTM (input, forget, cell, output) and 3 for GRU (reset, update, new).
#[derive(Clone, Debug)]
pub struct Weights {
    /// `[gates * hidden, input]`
    pub input: Tensor<2>,
    /// `[gates * hidden, hidden]`
    pub recurrent: Tensor<2>,
    /// `[gates * hidden]`
    pub input_bias: Tensor<1>,
    /// `[gates * hidden]`
    pub recurrent_bias: Tensor<1>,
}

/// In which order the steps are read. Outputs always stand in the order of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// From the first step to the last.
    #[default]
    Forward,
    /// From the last step to the first.
    Backward,
}
