//! The derivative: the hand-written pass back through time of [`crate::cpu`].
//!
//! A node of Burn's graph has one output. The sequence of outputs is the node that does the work; the last states
//! are nodes on top of it, which hand their gradients to it beside the graph. Where nobody differentiates a last
//! state, as in most models, it costs nothing.
//!
//! On a device with Burn's gradient checkpointing the pass forward keeps the states alone, and the pass back
//! recomputes the gates of some steps before it goes through them.

use std::any::TypeId;
use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::{BalancedCheckpointing, CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, TensorMetadata};
use burn::tensor::Shape;

use super::slices::{self, DirectionWeights, Outputs, Slices, Tensors};
use crate::clock::RECURRENCE;
use crate::cpu::{self, Gradient, Keep, Saved};
use crate::ops::RecurrentOps;
use crate::{Cell, Direction};

/// Gradients of the last states, on their way to the node that does the work.
#[derive(Debug)]
struct LastGradients<B: Slices> {
    hidden: Option<FloatTensor<B>>,
    memory: Option<FloatTensor<B>>,
}

type Shared<B> = Arc<Mutex<LastGradients<B>>>;

/// The node of the outputs.
#[derive(Debug)]
struct Sequence;

#[derive(Clone, Debug)]
struct SequenceState<B: Slices> {
    /// Of each direction.
    saved: Arc<Vec<Saved>>,
    weights: Vec<DirectionWeights<B>>,
    last: Shared<B>,
    /// Of the parents.
    shapes: Vec<Shape>,
}

/// The parents are the input, `h`, `c`, and the four weights of each direction.
impl<B: Slices, const N: usize> Backward<B, N> for Sequence {
    type State = SequenceState<B>;

    fn backward(self, ops: Ops<Self::State, N>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let SequenceState { saved, weights, last, shapes } = ops.state;
        let output = B::values(grads.consume::<B>(&ops.node));
        let (hidden, memory) = {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            (last.hidden.take().map(B::values), last.memory.take().map(B::values))
        };
        let gradient = Gradient {
            output: output.as_ref(),
            hidden: hidden.as_ref().map(AsRef::as_ref),
            memory: memory.as_ref().map(AsRef::as_ref),
        };
        let (saved, with_input) = (Arc::unwrap_or_clone(saved), ops.parents[0].is_some());
        let found = slices::with_matrices::<B, _>(weights, |weights| {
            RECURRENCE.timed(|| cpu::backward(saved, weights, gradient, with_input))
        });
        let of_weights = found.weights.into_iter().flat_map(|(input, recurrent, input_bias, recurrent_bias)| {
            [input, recurrent, input_bias, recurrent_bias].map(Some)
        });
        let values = [found.input, Some(found.hidden), found.memory].into_iter().chain(of_weights);
        for ((parent, values), shape) in ops.parents.into_iter().zip(values).zip(shapes) {
            let Some(parent) = parent else { continue };
            // A cell without memory has been given one that it does not read.
            let values = values.unwrap_or_else(|| vec![0.0; shape.num_elements()]);
            grads.register::<B>(parent.id, B::tensor(values, shape));
        }
    }
}

/// Which of the last states a node stands for.
#[derive(Clone, Copy, Debug)]
enum Last {
    Hidden,
    Memory,
}

#[derive(Clone, Debug)]
struct LastState<B: Slices> {
    gradients: Shared<B>,
    output: Shape,
}

impl<B: Slices> Backward<B, 1> for Last {
    type State = LastState<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let [parent] = ops.parents;
        let Some(parent) = parent else { return };
        let mut last = ops.state.gradients.lock().unwrap_or_else(PoisonError::into_inner);
        match self {
            Self::Hidden => last.hidden = Some(gradient),
            Self::Memory => last.memory = Some(gradient),
        }
        // The node that does the work runs only where it has a gradient of its own.
        grads.register::<B>(parent.id, B::tensor(vec![0.0; ops.state.output.num_elements()], ops.state.output));
    }
}

/// A recurrence of one direction or of both, with its node in the graph.
fn recorded<B: Slices, C: CheckpointStrategy, const N: usize>(
    [input, hidden, memory]: [FloatTensor<Autodiff<B, C>>; 3],
    mask: Option<FloatTensor<Autodiff<B, C>>>,
    weights: Vec<DirectionWeights<Autodiff<B, C>>>,
    cell: Cell,
    direction: Direction,
) -> Outputs<Autodiff<B, C>> {
    let parents: Vec<_> = [&input, &hidden, &memory].into_iter().chain(weights.iter().flatten()).collect();
    let nodes: [_; N] = std::array::from_fn(|place| parents[place].node());
    let shapes = parents.iter().map(|tensor| tensor.primitive().shape()).collect();
    let tensors = Tensors {
        input: input.into_primitive(),
        mask: mask.map(|mask| mask.into_primitive()),
        hidden: hidden.into_primitive(),
        memory: memory.into_primitive(),
        weights: weights.into_iter().map(|weights| weights.map(|weight| weight.into_primitive())).collect(),
    };
    let gradients = Arc::new(Mutex::new(LastGradients { hidden: None, memory: None }));
    let (output, hidden, memory): (FloatTensor<Autodiff<B, C>>, _, _) =
        match Sequence.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::UnTracked(node) => {
                let ((output, hidden, memory), _) = slices::forward::<B>(tensors, cell, direction, Keep::Nothing);
                (node.finish(output), hidden, memory)
            }
            OpsKind::Tracked(node) => {
                let weights = tensors.weights.clone();
                // As Burn's own operations do on a device with gradient checkpointing.
                let recompute = TypeId::of::<C>() == TypeId::of::<BalancedCheckpointing>();
                let keep = if recompute { Keep::States } else { Keep::Gates };
                let ((output, hidden, memory), saved) = slices::forward::<B>(tensors, cell, direction, keep);
                let state = SequenceState { saved: Arc::new(saved), weights, last: gradients.clone(), shapes };
                (node.finish(state, output), hidden, memory)
            }
        };
    let shape = output.primitive().shape();
    let last = |which: Last, value: FloatTensor<B>| match which.prepare::<C>([output.node()]).compute_bound().stateful()
    {
        OpsKind::UnTracked(node) => node.finish(value),
        OpsKind::Tracked(node) => node.finish(LastState { gradients: gradients.clone(), output: shape.clone() }, value),
    };
    let (hidden, memory) = (last(Last::Hidden, hidden), last(Last::Memory, memory));
    (output, hidden, memory)
}

impl<B: Slices + RecurrentOps, C: CheckpointStrategy> RecurrentOps for Autodiff<B, C> {
    fn recurrence(
        input: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        memory: FloatTensor<Self>,
        input_weight: FloatTensor<Self>,
        recurrent_weight: FloatTensor<Self>,
        input_bias: FloatTensor<Self>,
        recurrent_bias: FloatTensor<Self>,
        cell: Cell,
        direction: Direction,
        masked: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let weights = vec![[input_weight, recurrent_weight, input_bias, recurrent_bias]];
        recorded::<B, C, 7>([input, hidden, memory], masked.then_some(mask), weights, cell, direction)
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
        cell: Cell,
        masked: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let weights = vec![
            [input_weight, recurrent_weight, input_bias, recurrent_bias],
            [back_input_weight, back_recurrent_weight, back_input_bias, back_recurrent_bias],
        ];
        let states = [input, hidden, memory];
        recorded::<B, C, 11>(states, masked.then_some(mask), weights, cell, Direction::Forward)
    }
}
