//! A layer that reads in both directions.

use burn::tensor::Tensor;

use super::{gru, lstm, rnn};
#[cfg(feature = "cpu")]
use crate::functions::operands::{Place, place};
use crate::{Cell, Direction, LstmState, Weights};

/// Runs a layer forward and another one backward over whole sequences. On the CPU backends both write their part of the
/// output where it stands, and where a step has little to share they run at once.
///
/// # Shapes
///
/// - input: `[batch, time, input]`
/// - mask: `[batch, time]`, as of [`lstm`]
/// - states: `h` and, of an LSTM, `c`, `[2, batch, hidden]` each, forward first; zeros if absent
/// - output: `[batch, time, 2 * hidden]`, forward first, and the last states as `states`; without meaning is the `c` of
///   a cell that has none
pub fn both(
    input: Tensor<3>,
    mask: Option<Tensor<2>>,
    states: Option<[Tensor<3>; 2]>,
    weights: [Weights; 2],
    cell: Cell,
) -> (Tensor<3>, [Tensor<3>; 2]) {
    #[cfg(feature = "cpu")]
    if !input.dims().contains(&0) && place(&input) == Place::Cpu {
        return super::on_cpu::both(input, mask, states, weights, cell);
    }
    let mut at = 0..2;
    let found = weights.map(|weights| {
        let (place, mask) = (at.next().unwrap_or_default(), mask.clone());
        let direction = if place == 0 { Direction::Forward } else { Direction::Backward };
        let state = states.clone().map(|states| {
            let [hidden, cell] = states.map(|states| states.narrow(0, place, 1).squeeze_dim(0));
            LstmState { cell, hidden }
        });
        one(cell, input.clone(), mask, state, weights, direction)
    });
    let [(forward, first), (backward, second)] = found;
    let stacked = |part: fn(&LstmState) -> Tensor<2>| Tensor::stack(vec![part(&first), part(&second)], 0);
    let last = [stacked(|state| state.hidden.clone()), stacked(|state| state.cell.clone())];
    (Tensor::cat(vec![forward, backward], 2), last)
}

/// Any cell in one direction; `c` is `h` where there is none.
fn one(
    cell: Cell,
    input: Tensor<3>,
    mask: Option<Tensor<2>>,
    state: Option<LstmState>,
    weights: Weights,
    direction: Direction,
) -> (Tensor<3>, LstmState) {
    let hidden = state.as_ref().map(|state| state.hidden.clone());
    let (output, last) = match cell {
        Cell::Lstm => return lstm(input, mask, state, weights, direction),
        Cell::Gru(reset) => gru(input, mask, hidden, weights, reset, direction),
        Cell::Rnn(function) => rnn(input, mask, hidden, weights, function, direction),
    };
    (output, LstmState { cell: last.clone(), hidden: last })
}
