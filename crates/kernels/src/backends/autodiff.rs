//! The derivative: the hand-written pass back through time of [`crate::cpu`].
//!
//! A node of Burn's graph has one output. The sequence of outputs is the node that does the work; the last states
//! are nodes on top of it, which hand their gradients to it beside the graph. Where nobody differentiates a last
//! state, as in most models, it costs nothing.
//!
//! On a device with Burn's gradient checkpointing the pass forward keeps the states alone, and the pass back makes the gates
//! of some steps again before it goes through them.

use std::any::TypeId;
use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::{BalancedCheckpointing, CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, TensorMetadata};
use burn::tensor::Shape;

use super::host::{self, Host, Tensors};
use crate::clock::RECURRENCE;
use crate::cpu::{self, Gradient, Keep, Matrices, Saved};
use crate::ops::RecurrentOps;
use crate::{Cell, Direction};

/// Gradients of the last states, on their way to the node that does the work.
#[derive(Debug)]
struct LastGradients<B: Host> {
    hidden: Option<FloatTensor<B>>,
    memory: Option<FloatTensor<B>>,
}

type Shared<B> = Arc<Mutex<LastGradients<B>>>;

/// The node of the outputs.
#[derive(Debug)]
struct Sequence;

#[derive(Clone, Debug)]
struct SequenceState<B: Host> {
    saved: Arc<Saved>,
    /// Of the input and of the state.
    weights: [FloatTensor<B>; 2],
    biases: [FloatTensor<B>; 2],
    last: Shared<B>,
    shapes: [Shape; 7],
}

impl<B: Host> Backward<B, 7> for Sequence {
    type State = SequenceState<B>;

    fn backward(self, ops: Ops<Self::State, 7>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let SequenceState { saved, weights, biases, last, shapes } = ops.state;
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
        let (weights, biases) = (weights.map(B::values), biases.map(B::values));
        let [input, recurrent, input_bias, recurrent_bias] =
            [&weights[0], &weights[1], &biases[0], &biases[1]].map(AsRef::as_ref);
        let weights = Matrices { input, recurrent, input_bias, recurrent_bias };
        let (saved, with_input) = (Arc::unwrap_or_clone(saved), ops.parents[0].is_some());
        let found = RECURRENCE.timed(|| cpu::backward(saved, weights, gradient, with_input));
        let values = [
            found.input,
            Some(found.hidden),
            found.memory,
            Some(found.input_weight),
            Some(found.recurrent_weight),
            Some(found.input_bias),
            Some(found.recurrent_bias),
        ];
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
struct LastState<B: Host> {
    gradients: Shared<B>,
    output: Shape,
}

impl<B: Host> Backward<B, 1> for Last {
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

impl<B: Host + RecurrentOps, C: CheckpointStrategy> RecurrentOps for Autodiff<B, C> {
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
        let sources = [&input, &hidden, &memory, &input_weight, &recurrent_weight, &input_bias, &recurrent_bias];
        let nodes = sources.map(|tensor| tensor.node());
        let shapes = sources.map(|tensor| tensor.primitive().shape());
        let tensors = Tensors {
            input: input.into_primitive(),
            mask: masked.then(|| mask.into_primitive()),
            hidden: hidden.into_primitive(),
            memory: memory.into_primitive(),
            input_weight: input_weight.into_primitive(),
            recurrent_weight: recurrent_weight.into_primitive(),
            input_bias: input_bias.into_primitive(),
            recurrent_bias: recurrent_bias.into_primitive(),
        };
        let gradients = Arc::new(Mutex::new(LastGradients { hidden: None, memory: None }));
        let (output, hidden, memory): (FloatTensor<Self>, _, _) =
            match Sequence.prepare::<C>(nodes).compute_bound().stateful() {
                OpsKind::UnTracked(node) => {
                    let ((output, hidden, memory), _) = host::forward::<B>(tensors, cell, direction, Keep::Nothing);
                    (node.finish(output), hidden, memory)
                }
                OpsKind::Tracked(node) => {
                    let weights = [tensors.input_weight.clone(), tensors.recurrent_weight.clone()];
                    let biases = [tensors.input_bias.clone(), tensors.recurrent_bias.clone()];
                    // As Burn's own operations do on a device with gradient checkpointing.
                    let again = TypeId::of::<C>() == TypeId::of::<BalancedCheckpointing>();
                    let keep = if again { Keep::States } else { Keep::Gates };
                    let ((output, hidden, memory), saved) = host::forward::<B>(tensors, cell, direction, keep);
                    let saved = Arc::new(saved.expect("kept, as asked for"));
                    let last = gradients.clone();
                    let state = SequenceState { saved, weights, biases, last, shapes };
                    (node.finish(state, output), hidden, memory)
                }
            };
        let shape = output.primitive().shape();
        let last =
            |which: Last, value: FloatTensor<B>| match which.prepare::<C>([output.node()]).compute_bound().stateful() {
                OpsKind::UnTracked(node) => node.finish(value),
                OpsKind::Tracked(node) => {
                    node.finish(LastState { gradients: gradients.clone(), output: shape.clone() }, value)
                }
            };
        let (hidden, memory) = (last(Last::Hidden, hidden), last(Last::Memory, memory));
        (output, hidden, memory)
    }
}
