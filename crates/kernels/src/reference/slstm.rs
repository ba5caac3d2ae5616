//! sLSTM (Beck et al. 2024, equations 8 to 17) with the sigmoid forget gate of the authors' code: exponential input
//! gates, kept in range by a stabiliser `m`, and a normaliser `n` of what they sum up to.
//!
//! `m_t = max(ln σ(f) + m_{t-1}, i)`, `i' = e^(i - m_t)`, `f' = e^(ln σ(f) + m_{t-1} - m_t)`,
//! `c_t = f' c_{t-1} + i' tanh(z)`, `n_t = f' n_{t-1} + i'`, `h_t = σ(o) c_t / n_t`.

use burn::tensor::Tensor;
use burn::tensor::activation::{log_sigmoid, sigmoid};

use super::{columns, gather, project};
use crate::{Direction, SlstmState, Weights};

/// The stabiliser before the first step: what was there before counts nothing.
const NOTHING: f32 = -1e30;

/// Runs an sLSTM layer over whole sequences.
///
/// # Shapes
///
/// - input: `[batch, time, input]`
/// - mask: `[batch, time]`, 1 at real steps and 0 at padded ones, which carry the state and give 0
/// - state: `[batch, hidden]` each; zeros, and nothing to stabilise, if absent
/// - weights: of 4 gates, i, f, z, o
/// - output: `[batch, time, hidden]` and the last state
pub fn slstm(
    input: Tensor<3>,
    mask: Option<Tensor<2>>,
    state: Option<SlstmState>,
    weights: Weights,
    direction: Direction,
) -> (Tensor<3>, SlstmState) {
    let [batch, _, _] = input.dims();
    let [_, width] = weights.recurrent.dims();
    let device = input.device();
    let zeros = || Tensor::zeros([batch, width], &device);
    let mut state = state.unwrap_or_else(|| SlstmState {
        hidden: zeros(),
        cell: zeros(),
        normaliser: zeros(),
        stabiliser: Tensor::full([batch, width], NOTHING, &device),
    });
    let recurrent = weights.recurrent.clone().transpose();
    let bias = weights.recurrent_bias.clone().reshape([1, 4 * width]);
    let masks = columns(mask.clone());
    let mut outputs = Vec::new();
    for (step, projected) in project(input, &weights, direction) {
        let gates = projected + state.hidden.clone().matmul(recurrent.clone()) + bias.clone();
        let gate = |index: usize| gates.clone().narrow(1, index * width, width);
        let kept = log_sigmoid(gate(1)) + state.stabiliser.clone();
        // Whatever it is, it is divided out again: no gradient goes through it.
        let stabiliser = gate(0).max_pair(kept.clone()).detach();
        let new = (gate(0) - stabiliser.clone()).exp();
        let kept = (kept - stabiliser.clone()).exp();
        let cell = kept.clone() * state.cell.clone() + new.clone() * gate(2).tanh();
        let normaliser = kept * state.normaliser.clone() + new;
        let hidden = sigmoid(gate(3)) * cell.clone() / normaliser.clone();
        let padded = masks.as_ref().map(|masks| masks[step].clone().expand([batch, width]).equal_elem(0.0));
        let carry = |new: Tensor<2>, old: Tensor<2>| match &padded {
            Some(padded) => new.mask_where(padded.clone(), old),
            None => new,
        };
        state = SlstmState {
            hidden: carry(hidden, state.hidden),
            cell: carry(cell, state.cell),
            normaliser: carry(normaliser, state.normaliser),
            stabiliser: carry(stabiliser, state.stabiliser),
        };
        outputs.push((step, state.hidden.clone()));
    }
    (gather(outputs, mask), state)
}
