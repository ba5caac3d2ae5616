//! What happens to gradients and weights between two passes: the gradient's norm, and averages of weights.

use burn::tensor::Tensor;

#[cfg(feature = "cpu")]
use crate::functions::operands::{Place, place};

/// Whether the operations on slices take it: they make no graph.
#[cfg(feature = "cpu")]
fn plain<const D: usize>(tensor: &Tensor<D>) -> bool {
    place(tensor) == Place::Cpu && !tensor.is_autodiff()
}

/// The sum of all squares, `[1]`.
pub fn sum_of_squares<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    #[cfg(feature = "cpu")]
    if plain(&tensor) {
        use burn::backend::Dispatch;

        use crate::ops::WeightOps;

        return Tensor::from_dispatch(<Dispatch as WeightOps>::sum_of_squares(tensor.into_dispatch()));
    }
    tensor.square().sum()
}

/// A tensor times a number, `[1]`, that lies on its device.
pub fn scale<const D: usize>(tensor: Tensor<D>, factor: Tensor<1>) -> Tensor<D> {
    #[cfg(feature = "cpu")]
    if plain(&tensor) {
        use burn::backend::Dispatch;

        use crate::ops::WeightOps;

        let scaled = <Dispatch as WeightOps>::scale(tensor.into_dispatch(), factor.into_dispatch());
        return Tensor::from_dispatch(scaled);
    }
    tensor * factor.reshape([1; D])
}

/// `keep · old + (1 - keep) · new`, both of one shape. No gradient goes through it. On the CPU backends `old` is
/// changed in place where nothing else holds it.
pub fn blend<const D: usize>(old: Tensor<D>, new: Tensor<D>, keep: f64) -> Tensor<D> {
    #[cfg(feature = "cpu")]
    if place(&old) == Place::Cpu {
        use burn::backend::Dispatch;

        use crate::ops::WeightOps;

        let strategy = old.gradient_checkpointing_strategy();
        let [old, new] = [old, new].map(|tensor| tensor.without_autodiff().into_dispatch());
        let blended: Tensor<D> = Tensor::from_dispatch(<Dispatch as WeightOps>::blend(old, new, keep));
        return match strategy {
            Some(strategy) => blended.autodiff().with_gradient_checkpointing_strategy(strategy),
            None => blended,
        };
    }
    old.detach().mul_scalar(keep) + new.detach().mul_scalar(1.0 - keep)
}
