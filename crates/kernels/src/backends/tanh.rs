//! The hyperbolic tangent on the CPU backends, and its derivative from what came out.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;

use super::slices::Slices;
use crate::cpu;
use crate::ops::TanhOps;

/// The tangent of each value.
pub(super) fn tangents<B: Slices>(input: FloatTensor<B>) -> FloatTensor<B> {
    let mut values = B::values(input);
    cpu::tanh(values.as_mut());
    B::returned(values)
}

/// Implements the operation for a backend of slices.
macro_rules! host_tanh {
    ($backend:ty) => {
        #[allow(deprecated, reason = "our users asked for ndarray, which Burn means to drop")]
        impl TanhOps for $backend {
            fn tanh(input: FloatTensor<Self>) -> FloatTensor<Self> {
                $crate::backends::tanh::tangents::<Self>(input)
            }
        }
    };
}

pub(super) use host_tanh;

#[derive(Debug)]
struct Tanh;

impl<B: Slices> Backward<B, 1> for Tanh {
    /// What came out.
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let mut gradient = B::values(grads.consume::<B>(&ops.node));
        let [parent] = ops.parents;
        if let Some(parent) = parent {
            cpu::tanh_gradient(gradient.as_mut(), B::values(ops.state).as_ref());
            grads.register::<B>(parent.id, B::returned(gradient));
        }
    }
}

impl<B: Slices + TanhOps, C: CheckpointStrategy> TanhOps for Autodiff<B, C> {
    fn tanh(input: FloatTensor<Self>) -> FloatTensor<Self> {
        let node = input.node();
        let output = tangents::<B>(input.into_primitive());
        match Tanh.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::UnTracked(node) => node.finish(output),
            OpsKind::Tracked(node) => node.finish(output.clone(), output),
        }
    }
}
