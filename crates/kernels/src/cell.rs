//! The cells, and the state of one.

use burn::tensor::Tensor;

/// What a layer computes at each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cell {
    /// Simple recurrent network.
    Rnn(RnnActivation),
    /// Long short-term memory.
    Lstm,
    /// Gated recurrent unit.
    Gru(GruReset),
}

impl Cell {
    /// Sums a hidden unit: 1 for RNN, 4 for LSTM, 3 for GRU.
    pub fn gates(self) -> usize {
        match self {
            Self::Rnn(_) => 1,
            Self::Lstm => 4,
            Self::Gru(_) => 3,
        }
    }

    /// A number of its own for each cell, by which a stream of operations is told from another one.
    #[cfg(feature = "gpu")]
    pub(crate) fn code(self) -> u32 {
        match self {
            Self::Rnn(RnnActivation::Tanh) => 0,
            Self::Rnn(RnnActivation::Relu) => 1,
            Self::Lstm => 2,
            Self::Gru(GruReset::After) => 3,
            Self::Gru(GruReset::Before) => 4,
        }
    }

    /// Whether the state has a memory `c` beside `h`.
    pub fn has_memory(self) -> bool {
        self == Self::Lstm
    }
}

/// `f` of the simple recurrent network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RnnActivation {
    /// Hyperbolic tangent.
    #[default]
    Tanh,
    /// `max(0, x)`.
    Relu,
}

/// Where the reset gate of a GRU acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum GruReset {
    /// On the recurrent product: `n = tanh(W x + b + r ⊙ (U h + c))`, as PyTorch and cuDNN.
    #[default]
    After,
    /// On the state: `n = tanh(W x + b + U (r ⊙ h) + c)`, as Cho et al. 2014.
    Before,
}

/// The state of an LSTM between two steps.
#[derive(Clone, Debug)]
pub struct LstmState {
    /// `c`, `[batch, hidden]`
    pub cell: Tensor<2>,
    /// `h`, `[batch, hidden]`
    pub hidden: Tensor<2>,
}

/// The state of an sLSTM between two steps, `[batch, hidden]` each.
#[derive(Clone, Debug)]
pub struct SlstmState {
    /// `h`
    pub hidden: Tensor<2>,
    /// `c`
    pub cell: Tensor<2>,
    /// `n`
    pub normaliser: Tensor<2>,
    /// `m`
    pub stabiliser: Tensor<2>,
}
