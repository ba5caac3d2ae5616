//! Adam (Kingma & Ba 2015), and with decoupled decay AdamW (Loshchilov & Hutter 2019), of one parameter.

use burn::tensor::Tensor;

use crate::adam_step::AdamStep;
#[cfg(feature = "cpu")]
use crate::functions::operands::{Place, place};

/// Weights and moments after a step; moments of zeros before the first. On the CPU backends they are changed in place
/// where nothing else holds them.
///
/// # Shapes
///
/// - all the same
pub fn adam<const D: usize>(
    weights: Tensor<D>,
    gradient: Tensor<D>,
    moments: [Tensor<D>; 2],
    step: AdamStep,
) -> (Tensor<D>, [Tensor<D>; 2]) {
    let [first, second] = moments;
    #[cfg(feature = "cpu")]
    if place(&weights) == Place::Cpu && !weights.device().is_autodiff() {
        use burn::backend::Dispatch;

        use crate::ops::WeightOps;

        let (weights, first, second) = <Dispatch as WeightOps>::adam(
            weights.into_dispatch(),
            gradient.into_dispatch(),
            first.into_dispatch(),
            second.into_dispatch(),
            step,
        );
        return (Tensor::from_dispatch(weights), [Tensor::from_dispatch(first), Tensor::from_dispatch(second)]);
    }
    let gradient = match step.decay {
        0.0 => gradient,
        decay => gradient + weights.clone() * decay,
    };
    let first = first * step.beta_1 + gradient.clone() * (1.0 - step.beta_1);
    let second = second * step.beta_2 + gradient.square() * (1.0 - step.beta_2);
    let change = first.clone() / (second.clone().sqrt() + step.epsilon);
    (weights * step.shrink - change * step.rate, [first, second])
}
