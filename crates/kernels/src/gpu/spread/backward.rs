//! The pass back through time: one launch for a whole sequence.

use cubecl::prelude::*;

use super::meet::meet;
use super::plan::Plan;
use crate::Cell;
use crate::gpu::cell;

/// Gradients of all gates' sums, from the gradients of all states.
///
/// # Shapes
///
/// As of the kernel that takes a sequence on one cube; `counters` has one value per group, at zero.
#[cube(launch)]
pub(super) fn backward_kernel(
    gradient: &[f32],
    states: &[f32],
    kept: &[f32],
    mask: &[f32],
    initial: &[f32],
    weight: &[f32],
    sums: &mut [f32],
    before: &mut [f32],
    counters: &[Atomic<u32>],
    batch: usize,
    time: usize,
    groups: usize,
    turns: usize,
    #[comptime] plan: Plan,
) {
    let width = comptime!(plan.hidden);
    let planes = comptime!(plan.kept());
    let of_sums = comptime!(plan.sums());
    let depth = comptime!(plan.cell.gates() * plan.hidden);
    let rows = comptime!(plan.rows);
    let share = comptime!(plan.share);
    let parts = comptime!(plan.parts_back());
    let vectors = comptime!(plan.vectors_back());
    let stride = comptime!(plan.vectors_back() + 1);
    let unit = UNIT_POS_X as usize;
    let group = CUBE_POS_X as usize / comptime!(plan.slices);
    let slice = CUBE_POS_X as usize % comptime!(plan.slices);
    let column = slice * share + unit % share;

    // What the unit multiplies: a part of the sum for one hidden unit.
    let part = unit / share;
    let mut weights = Array::<f32>::new(comptime!(4 * plan.vectors_back()));
    #[unroll]
    for place in 0..comptime!(4 * plan.vectors_back()) {
        let from = part * comptime!(4 * plan.vectors_back()) + place;
        let mut value = 0.0f32;
        if part < parts && column < width && from < depth {
            value = weight[from * width + column];
        }
        weights[place] = value;
    }

    // What it finishes: the same hidden unit, of the row that has the part's number.
    let row = unit / share;
    let mut factors = Shared::<[Vector<f32, Const<4>>]>::new_slice(comptime!(
        plan.rows * plan.parts_back() * (plan.vectors_back() + 1)
    ));
    let mut partial = Shared::<[f32]>::new_slice(comptime!(plan.parts_back() * plan.rows * plan.share));
    let mut keep = Array::<f32>::new(planes);
    let mut found = Array::<f32>::new(comptime!(if plan.cell.has_memory() { plan.sums() + 1 } else { plan.sums() }));
    let mut times = 0u32;

    for turn in 0..turns {
        let first = (turn * groups + group) * rows;
        let source = first + row;
        let finishes = row < rows && column < width && source < batch;
        let mut hidden = 0.0f32;
        if comptime!(plan.cell.has_memory()) {
            found[of_sums] = 0.0f32;
            if finishes {
                found[of_sums] = gradient[(source * (time + 2) + time + 1) * width + column];
            }
        }
        for back in 0..time {
            let step = time - 1 - back;
            let mut moment = step;
            if comptime!(plan.reverse) {
                moment = back;
            }
            if finishes {
                let line = source * time + moment;
                #[unroll]
                for plane in 0..planes {
                    keep[plane] = kept[(line * planes + plane) * width + column];
                }
                // Where the state lies, and the one before, in the order in which the steps are read.
                let mut after = source * (time + 2) + moment;
                let mut earlier = after;
                if comptime!(plan.reverse) {
                    earlier += 1;
                } else {
                    after += 1;
                }
                let old = if comptime!(plan.cell.has_memory()) {
                    if step > 0 {
                        let mut line_before = line;
                        if comptime!(plan.reverse) {
                            line_before += 1;
                        } else {
                            line_before -= 1;
                        }
                        kept[(line_before * planes + planes - 1) * width + column]
                    } else if comptime!(plan.started) {
                        initial[(batch + source) * width + column]
                    } else {
                        0.0f32.runtime()
                    }
                } else {
                    states[earlier * width + column]
                };
                let real = if comptime!(plan.masked) { mask[line] } else { 1.0f32.runtime() };
                let total = gradient[after * width + column] + hidden;
                let new = total * real;
                hidden = total - new + cell::backward(&keep, old, new, real, &mut found, comptime!(plan.cell));
                #[unroll]
                for sum in 0..of_sums {
                    sums[(line * of_sums + sum) * width + column] = found[sum];
                }
            }
            times += 1u32;
            meet(counters, group, times, comptime!(plan.slices));

            // The gradients of all gates' sums, of all slices.
            let mut place = unit;
            while place < comptime!(plan.rows * plan.parts_back() * plan.vectors_back()) {
                let of = place / comptime!(plan.parts_back() * plan.vectors_back());
                let vector = place % comptime!(plan.parts_back() * plan.vectors_back());
                let from = first + of;
                let mut values = Vector::<f32, Const<4>>::new(0.0f32);
                #[unroll]
                for lane in 0..4 {
                    let mut at = 4 * vector + lane;
                    if from < batch && at < depth {
                        // A GRU's candidate has two, of the input's part and of the state's.
                        if comptime!(matches!(plan.cell, Cell::Gru(_))) {
                            if at >= 2 * width {
                                at += width;
                            }
                        }
                        values.insert(lane, sums[(from * time + moment) * of_sums * width + at]);
                    }
                }
                factors[(of * parts + vector / vectors) * stride + vector % vectors] = values;
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
                        let values = factors[(of * parts + part) * stride + vector];
                        #[unroll]
                        for lane in 0..4 {
                            products[of] += weights[4 * vector + lane] * values.extract(lane);
                        }
                    }
                }
                #[unroll]
                for of in 0..rows {
                    partial[(part * rows + of) * share + unit % share] = products[of];
                }
            }
            sync_cube();

            if finishes {
                #[unroll]
                for of in 0..parts {
                    hidden += partial[(of * rows + row) * share + unit % share];
                }
            }
        }
        if comptime!(plan.started) {
            if finishes {
                before[source * width + column] = hidden;
                if comptime!(plan.cell.has_memory()) {
                    before[(batch + source) * width + column] = found[of_sums];
                }
            }
        }
    }
}
