//! Losses of heads that say numbers: squared error, the likelihood of a normal distribution, quantiles. Rows whose
//! number is not known have weight 0.

use burn::tensor::Tensor;
use semiseq_models::NumberHead;

use crate::parts::losses::{squared_error, weighted_mean};

/// The log variance that a normal distribution has at least, `ln 1e-6` in the scale of the targets, so that a number
/// which is fitted to the last bit leaves a loss that is finite; PyTorch's `GaussianNLLLoss` has the same.
const LEAST: f64 = -13.815_510_557_964_274;

/// What a head minimises, as its columns say. `[1]`
///
/// # Shapes
///
/// - logits: `[rows, columns]`, numbers and known: `[rows]`
pub(crate) fn number_loss(head: &NumberHead, logits: Tensor<2>, numbers: Tensor<1>, known: Tensor<1>) -> Tensor<1> {
    match head {
        NumberHead::Gaussian(_) => {
            let [mean, log_variance] = mean_and_log_variance(logits);
            weighted_mean(negative_log_likelihood(mean, log_variance, numbers), Some(known))
        }
        NumberHead::Quantiles(levels) => weighted_mean(pinball_of_rows(logits, numbers, levels), Some(known)),
        _ => squared_error(logits, numbers, known),
    }
}

/// The two columns of a normal distribution's head, from `[rows, 2]`; each `[rows]`.
pub(crate) fn mean_and_log_variance(logits: Tensor<2>) -> [Tensor<1>; 2] {
    let [rows, _] = logits.dims();
    [0, 1].map(|column| logits.clone().narrow(1, column, 1).reshape([rows]))
}

/// `½ (exp(-z) (y - μ)² + z)`: the negative log likelihood of a normal distribution of log variance z without its
/// constant (Nix & Weigend 1994, eq. 3; Kendall & Gal 2017, eq. 8). All `[rows]`.
pub(crate) fn negative_log_likelihood(mean: Tensor<1>, log_variance: Tensor<1>, numbers: Tensor<1>) -> Tensor<1> {
    let difference = mean - numbers;
    let log_variance = log_variance.clamp_min(LEAST);
    (log_variance.clone().neg().exp() * difference.clone() * difference + log_variance) * 0.5
}

/// The pinball loss, the mean over the levels τ of `max(τ e, (τ - 1) e)` with `e = y - q_τ` (Koenker & Bassett 1978),
/// `[rows]`.
///
/// # Shapes
///
/// - quantiles: `[rows, levels]`, numbers: `[rows]`
fn pinball_of_rows(quantiles: Tensor<2>, numbers: Tensor<1>, levels: &[f64]) -> Tensor<1> {
    let [rows, count] = quantiles.dims();
    let levels: Vec<f32> = levels.iter().map(|level| *level as f32).collect();
    let levels = Tensor::<1>::from_data(levels.as_slice(), &quantiles.device()).reshape([1, count]);
    let error = numbers.reshape([rows, 1]) - quantiles;
    // τ e + max(-e, 0) is both branches at once.
    (error.clone() * levels + error.neg().clamp_min(0.0)).mean_dim(1).reshape([rows])
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    fn loss(head: &NumberHead, logits: [[f32; 3]; 2]) -> f32 {
        let device = Device::flex();
        let logits = Tensor::<2>::from_data(logits, &device).narrow(1, 0, head.columns());
        let numbers = Tensor::<1>::from_data([2.0f32, 50.0], &device);
        number_loss(head, logits, numbers, Tensor::from_data([1.0f32, 0.0], &device)).into_scalar()
    }

    #[test]
    fn a_row_without_a_number_counts_for_nothing() {
        // Two above with a variance of 4: ½ (4/4 + ln 4).
        let rows = [[4.0, 4f32.ln(), 0.0], [7.0, 7.0, 7.0]];
        assert!((loss(&NumberHead::Gaussian(vec![0.5]), rows) - 0.5 * (1.0 + 4f32.ln())).abs() < 1e-6);
        // 1 below, right, and 1 above at the levels 0.1, 0.5, 0.9: a tenth, nothing, a tenth, over three levels.
        let rows = [[1.0, 2.0, 3.0], [7.0, 7.0, 7.0]];
        assert!((loss(&NumberHead::Quantiles(vec![0.1, 0.5, 0.9]), rows) - 0.2 / 3.0).abs() < 1e-6);
        assert_eq!(loss(&NumberHead::Means, rows), 1.0);
    }

    #[test]
    fn a_number_that_is_fitted_exactly_has_a_finite_loss() {
        let exact = [[2.0, -1e30, 0.0], [0.0; 3]];
        assert!((f64::from(loss(&NumberHead::Gaussian(vec![0.5]), exact)) - LEAST / 2.0).abs() < 1e-5);
    }
}
