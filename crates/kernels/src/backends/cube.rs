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
        input_bias: FloatTensor<Self>,
        recurrent_bias: FloatTensor<Self>,
        cell: Cell,
        direction: Direction,
        masked: bool,
        started: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let settings = gpu::Settings { cell, direction, masked, started };
        gpu::forward(projected, mask, initial, recurrent_weight, [input_bias, recurrent_bias], settings)
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
        started: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let settings = gpu::Settings { cell, direction, masked, started };
        gpu::backward(gradient, states, kept, mask, initial, recurrent_weight, settings)
    }
}
