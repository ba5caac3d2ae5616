//! One layer of long short-term memory (Hochreiter & Schmidhuber 1997), PyTorch's `nn.LSTM`; gates in the order
//! i, f, g, o.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use semiseq_kernels::{Cell, Direction, LstmState, Weights, lstm};

use crate::cells::layer::RecurrentLayer;
use crate::cells::settings::{CellSettings, Stack, cell_settings, gate_weights};
use crate::cells::state::State;
use crate::cells::weights::uniform;

cell_settings! {
    /// Settings of `lstm`.
    LstmConfig {
        /// Added to the initial bias of the forget gate. Default 0, as PyTorch; 1 helps long sequences
        /// (Jozefowicz et al. 2015).
        forget_bias: f64 = 0.0,
    }
}

/// One layer of long short-term memory (Hochreiter & Schmidhuber 1997), PyTorch's `nn.LSTM`; gates in the order
/// i, f, g, o.
#[derive(Module, Debug)]
pub struct LstmLayer {
    weight_ih: Param<Tensor<2>>,
    weight_hh: Param<Tensor<2>>,
    bias_ih: Param<Tensor<1>>,
    bias_hh: Param<Tensor<1>>,
}

impl LstmLayer {
    /// Draws the weights as PyTorch does.
    pub fn new(input: usize, hidden: usize, forget_bias: f64, device: &Device) -> Self {
        let (weight_ih, weight_hh, bias_ih, bias_hh) = uniform(4, input, hidden, device);
        let bias_ih = if forget_bias == 0.0 {
            bias_ih
        } else {
            // Jozefowicz et al. 2015: a forget gate that starts open keeps early gradients alive.
            bias_ih.map(|bias| {
                let before = bias.clone().narrow(0, 0, hidden);
                let forget = bias.clone().narrow(0, hidden, hidden).add_scalar(forget_bias);
                let after = bias.narrow(0, 2 * hidden, 2 * hidden);
                let bias = Tensor::cat(vec![before, forget, after], 0).detach();
                // A model that is loaded to predict lives off the autodiff device.
                if device.is_autodiff() { bias.require_grad() } else { bias }
            })
        };
        Self { weight_ih, weight_hh, bias_ih, bias_hh }
    }

    /// # Shapes
    ///
    /// - input: `[batch, time, input]`, mask: `[batch, time]`
    /// - output: `[batch, time, hidden]` and the last state
    pub fn forward(
        &self,
        input: Tensor<3>,
        mask: Option<Tensor<2>>,
        state: Option<LstmState>,
        direction: Direction,
    ) -> (Tensor<3>, LstmState) {
        lstm(input, mask, state, self.weights(), direction)
    }

    fn weights(&self) -> Weights {
        Weights {
            input: self.weight_ih.val(),
            recurrent: self.weight_hh.val(),
            input_bias: self.bias_ih.val(),
            recurrent_bias: self.bias_hh.val(),
        }
    }
}

impl RecurrentLayer for LstmLayer {
    fn read(
        &self,
        input: Tensor<3>,
        mask: Option<Tensor<2>>,
        state: Option<State>,
        direction: Direction,
    ) -> (Tensor<3>, State) {
        let state = state.map(|state| {
            let cell = state.cell.unwrap_or_else(|| state.hidden.zeros_like());
            LstmState { cell, hidden: state.hidden }
        });
        let (output, state) = self.forward(input, mask, state, direction);
        (output, State { hidden: state.hidden, cell: Some(state.cell) })
    }

    fn fused(&self) -> Option<(Cell, Weights)> {
        Some((Cell::Lstm, self.weights()))
    }
}

impl CellSettings for LstmConfig {
    type Layer = LstmLayer;

    fn stack(&self) -> Stack {
        self.of_all()
    }

    fn layer_weights(&self, input: usize, hidden: usize) -> u64 {
        gate_weights(4, input, hidden)
    }

    fn layer(&self, input: usize, hidden: usize, device: &Device) -> LstmLayer {
        LstmLayer::new(input, hidden, self.forget_bias, device)
    }
}
