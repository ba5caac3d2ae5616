//! What a recurrence reads and gives, and where its values can be worked on.

use burn::backend::DispatchDevice;
use burn::tensor::{DType, Tensor};

use crate::weights::Weights;

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

/// Where a tensor's values can be worked on by a fused operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In this process's memory.
    #[cfg(feature = "cpu")]
    Cpu,
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
        DispatchDevice::Flex(_) => Place::Cpu,
        #[cfg(feature = "ndarray")]
        DispatchDevice::NdArray(_) => Place::Cpu,
        #[cfg(feature = "gpu")]
        DispatchDevice::Cube(_) => Place::Gpu,
        DispatchDevice::Autodiff(device) => place_of(&device.clone().inner()),
        #[allow(unreachable_patterns, reason = "which backends there are depends on the features")]
        _ => Place::Elsewhere,
    }
}
