//! The gated recurrent unit (Cho et al. 2014): `h_t = (1 - z) ⊙ n + z ⊙ h_{t-1}`.

use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;

use super::{carry, columns, gather, project};
use crate::{Direction, GruReset, Weights};

/// Runs a GRU layer over whole sequences.
///
/// # Shapes
///
/// - input: `[batch, time, input]`
/// - mask: `[batch, time]`, 1 at real steps and 0 at padded ones, which carry the state and give 0
/// - state: `[batch, hidden]`, zeros if absent
/// - output: `[batch, time, hidden]` and the last state `[batch, hidden]`
pub fn gru(
    input: Tensor<3>,
    mask: Option<Tensor<2>>,
    state: Option<Tensor<2>>,
    weights: Weights,
    reset: GruReset,
    direction: Direction,
) -> (Tensor<3>, Tensor<2>) {
    let [batch, _, _] = input.dims();
    let [_, width] = weights.recurrent.dims();
    let mut state = state.unwrap_or_else(|| Tensor::zeros([batch, width], &input.device()));
    let recurrent = weights.recurrent.clone().transpose();
    let bias = weights.recurrent_bias.clone().reshape([1, 3 * width]);
    let masks = columns(mask.clone());
    let mut outputs = Vec::new();
    for (step, projected) in project(input, &weights, direction) {
        let (gates, candidate) = (projected.clone().narrow(1, 0, 2 * width), projected.narrow(1, 2 * width, width));
        let split = |gates: Tensor<2>| {
            let gates = sigmoid(gates);
            (gates.clone().narrow(1, 0, width), gates.narrow(1, width, width))
        };
        let (update, new) = match reset {
            GruReset::After => {
                let product = state.clone().matmul(recurrent.clone()) + bias.clone();
                let (reset, update) = split(gates + product.clone().narrow(1, 0, 2 * width));
                (update, (candidate + reset * product.narrow(1, 2 * width, width)).tanh())
            }
            GruReset::Before => {
                let product = state.clone().matmul(recurrent.clone().narrow(1, 0, 2 * width))
                    + bias.clone().narrow(1, 0, 2 * width);
                let (reset, update) = split(gates + product);
                let product = (reset * state.clone()).matmul(recurrent.clone().narrow(1, 2 * width, width));
                (update, (candidate + product + bias.clone().narrow(1, 2 * width, width)).tanh())
            }
        };
        let hidden = new.clone() + update * (state.clone() - new);
        state = carry(hidden, state, masks.as_ref().map(|masks| &masks[step]));
        outputs.push((step, state.clone()));
    }
    (gather(outputs, mask), state)
}
