//! The pass forward: one launch for a whole sequence.

use cubecl::prelude::*;

use super::meet::meet;
use super::plan::Plan;
use crate::gpu::cell;

/// Runs `plan.rows` sequences per group of cubes through all steps, `turns` times.
///
/// # Shapes
///
/// As of the kernel that takes a sequence on one cube, but `weight` is `[gates * hidden, hidden]`; `counters` has one
/// value per group, at zero.
#[cube(launch)]
pub(super) fn forward_kernel(
    projected: &[f32],
    mask: &[f32],
    initial: &[f32],
    weight: &[f32],
    input_bias: &[f32],
    bias: &[f32],
    states: &mut [f32],
    kept: &mut [f32],
    counters: &[Atomic<u32>],
    batch: usize,
    time: usize,
    groups: usize,
    turns: usize,
    #[comptime] plan: Plan,
) {
    let width = comptime!(plan.hidden);
    let gates = comptime!(plan.cell.gates());
    let planes = comptime!(plan.kept());
    let rows = comptime!(plan.rows);
    let share = comptime!(plan.share);
    let outputs = comptime!(plan.outputs());
    let parts = comptime!(plan.parts());
    let vectors = comptime!(plan.vectors());
    // One more than is read, so that units of other parts read other banks of the shared memory.
    let stride = comptime!(plan.vectors() + 1);
    let unit = UNIT_POS_X as usize;
    let group = CUBE_POS_X as usize / comptime!(plan.slices);
    let slice = CUBE_POS_X as usize % comptime!(plan.slices);

    // What the unit multiplies: a part of the sum for one gate of one hidden unit.
    let part = unit / outputs;
    let output = unit % outputs;
    let gate_row = (output / share) * width + slice * share + output % share;
    let multiplies = part < parts && slice * share + output % share < width;
    let mut weights = Array::<f32>::new(comptime!(4 * plan.vectors()));
    #[unroll]
    for place in 0..comptime!(4 * plan.vectors()) {
        let from = part * comptime!(4 * plan.vectors()) + place;
        let mut value = 0.0f32;
        if multiplies && from < width {
            value = weight[gate_row * width + from];
        }
        weights[place] = value;
    }

    // What the unit finishes: one hidden unit of one row.
    let row = unit / share;
    let column = slice * share + unit % share;
    let mut input_biases = Array::<f32>::new(gates);
    let mut biases = Array::<f32>::new(gates);
    #[unroll]
    for gate in 0..gates {
        input_biases[gate] = if column < width { input_bias[gate * width + column] } else { 0.0f32.runtime() };
        biases[gate] = if column < width { bias[gate * width + column] } else { 0.0f32.runtime() };
    }

    let mut state =
        Shared::<[Vector<f32, Const<4>>]>::new_slice(comptime!(plan.rows * plan.parts() * (plan.vectors() + 1)));
    let mut partial = Shared::<[f32]>::new_slice(comptime!(plan.parts() * plan.rows * plan.outputs()));
    let mut inputs = Array::<f32>::new(gates);
    let mut sums = Array::<f32>::new(gates);
    let mut keep = Array::<f32>::new(planes);
    let mut times = 0u32;

    for turn in 0..turns {
        let first = (turn * groups + group) * rows;
        let source = first + row;
        let finishes = row < rows && column < width && source < batch;
        let mut old = 0.0f32;
        if comptime!(plan.cell.has_memory()) {
            keep[comptime!(plan.kept() - 1)] = 0.0f32;
        }
        if finishes {
            if comptime!(plan.started) {
                old = initial[source * width + column];
                if comptime!(plan.cell.has_memory()) {
                    keep[comptime!(plan.kept() - 1)] = initial[(batch + source) * width + column];
                }
            }
            let mut begin = source * (time + 2);
            if comptime!(plan.reverse) {
                begin += time;
            }
            states[begin * width + column] = old;
        }
        for step in 0..time {
            let mut moment = step;
            if comptime!(plan.reverse) {
                moment = time - 1 - step;
            }
            let line = source * time + moment;
            let mut real = 1.0f32;
            // Asked for before the cubes meet, so that it is there when they have met.
            if finishes {
                #[unroll]
                for gate in 0..gates {
                    inputs[gate] = projected[(line * gates + gate) * width + column] + input_biases[gate];
                }
                if comptime!(plan.masked) {
                    real = mask[line];
                }
            }
            if step > 0 {
                times += 1u32;
                meet(counters, group, times, comptime!(plan.slices));
            }
            // The state before the step, of all slices.
            let mut earlier = moment;
            if comptime!(plan.reverse) {
                earlier += 1;
            }
            let mut place = unit;
            while place < comptime!(plan.rows * plan.parts() * plan.vectors()) {
                let of = place / comptime!(plan.parts() * plan.vectors());
                let vector = place % comptime!(plan.parts() * plan.vectors());
                let from = first + of;
                let mut values = Vector::<f32, Const<4>>::new(0.0f32);
                #[unroll]
                for lane in 0..4 {
                    let at = 4 * vector + lane;
                    if from < batch && at < width {
                        // The other slices' first states are not there yet.
                        let value = if step > 0 {
                            states[(from * (time + 2) + earlier) * width + at]
                        } else if comptime!(plan.started) {
                            initial[from * width + at]
                        } else {
                            0.0f32.runtime()
                        };
                        values.insert(lane, value);
                    }
                }
                state[(of * parts + vector / vectors) * stride + vector % vectors] = values;
                place += comptime!(plan.units);
            }
            sync_cube();

            if part < parts {
                let mut products = Array::<f32>::new(rows);
                #[unroll]
                for of in 0..rows {
                    products[of] = 0.0f32;
                }
                #[unroll]
                for vector in 0..vectors {
                    #[unroll]
                    for of in 0..rows {
                        let values = state[(of * parts + part) * stride + vector];
                        #[unroll]
                        for lane in 0..4 {
                            products[of] += weights[4 * vector + lane] * values.extract(lane);
                        }
                    }
                }
                #[unroll]
                for of in 0..rows {
                    partial[(part * rows + of) * outputs + output] = products[of];
                }
            }
            sync_cube();

            if finishes {
                #[unroll]
                for gate in 0..gates {
                    let mut sum = biases[gate];
                    #[unroll]
                    for of in 0..parts {
                        sum += partial[(of * rows + row) * outputs + gate * share + unit % share];
                    }
                    sums[gate] = sum;
                }
                let new = cell::forward(&inputs, &sums, old, real, &mut keep, comptime!(plan.cell));
                old += (new - old) * real;
                let mut after = source * (time + 2) + moment;
                if comptime!(!plan.reverse) {
                    after += 1;
                }
                states[after * width + column] = old;
                #[unroll]
                for plane in 0..planes {
                    kept[(line * planes + plane) * width + column] = keep[plane];
                }
            }
        }
        if finishes {
            let mut last = 0.0f32;
            if comptime!(plan.cell.has_memory()) {
                last = keep[comptime!(plan.kept() - 1)];
            }
            states[(source * (time + 2) + time + 1) * width + column] = last;
        }
        // The next rows' first state is read over the last of these.
        sync_cube();
    }
}
