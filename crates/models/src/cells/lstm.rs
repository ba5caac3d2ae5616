//! One layer of long short-term memory (Hochreiter & Schmidhuber 1997), PyTorch's `nn.LSTM`; gates in the order i, f, g, o.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use semiseq_kernels::{Direction, LstmState, Weights, lstm};

use super::weights::uniform;

/// One layer of long short-term memory (Hochreiter & Schmidhuber 1997), PyTorch's `nn.LSTM`; gates in the order i, f, g, o.
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

    pub(super) fn weights(&self) -> Weights {
        Weights {
            input: self.weight_ih.val(),
            recurrent: self.weight_hh.val(),
            input_bias: self.bias_ih.val(),
            recurrent_bias: self.bias_hh.val(),
        }
    }
}
