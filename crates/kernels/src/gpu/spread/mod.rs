//! The recurrences where a sequence is spread over several cubes, for devices whose cubes can wait for each other.
//!
//! A cube keeps the recurrent weights of a slice of the hidden units in its registers, from the first step to the
//! last, and takes some rows of the batch through all steps. Cubes of the same rows and other slices hand their states
//! on through the device's memory, and meet once per step at a counter (persistent recurrences: Diamos et al. 2016,
//! "Persistent RNNs: stashing recurrent weights on-chip"). Where one cube holds all weights nobody waits.

mod backward;
mod forward;
mod meet;
mod plan;

use burn::backend::TensorMetadata;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

pub(super) use self::plan::Plan;
use super::settings::{empty, forward_shapes, sums_shape};

/// See [`super::forward`].
pub(super) fn forward(
    projected: CubeTensor,
    mask: CubeTensor,
    initial: CubeTensor,
    recurrent_weight: CubeTensor,
    biases: [CubeTensor; 2],
    plan: Plan,
) -> (CubeTensor, CubeTensor) {
    let (states, kept) = forward_shapes(&projected.shape(), &recurrent_weight.shape(), plan.cell);
    let (batch, time) = (states[0], states[1] - 2);
    let layout = plan.layout(batch);
    let (states, kept) = (empty(&projected, states), empty(&projected, kept));
    let client = projected.client.clone();
    let [input_bias, recurrent_bias] = biases;
    forward::forward_kernel::launch(
        &client,
        CubeCount::Static(layout.cubes, 1, 1),
        CubeDim::new_1d(plan.units as u32),
        into_contiguous(projected).into_buffer_arg(),
        into_contiguous(mask).into_buffer_arg(),
        into_contiguous(initial).into_buffer_arg(),
        into_contiguous(recurrent_weight).into_buffer_arg(),
        into_contiguous(input_bias).into_buffer_arg(),
        into_contiguous(recurrent_bias).into_buffer_arg(),
        states.clone().into_buffer_arg(),
        kept.clone().into_buffer_arg(),
        counters(&client, plan, layout.groups),
        batch,
        time,
        layout.groups,
        layout.turns,
        plan,
    );
    (states, kept)
}

/// See [`super::backward`].
pub(super) fn backward(
    gradient: CubeTensor,
    states: CubeTensor,
    kept: CubeTensor,
    mask: CubeTensor,
    initial: CubeTensor,
    recurrent_weight: CubeTensor,
    plan: Plan,
) -> (CubeTensor, CubeTensor) {
    let shape = states.shape();
    let (batch, time) = (shape[0], shape[1] - 2);
    let layout = plan.layout(batch);
    let sums = empty(&states, sums_shape(&shape, plan.cell));
    let before = empty(&states, initial.shape());
    let client = states.client.clone();
    backward::backward_kernel::launch(
        &client,
        CubeCount::Static(layout.cubes, 1, 1),
        CubeDim::new_1d(plan.units as u32),
        into_contiguous(gradient).into_buffer_arg(),
        into_contiguous(states).into_buffer_arg(),
        into_contiguous(kept).into_buffer_arg(),
        into_contiguous(mask).into_buffer_arg(),
        into_contiguous(initial).into_buffer_arg(),
        into_contiguous(recurrent_weight).into_buffer_arg(),
        sums.clone().into_buffer_arg(),
        before.clone().into_buffer_arg(),
        counters(&client, plan, layout.groups),
        batch,
        time,
        layout.groups,
        layout.turns,
        plan,
    );
    (sums, before)
}

/// A counter of arrivals for each group of cubes, all at zero; where nobody waits, none is read.
fn counters(client: &Client, plan: Plan, groups: usize) -> BufferArg {
    let handle = match plan.slices {
        1 => client.empty(groups * size_of::<u32>()),
        _ => client.create_from_slice(u32::as_bytes(&vec![0u32; groups])),
    };
    // Safety: the buffer was made with so many values.
    #[allow(unsafe_code, reason = "a buffer's length cannot be told otherwise")]
    unsafe {
        BufferArg::from_raw_parts(handle, groups)
    }
}
