//! The cross-entropy of a linear layer on the CPU backends, and its derivative.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, TensorMetadata};
use burn::tensor::Shape;

use super::slices::Slices;
use crate::clock::CROSS_ENTROPY;
use crate::cpu::{self, Head, HeadGradients, Kept};
use crate::ops::CrossEntropyOps;

/// The tensors of a layer and what it reads.
#[derive(Clone, Debug)]
pub(super) struct Layer<B: Backend> {
    pub input: FloatTensor<B>,
    pub weight: FloatTensor<B>,
    pub bias: FloatTensor<B>,
    pub classes: Arc<[usize]>,
    pub picks: usize,
}

impl<B: Slices> Layer<B> {
    fn read<T>(self, work: impl FnOnce(Head<'_>) -> T) -> T {
        let (input, weight, bias) = (B::values(self.input), B::values(self.weight), B::values(self.bias));
        let (input, weight, bias) = (input.as_ref(), weight.as_ref(), bias.as_ref());
        work(Head { input, weight, bias, classes: &self.classes, picks: self.picks })
    }

    /// The losses, `[rows, picks]`, and what the pass back needs.
    pub(super) fn losses(self) -> (FloatTensor<B>, Kept) {
        let shape = Shape::new([self.classes.len() / self.picks, self.picks]);
        let (losses, kept) = CROSS_ENTROPY.timed(|| self.read(cpu::losses));
        (B::tensor(losses, shape), kept)
    }
}

/// Implements the operation for a backend of slices.
macro_rules! host_cross_entropy {
    ($backend:ty) => {
        #[allow(deprecated, reason = "our users asked for ndarray, which Burn means to drop")]
        impl CrossEntropyOps for $backend {
            fn linear_cross_entropy(
                input: FloatTensor<Self>,
                weight: FloatTensor<Self>,
                bias: FloatTensor<Self>,
                classes: std::sync::Arc<[usize]>,
                picks: usize,
            ) -> FloatTensor<Self> {
                $crate::backends::cross_entropy::Layer::<Self> { input, weight, bias, classes, picks }.losses().0
            }
        }
    };
}

pub(super) use host_cross_entropy;

#[derive(Debug)]
struct CrossEntropy;

#[derive(Clone, Debug)]
struct CrossEntropyState<B: Slices> {
    layer: Layer<B>,
    kept: Arc<Kept>,
}

impl<B: Slices> Backward<B, 3> for CrossEntropy {
    type State = CrossEntropyState<B>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let CrossEntropyState { layer, kept } = ops.state;
        let gradient = B::values(grads.consume::<B>(&ops.node));
        let shapes = [&layer.input, &layer.weight, &layer.bias].map(TensorMetadata::shape);
        let found = || layer.read(|head| cpu::gradients(head, &kept, gradient.as_ref()));
        let HeadGradients { input, weight, bias } = CROSS_ENTROPY.timed(found);
        for ((parent, values), shape) in ops.parents.into_iter().zip([input, weight, bias]).zip(shapes) {
            if let Some(parent) = parent {
                grads.register::<B>(parent.id, B::tensor(values, shape));
            }
        }
    }
}

impl<B: Slices + CrossEntropyOps, C: CheckpointStrategy> CrossEntropyOps for Autodiff<B, C> {
    fn linear_cross_entropy(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        classes: Arc<[usize]>,
        picks: usize,
    ) -> FloatTensor<Self> {
        let nodes = [&input, &weight, &bias].map(|tensor| tensor.node());
        let (input, weight, bias) = (input.into_primitive(), weight.into_primitive(), bias.into_primitive());
        let layer = Layer::<B> { input, weight, bias, classes, picks };
        match CrossEntropy.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::UnTracked(node) => node.finish(layer.losses().0),
            OpsKind::Tracked(node) => {
                let (losses, kept) = layer.clone().losses();
                node.finish(CrossEntropyState { layer, kept: Arc::new(kept) }, losses)
            }
        }
    }
}
