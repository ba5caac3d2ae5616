//! One layer of a simple recurrent network (Elman 1990), PyTorch's `nn.RNN`.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use semiseq_kernels::{Cell, Direction, RnnActivation, Weights, rnn};

use super::weights::uniform;

/// One layer of a simple recurrent network (Elman 1990), PyTorch's `nn.RNN`.
#[derive(Module, Debug)]
pub struct RnnLayer {
    weight_ih: Param<Tensor<2>>,
    weight_hh: Param<Tensor<2>>,
    bias_ih: Param<Tensor<1>>,
    bias_hh: Param<Tensor<1>>,
    #[module(skip)]
    activation: RnnActivation,
}

impl RnnLayer {
    /// Draws the weights as PyTorch does.
    pub fn new(input: usize, hidden: usize, activation: RnnActivation, device: &Device) -> Self {
        let (weight_ih, weight_hh, bias_ih, bias_hh) = uniform(1, input, hidden, device);
        Self { weight_ih, weight_hh, bias_ih, bias_hh, activation }
    }

    /// # Shapes
    ///
    /// - input: `[batch, time, input]`, mask: `[batch, time]`
    /// - output: `[batch, time, hidden]` and the last state
    pub fn forward(
        &self,
        input: Tensor<3>,
        mask: Option<Tensor<2>>,
        state: Option<Tensor<2>>,
        direction: Direction,
    ) -> (Tensor<3>, Tensor<2>) {
        rnn(input, mask, state, self.weights(), self.activation, direction)
    }

    pub(super) fn cell(&self) -> Cell {
        Cell::Rnn(self.activation)
    }

    pub(super) fn weights(&self) -> Weights {
        Weights {
            input: self.weight_ih.val(),
            recurrent: self.weight_hh.val(),
            input_bias: self.bias_ih.val(),
            recurrent_bias: self.bias_hh.val(),
        }
    }
}
