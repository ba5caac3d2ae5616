//! From tensors to the fused operation and back.

use burn::backend::{Dispatch, DispatchDevice};
use burn::tensor::{DType, Tensor};

use crate::ops::RecurrentOps;
use crate::{Cell, Direction, Weights};

/// Whether a fused operation runs on the input's backend, for its type and size.
pub(super) fn supports(input: &Tensor<3>) -> bool {
    on_host(input) && !input.dims().contains(&0)
}

/// Whether a tensor of single-precision values lies in this process' memory.
pub(super) fn on_host<const D: usize>(input: &Tensor<D>) -> bool {
    input.dtype() == DType::F32 && has_fused(input.device().as_dispatch())
}

fn has_fused(device: &DispatchDevice) -> bool {
    match device {
        #[cfg(feature = "flex")]
        DispatchDevice::Flex(_) => true,
        #[cfg(feature = "ndarray")]
        DispatchDevice::NdArray(_) => true,
        DispatchDevice::Autodiff(device) => has_fused(&device.clone().inner()),
        #[allow(unreachable_patterns, reason = "which backends there are depends on the features")]
        _ => false,
    }
}

/// Output `[batch, time, hidden]`, last `h` and last `c`, both `[batch, hidden]`; `c` has no meaning where the
/// cell has no memory.
pub(super) fn recurrence(
    input: Tensor<3>,
    mask: Option<Tensor<2>>,
    hidden: Option<Tensor<2>>,
    memory: Option<Tensor<2>>,
    weights: Weights,
    cell: Cell,
    direction: Direction,
) -> (Tensor<3>, Tensor<2>, Tensor<2>) {
    let device = input.device();
    let [batch, _, _] = input.dims();
    let [_, width] = weights.recurrent.dims();
    let hidden = hidden.unwrap_or_else(|| Tensor::zeros([batch, width], &device));
    let memory = memory.unwrap_or_else(|| Tensor::zeros([batch, width], &device));
    let masked = mask.is_some();
    // An operation's tensors cannot be absent: any stands for the mask where nothing is padded.
    let mask = mask.unwrap_or_else(|| Tensor::zeros([1, 1], &device));
    let (output, hidden, memory) = <Dispatch as RecurrentOps>::recurrence(
        input.into_dispatch(),
        mask.into_dispatch(),
        hidden.into_dispatch(),
        memory.into_dispatch(),
        weights.input.into_dispatch(),
        weights.recurrent.into_dispatch(),
        weights.input_bias.into_dispatch(),
        weights.recurrent_bias.into_dispatch(),
        cell,
        direction,
        masked,
    );
    (Tensor::from_dispatch(output), Tensor::from_dispatch(hidden), Tensor::from_dispatch(memory))
}
