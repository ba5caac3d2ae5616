//! The recurrences as CubeCL kernels: a whole sequence of a layer and direction is one launch forward and one back.
//!
//! A cube (a group of threads with shared memory) takes a few sequences of the batch through all steps, so that no
//! step waits for another cube and no state leaves the chip between two steps. Where the recurrent weights fit into
//! shared memory beside the states they are read from the device's memory once; otherwise each step reads them
//! through its cache. The products over all steps (the input's projection, the weights' gradients) are left to
//! Burn's matrix product.

mod backward;
mod forward;
mod plan;

use burn::backend::TensorMetadata;
use burn::tensor::Shape;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use crate::{Cell, Direction};
use plan::Plan;

/// Threads a cube, at most; each takes every so-many-th hidden unit.
const UNITS: u32 = 256;

/// Whether the kernels run a cell of this size.
pub(crate) fn supports(cell: Cell, hidden: usize) -> bool {
    Plan::supports(cell, hidden)
}

/// Shapes of the states and of what is kept, from those of the projected input and the recurrent weights.
pub(crate) fn forward_shapes(projected: &Shape, recurrent_weight: &Shape, cell: Cell) -> (Shape, Shape) {
    let (batch, time, hidden) = (projected[0], projected[1], recurrent_weight[1]);
    (Shape::new([batch, time + 1, hidden]), Shape::new([batch, time, plan::kept(cell) * hidden]))
}

/// Shape of the gradients of the gates' sums.
pub(crate) fn sums_shape(states: &Shape, cell: Cell) -> Shape {
    Shape::new([states[0], states[1] - 1, plan::sums(cell) * states[2]])
}

/// States and what the pass back needs.
#[allow(clippy::too_many_arguments, reason = "an operation takes its tensors one by one")]
pub(crate) fn forward(
    projected: CubeTensor,
    mask: CubeTensor,
    initial: CubeTensor,
    recurrent_weight: CubeTensor,
    recurrent_bias: CubeTensor,
    cell: Cell,
    direction: Direction,
    masked: bool,
) -> (CubeTensor, CubeTensor) {
    let (states, kept) = forward_shapes(&projected.shape(), &recurrent_weight.shape(), cell);
    let (batch, time, hidden) = (states[0], states[1] - 1, states[2]);
    let plan = Plan::new(&projected, cell, direction, masked, hidden, batch);
    let mut weight = recurrent_weight;
    weight.meta.swap(0, 1);
    let (states, kept) = (empty(&projected, states), empty(&projected, kept));
    let client = projected.client.clone();
    forward::forward_kernel::launch(
        &client,
        cubes(batch, plan),
        units(&projected, hidden),
        into_contiguous(projected).into_buffer_arg(),
        into_contiguous(mask).into_buffer_arg(),
        into_contiguous(initial).into_buffer_arg(),
        into_contiguous(weight).into_buffer_arg(),
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
#[allow(clippy::too_many_arguments, reason = "an operation takes its tensors one by one")]
pub(crate) fn backward(
    gradient: CubeTensor,
    states: CubeTensor,
    kept: CubeTensor,
    mask: CubeTensor,
    initial: CubeTensor,
    recurrent_weight: CubeTensor,
    cell: Cell,
    direction: Direction,
    masked: bool,
) -> (CubeTensor, CubeTensor) {
    let shape = states.shape();
    let (batch, time, hidden) = (shape[0], shape[1] - 1, shape[2]);
    let plan = Plan::new(&states, cell, direction, masked, hidden, batch);
    let sums = empty(&states, sums_shape(&shape, cell));
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

/// A tensor beside another one, in row-major order.
fn empty(beside: &CubeTensor, shape: Shape) -> CubeTensor {
    empty_device_contiguous_dtype(beside.client.clone(), beside.device.clone(), shape, beside.dtype)
}

fn cubes(batch: usize, plan: Plan) -> CubeCount {
    CubeCount::Static(batch.div_ceil(plan.rows) as u32, 1, 1)
}

fn units(device: &CubeTensor, hidden: usize) -> CubeDim {
    let most = device.client.properties().hardware.max_units_per_cube.min(UNITS);
    CubeDim::new_1d((hidden.next_multiple_of(32) as u32).min(most))
}
