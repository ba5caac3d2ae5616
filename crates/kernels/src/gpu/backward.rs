//! The pass back through time: one launch for a whole sequence. It leaves the weights' gradients, sums over all
//! steps, to one matrix product.

use cubecl::prelude::*;

use super::forward::tangent;
use super::plan::Plan;
use crate::Cell;

/// Gradients of all gates' sums, from the gradients of all states.
///
/// # Shapes
///
/// - gradient, states: `[batch, time + 1, hidden]`, the last row the memory's
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
                    last = gradient[((first + row) * (time + 1) + time) * width + place];
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
                    let keep = line * planes * width + place;
                    let out = line * parts * width + place;
                    let state = (source * (time + 1) + moment) * width + place;
                    // Where the state of the step before lies, in the order in which the steps are read.
                    let mut earlier = state - width;
                    let mut kept_earlier = keep - planes * width;
                    if comptime!(plan.reverse) {
                        earlier = state + width;
                        kept_earlier = keep + planes * width;
                    }
                    let real = if comptime!(plan.masked) { mask[line] } else { 1.0f32.runtime() };
                    let total = gradient[state] + hidden[own];
                    let new = total * real;
                    let mut rest = total - new;
                    if comptime!(plan.cell == Cell::Lstm) {
                        let old = if step == 0 {
                            initial[(batch + source) * width + place]
                        } else {
                            kept[kept_earlier + 4 * width]
                        };
                        let entry = kept[keep];
                        let forget = kept[keep + width];
                        let candidate = kept[keep + 2 * width];
                        let exit = kept[keep + 3 * width];
                        let bent = tangent(forget * old + entry * candidate);
                        let carried = memory[own];
                        let cell = carried * real + new * exit * (1.0f32 - bent * bent);
                        memory[own] = carried - carried * real + cell * forget;
                        let of_entry = cell * candidate * entry * (1.0f32 - entry);
                        let of_forget = cell * old * forget * (1.0f32 - forget);
                        let of_candidate = cell * entry * (1.0f32 - candidate * candidate);
                        let of_exit = new * bent * exit * (1.0f32 - exit);
                        sums[out] = of_entry;
                        sums[out + width] = of_forget;
                        sums[out + 2 * width] = of_candidate;
                        sums[out + 3 * width] = of_exit;
                        recurrent[part] = of_entry;
                        recurrent[part + width] = of_forget;
                        recurrent[part + 2 * width] = of_candidate;
                        recurrent[part + 3 * width] = of_exit;
                    } else if comptime!(matches!(plan.cell, Cell::Gru(_))) {
                        let old = if step == 0 { initial[source * width + place] } else { states[earlier] };
                        let reset = kept[keep];
                        let update = kept[keep + width];
                        let candidate = kept[keep + 2 * width];
                        let product = kept[keep + 3 * width];
                        let of_candidate = new * (1.0f32 - update) * (1.0f32 - candidate * candidate);
                        let of_reset = of_candidate * product * reset * (1.0f32 - reset);
                        let of_update = new * (old - candidate) * update * (1.0f32 - update);
                        rest += new * update;
                        sums[out] = of_reset;
                        sums[out + width] = of_update;
                        sums[out + 2 * width] = of_candidate;
                        sums[out + 3 * width] = of_candidate * reset;
                        recurrent[part] = of_reset;
                        recurrent[part + width] = of_update;
                        recurrent[part + 2 * width] = of_candidate * reset;
                    } else {
                        let value = kept[keep];
                        let mut of_sum = 0.0f32;
                        if comptime!(plan.relu()) {
                            if value > 0.0f32 {
                                of_sum = new;
                            }
                        } else {
                            of_sum = new * (1.0f32 - value * value);
                        }
                        sums[out] = of_sum;
                        recurrent[part] = of_sum;
                    }
                    hidden[own] = rest;
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
