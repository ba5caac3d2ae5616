//! Long short-term memory (Hochreiter & Schmidhuber 1997) with a forget gate (Gers et al. 2000), as
//! PyTorch's `nn.LSTM`: `c_t = f ⊙ c_{t-1} + i ⊙ g`, `h_t = o ⊙ tanh(c_t)`.

use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;

use super::{carry, columns, gather, project};
use crate::{Direction, LstmState, Weights};

/// Runs an LSTM layer over whole sequences.
///
/// # Shapes
///
/// - input: `[batch, time, input]`
/// - mask: `[batch, time]`, 1 at real steps and 0 at padded ones, which carry the state and give 0
/// - state: `[batch, hidden]` each, zeros if absent
/// - output: `[batch, time, hidden]` and the last state
pub fn lstm(
    input: Tensor<3>,
    mask: Option<Tensor<2>>,
    state: Option<LstmState>,
    weights: Weights,
    direction: Direction,
) -> (Tensor<3>, LstmState) {
    let [batch, _, _] = input.dims();
    let [_, width] = weights.recurrent.dims();
    let device = input.device();
    let mut state = state.unwrap_or_else(|| LstmState {
        cell: Tensor::zeros([batch, width], &device),
        hidden: Tensor::zeros([batch, width], &device),
    });
    let recurrent = weights.recurrent.clone().transpose();
    let bias = weights.recurrent_bias.clone().reshape([1, 4 * width]);
    let masks = columns(mask.clone());
    let mut outputs = Vec::new();
    for (step, projected) in project(input, &weights, direction) {
        let gates = projected + state.hidden.clone().matmul(recurrent.clone()) + bias.clone();
        let gate = |index: usize| gates.clone().narrow(1, index * width, width);
        let both = sigmoid(gates.clone().narrow(1, 0, 2 * width));
        let (input_gate, forget) = (both.clone().narrow(1, 0, width), both.narrow(1, width, width));
        let cell = forget * state.cell.clone() + input_gate * gate(2).tanh();
        let hidden = sigmoid(gate(3)) * cell.clone().tanh();
        let column = masks.as_ref().map(|masks| &masks[step]);
        state = LstmState { cell: carry(cell, state.cell, column), hidden: carry(hidden, state.hidden, column) };
        outputs.push((step, state.hidden.clone()));
    }
    (gather(outputs, mask), state)
}
