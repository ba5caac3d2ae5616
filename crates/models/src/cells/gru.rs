//! One layer of gated recurrent units (Cho et al. 2014), PyTorch's `nn.GRU`; gates in the order r, z, n.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use semiseq_kernels::{Cell, Direction, GruReset, Weights, gru};
use serde::{Deserialize, Serialize};

use crate::cells::layer::RecurrentLayer;
use crate::cells::settings::{CellSettings, Stack, cell_settings, gate_weights};
use crate::cells::state::State;
use crate::cells::weights::uniform;

cell_settings! {
    /// Settings of `gru`.
    GruConfig {
        /// `after` (PyTorch, cuDNN) or `before` (Cho et al. 2014) the recurrent product. Default `after`.
        reset: Reset = Reset::After,
    }
}

/// Where the reset gate of a GRU acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reset {
    /// On the recurrent product, as PyTorch and cuDNN.
    #[default]
    After,
    /// On the state, as Cho et al. 2014.
    Before,
}

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

    fn weights(&self) -> Weights {
        Weights {
            input: self.weight_ih.val(),
            recurrent: self.weight_hh.val(),
            input_bias: self.bias_ih.val(),
            recurrent_bias: self.bias_hh.val(),
        }
    }
}

impl RecurrentLayer for GruLayer {
    fn read(
        &self,
        input: Tensor<3>,
        mask: Option<Tensor<2>>,
        state: Option<State>,
        direction: Direction,
    ) -> (Tensor<3>, State) {
        let (output, hidden) = self.forward(input, mask, state.map(|state| state.hidden), direction);
        (output, State { hidden, cell: None })
    }

    fn fused(&self) -> Option<(Cell, Weights)> {
        Some((Cell::Gru(self.reset), self.weights()))
    }
}

impl CellSettings for GruConfig {
    type Layer = GruLayer;

    fn stack(&self) -> Stack {
        self.of_all()
    }

    fn layer_weights(&self, input: usize, hidden: usize) -> u64 {
        gate_weights(3, input, hidden)
    }

    fn layer(&self, input: usize, hidden: usize, device: &Device) -> GruLayer {
        let reset = match self.reset {
            Reset::After => GruReset::After,
            Reset::Before => GruReset::Before,
        };
        GruLayer::new(input, hidden, reset, device)
    }
}
