//! Squared error of a linear layer's output, the mean of `(x W + b - y)²`.

use burn::tensor::Tensor;

#[cfg(feature = "cpu")]
use crate::functions::operands::{Place, place};

/// The mean over the outputs of a linear layer's squared error, row by row.
///
/// On the CPU backends one operation makes it, and another all gradients.
///
/// # Shapes
///
/// - input: `[rows, width]`, weight: `[width, outputs]`, bias: `[outputs]`, none if absent
/// - targets: `[rows, outputs]`
/// - output: `[rows]`
pub fn linear_squared_error(
    input: Tensor<2>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    targets: Tensor<2>,
) -> Tensor<1> {
    let [rows, outputs] = targets.dims();
    let bias = bias.unwrap_or_else(|| Tensor::zeros([outputs], &input.device()));
    #[cfg(feature = "cpu")]
    if rows * outputs * weight.dims()[0] > 0 && place(&input) == Place::Cpu {
        use burn::backend::Dispatch;

        use crate::ops::SquaredErrorOps;

        return Tensor::from_dispatch(<Dispatch as SquaredErrorOps>::linear_squared_error(
            input.into_dispatch(),
            weight.into_dispatch(),
            bias.into_dispatch(),
            targets.into_dispatch(),
        ));
    }
    let difference = input.matmul(weight) + bias.reshape([1, outputs]) - targets;
    (difference.clone() * difference).mean_dim(1).reshape([rows])
}
