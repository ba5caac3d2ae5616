//! Adam (Kingma & Ba 2015), and with decoupled decay AdamW (Loshchilov & Hutter 2019), of one parameter.

use burn::tensor::Tensor;

#[cfg(feature = "cpu")]
use super::fused::{Place, place};

/// The numbers of one step.
///
/// `g' = g + decay w`, `m = β₁ m + (1-β₁) g'`, `v = β₂ v + (1-β₂) g'²`, `w = shrink w - rate m / (√v + epsilon)`: the corrections
/// of the moments' bias are in `rate` and `epsilon`, as in section 2 of the paper.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// Decay of the gradient's mean.
    pub beta_1: f32,
    /// Decay of the gradient's square.
    pub beta_2: f32,
    /// Learning rate times `√(1-β₂ᵗ) / (1-β₁ᵗ)`.
    pub rate: f32,
    /// ε times `√(1-β₂ᵗ)`.
    pub epsilon: f32,
    /// What of the weights is added to the gradient: Adam's decay.
    pub decay: f32,
    /// What stays of the weights before the step: 1, or less with AdamW's decay.
    pub shrink: f32,
}

/// Weights and moments after a step; moments of zeros before the first. On the CPU backends they are changed in place where
/// nothing else holds them.
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
    if place(&weights) == Place::Host && !weights.device().is_autodiff() {
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
