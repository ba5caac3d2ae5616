//! Dropout on the CPU backends, and its derivative: the same values of the gradient are dropped.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;

use super::slices::Slices;
use crate::cpu::drop_values;
use crate::ops::{DropoutOps, Drops};

/// The values of a tensor with some dropped.
pub(super) fn dropped<B: Slices>(input: FloatTensor<B>, drops: Drops) -> FloatTensor<B> {
    let mut values = B::values(input);
    drop_values(values.as_mut(), drops);
    B::returned(values)
}

/// Implements the operation for a backend of slices.
macro_rules! host_dropout {
    ($backend:ty) => {
        #[allow(deprecated, reason = "our users asked for ndarray, which Burn means to drop")]
        impl DropoutOps for $backend {
            fn dropout(input: FloatTensor<Self>, drops: $crate::ops::Drops) -> FloatTensor<Self> {
                $crate::backends::dropout::dropped::<Self>(input, drops)
            }
        }
    };
}

pub(super) use host_dropout;

#[derive(Debug)]
struct Dropout;

impl<B: Slices> Backward<B, 1> for Dropout {
    type State = Drops;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let [parent] = ops.parents;
        if let Some(parent) = parent {
            grads.register::<B>(parent.id, dropped::<B>(gradient, ops.state));
        }
    }
}

impl<B: Slices + DropoutOps, C: CheckpointStrategy> DropoutOps for Autodiff<B, C> {
    fn dropout(input: FloatTensor<Self>, drops: Drops) -> FloatTensor<Self> {
        let node = input.node();
        let output = dropped::<B>(input.into_primitive(), drops);
        match Dropout.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::UnTracked(node) => node.finish(output),
            OpsKind::Tracked(node) => node.finish(drops, output),
        }
    }
}
