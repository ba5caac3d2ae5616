//! From tensors to the fused operations and back: which one a tensor's device has, if any.

use burn::backend::DispatchDevice;
use burn::tensor::{DType, Tensor};

use crate::{Cell, Direction, Weights};

/// Output `[batch, time, hidden]`, last `h` and last `c`, both `[batch, hidden]`; `c` has no meaning where the
/// cell has no memory.
pub(super) type Outputs = (Tensor<3>, Tensor<2>, Tensor<2>);

/// What a recurrence reads.
pub(super) struct Operands {
    pub input: Tensor<3>,
    pub mask: Option<Tensor<2>>,
    pub hidden: Option<Tensor<2>>,
    pub memory: Option<Tensor<2>>,
    pub weights: Weights,
}

/// Runs the fused operation of the input's device for its type and size; gives the operands back where there is
/// none.
#[allow(clippy::result_large_err, reason = "the operands come back as they went in; a box would only hide it")]
pub(super) fn recurrence(operands: Operands, cell: Cell, direction: Direction) -> Result<Outputs, Operands> {
    let empty = operands.input.dims().contains(&0);
    match place(&operands.input) {
        #[cfg(feature = "cpu")]
        Place::Host if !empty => Ok(super::host::recurrence(operands, cell, direction)),
        #[cfg(feature = "gpu")]
        Place::Gpu if !empty && crate::gpu::supports(cell, operands.weights.recurrent.dims()[1]) => {
            Ok(super::scan::recurrence(operands, cell, direction))
        }
        _ => {
            // Which arms read them depends on the features.
            let _ = (empty, cell, direction);
            Err(operands)
        }
    }
}

/// Where a tensor's values can be worked on by a fused operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In this process's memory.
    #[cfg(feature = "cpu")]
    Host,
    /// On a device with CubeCL kernels.
    #[cfg(feature = "gpu")]
    Gpu,
    /// On a device that only Burn's operations reach, or not in single precision.
    Elsewhere,
}

pub(super) fn place<const D: usize>(input: &Tensor<D>) -> Place {
    match input.dtype() {
        DType::F32 => place_of(input.device().as_dispatch()),
        _ => Place::Elsewhere,
    }
}

fn place_of(device: &DispatchDevice) -> Place {
    match device {
        #[cfg(feature = "flex")]
        DispatchDevice::Flex(_) => Place::Host,
        #[cfg(feature = "ndarray")]
        DispatchDevice::NdArray(_) => Place::Host,
        #[cfg(feature = "gpu")]
        DispatchDevice::Cube(_) => Place::Gpu,
        DispatchDevice::Autodiff(device) => place_of(&device.clone().inner()),
        #[allow(unreachable_patterns, reason = "which backends there are depends on the features")]
        _ => Place::Elsewhere,
    }
}
