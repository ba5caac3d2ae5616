//! Cross-entropy of a linear layer's output, `-ln softmax(x W + b)[class]`.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};

#[cfg(feature = "cpu")]
use crate::functions::operands::{Place, place};

/// The cross-entropy of each row of a linear layer's output against each of its classes: one, or as many as a bag of
/// words has.
///
/// On the CPU backends the logits of all rows never stand in memory at once: for a vocabulary they would be by far the
/// largest values of a training step.
///
/// # Shapes
///
/// - input: `[rows, width]`, weight: `[width, classes]`, bias: `[classes]`, none if absent
/// - classes and output: `[rows, picks]`
///
/// # Panics
///
/// On the CPU backends, if a class is not one of the layer's.
pub fn linear_cross_entropy(
    input: Tensor<2>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    classes: Tensor<2, Int>,
) -> Tensor<2> {
    let [rows, picks] = classes.dims();
    let [_, count] = weight.dims();
    let bias = bias.unwrap_or_else(|| Tensor::zeros([count], &input.device()));
    #[cfg(feature = "cpu")]
    if rows * picks > 0 && place(&input) == Place::Cpu {
        return on_host(input, weight, bias, classes);
    }
    let logits = input.matmul(weight) + bias.reshape([1, count]);
    -log_softmax(logits, 1).gather(1, classes)
}

#[cfg(feature = "cpu")]
fn on_host(input: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>, classes: Tensor<2, Int>) -> Tensor<2> {
    use burn::backend::Dispatch;

    use crate::ops::CrossEntropyOps;

    let ([_, count], [_, picks]) = (weight.dims(), classes.dims());
    let classes = super::on_cpu::numbers(classes, count, "a class must be one of the layer's");
    Tensor::from_dispatch(<Dispatch as CrossEntropyOps>::linear_cross_entropy(
        input.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        classes,
        picks,
    ))
}
