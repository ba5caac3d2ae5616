//! One layer of minimal gated recurrent units (Feng et al. 2024, "Were RNNs all we needed?", section 3.1 and appendix
//! B).
//!
//! `z_t = σ(W_z x_t + b_z)`, `h_t = (1 - z_t) h_{t-1} + z_t g(W x_t + b)`, where `g(x)` is `x + 1/2` from 0 on and
//! `σ(x)` below: the paper's candidate in logarithmic space, which keeps the state positive. The state itself is
//! computed as it stands, without logarithms, and starts at 0.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use semiseq_kernels::{Direction, GatedCell, gated_scan};

use crate::cells::layer::RecurrentLayer;
use crate::cells::settings::{CellSettings, Stack, cell_settings, product};
use crate::cells::state::State;
use crate::cells::weights::{biases, linear_weight};
use crate::layers::each_step::linear_each_step;

cell_settings! {
    /// Settings of `min-gru`.
    MinGruConfig {
        /// Added to the initial logit of what a step keeps of the state. Default 0; the logarithm of the steps that
        /// count helps long sequences, 5 for 150.
        forget_bias: f64 = 0.0,
    }
}

/// One layer of minimal gated recurrent units; gates in the order z, candidate.
#[derive(Module, Debug)]
pub struct MinGruLayer {
    /// `[input, 2 · hidden]`
    weight: Param<Tensor<2>>,
    /// `[2, hidden]`
    bias: Param<Tensor<2>>,
}

impl MinGruLayer {
    /// Draws the weights as PyTorch draws those of linear layers.
    pub fn new(input: usize, hidden: usize, forget_bias: f64, device: &Device) -> Self {
        Self {
            weight: linear_weight(input, 2 * hidden, device),
            bias: biases([-forget_bias, 0.0], input, hidden, device),
        }
    }
}

impl RecurrentLayer for MinGruLayer {
    fn read(
        &self,
        input: Tensor<3>,
        mask: Option<Tensor<2>>,
        state: Option<State>,
        direction: Direction,
    ) -> (Tensor<3>, State) {
        let sums = linear_each_step(input, self.weight.val(), None);
        let state = state.map(|state| state.hidden);
        let (output, hidden) = gated_scan(sums, mask, state, self.bias.val(), GatedCell::MinGru, direction);
        (output, State { hidden, cell: None })
    }
}

impl CellSettings for MinGruConfig {
    type Layer = MinGruLayer;

    fn stack(&self) -> Stack {
        self.of_all()
    }

    fn layer_weights(&self, input: usize, hidden: usize) -> u64 {
        product(&[2, hidden, input])
    }

    fn layer(&self, input: usize, hidden: usize, device: &Device) -> MinGruLayer {
        MinGruLayer::new(input, hidden, self.forget_bias, device)
    }
}
