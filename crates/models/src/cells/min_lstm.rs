//! One layer of minimal long short-term memory (Feng et al. 2024, "Were RNNs all we needed?", section 3.2 and appendix
//! B).
//!
//! `f_t = σ(W_f x_t + b_f)`, `i_t = σ(W_i x_t + b_i)`, `h_t = (f_t h_{t-1} + i_t g(W x_t + b)) / (f_t + i_t)`, where
//! `g(x)` is `x + 1/2` from 0 on and `σ(x)` below: the paper's candidate in logarithmic space, which keeps the state
//! positive. The state itself is computed as it stands, without logarithms, and starts at 0.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use semiseq_kernels::{Direction, GatedCell, gated_scan};

use crate::cells::layer::RecurrentLayer;
use crate::cells::settings::{CellSettings, Stack, cell_settings, product};
use crate::cells::state::State;
use crate::cells::weights::{biases, linear_weight};
use crate::layers::each_step::linear_each_step;

cell_settings! {
    /// Settings of `min-lstm`.
    MinLstmConfig {
        /// Added to the initial bias of the forget gate. Default 0; larger ones help at the beginning of training (Feng
        /// et al. 2024, figure 5).
        forget_bias: f64 = 0.0,
    }
}

/// One layer of minimal long short-term memory; gates in the order f, i, candidate.
#[derive(Module, Debug)]
pub struct MinLstmLayer {
    /// `[input, 3 · hidden]`
    weight: Param<Tensor<2>>,
    /// `[3, hidden]`
    bias: Param<Tensor<2>>,
}

impl MinLstmLayer {
    /// Draws the weights as PyTorch draws those of linear layers.
    pub fn new(input: usize, hidden: usize, forget_bias: f64, device: &Device) -> Self {
        Self {
            weight: linear_weight(input, 3 * hidden, device),
            bias: biases([forget_bias, 0.0, 0.0], input, hidden, device),
        }
    }
}

impl RecurrentLayer for MinLstmLayer {
    fn read(
        &self,
        input: Tensor<3>,
        mask: Option<Tensor<2>>,
        state: Option<State>,
        direction: Direction,
    ) -> (Tensor<3>, State) {
        let sums = linear_each_step(input, self.weight.val(), None);
        let state = state.map(|state| state.hidden);
        let (output, hidden) = gated_scan(sums, mask, state, self.bias.val(), GatedCell::MinLstm, direction);
        (output, State { hidden, cell: None })
    }
}

impl CellSettings for MinLstmConfig {
    type Layer = MinLstmLayer;

    fn stack(&self) -> Stack {
        self.of_all()
    }

    fn layer_weights(&self, input: usize, hidden: usize) -> u64 {
        product(&[3, hidden, input])
    }

    fn layer(&self, input: usize, hidden: usize, device: &Device) -> MinLstmLayer {
        MinLstmLayer::new(input, hidden, self.forget_bias, device)
    }
}
