//! The derivative on GPUs: one kernel back through time, and the weights' gradients as one product over all steps.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Backend, TensorMetadata};
use burn::tensor::{Shape, Slice};

use crate::ops::RecurrentGpuOps;
use crate::{Cell, Direction};

#[derive(Debug)]
struct Sequence;

#[derive(Clone, Debug)]
struct SequenceState<B: Backend> {
    states: FloatTensor<B>,
    kept: FloatTensor<B>,
    mask: FloatTensor<B>,
    initial: FloatTensor<B>,
    recurrent_weight: FloatTensor<B>,
    cell: Cell,
    direction: Direction,
    masked: bool,
}

impl<B: RecurrentGpuOps> Backward<B, 4> for Sequence {
    type State = SequenceState<B>;

    fn backward(self, ops: Ops<Self::State, 4>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let SequenceState { states, kept, mask, initial, recurrent_weight, cell, direction, masked } = ops.state;
        let gradient = grads.consume::<B>(&ops.node);
        let (sums, before) = B::recurrence_on_gpu_backward(
            gradient,
            states.clone(),
            kept,
            mask,
            initial.clone(),
            recurrent_weight,
            cell,
            direction,
            masked,
        );
        let shape = states.shape();
        let (batch, time, hidden) = (shape[0], shape[1] - 1, shape[2]);
        let (projected, recurrent) = match cell {
            Cell::Gru(_) => {
                let part = |from: usize, to: usize| {
                    let place = [0..batch, 0..time, from * hidden..to * hidden].map(Slice::from);
                    B::float_slice(sums.clone(), &place)
                };
                (part(0, 3), B::float_cat(vec![part(0, 2), part(3, 4)], 2))
            }
            _ => (sums.clone(), sums),
        };
        let rows = batch * time;
        let recurrent = B::float_reshape(recurrent, Shape::new([rows, cell.gates() * hidden]));
        let [to_projected, to_initial, to_weight, to_bias] = ops.parents;
        if let Some(node) = to_projected {
            grads.register::<B>(node.id, projected);
        }
        if let Some(node) = to_initial {
            grads.register::<B>(node.id, before);
        }
        if let Some(node) = to_weight {
            let earlier = B::float_reshape(earlier::<B>(states, initial, direction), Shape::new([rows, hidden]));
            let product = B::float_matmul(B::float_transpose(recurrent.clone()), earlier);
            grads.register::<B>(node.id, product);
        }
        if let Some(node) = to_bias {
            let sum = B::float_sum_dim(recurrent, 0);
            grads.register::<B>(node.id, B::float_reshape(sum, Shape::new([cell.gates() * hidden])));
        }
    }
}

/// The state before each step, `[batch, time, hidden]`.
fn earlier<B: Backend>(states: FloatTensor<B>, initial: FloatTensor<B>, direction: Direction) -> FloatTensor<B> {
    let shape = states.shape();
    let (batch, time, hidden) = (shape[0], shape[1] - 1, shape[2]);
    let first = B::float_slice(initial, &[0..1, 0..batch, 0..hidden].map(Slice::from));
    let first = B::float_reshape(first, Shape::new([batch, 1, hidden]));
    if time == 1 {
        return first;
    }
    let steps = match direction {
        Direction::Forward => 0..time - 1,
        Direction::Backward => 1..time,
    };
    let others = B::float_slice(states, &[0..batch, steps, 0..hidden].map(Slice::from));
    match direction {
        Direction::Forward => B::float_cat(vec![first, others], 1),
        Direction::Backward => B::float_cat(vec![others, first], 1),
    }
}

impl<B: RecurrentGpuOps, C: CheckpointStrategy> RecurrentGpuOps for Autodiff<B, C> {
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
        let nodes = [&projected, &initial, &recurrent_weight, &recurrent_bias].map(|tensor| tensor.node());
        let (mask, initial, weight) =
            (mask.into_primitive(), initial.into_primitive(), recurrent_weight.into_primitive());
        let (states, kept) = B::recurrence_on_gpu(
            projected.into_primitive(),
            mask.clone(),
            initial.clone(),
            weight.clone(),
            recurrent_bias.into_primitive(),
            cell,
            direction,
            masked,
        );
        let output = match Sequence.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::UnTracked(node) => node.finish(states),
            OpsKind::Tracked(node) => {
                let (states, kept) = (states.clone(), kept.clone());
                let state = SequenceState {
                    states: states.clone(),
                    kept,
                    mask,
                    initial,
                    recurrent_weight: weight,
                    cell,
                    direction,
                    masked,
                };
                node.finish(state, states)
            }
        };
        (output, Self::from_inner(kept))
    }

    /// The pass back is not differentiated: it runs on the backend beneath.
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
        let (sums, before) = B::recurrence_on_gpu_backward(
            gradient.into_primitive(),
            states.into_primitive(),
            kept.into_primitive(),
            mask.into_primitive(),
            initial.into_primitive(),
            recurrent_weight.into_primitive(),
            cell,
            direction,
            masked,
        );
        (Self::from_inner(sums), Self::from_inner(before))
    }
}
