//! The fused operation as Burn's backends see it.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, backend_extension};

use crate::{Cell, Direction};

/// A whole sequence of one layer and direction.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Autodiff)]
pub trait RecurrentOps: Backend {
    /// Output `[batch, time, hidden]`, last `h` and last `c`, both `[batch, hidden]`.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, time, input]`, mask: `[batch, time]`, read only where `masked`
    /// - hidden, memory: `[batch, hidden]`
    /// - weights and biases: as in [`Weights`](crate::Weights)
    #[allow(clippy::too_many_arguments, reason = "an operation takes its tensors one by one")]
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
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}
