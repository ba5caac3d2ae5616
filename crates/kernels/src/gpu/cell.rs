//! The arithmetic of one hidden unit at one step, forward and back.

use cubecl::prelude::*;

use crate::{Cell, RnnActivation};

/// The state after a step, without the mask.
///
/// `input` and `sum` hold a unit's part of each gate from the input and from the state before, `old`. `kept` gets what
/// the pass back needs; with memory its last value holds the memory of the step before, and gets this step's.
#[cube]
pub(super) fn forward(
    input: &Array<f32>,
    sum: &Array<f32>,
    old: f32,
    real: f32,
    kept: &mut Array<f32>,
    #[comptime] cell: Cell,
) -> f32 {
    if comptime!(cell == Cell::Lstm) {
        let entry = sigmoid(input[0] + sum[0]);
        let forget = sigmoid(input[1] + sum[1]);
        let candidate = tangent(input[2] + sum[2]);
        let exit = sigmoid(input[3] + sum[3]);
        let before = kept[4];
        let memory = forget * before + entry * candidate;
        kept[0] = entry;
        kept[1] = forget;
        kept[2] = candidate;
        kept[3] = exit;
        kept[4] = before + (memory - before) * real;
        exit * tangent(memory)
    } else if comptime!(matches!(cell, Cell::Gru(_))) {
        let product = sum[2];
        let reset = sigmoid(input[0] + sum[0]);
        let update = sigmoid(input[1] + sum[1]);
        let candidate = tangent(input[2] + reset * product);
        kept[0] = reset;
        kept[1] = update;
        kept[2] = candidate;
        kept[3] = product;
        candidate + update * (old - candidate)
    } else {
        let value = input[0] + sum[0];
        let state =
            if comptime!(cell == Cell::Rnn(RnnActivation::Relu)) { f32::max(value, 0.0f32) } else { tangent(value) };
        kept[0] = state;
        state
    }
}

/// Gradients of the gates' sums, in the order in which they are kept, from that of the state after a step. Gives what
/// reaches the state before without passing the recurrent weights, where the mask lets it pass.
///
/// `kept` is as the pass forward left it, `old` the memory before the step, or the state where there is none. `sums`
/// gets the gradients; with memory, its last value holds the gradient of the memory after the step, and gets that of
/// the memory before.
#[cube]
pub(super) fn backward(
    kept: &Array<f32>,
    old: f32,
    new: f32,
    real: f32,
    sums: &mut Array<f32>,
    #[comptime] cell: Cell,
) -> f32 {
    if comptime!(cell == Cell::Lstm) {
        let entry = kept[0];
        let forget = kept[1];
        let candidate = kept[2];
        let exit = kept[3];
        let bent = tangent(forget * old + entry * candidate);
        let carried = sums[4];
        let memory = carried * real + new * exit * (1.0f32 - bent * bent);
        sums[0] = memory * candidate * entry * (1.0f32 - entry);
        sums[1] = memory * old * forget * (1.0f32 - forget);
        sums[2] = memory * entry * (1.0f32 - candidate * candidate);
        sums[3] = new * bent * exit * (1.0f32 - exit);
        sums[4] = carried - carried * real + memory * forget;
        0.0f32.runtime()
    } else if comptime!(matches!(cell, Cell::Gru(_))) {
        let reset = kept[0];
        let update = kept[1];
        let candidate = kept[2];
        let product = kept[3];
        let of_candidate = new * (1.0f32 - update) * (1.0f32 - candidate * candidate);
        sums[0] = of_candidate * product * reset * (1.0f32 - reset);
        sums[1] = new * (old - candidate) * update * (1.0f32 - update);
        sums[2] = of_candidate;
        sums[3] = of_candidate * reset;
        new * update
    } else {
        let value = kept[0];
        if comptime!(cell == Cell::Rnn(RnnActivation::Relu)) {
            let mut of_sum = 0.0f32;
            if value > 0.0f32 {
                of_sum = new;
            }
            sums[0] = of_sum;
        } else {
            sums[0] = new * (1.0f32 - value * value);
        }
        0.0f32.runtime()
    }
}

#[cube]
fn sigmoid(value: f32) -> f32 {
    1.0f32 / (1.0f32 + f32::exp(-value))
}

/// Hyperbolic tangent within bounds at which the graphics languages agree on it: some give NaN for large values.
#[cube]
fn tangent(value: f32) -> f32 {
    f32::tanh(f32::clamp(value, -15.0f32, 15.0f32))
}
