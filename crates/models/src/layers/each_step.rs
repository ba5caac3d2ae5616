//! A linear layer at each step of a sequence.

use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::module::linear;

/// A linear layer at each step: one product over the steps of all sequences, where Burn's makes one per sequence, and
/// sums as many gradients.
///
/// # Shapes
///
/// - steps: `[batch, time, width]`
/// - output: `[batch, time, outputs]`
pub fn each_step(layer: &Linear, steps: Tensor<3>) -> Tensor<3> {
    let (weight, bias) = (layer.weight.val(), layer.bias.as_ref().map(|bias| bias.val()));
    linear_each_step(steps, weight, bias)
}

/// As [`each_step`], with weight `[width, outputs]` and bias `[outputs]`.
pub(crate) fn linear_each_step(steps: Tensor<3>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<3> {
    let ([batch, time, width], [_, outputs]) = (steps.dims(), weight.dims());
    linear(steps.reshape([batch * time, width]), weight, bias).reshape([batch, time, outputs])
}
