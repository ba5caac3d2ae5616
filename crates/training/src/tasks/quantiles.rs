//! What a head that says how sure it is of a number says in words: the number, and its quantiles.

use burn::tensor::Tensor;
use semiseq_analysis::normal_quantile;
use semiseq_models::NumberHead;

use crate::tasks::outputs::rows;

/// The number of each row and the quantile of each level, rising, `[rows, 1 + levels]`, from the logits of such a head.
/// Quantiles that cross are put in order (Chernozhukov et al. 2010).
pub(super) fn told(head: &NumberHead, logits: Tensor<2>) -> Vec<Vec<f64>> {
    let rows = rows(logits);
    match head {
        NumberHead::Gaussian(levels) => {
            let standard: Vec<f64> = levels.iter().map(|level| normal_quantile(*level)).collect();
            rows.into_iter().map(|row| normal(&row, &standard)).collect()
        }
        NumberHead::Quantiles(levels) => {
            let middle = levels.iter().position(|level| *level == 0.5).unwrap_or(levels.len() / 2);
            rows.into_iter().map(|row| rising(row, middle)).collect()
        }
        _ => rows,
    }
}

/// Of a mean and a log variance.
fn normal(row: &[f64], standard: &[f64]) -> Vec<f64> {
    let (mean, deviation) = (row[0], (row[1] / 2.0).exp());
    std::iter::once(mean).chain(standard.iter().map(|value| mean + value * deviation)).collect()
}

/// The median before the quantiles.
fn rising(mut quantiles: Vec<f64>, middle: usize) -> Vec<f64> {
    quantiles.sort_by(f64::total_cmp);
    quantiles.insert(0, quantiles[middle]);
    quantiles
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn the_median_stands_for_quantiles_that_are_put_in_order() {
        let logits = Tensor::<2>::from_data([[3.0f32, 1.0, 2.0]], &Device::flex());
        let head = NumberHead::Quantiles(vec![0.25, 0.5, 0.9]);
        assert_eq!(told(&head, logits), [[2.0, 1.0, 2.0, 3.0]]);
    }

    #[test]
    fn a_normal_distribution_is_told_by_its_quantiles() {
        let logits = Tensor::<2>::from_data([[10.0f32, 4f32.ln()]], &Device::flex());
        let found = told(&NumberHead::Gaussian(vec![0.025, 0.5, 0.975]), logits).concat();
        for (found, expected) in found.iter().zip([10.0, 10.0 - 2.0 * 1.959_964, 10.0, 10.0 + 2.0 * 1.959_964]) {
            assert!((found - expected).abs() < 1e-5, "{found} against {expected}");
        }
    }
}
