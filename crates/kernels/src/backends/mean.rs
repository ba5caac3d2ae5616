//! The mean over time on the CPU backends, and its derivative.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, TensorMetadata};
use burn::tensor::Shape;

use super::slices::Slices;
use crate::cpu::{self, Steps};
use crate::ops::MeanOps;

/// What the pass back needs.
#[derive(Clone, Debug)]
pub(super) struct Counted<B: Backend> {
    /// Of what is read, `[batch, time, width]`.
    pub shape: Shape,
    pub mask: Option<FloatTensor<B>>,
}

impl<B: Slices> Counted<B> {
    fn read<T>(self, work: impl FnOnce(Steps<'_>) -> T) -> T {
        let mask = self.mask.map(B::values);
        let [batch, time, width] = self.shape.dims();
        work(Steps { batch, time, width, mask: mask.as_ref().map(AsRef::as_ref) })
    }

    /// The means, `[batch, width]`.
    pub(super) fn means(self, input: FloatTensor<B>) -> FloatTensor<B> {
        let [batch, _, width] = self.shape.dims();
        let input = B::values(input);
        B::tensor(self.read(|steps| cpu::mean(input.as_ref(), steps)), Shape::new([batch, width]))
    }
}

/// Implements the operation for a backend of slices.
macro_rules! host_mean {
    ($backend:ty) => {
        #[allow(deprecated, reason = "our users asked for ndarray, which Burn means to drop")]
        impl MeanOps for $backend {
            fn mean_over_time(input: FloatTensor<Self>, mask: FloatTensor<Self>, masked: bool) -> FloatTensor<Self> {
                let (shape, mask) = (burn::backend::TensorMetadata::shape(&input), masked.then_some(mask));
                $crate::backends::mean::Counted::<Self> { shape, mask }.means(input)
            }
        }
    };
}

pub(super) use host_mean;

#[derive(Debug)]
struct Mean;

impl<B: Slices> Backward<B, 1> for Mean {
    type State = Counted<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let gradient = B::values(grads.consume::<B>(&ops.node));
        let [parent] = ops.parents;
        if let Some(parent) = parent {
            let shape = ops.state.shape.clone();
            let values = ops.state.read(|steps| cpu::mean_gradient(gradient.as_ref(), steps));
            grads.register::<B>(parent.id, B::tensor(values, shape));
        }
    }
}

impl<B: Slices + MeanOps, C: CheckpointStrategy> MeanOps for Autodiff<B, C> {
    fn mean_over_time(input: FloatTensor<Self>, mask: FloatTensor<Self>, masked: bool) -> FloatTensor<Self> {
        let (node, input) = (input.node(), input.into_primitive());
        let counted = Counted::<B> { shape: input.shape(), mask: masked.then(|| mask.into_primitive()) };
        let means = counted.clone().means(input);
        match Mean.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::UnTracked(node) => node.finish(means),
            OpsKind::Tracked(node) => node.finish(counted, means),
        }
    }
}
