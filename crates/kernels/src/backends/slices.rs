//! Backends whose tensors lie in this process's memory: the kernels of [`crate::cpu`] on their values.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::Shape;

use crate::clock::RECURRENCE;
use crate::cpu::{self, Bundle, Keep, Layer, Matrices, Saved};
use crate::{Cell, Direction};

/// A backend whose tensors can be read and made from slices.
pub trait Slices: Backend {
    /// Values in row-major order, read without a copy where that can be, and changed in place where nobody holds them.
    type Values: AsRef<[f32]> + AsMut<[f32]>;

    /// Reads a tensor.
    fn values(tensor: FloatTensor<Self>) -> Self::Values;

    /// Makes a tensor.
    fn tensor(values: Vec<f32>, shape: Shape) -> FloatTensor<Self>;

    /// Makes a tensor of what another one held.
    fn returned(values: Self::Values) -> FloatTensor<Self>;
}

/// The weights of one direction, as in [`Weights`](crate::Weights): of the input, of the state, and their biases.
pub(super) type DirectionWeights<B> = [FloatTensor<B>; 4];

/// The tensors of a pass forward.
pub(super) struct Tensors<B: Backend> {
    pub input: FloatTensor<B>,
    pub mask: Option<FloatTensor<B>>,
    /// `[batch, hidden]`, or of both directions `[2, batch, hidden]`, as is the memory
    pub hidden: FloatTensor<B>,
    pub memory: FloatTensor<B>,
    /// Of one direction, or of both.
    pub weights: Vec<DirectionWeights<B>>,
}

/// Output, last `h`, last `c`.
pub(super) type Outputs<B> = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>);

/// Lends the values of all weights.
pub(super) fn with_matrices<B: Slices, T>(
    weights: Vec<DirectionWeights<B>>,
    work: impl FnOnce(&[Matrices<'_>]) -> T,
) -> T {
    let weights: Vec<_> = weights.into_iter().map(|weights| weights.map(B::values)).collect();
    let matrices = weights.iter().map(|weights| {
        let [input, recurrent, input_bias, recurrent_bias] = weights.each_ref().map(AsRef::as_ref);
        Matrices { input, recurrent, input_bias, recurrent_bias }
    });
    work(&matrices.collect::<Vec<_>>())
}

/// The pass forward, and what is kept for the pass back. One direction is that which is named; of two, the second reads
/// backward.
pub(super) fn forward<B: Slices>(
    tensors: Tensors<B>,
    cell: Cell,
    direction: Direction,
    keep: Keep,
) -> (Outputs<B>, Vec<Saved>) {
    let (shape, states) = (tensors.input.shape(), tensors.hidden.shape());
    let (batch, time, input) = (shape[0], shape[1], shape[2]);
    let hidden = tensors.weights[0][1].shape()[1];
    let directions = match tensors.weights.len() {
        1 => vec![direction],
        _ => vec![Direction::Forward, Direction::Backward],
    };
    let threads = rayon::current_num_threads();
    let layer = |direction| Layer { cell, direction, batch, time, input, hidden, threads };
    let layers: Vec<Layer> = directions.into_iter().map(layer).collect();
    let (initial_hidden, initial_memory) = (B::values(tensors.hidden), B::values(tensors.memory));
    let mask = tensors.mask.map(B::values);
    let values = B::values(tensors.input);
    let passed = with_matrices::<B, _>(tensors.weights, |weights| {
        let bundle = Bundle {
            input: values.as_ref(),
            mask: mask.as_ref().map(AsRef::as_ref),
            hidden: initial_hidden.as_ref(),
            memory: initial_memory.as_ref(),
            weights,
        };
        RECURRENCE.timed(|| cpu::forward(&layers, bundle, keep))
    });
    let memory = passed.memory.unwrap_or_else(|| passed.hidden.clone());
    let state = |values| B::tensor(values, states.clone());
    let output = B::tensor(passed.output, Shape::new([batch, time, layers.len() * hidden]));
    ((output, state(passed.hidden), state(memory)), passed.saved)
}

/// Implements the operations for a backend of slices.
macro_rules! recurrence_on_slices {
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
                let weights = vec![[input_weight, recurrent_weight, input_bias, recurrent_bias]];
                let tensors = $crate::backends::slices::Tensors { input, mask, hidden, memory, weights };
                $crate::backends::slices::forward::<Self>(tensors, cell, direction, $crate::cpu::Keep::Nothing).0
            }

            fn both_recurrences(
                input: FloatTensor<Self>,
                mask: FloatTensor<Self>,
                hidden: FloatTensor<Self>,
                memory: FloatTensor<Self>,
                input_weight: FloatTensor<Self>,
                recurrent_weight: FloatTensor<Self>,
                input_bias: FloatTensor<Self>,
                recurrent_bias: FloatTensor<Self>,
                back_input_weight: FloatTensor<Self>,
                back_recurrent_weight: FloatTensor<Self>,
                back_input_bias: FloatTensor<Self>,
                back_recurrent_bias: FloatTensor<Self>,
                cell: $crate::Cell,
                masked: bool,
            ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
                let mask = masked.then_some(mask);
                let weights = vec![
                    [input_weight, recurrent_weight, input_bias, recurrent_bias],
                    [back_input_weight, back_recurrent_weight, back_input_bias, back_recurrent_bias],
                ];
                let tensors = $crate::backends::slices::Tensors { input, mask, hidden, memory, weights };
                let (direction, keep) = ($crate::Direction::Forward, $crate::cpu::Keep::Nothing);
                $crate::backends::slices::forward::<Self>(tensors, cell, direction, keep).0
            }
        }
    };
}

pub(super) use recurrence_on_slices;
