//! The simple recurrent network (Elman 1990): `h_t = f(W x_t + b + U h_{t-1} + c)`.

use burn::tensor::Tensor;

use crate::functions::fused;
use crate::functions::operands::Operands;
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
    let operands = Operands { input, mask, hidden: state, memory: None, weights };
    match fused::recurrence(operands, Cell::Rnn(function), direction) {
        Ok((output, hidden, _)) => (output, hidden),
        Err(Operands { input, mask, hidden, weights, .. }) => {
            reference::rnn(input, mask, hidden, weights, function, direction)
        }
    }
}
