//! The pass back through time: one launch for a whole sequence. It leaves the weights' gradients, sums over all
//! steps, to one matrix product.

use cubecl::prelude::*;

use super::cell;
use super::plan::Plan;
use crate::Cell;

/// Gradients of all gates' sums, from the gradients of all states.
///
/// # Shapes
///
/// - gradient, states: `[batch, time + 2, hidden]`, as in the pass forward
/// - kept, mask, initial: as in the pass forward
/// - weight: `[gates * hidden, hidden]`
/// - sums: `[batch, time, plan.sums() * hidden]`; a GRU's candidate has two, of the input's part and the state's
/// - before: as `initial`, the initial state's gradient
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
    batch: usize,
    time: usize,
    #[comptime] plan: Plan,
) {
    let width = comptime!(plan.hidden);
    let gates = comptime!(plan.cell.gates());
    let rows = comptime!(plan.rows);
    let planes = comptime!(plan.kept());
    let parts = comptime!(plan.sums());
    let size = comptime!(plan.rows * plan.hidden);
    let first = CUBE_POS_X as usize * rows;
    let units = CUBE_DIM_X as usize;
    let unit = UNIT_POS_X as usize;

    let mut hidden = Shared::<[f32]>::new_slice(size);
    let mut memory = Shared::<[f32]>::new_slice(comptime!(if plan.cell.has_memory() { size } else { 1 }));
    let mut recurrent = Shared::<[f32]>::new_slice(comptime!(plan.rows * plan.cell.gates() * plan.hidden));
    let mut place = unit;
    while place < width {
        #[unroll]
        for row in 0..rows {
            hidden[row * width + place] = 0.0f32;
            if comptime!(plan.cell.has_memory()) {
                let mut last = 0.0f32;
                if first + row < batch {
                    last = gradient[((first + row) * (time + 2) + time + 1) * width + place];
                }
                memory[row * width + place] = last;
            }
        }
        place += units;
    }
    sync_cube();

    for back in 0..time {
        let step = time - 1 - back;
        let mut moment = step;
        if comptime!(plan.reverse) {
            moment = back;
        }
        let mut place = unit;
        while place < width {
            #[unroll]
            for row in 0..rows {
                let source = first + row;
                let own = row * width + place;
                let part = row * gates * width + place;
                if source < batch {
                    let line = source * time + moment;
                    // Where the state lies, and the one before, in the order in which the steps are read.
                    let mut after = source * (time + 2) + moment;
                    let mut earlier = after;
                    if comptime!(plan.reverse) {
                        earlier += 1;
                    } else {
                        after += 1;
                    }
                    let mut keep = Array::<f32>::new(planes);
                    #[unroll]
                    for plane in 0..planes {
                        keep[plane] = kept[(line * planes + plane) * width + place];
                    }
                    let mut found = Array::<f32>::new(comptime!(plan.sums() + 1));
                    if comptime!(plan.cell.has_memory()) {
                        found[parts] = memory[own];
                    }
                    let old = if comptime!(plan.cell.has_memory()) {
                        if step > 0 {
                            let mut line_before = line;
                            if comptime!(plan.reverse) {
                                line_before += 1;
                            } else {
                                line_before -= 1;
                            }
                            kept[(line_before * planes + planes - 1) * width + place]
                        } else if comptime!(plan.started) {
                            initial[(batch + source) * width + place]
                        } else {
                            0.0f32.runtime()
                        }
                    } else {
                        states[earlier * width + place]
                    };
                    let real = if comptime!(plan.masked) { mask[line] } else { 1.0f32.runtime() };
                    let total = gradient[after * width + place] + hidden[own];
                    let new = total * real;
                    let passed = cell::backward(&keep, old, new, real, &mut found, comptime!(plan.cell));
                    hidden[own] = total - new + passed;
                    if comptime!(plan.cell.has_memory()) {
                        memory[own] = found[parts];
                    }
                    #[unroll]
                    for sum in 0..parts {
                        sums[(line * parts + sum) * width + place] = found[sum];
                    }
                    #[unroll]
                    for gate in 0..gates {
                        // A GRU's candidate has two, of the input's part and of the state's.
                        let last = comptime!(gate == 2 && matches!(plan.cell, Cell::Gru(_)));
                        recurrent[part + gate * width] = found[comptime!(if last { 3 } else { gate })];
                    }
                } else {
                    #[unroll]
                    for gate in 0..gates {
                        recurrent[part + gate * width] = 0.0f32;
                    }
                }
            }
            place += units;
        }
        sync_cube();
        let mut place = unit;
        while place < width {
            let mut found = Array::<f32>::new(rows);
            #[unroll]
            for row in 0..rows {
                found[row] = 0.0f32;
            }
            for other in 0..comptime!(plan.cell.gates() * plan.hidden) {
                let factor = weight[other * width + place];
                #[unroll]
                for row in 0..rows {
                    found[row] += factor * recurrent[row * gates * width + other];
                }
            }
            #[unroll]
            for row in 0..rows {
                hidden[row * width + place] += found[row];
            }
            place += units;
        }
        sync_cube();
    }

    if comptime!(plan.started) {
        let mut place = unit;
        while place < width {
            #[unroll]
            for row in 0..rows {
                let source = first + row;
                if source < batch {
                    before[source * width + place] = hidden[row * width + place];
                    if comptime!(plan.cell.has_memory()) {
                        before[(batch + source) * width + place] = memory[row * width + place];
                    }
                }
            }
            place += units;
        }
    }
}
