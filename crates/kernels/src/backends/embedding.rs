//! The vectors of tokens on the CPU backends, and the gradient of their table.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, TensorMetadata};
use burn::tensor::Shape;

use super::slices::Slices;
use crate::cpu;
use crate::ops::EmbeddingOps;

/// The rows of a table.
pub(super) fn looked_up<B: Slices>(table: FloatTensor<B>, tokens: &[usize]) -> FloatTensor<B> {
    let width = table.shape()[1];
    let vectors = cpu::look_up(B::values(table).as_ref(), width, tokens);
    B::tensor(vectors, Shape::new([tokens.len(), width]))
}

/// Implements the operation for a backend of slices.
macro_rules! host_embedding {
    ($backend:ty) => {
        #[allow(deprecated, reason = "our users asked for ndarray, which Burn means to drop")]
        impl EmbeddingOps for $backend {
            fn embedding(table: FloatTensor<Self>, tokens: std::sync::Arc<[usize]>) -> FloatTensor<Self> {
                $crate::backends::embedding::looked_up::<Self>(table, &tokens)
            }
        }
    };
}

pub(super) use host_embedding;

#[derive(Debug)]
struct Embedding;

#[derive(Clone, Debug)]
struct EmbeddingState {
    tokens: Arc<[usize]>,
    /// Of the table.
    shape: Shape,
}

impl<B: Slices> Backward<B, 1> for Embedding {
    type State = EmbeddingState;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let EmbeddingState { tokens, shape } = ops.state;
        let gradient = B::values(grads.consume::<B>(&ops.node));
        let [parent] = ops.parents;
        if let Some(parent) = parent {
            let table = cpu::table_gradient(gradient.as_ref(), shape[1], &tokens, shape[0]);
            grads.register::<B>(parent.id, B::tensor(table, shape));
        }
    }
}

impl<B: Slices + EmbeddingOps, C: CheckpointStrategy> EmbeddingOps for Autodiff<B, C> {
    fn embedding(table: FloatTensor<Self>, tokens: Arc<[usize]>) -> FloatTensor<Self> {
        let node = table.node();
        let table = table.into_primitive();
        let shape = table.shape();
        let vectors = looked_up::<B>(table, &tokens);
        match Embedding.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::UnTracked(node) => node.finish(vectors),
            OpsKind::Tracked(node) => node.finish(EmbeddingState { tokens, shape }, vectors),
        }
    }
}
