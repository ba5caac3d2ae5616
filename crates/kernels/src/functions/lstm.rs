//! Long short-term memory (Hochreiter & Schmidhuber 1997) with a forget gate (Gers et al. 2000), as
//! PyTorch's `nn.LSTM`: `c_t = f ⊙ c_{t-1} + i ⊙ g`, `h_t = o ⊙ tanh(c_t)`.

use burn::tensor::Tensor;

use super::fused;
use crate::{Cell, Direction, LstmState, Weights, reference};

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
    if !fused::supports(&input) {
        return reference::lstm(input, mask, state, weights, direction);
    }
    let (hidden, cell) = state.map(|state| (state.hidden, state.cell)).unzip();
    let (output, hidden, cell) = fused::recurrence(input, mask, hidden, cell, weights, Cell::Lstm, direction);
    (output, LstmState { cell, hidden })
}
