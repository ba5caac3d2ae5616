//! Backends whose tensors lie in this process's memory: the kernels of [`crate::cpu`] on their values.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::Shape;

use crate::clock::RECURRENCE;
use crate::cpu::{self, Keep, Layer, Matrices, Operands, Saved};
use crate::{Cell, Direction};

/// A backend whose tensors can be read and made from slices.
pub trait Host: Backend {
    /// Values in row-major order, read without a copy where that can be, and changed in place where nothing else holds them.
    type Values: AsRef<[f32]> + AsMut<[f32]>;

    /// Reads a tensor.
    fn values(tensor: FloatTensor<Self>) -> Self::Values;

    /// Makes a tensor.
    fn tensor(values: Vec<f32>, shape: Shape) -> FloatTensor<Self>;

    /// Makes a tensor of what another one held.
    fn returned(values: Self::Values) -> FloatTensor<Self>;
}

/// The tensors of a pass forward.
pub(super) struct Tensors<B: Backend> {
    pub input: FloatTensor<B>,
    pub mask: Option<FloatTensor<B>>,
    pub hidden: FloatTensor<B>,
    pub memory: FloatTensor<B>,
    pub input_weight: FloatTensor<B>,
    pub recurrent_weight: FloatTensor<B>,
    pub input_bias: FloatTensor<B>,
    pub recurrent_bias: FloatTensor<B>,
}

/// Output, last `h`, last `c`.
pub(super) type Outputs<B> = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>);

/// The pass forward, and what is kept for the pass back.
pub(super) fn forward<B: Host>(
    tensors: Tensors<B>,
    cell: Cell,
    direction: Direction,
    keep: Keep,
) -> (Outputs<B>, Option<Saved>) {
    let shape = tensors.input.shape();
    let (batch, time, input) = (shape[0], shape[1], shape[2]);
    let hidden = tensors.recurrent_weight.shape()[1];
    let layer = Layer { cell, direction, batch, time, input, hidden };
    let initial_memory = B::values(tensors.memory);
    let initial_hidden = B::values(tensors.hidden);
    let mask = tensors.mask.map(B::values);
    let (values, input_weight) = (B::values(tensors.input), B::values(tensors.input_weight));
    let recurrent_weight = B::values(tensors.recurrent_weight);
    let (input_bias, recurrent_bias) = (B::values(tensors.input_bias), B::values(tensors.recurrent_bias));
    let operands = Operands {
        input: values.as_ref(),
        mask: mask.as_ref().map(AsRef::as_ref),
        hidden: initial_hidden.as_ref(),
        memory: initial_memory.as_ref(),
        weights: Matrices {
            input: input_weight.as_ref(),
            recurrent: recurrent_weight.as_ref(),
            input_bias: input_bias.as_ref(),
            recurrent_bias: recurrent_bias.as_ref(),
        },
    };
    let forward = RECURRENCE.timed(|| cpu::forward(layer, operands, keep));
    let state = |values| B::tensor(values, Shape::new([batch, hidden]));
    let memory = forward.memory.unwrap_or_else(|| forward.hidden.clone());
    let outputs = (B::tensor(forward.output, Shape::new([batch, time, hidden])), state(forward.hidden), state(memory));
    (outputs, forward.saved)
}

/// Implements the operation for a host backend.
macro_rules! host_recurrence {
    ($backend:ty) => {
        #[allow(deprecated, reason = "our users asked for ndarray, which Burn means to drop")]
        impl RecurrentOps for $backend {
            fn recurrence(
                input: FloatTensor<Self>,
                mask: FloatTensor<Self>,
                hidden: FloatTensor<Self>,
                memory: FloatTensor<Self>,
                input_weight: FloatTensor<Self>,
                recurrent_weight: FloatTensor<Self>,
                input_bias: FloatTensor<Self>,
                recurrent_bias: FloatTensor<Self>,
                cell: $crate::Cell,
                direction: $crate::Direction,
                masked: bool,
            ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
                let mask = masked.then_some(mask);
                let tensors = $crate::backends::host::Tensors {
                    input,
                    mask,
                    hidden,
                    memory,
                    input_weight,
                    recurrent_weight,
                    input_bias,
                    recurrent_bias,
                };
                $crate::backends::host::forward::<Self>(tensors, cell, direction, $crate::cpu::Keep::Nothing).0
            }
        }
    };
}

pub(super) use host_recurrence;
