//! One layer of a simple recurrent network (Elman 1990), PyTorch's `nn.RNN`.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use semiseq_kernels::{Cell, Direction, RnnActivation, Weights, rnn};
use serde::{Deserialize, Serialize};

use crate::cells::layer::RecurrentLayer;
use crate::cells::settings::{CellSettings, Stack, cell_settings, gate_weights};
use crate::cells::state::State;
use crate::cells::weights::uniform;

cell_settings! {
    /// Settings of `rnn`.
    RnnConfig {
        /// `tanh` or `relu`. Default `tanh`.
        activation: Activation = Activation::Tanh,
    }
}

/// `f` of the simple recurrent network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Activation {
    /// Hyperbolic tangent.
    #[default]
    Tanh,
    /// `max(0, x)`; wants gradient clipping.
    Relu,
}

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

    fn weights(&self) -> Weights {
        Weights {
            input: self.weight_ih.val(),
            recurrent: self.weight_hh.val(),
            input_bias: self.bias_ih.val(),
            recurrent_bias: self.bias_hh.val(),
        }
    }
}

impl RecurrentLayer for RnnLayer {
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
        Some((Cell::Rnn(self.activation), self.weights()))
    }
}

impl CellSettings for RnnConfig {
    type Layer = RnnLayer;

    fn stack(&self) -> Stack {
        self.of_all()
    }

    fn layer_weights(&self, input: usize, hidden: usize) -> u64 {
        gate_weights(1, input, hidden)
    }

    fn layer(&self, input: usize, hidden: usize, device: &Device) -> RnnLayer {
        let activation = match self.activation {
            Activation::Tanh => RnnActivation::Tanh,
            Activation::Relu => RnnActivation::Relu,
        };
        RnnLayer::new(input, hidden, activation, device)
    }
}
