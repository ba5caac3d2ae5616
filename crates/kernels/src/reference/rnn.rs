//! The simple recurrent network (Elman 1990): `h_t = f(W x_t + b + U h_{t-1} + c)`.

use burn::tensor::{Tensor, activation};

use super::{carry, columns, gather, project};
use crate::{Direction, RnnActivation, Weights};

/// Runs a simple recurrent layer over whole sequences.
///
/// # Shapes
///
/// - input: `[batch, time, input]`
/// - mask: `[batch, time]`, 1 at real steps and 0 at padded ones, which carry the state and give 0
/// - state: `[batch, hidden]`, zeros if absent
/// - output: `[batch, time, hidden]` and the last state `[batch, hidden]`
pub fn rnn(
    input: Tensor<3>,
    mask: Option<Tensor<2>>,
    state: Option<Tensor<2>>,
    weights: Weights,
    function: RnnActivation,
    direction: Direction,
) -> (Tensor<3>, Tensor<2>) {
    let [batch, _, _] = input.dims();
    let [hidden, _] = weights.recurrent.dims();
    let mut state = state.unwrap_or_else(|| Tensor::zeros([batch, hidden], &input.device()));
    let recurrent = weights.recurrent.clone().transpose();
    let bias = weights.recurrent_bias.clone().reshape([1, hidden]);
    let masks = columns(mask.clone());
    let mut outputs = Vec::new();
    for (step, projected) in project(input, &weights, direction) {
        let sum = projected + state.clone().matmul(recurrent.clone()) + bias.clone();
        let new = match function {
            RnnActivation::Tanh => sum.tanh(),
            RnnActivation::Relu => activation::relu(sum),
        };
        state = carry(new, state, masks.as_ref().map(|masks| &masks[step]));
        outputs.push((step, state.clone()));
    }
    (gather(outputs, mask), state)
}
