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
    started: bool,
}

impl<B: RecurrentGpuOps> Backward<B, 5> for Sequence {
    type State = SequenceState<B>;

    fn backward(self, ops: Ops<Self::State, 5>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let SequenceState { states, kept, mask, initial, recurrent_weight, cell, direction, masked, started } =
            ops.state;
        let gradient = grads.consume::<B>(&ops.node);
        let (sums, before) = B::recurrence_on_gpu_backward(
            gradient,
            states.clone(),
            kept,
            mask,
            initial,
            recurrent_weight,
            cell,
            direction,
            masked,
            started,
        );
        let shape = states.shape();
        let (batch, time, hidden) = (shape[0], shape[1] - 2, shape[2]);
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
        let (rows, width) = (batch * time, cell.gates() * hidden);
        let flat = |sums: FloatTensor<B>| B::float_reshape(sums, Shape::new([rows, width]));
        let of_bias = |sums: FloatTensor<B>| B::float_reshape(B::float_sum_dim(flat(sums), 0), Shape::new([width]));
        let [to_projected, to_initial, to_weight, to_input_bias, to_recurrent_bias] = ops.parents;
        if let Some(node) = to_initial {
            grads.register::<B>(node.id, before);
        }
        if let Some(node) = to_weight {
            // The state before each step.
            let from = if direction == Direction::Forward { 0 } else { 1 };
            let earlier = B::float_slice(states, &[0..batch, from..from + time, 0..hidden].map(Slice::from));
            let earlier = B::float_reshape(earlier, Shape::new([rows, hidden]));
            let product = B::float_matmul(B::float_transpose(flat(recurrent.clone())), earlier);
            grads.register::<B>(node.id, product);
        }
        match (to_input_bias, to_recurrent_bias) {
            // Alike where the state's part of a gate is added to the input's.
            (Some(input), Some(state)) if !matches!(cell, Cell::Gru(_)) => {
                let sum = of_bias(recurrent);
                grads.register::<B>(input.id, sum.clone());
                grads.register::<B>(state.id, sum);
            }
            (input, state) => {
                if let Some(node) = input {
                    grads.register::<B>(node.id, of_bias(projected.clone()));
                }
                if let Some(node) = state {
                    grads.register::<B>(node.id, of_bias(recurrent));
                }
            }
        }
        if let Some(node) = to_projected {
            grads.register::<B>(node.id, projected);
        }
    }
}

impl<B: RecurrentGpuOps, C: CheckpointStrategy> RecurrentGpuOps for Autodiff<B, C> {
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
        let nodes = [&projected, &initial, &recurrent_weight, &input_bias, &recurrent_bias].map(|tensor| tensor.node());
        let (mask, initial, weight) =
            (mask.into_primitive(), initial.into_primitive(), recurrent_weight.into_primitive());
        let (states, kept) = B::recurrence_on_gpu(
            projected.into_primitive(),
            mask.clone(),
            initial.clone(),
            weight.clone(),
            input_bias.into_primitive(),
            recurrent_bias.into_primitive(),
            cell,
            direction,
            masked,
            started,
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
                    started,
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
        started: bool,
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
            started,
        );
        (Self::from_inner(sums), Self::from_inner(before))
    }
}
