//! The simple recurrent network (Elman 1990): `h_t = f(W x_t + b + U h_{t-1} + c)`.

use burn::tensor::Tensor;

use super::fused;
use crate::{Cell, Direction, RnnActivation, Weights, reference};

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
    if !fused::supports(&input) {
        return reference::rnn(input, mask, state, weights, function, direction);
    }
    let (output, hidden, _) = fused::recurrence(input, mask, state, None, weights, Cell::Rnn(function), direction);
    (output, hidden)
}
