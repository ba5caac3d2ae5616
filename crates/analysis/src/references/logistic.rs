//! Logistic regression: the loss of scikit-learn's `LogisticRegression(C=10)`, minimised by L-BFGS (Liu & Nocedal
//! 1989).

use ndarray::{Array2, Axis, s};

use crate::minimise::minimised;
use crate::references::features::Features;

/// Inverse of the penalty on the weights.
const C: f64 = 10.0;
/// Steps of the minimisation at most.
const ROUNDS: usize = 500;
/// It ends where no entry of the gradient of the mean loss, `1/(C n)` of ours, is larger; a tenth of scikit-learn's.
const TOLERANCE: f64 = 1e-5;

/// A classifier: of two classes one column of weights, of more one each.
#[derive(Clone, Debug)]
pub struct Logistic {
    /// `[width + 1, columns]`, the last row being the intercept.
    weights: Array2<f64>,
    classes: usize,
}

impl Logistic {
    /// `C Σ -ln p(class) + ½ ‖w‖²` at its minimum; the intercept has no penalty. `classes` of them, numbered from 0.
    pub fn fit(rows: &Features, labels: &[usize], classes: usize) -> Self {
        let columns = if classes == 2 { 1 } else { classes };
        Self { weights: Array2::zeros((rows.width() + 1, columns)), classes }.again(rows, labels)
    }

    /// As [`Logistic::fit`], from here on: there is one minimum, and the way to it is short where little has changed.
    #[must_use]
    pub fn again(self, rows: &Features, labels: &[usize]) -> Self {
        let Self { weights, classes } = self;
        let tolerance = TOLERANCE * C * labels.len() as f64;
        Self { weights: minimised(weights, tolerance, ROUNDS, |weights| loss(rows, labels, classes, weights)), classes }
    }

    /// A distribution over the classes for each row, `[rows, classes]`.
    pub fn probabilities(&self, rows: &Features) -> Array2<f64> {
        distributions(&logits(rows, &self.weights), self.classes)
    }
}

/// `[rows, columns]`
fn logits(rows: &Features, weights: &Array2<f64>) -> Array2<f64> {
    let last = weights.nrows() - 1;
    rows.times(&weights.slice(s![..last, ..]).to_owned()) + weights.row(last)
}

fn distributions(logits: &Array2<f64>, classes: usize) -> Array2<f64> {
    if classes == 2 {
        let second = logits.mapv(|logit| 1.0 / (1.0 + (-logit).exp()));
        let mut both = Array2::zeros((logits.nrows(), 2));
        both.column_mut(0).assign(&second.column(0).mapv(|second| 1.0 - second));
        both.column_mut(1).assign(&second.column(0));
        return both;
    }
    let mut all = logits.clone();
    for mut row in all.rows_mut() {
        let most = row.fold(f64::NEG_INFINITY, |most, logit| most.max(*logit));
        row.mapv_inplace(|logit| (logit - most).exp());
        let sum = row.sum();
        row /= sum;
    }
    all
}

/// The loss and its gradient.
fn loss(rows: &Features, labels: &[usize], classes: usize, weights: &Array2<f64>) -> (f64, Array2<f64>) {
    let logits = logits(rows, weights);
    let mut error = distributions(&logits, classes);
    let mut sum = 0.0;
    for (row, label) in labels.iter().enumerate() {
        sum -= match classes {
            // `ln σ(±z)`, which has no smallest value.
            2 => {
                let z = if *label == 1 { logits[[row, 0]] } else { -logits[[row, 0]] };
                -(-z).max(0.0) - (-z.abs()).exp().ln_1p()
            }
            _ => error[[row, *label]].max(f64::MIN_POSITIVE).ln(),
        };
        error[[row, *label]] -= 1.0;
    }
    let error = if classes == 2 { error.slice(s![.., 1..]).to_owned() } else { error };
    let last = weights.nrows() - 1;
    let plain = weights.slice(s![..last, ..]);
    let mut gradient = Array2::zeros(weights.dim());
    gradient.slice_mut(s![..last, ..]).assign(&(rows.transposed_times(&error) * C + plain));
    gradient.row_mut(last).assign(&(error.sum_axis(Axis(0)) * C));
    (C * sum + 0.5 * plain.iter().map(|weight| weight * weight).sum::<f64>(), gradient)
}
