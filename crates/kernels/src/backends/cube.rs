//! The GPU backends: the kernels of [`crate::gpu`].

use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;

use crate::ops::RecurrentGpuOps;
use crate::{Cell, Direction, gpu};

impl RecurrentGpuOps for CubeBackend {
    fn recurrence_on_gpu(
        projected: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        initial: FloatTensor<Self>,
        recurrent_weight: FloatTensor<Self>,
        recurrent_bias: FloatTensor<Self>,
        cell: Cell,
        direction: Direction,
        masked: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        gpu::forward(projected, mask, initial, recurrent_weight, recurrent_bias, cell, direction, masked)
    }

    fn recurrence_on_gpu_backward(
        gradient: FloatTensor<Self>,
        states: FloatTensor<Self>,
        kept: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        initial: FloatTensor<Self>,
        recurrent_weight: FloatTensor<Self>,
        cell: Cell,
        direction: Direction,
        masked: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        gpu::backward(gradient, states, kept, mask, initial, recurrent_weight, cell, direction, masked)
    }
}
