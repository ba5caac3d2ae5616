//! One layer of gated recurrent units (Cho et al. 2014), PyTorch's `nn.GRU`; gates in the order r, z, n.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use semiseq_kernels::{Cell, Direction, GruReset, Weights, gru};

use super::weights::uniform;

/// One layer of gated recurrent units (Cho et al. 2014), PyTorch's `nn.GRU`; gates in the order r, z, n.
#[derive(Module, Debug)]
pub struct GruLayer {
    weight_ih: Param<Tensor<2>>,
    weight_hh: Param<Tensor<2>>,
    bias_ih: Param<Tensor<1>>,
    bias_hh: Param<Tensor<1>>,
    #[module(skip)]
    reset: GruReset,
}

impl GruLayer {
    /// Draws the weights as PyTorch does.
    pub fn new(input: usize, hidden: usize, reset: GruReset, device: &Device) -> Self {
        let (weight_ih, weight_hh, bias_ih, bias_hh) = uniform(3, input, hidden, device);
        Self { weight_ih, weight_hh, bias_ih, bias_hh, reset }
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
        gru(input, mask, state, self.weights(), self.reset, direction)
    }

    pub(super) fn cell(&self) -> Cell {
        Cell::Gru(self.reset)
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
