//! Long short-term memory (Hochreiter & Schmidhuber 1997) with a forget gate (Gers et al. 2000), as
//! PyTorch's `nn.LSTM`: `c_t = f ⊙ c_{t-1} + i ⊙ g`, `h_t = o ⊙ tanh(c_t)`.

use burn::tensor::Tensor;

use crate::functions::fused;
use crate::functions::operands::Operands;
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
    let (hidden, memory) = state.map(|state| (state.hidden, state.cell)).unzip();
    match fused::recurrence(Operands { input, mask, hidden, memory, weights }, Cell::Lstm, direction) {
        Ok((output, hidden, cell)) => (output, LstmState { cell, hidden }),
        Err(Operands { input, mask, hidden, memory, weights }) => {
            let state = hidden.zip(memory).map(|(hidden, cell)| LstmState { cell, hidden });
            reference::lstm(input, mask, state, weights, direction)
        }
    }
}
