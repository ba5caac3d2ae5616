//! The cells of [`GatedCell`] in Burn's own operations: gates for all steps at once and a linear scan, or where a gate
//! reads the state, step by step.

use burn::tensor::Tensor;
use burn::tensor::activation::{log_sigmoid, relu, sigmoid};

use super::linear_scan::linear_scan;
use super::{carry, columns, gather};
use crate::{Direction, GatedCell, Numbers};

/// See [`gated_scan`](crate::gated_scan()).
///
/// # Shapes
///
/// - sums: `[batch, time, sums · hidden]`, mask: `[batch, time]`, state: `[batch, hidden]`
/// - weights: `[weights, hidden]`
/// - output: `[batch, time, hidden]` and the last state
pub fn gated_scan(
    sums: Tensor<3>,
    mask: Option<Tensor<2>>,
    state: Option<Tensor<2>>,
    weights: Tensor<2>,
    cell: GatedCell,
    direction: Direction,
) -> (Tensor<3>, Tensor<2>) {
    let [_, hidden] = weights.dims();
    let own = |number: usize| weights.clone().narrow(0, number, 1).unsqueeze_dim::<3>(0);
    let raw = |number: usize| sums.clone().narrow(2, number * hidden, hidden);
    let sum = |number: usize| raw(number) + own(number);
    let scan = |a: Tensor<3>, b: Tensor<3>| linear_scan(a, b, mask.clone(), state.clone(), Numbers::Real, direction);
    let rest = |gate: &Tensor<3>| gate.clone().neg().add_scalar(1.0);
    match cell {
        GatedCell::MinGru => {
            let z = sigmoid(sum(0));
            scan(rest(&z), z * positive(sum(1)))
        }
        GatedCell::MinLstm => {
            // As the paper: f / (f + i) is the sigmoid of the difference of their logarithms.
            let share = sigmoid(log_sigmoid(sum(0)) - log_sigmoid(sum(1)));
            scan(share.clone(), rest(&share) * positive(sum(2)))
        }
        GatedCell::Qrnn => {
            let (f, o) = (sigmoid(sum(1)), sigmoid(sum(2)));
            let (states, last) = scan(f.clone(), rest(&f) * sum(0).tanh());
            (o * states, last)
        }
        GatedCell::Sru => sru(sums, mask, state, weights, direction),
    }
}

/// The positive candidate of Feng et al. 2024: `x + 1/2` from 0 on, and `σ(x)` below.
fn positive(x: Tensor<3>) -> Tensor<3> {
    let above = relu(x.clone());
    sigmoid(x - above.clone()) + above
}

fn sru(
    sums: Tensor<3>,
    mask: Option<Tensor<2>>,
    state: Option<Tensor<2>>,
    weights: Tensor<2>,
    direction: Direction,
) -> (Tensor<3>, Tensor<2>) {
    let ([batch, time, _], [_, hidden]) = (sums.dims(), weights.dims());
    let mut state = state.unwrap_or_else(|| Tensor::zeros([batch, hidden], &sums.device()));
    let own = |number: usize| weights.clone().narrow(0, number, 1);
    let masks = columns(mask.clone());
    let order: Vec<usize> = match direction {
        Direction::Forward => (0..time).collect(),
        Direction::Backward => (0..time).rev().collect(),
    };
    let mut outputs = Vec::new();
    for step in order {
        let row = sums.clone().narrow(1, step, 1).reshape([batch, 4 * hidden]);
        let part = |number: usize| row.clone().narrow(1, number * hidden, hidden);
        let gate = |part: Tensor<2>, number: usize| sigmoid(part + own(number) * state.clone() + own(number + 2));
        let (forget, reset) = (gate(part(1), 0), gate(part(2), 1));
        let new = forget * (state.clone() - part(0)) + part(0);
        let output = reset * (new.clone() - part(3)) + part(3);
        state = carry(new, state, masks.as_ref().map(|masks| &masks[step]));
        outputs.push((step, output));
    }
    if outputs.is_empty() {
        return (Tensor::zeros([batch, 0, hidden], &sums.device()), state);
    }
    (gather(outputs, mask), state)
}
