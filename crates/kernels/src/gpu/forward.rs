//! The pass forward: one launch for a whole sequence.

use cubecl::prelude::*;

use super::cell;
use super::plan::Plan;

/// Runs `plan.rows` sequences per cube through all steps. Units stride over the hidden units of a layer, and meet
/// once per step; states wait in shared memory, and so do the recurrent weights where they fit.
///
/// # Shapes
///
/// - projected: `[batch, time, gates * hidden]`, the input's part of each gate
/// - mask: `[batch, time]`, read only where the plan is masked
/// - initial: `[1, batch, hidden]`, with memory `[2, batch, hidden]`, read only where the plan is started
/// - weight: `[hidden, gates * hidden]`, transposed, so that neighbouring units read neighbouring values
/// - input_bias, bias: `[gates * hidden]`
/// - states: `[batch, time + 2, hidden]`, in the order of time, with the initial one where reading begins; the last row
///   is the memory
/// - kept: `[batch, time, plan.kept() * hidden]`, what the pass back needs
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
                if comptime!(plan.started) {
                    value = initial[source * width + place];
                    if comptime!(plan.cell.has_memory()) {
                        old = initial[(batch + source) * width + place];
                    }
                }
                let mut begin = source * (time + 2);
                if comptime!(plan.reverse) {
                    begin += time;
                }
                states[begin * width + place] = value;
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
                    let mut input = Array::<f32>::new(gates);
                    let mut sum = Array::<f32>::new(gates);
                    let mut keep = Array::<f32>::new(planes);
                    #[unroll]
                    for gate in 0..gates {
                        input[gate] =
                            projected[(line * gates + gate) * width + place] + input_bias[gate * width + place];
                        sum[gate] = sums[row * gates + gate];
                    }
                    if comptime!(plan.cell.has_memory()) {
                        keep[comptime!(plan.kept() - 1)] = memory[row * width + place];
                    }
                    let old = state[now + row * width + place];
                    let real = if comptime!(plan.masked) { mask[line] } else { 1.0f32.runtime() };
                    let new = cell::forward(&input, &sum, old, real, &mut keep, comptime!(plan.cell));
                    if comptime!(plan.cell.has_memory()) {
                        memory[row * width + place] = keep[comptime!(plan.kept() - 1)];
                    }
                    #[unroll]
                    for plane in 0..planes {
                        kept[(line * planes + plane) * width + place] = keep[plane];
                    }
                    let carried = old + (new - old) * real;
                    state[next + row * width + place] = carried;
                    let mut row_of = source * (time + 2) + moment;
                    if comptime!(!plan.reverse) {
                        row_of += 1;
                    }
                    states[row_of * width + place] = carried;
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
                states[(source * (time + 2) + time + 1) * width + place] = last;
            }
        }
        place += units;
    }
}
