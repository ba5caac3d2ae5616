//! The recurrences as CubeCL kernels: a whole sequence of a layer and direction is one launch forward and one back.
//!
//! Where a device says how many cubes (groups of threads with shared memory) it runs together, a sequence is spread
//! over several of them ([`spread`]). Elsewhere a cube takes a few sequences of the batch through all steps, so that no
//! step waits for another cube and no state leaves the chip between two steps. Where the recurrent weights fit into
//! shared memory beside the states they are read from the device's memory once; otherwise each step reads them through
//! its cache. The products over all steps (the input's projection, the weights' gradients) are left to Burn's matrix
//! product.

mod backward;
mod cell;
mod forward;
mod plan;
mod settings;
mod spread;

use burn::backend::TensorMetadata;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use crate::Cell;
use plan::Plan;
use settings::empty;
pub(crate) use settings::{Settings, forward_shapes, sums_shape};

/// Threads a cube, at most; each takes every so-many-th hidden unit.
const UNITS: u32 = 256;

/// Whether the kernels run a cell of this size.
pub(crate) fn supports(cell: Cell, hidden: usize) -> bool {
    Plan::supports(cell, hidden)
}

/// States and what the pass back needs.
pub(crate) fn forward(
    projected: CubeTensor,
    mask: CubeTensor,
    initial: CubeTensor,
    recurrent_weight: CubeTensor,
    biases: [CubeTensor; 2],
    settings: Settings,
) -> (CubeTensor, CubeTensor) {
    let (states, kept) = forward_shapes(&projected.shape(), &recurrent_weight.shape(), settings.cell);
    let (batch, time, hidden) = (states[0], states[1] - 2, states[2]);
    if let Some(plan) = spread::Plan::new(&projected, settings, hidden, batch) {
        return spread::forward(projected, mask, initial, recurrent_weight, biases, plan);
    }
    let plan = Plan::new(&projected, settings, hidden, batch);
    let mut weight = recurrent_weight;
    weight.meta.swap(0, 1);
    let (states, kept) = (empty(&projected, states), empty(&projected, kept));
    let client = projected.client.clone();
    let [input_bias, recurrent_bias] = biases;
    forward::forward_kernel::launch(
        &client,
        cubes(batch, plan),
        units(&projected, hidden),
        into_contiguous(projected).into_buffer_arg(),
        into_contiguous(mask).into_buffer_arg(),
        into_contiguous(initial).into_buffer_arg(),
        into_contiguous(weight).into_buffer_arg(),
        into_contiguous(input_bias).into_buffer_arg(),
        into_contiguous(recurrent_bias).into_buffer_arg(),
        states.clone().into_buffer_arg(),
        kept.clone().into_buffer_arg(),
        batch,
        time,
        plan,
    );
    (states, kept)
}

/// Gradients of the gates' sums and of the initial state.
pub(crate) fn backward(
    gradient: CubeTensor,
    states: CubeTensor,
    kept: CubeTensor,
    mask: CubeTensor,
    initial: CubeTensor,
    recurrent_weight: CubeTensor,
    settings: Settings,
) -> (CubeTensor, CubeTensor) {
    let shape = states.shape();
    let (batch, time, hidden) = (shape[0], shape[1] - 2, shape[2]);
    if let Some(plan) = spread::Plan::new(&states, settings, hidden, batch) {
        return spread::backward(gradient, states, kept, mask, initial, recurrent_weight, plan);
    }
    let plan = Plan::new(&states, settings, hidden, batch);
    let sums = empty(&states, sums_shape(&shape, settings.cell));
    let before = empty(&states, initial.shape());
    let client = states.client.clone();
    backward::backward_kernel::launch(
        &client,
        cubes(batch, plan),
        units(&states, hidden),
        into_contiguous(gradient).into_buffer_arg(),
        into_contiguous(states).into_buffer_arg(),
        into_contiguous(kept).into_buffer_arg(),
        into_contiguous(mask).into_buffer_arg(),
        into_contiguous(initial).into_buffer_arg(),
        into_contiguous(recurrent_weight).into_buffer_arg(),
        sums.clone().into_buffer_arg(),
        before.clone().into_buffer_arg(),
        batch,
        time,
        plan,
    );
    (sums, before)
}

fn cubes(batch: usize, plan: Plan) -> CubeCount {
    CubeCount::Static(batch.div_ceil(plan.rows) as u32, 1, 1)
}

fn units(device: &CubeTensor, hidden: usize) -> CubeDim {
    let most = device.client.properties().hardware.max_units_per_cube.min(UNITS);
    CubeDim::new_1d((hidden.next_multiple_of(32) as u32).min(most))
}
