//! Recurrences that work channel by channel on the CPU backends, and their derivatives.
//!
//! As of the other recurrences the output is the node that does the work, and the last states are a node on top of it,
//! which hands its gradient on beside the graph.

use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, TensorMetadata};
use burn::tensor::Shape;

use super::slices::Slices;
use crate::Direction;
use crate::clock::RECURRENCE;
use crate::cpu::{self, Buffer, Passed, Read, Recurrence};
use crate::ops::ScanOps;

/// What is read, also by the pass back.
#[derive(Clone, Debug)]
pub(super) struct Tensors<B: Backend> {
    pub first: FloatTensor<B>,
    pub second: FloatTensor<B>,
    pub initial: FloatTensor<B>,
    pub mask: Option<FloatTensor<B>>,
}

impl<B: Slices> Tensors<B> {
    /// Lends the values.
    fn read<T>(self, recurrence: Recurrence, direction: Direction, work: impl FnOnce(Read<'_>) -> T) -> T {
        let (shape, states) = (self.first.shape(), self.initial.shape());
        let parts = match recurrence {
            Recurrence::Linear { numbers, .. } => numbers.parts(),
            Recurrence::Gated(_) => 1,
        };
        let [first, second, initial] = [self.first, self.second, self.initial].map(B::values);
        let mask = self.mask.map(B::values);
        work(Read {
            batch: shape[0],
            time: shape[1],
            channels: states[1] / parts,
            direction,
            mask: mask.as_ref().map(AsRef::as_ref),
            first: first.as_ref(),
            second: second.as_ref(),
            initial: initial.as_ref(),
        })
    }

    /// Output and last states, and what the pass back wants beside the output.
    pub(super) fn forward(
        self,
        recurrence: Recurrence,
        direction: Direction,
        keep: bool,
    ) -> (FloatTensor<B>, FloatTensor<B>, Option<Buffer>) {
        let (shape, last) = (self.first.shape(), self.initial.shape());
        let Passed { output, states, last: values } =
            self.read(recurrence, direction, |read| RECURRENCE.timed(|| cpu::scan(recurrence, read, keep)));
        let output = B::tensor(output, Shape::new([shape[0], shape[1], last[1]]));
        (output, B::tensor(values, last), states)
    }
}

/// Implements the operation for a backend of slices.
macro_rules! host_scan {
    ($backend:ty) => {
        #[allow(deprecated, reason = "our users asked for ndarray, which Burn means to drop")]
        impl ScanOps for $backend {
            fn scan(
                first: FloatTensor<Self>,
                second: FloatTensor<Self>,
                initial: FloatTensor<Self>,
                mask: FloatTensor<Self>,
                recurrence: $crate::cpu::Recurrence,
                direction: $crate::Direction,
                masked: bool,
            ) -> (FloatTensor<Self>, FloatTensor<Self>) {
                let mask = masked.then_some(mask);
                let tensors = $crate::backends::scan::Tensors::<Self> { first, second, initial, mask };
                let (output, last, _) = tensors.forward(recurrence, direction, false);
                (output, last)
            }
        }
    };
}

pub(super) use host_scan;

/// The gradient of the last states, on its way to the node that does the work.
type LastGradient<B> = Arc<Mutex<Option<FloatTensor<B>>>>;

/// The node of the outputs.
#[derive(Debug)]
struct Scan;

#[derive(Clone, Debug)]
struct ScanState<B: Slices> {
    tensors: Tensors<B>,
    recurrence: Recurrence,
    direction: Direction,
    /// The states, where they are not the output.
    states: Option<Arc<Buffer>>,
    output: FloatTensor<B>,
    last: LastGradient<B>,
}

/// The parents are both tensors and the initial state.
impl<B: Slices> Backward<B, 3> for Scan {
    type State = ScanState<B>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let ScanState { tensors, recurrence, direction, states, output, last } = ops.state;
        let gradient = B::values(grads.consume::<B>(&ops.node));
        let last = last.lock().unwrap_or_else(PoisonError::into_inner).take().map(B::values);
        let output = B::values(output);
        let shapes = [&tensors.first, &tensors.second, &tensors.initial].map(TensorMetadata::shape);
        let found = tensors.read(recurrence, direction, |read| {
            let states = states.as_ref().map_or(output.as_ref(), |states| states);
            let last = last.as_ref().map(AsRef::as_ref);
            RECURRENCE.timed(|| cpu::scan_gradients(recurrence, read, states, gradient.as_ref(), last))
        });
        let values = [found.first, found.second, found.initial];
        for ((parent, values), shape) in ops.parents.into_iter().zip(values).zip(shapes) {
            let Some(parent) = parent else { continue };
            grads.register::<B>(parent.id, B::tensor(values, shape));
        }
    }
}

/// The node of the last states.
#[derive(Debug)]
struct LastStates;

#[derive(Clone, Debug)]
struct LastOf<B: Slices> {
    gradient: LastGradient<B>,
    output: Shape,
}

impl<B: Slices> Backward<B, 1> for LastStates {
    type State = LastOf<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let [parent] = ops.parents;
        let Some(parent) = parent else { return };
        *ops.state.gradient.lock().unwrap_or_else(PoisonError::into_inner) = Some(gradient);
        // The node that does the work runs only where it has a gradient of its own.
        grads.register::<B>(parent.id, B::tensor(vec![0.0; ops.state.output.num_elements()], ops.state.output));
    }
}

impl<B: Slices + ScanOps, C: CheckpointStrategy> ScanOps for Autodiff<B, C> {
    fn scan(
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        initial: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        recurrence: Recurrence,
        direction: Direction,
        masked: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let nodes = [first.node(), second.node(), initial.node()];
        let tensors = Tensors::<B> {
            first: first.into_primitive(),
            second: second.into_primitive(),
            initial: initial.into_primitive(),
            mask: masked.then(|| mask.into_primitive()),
        };
        let gradient = LastGradient::<B>::default();
        let (output, last): (FloatTensor<Self>, FloatTensor<B>) =
            match Scan.prepare::<C>(nodes).compute_bound().stateful() {
                OpsKind::UnTracked(node) => {
                    let (output, last, _) = tensors.forward(recurrence, direction, false);
                    (node.finish(output), last)
                }
                OpsKind::Tracked(node) => {
                    let (output, last, states) = tensors.clone().forward(recurrence, direction, true);
                    let (states, kept, of_last) = (states.map(Arc::new), output.clone(), gradient.clone());
                    let state = ScanState { tensors, recurrence, direction, states, output: kept, last: of_last };
                    (node.finish(state, output), last)
                }
            };
        let shape = output.primitive().shape();
        let last = match LastStates.prepare::<C>([output.node()]).compute_bound().stateful() {
            OpsKind::UnTracked(node) => node.finish(last),
            OpsKind::Tracked(node) => node.finish(LastOf { gradient, output: shape }, last),
        };
        (output, last)
    }
}
