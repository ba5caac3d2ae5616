//! Ridge classification whose penalty is chosen by leaving each row out in turn: scikit-learn's
//! `RidgeClassifierCV(logspace(-3, 3, 10))`.

use linfa_linalg::eigh::Eigh;
use ndarray::{Array1, Array2, Axis};

use crate::AnalysisError;

/// Penalties that are tried: 10⁻³ to 10³ in nine even steps of the exponent.
const PENALTIES: usize = 10;

/// A classifier: a column of weights per class, of two classes one.
#[derive(Clone, Debug)]
pub struct Ridge {
    /// `[width, columns]`
    weights: Array2<f64>,
    intercept: Array1<f64>,
    classes: usize,
}

impl Ridge {
    /// Weights towards 1 for a row's class and -1 for the others, by the penalty with the least squared error of rows
    /// that were left out.
    ///
    /// # Errors
    ///
    /// Where the eigenvalue problem of the rows cannot be solved.
    pub fn fit(rows: &Array2<f64>, labels: &[usize], classes: usize) -> Result<Self, AnalysisError> {
        let columns = if classes == 2 { 1 } else { classes };
        let wanted = Array2::from_shape_fn((labels.len(), columns), |(row, column)| {
            let class = if classes == 2 { 1 } else { column };
            if labels[row] == class { 1.0 } else { -1.0 }
        });
        let mean = |matrix: &Array2<f64>| matrix.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(matrix.ncols()));
        let (center, level) = (mean(rows), mean(&wanted));
        let (centred, wanted) = (rows - &center, &wanted - &level);
        let failed = |error| AnalysisError::new(format!("ridge regression: {error}"));
        let (values, vectors) = centred.dot(&centred.t()).eigh().map_err(failed)?;
        let turned = vectors.t().dot(&wanted);
        let count = labels.len() as f64;
        let mut best: Option<(f64, Array2<f64>)> = None;
        for place in 0..PENALTIES {
            let penalty = 10f64.powf(-3.0 + 6.0 * place as f64 / (PENALTIES - 1) as f64);
            let inverse = values.mapv(|value| 1.0 / (value.max(0.0) + penalty));
            // Weights of the rows, `(K + a I)⁻¹ y`, and what each row says of itself through the weights and the
            // intercept.
            let dual = vectors.dot(&(&turned * &inverse.view().insert_axis(Axis(1))));
            let own = (&vectors * &vectors).dot(&inverse);
            let mut error = 0.0;
            for (row, own) in own.iter().enumerate() {
                let left = (penalty * own - 1.0 / count).max(1e-12);
                error += dual.row(row).iter().map(|dual| (penalty * dual / left).powi(2)).sum::<f64>();
            }
            if best.as_ref().is_none_or(|(least, _)| error < *least) {
                best = Some((error, dual));
            }
        }
        let dual = best.map(|(_, dual)| dual).ok_or_else(|| AnalysisError::new("ridge regression: no row"))?;
        let weights = centred.t().dot(&dual);
        let intercept = level - center.dot(&weights);
        Ok(Self { weights, intercept, classes })
    }

    /// How far each row lies on the side of each class, `[rows, classes]`: the largest is the class.
    pub fn decisions(&self, rows: &Array2<f64>) -> Array2<f64> {
        let said = rows.dot(&self.weights) + &self.intercept;
        match self.classes {
            2 => Array2::from_shape_fn(
                (rows.nrows(), 2),
                |(row, class)| {
                    if class == 1 { said[[row, 0]] } else { -said[[row, 0]] }
                },
            ),
            _ => said,
        }
    }
}
