//! The gated recurrent unit (Cho et al. 2014): `h_t = (1 - z) ⊙ n + z ⊙ h_{t-1}`.

use burn::tensor::Tensor;

use crate::functions::fused;
use crate::functions::operands::Operands;
use crate::{Cell, Direction, GruReset, Weights, reference};

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
    let operands = Operands { input, mask, hidden: state, memory: None, weights };
    match fused::recurrence(operands, Cell::Gru(reset), direction) {
        Ok((output, hidden, _)) => (output, hidden),
        Err(Operands { input, mask, hidden, weights, .. }) => {
            reference::gru(input, mask, hidden, weights, reset, direction)
        }
    }
}
