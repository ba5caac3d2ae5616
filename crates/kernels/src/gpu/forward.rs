//! The pass forward: one launch for a whole sequence.

use cubecl::prelude::*;

use super::plan::Plan;
use crate::Cell;

/// Runs `plan.rows` sequences a cube through all steps. Units stride over the hidden units of a layer, and meet
/// once a step; states wait in shared memory, and so do the recurrent weights where they fit.
///
/// # Shapes
///
/// - projected: `[batch, time, gates * hidden]`, the input's part of each gate with the input bias
/// - mask: `[batch, time]`, read only where the plan is masked
/// - initial: `[1, batch, hidden]`, with memory `[2, batch, hidden]`
/// - weight: `[hidden, gates * hidden]`, transposed, so that neighbouring units read neighbouring values
/// - bias: `[gates * hidden]`
/// - states: `[batch, time + 1, hidden]`, the last row the memory
/// - kept: `[batch, time, plan.kept() * hidden]`, what the pass back needs
#[cube(launch)]
pub(super) fn forward_kernel(
    projected: &[f32],
    mask: &[f32],
    initial: &[f32],
    weight: &[f32],
    bias: &[f32],
    states: &mut [f32],
    kept: &mut [f32],
    batch: usize,
    time: usize,
    #[comptime] plan: Plan,
) {
    let width = comptime!(plan.hidden);
    let gates = comptime!(plan.cell.gates());
    let rows = comptime!(plan.rows);
    let planes = comptime!(plan.kept());
    let size = comptime!(plan.rows * plan.hidden);
    let first = CUBE_POS_X as usize * rows;
    let units = CUBE_DIM_X as usize;
    let unit = UNIT_POS_X as usize;

    // The state of this step and of the next: no unit may write what another still reads.
    let mut state = Shared::<[f32]>::new_slice(2 * size);
    let mut memory = Shared::<[f32]>::new_slice(comptime!(if plan.cell.has_memory() { size } else { 1 }));
    let mut chip = Shared::<[f32]>::new_slice(comptime!(if plan.on_chip { plan.weights() } else { 1 }));
    if comptime!(plan.on_chip) {
        let mut place = unit;
        while place < comptime!(plan.weights()) {
            chip[place] = weight[place];
            place += units;
        }
    }
    let mut place = unit;
    while place < width {
        #[unroll]
        for row in 0..rows {
            let source = first + row;
            let mut value = 0.0f32;
            let mut old = 0.0f32;
            if source < batch {
                value = initial[source * width + place];
                if comptime!(plan.cell.has_memory()) {
                    old = initial[(batch + source) * width + place];
                }
            }
            state[row * width + place] = value;
            if comptime!(plan.cell.has_memory()) {
                memory[row * width + place] = old;
            }
        }
        place += units;
    }
    sync_cube();

    for step in 0..time {
        let mut moment = step;
        if comptime!(plan.reverse) {
            moment = time - 1 - step;
        }
        let now = (step % 2) * size;
        let next = size - now;
        let mut place = unit;
        while place < width {
            let mut sums = Array::<f32>::new(comptime!(plan.rows * plan.cell.gates()));
            #[unroll]
            for gate in 0..gates {
                let start = bias[gate * width + place];
                #[unroll]
                for row in 0..rows {
                    sums[row * gates + gate] = start;
                }
            }
            for other in 0..width {
                #[unroll]
                for gate in 0..gates {
                    let at = (other * gates + gate) * width + place;
                    let factor = if comptime!(plan.on_chip) { chip[at] } else { weight[at] };
                    #[unroll]
                    for row in 0..rows {
                        sums[row * gates + gate] += factor * state[now + row * width + other];
                    }
                }
            }
            #[unroll]
            for row in 0..rows {
                let source = first + row;
                if source < batch {
                    let line = source * time + moment;
                    let input = line * gates * width + place;
                    let keep = line * planes * width + place;
                    let old = state[now + row * width + place];
                    let real = if comptime!(plan.masked) { mask[line] } else { 1.0f32.runtime() };
                    let new = if comptime!(plan.cell == Cell::Lstm) {
                        let entry = sigmoid(projected[input] + sums[row * gates]);
                        let forget = sigmoid(projected[input + width] + sums[row * gates + 1]);
                        let candidate = tangent(projected[input + 2 * width] + sums[row * gates + 2]);
                        let exit = sigmoid(projected[input + 3 * width] + sums[row * gates + 3]);
                        let before = memory[row * width + place];
                        let cell = forget * before + entry * candidate;
                        let carried = before + (cell - before) * real;
                        memory[row * width + place] = carried;
                        kept[keep] = entry;
                        kept[keep + width] = forget;
                        kept[keep + 2 * width] = candidate;
                        kept[keep + 3 * width] = exit;
                        kept[keep + 4 * width] = carried;
                        exit * tangent(cell)
                    } else if comptime!(matches!(plan.cell, Cell::Gru(_))) {
                        let product = sums[row * gates + 2];
                        let reset = sigmoid(projected[input] + sums[row * gates]);
                        let update = sigmoid(projected[input + width] + sums[row * gates + 1]);
                        let candidate = tangent(projected[input + 2 * width] + reset * product);
                        kept[keep] = reset;
                        kept[keep + width] = update;
                        kept[keep + 2 * width] = candidate;
                        kept[keep + 3 * width] = product;
                        candidate + update * (old - candidate)
                    } else {
                        let sum = projected[input] + sums[row];
                        let value = if comptime!(plan.relu()) { f32::max(sum, 0.0f32) } else { tangent(sum) };
                        kept[keep] = value;
                        value
                    };
                    let carried = old + (new - old) * real;
                    state[next + row * width + place] = carried;
                    states[(source * (time + 1) + moment) * width + place] = carried;
                }
            }
            place += units;
        }
        sync_cube();
    }

    let mut place = unit;
    while place < width {
        #[unroll]
        for row in 0..rows {
            let source = first + row;
            if source < batch {
                let mut last = 0.0f32;
                if comptime!(plan.cell.has_memory()) {
                    last = memory[row * width + place];
                }
                states[(source * (time + 1) + time) * width + place] = last;
            }
        }
        place += units;
    }
}

#[cube]
fn sigmoid(value: f32) -> f32 {
    1.0f32 / (1.0f32 + f32::exp(-value))
}

/// Hyperbolic tangent within bounds at which the graphics languages agree on it: some give NaN for large values.
#[cube]
pub(super) fn tangent(value: f32) -> f32 {
    f32::tanh(f32::clamp(value, -15.0f32, 15.0f32))
}
