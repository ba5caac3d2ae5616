//! The squared error of a linear layer on the CPU backends, and its derivative.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, TensorMetadata};
use burn::tensor::Shape;

use super::slices::Slices;
use crate::cpu::{self, Differences, Fitted, FittedGradients};
use crate::ops::SquaredErrorOps;

/// The tensors of a layer, what it reads and what it should say.
#[derive(Clone, Debug)]
pub(super) struct Layer<B: Backend> {
    pub input: FloatTensor<B>,
    pub weight: FloatTensor<B>,
    pub bias: FloatTensor<B>,
    pub targets: FloatTensor<B>,
}

impl<B: Slices> Layer<B> {
    fn read<T>(self, work: impl FnOnce(Fitted<'_>) -> T) -> T {
        let tensors = [self.input, self.weight, self.bias, self.targets].map(B::values);
        let [input, weight, bias, targets] = tensors.each_ref().map(AsRef::as_ref);
        work(Fitted { input, weight, bias, targets })
    }

    /// The errors, `[rows]`, and what the pass back needs.
    pub(super) fn errors(self) -> (FloatTensor<B>, Differences) {
        let shape = Shape::new([self.targets.shape()[0]]);
        let (errors, differences) = self.read(cpu::errors);
        (B::tensor(errors, shape), differences)
    }
}

/// Implements the operation for a backend of slices.
macro_rules! host_squared_error {
    ($backend:ty) => {
        #[allow(deprecated, reason = "our users asked for ndarray, which Burn means to drop")]
        impl SquaredErrorOps for $backend {
            fn linear_squared_error(
                input: FloatTensor<Self>,
                weight: FloatTensor<Self>,
                bias: FloatTensor<Self>,
                targets: FloatTensor<Self>,
            ) -> FloatTensor<Self> {
                $crate::backends::squared_error::Layer::<Self> { input, weight, bias, targets }.errors().0
            }
        }
    };
}

pub(super) use host_squared_error;

#[derive(Debug)]
struct SquaredError;

#[derive(Clone, Debug)]
struct SquaredErrorState<B: Slices> {
    layer: Layer<B>,
    differences: Arc<Differences>,
}

impl<B: Slices> Backward<B, 4> for SquaredError {
    type State = SquaredErrorState<B>;

    fn backward(self, ops: Ops<Self::State, 4>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let SquaredErrorState { layer, differences } = ops.state;
        let gradient = B::values(grads.consume::<B>(&ops.node));
        let shapes = [&layer.input, &layer.weight, &layer.bias, &layer.targets].map(TensorMetadata::shape);
        let with_targets = ops.parents[3].is_some();
        let found = layer.read(|layer| cpu::error_gradients(layer, &differences, gradient.as_ref(), with_targets));
        let FittedGradients { input, weight, bias, targets } = found;
        let values = [Some(input), Some(weight), Some(bias), targets];
        for ((parent, values), shape) in ops.parents.into_iter().zip(values).zip(shapes) {
            if let Some((parent, values)) = parent.zip(values) {
                grads.register::<B>(parent.id, B::tensor(values, shape));
            }
        }
    }
}

impl<B: Slices + SquaredErrorOps, C: CheckpointStrategy> SquaredErrorOps for Autodiff<B, C> {
    fn linear_squared_error(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        targets: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let nodes = [&input, &weight, &bias, &targets].map(|tensor| tensor.node());
        let [input, weight, bias, targets] = [input, weight, bias, targets].map(|tensor| tensor.into_primitive());
        let layer = Layer::<B> { input, weight, bias, targets };
        match SquaredError.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::UnTracked(node) => node.finish(layer.errors().0),
            OpsKind::Tracked(node) => {
                let (errors, differences) = layer.clone().errors();
                node.finish(SquaredErrorState { layer, differences: Arc::new(differences) }, errors)
            }
        }
    }
}
