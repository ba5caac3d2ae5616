//! BADGE (Ash et al. 2020): k-means++ on the gradients that the last layer's weights would get if the model's own
//! answers were right: large where it is unsure, and different for rows that differ.
//!
//! The gradient of a row is `a ⊗ h` of `a`, the probabilities less 1 at the likeliest class, and `h`, what the last
//! layer reads. Products of gradients are products of the two parts' products, so that none is ever written out.

use crate::AnalysisError;
use crate::references::NumpyRandom;
use crate::selection::chosen::Chosen;
use crate::selection::distance::{check, largest, product};

/// `n` rows. As in the authors' code the first has the largest gradient, and each next is drawn with a probability
/// that grows with the square of its distance to the nearest of those before: its score.
///
/// # Shapes
///
/// - probabilities: `[rows][classes]`, vectors: `[rows][width]`
///
/// # Errors
///
/// Where rows differ in length, or hold what is no finite number.
pub fn badge(
    probabilities: &[Vec<f64>],
    vectors: &[Vec<f64>],
    n: usize,
    seed: u64,
) -> Result<Vec<Chosen>, AnalysisError> {
    check(probabilities)?;
    check(vectors)?;
    if probabilities.len() != vectors.len() {
        return Err(AnalysisError::new("each row needs probabilities and a vector"));
    }
    let errors: Vec<Vec<f64>> = probabilities.iter().map(|row| error(row)).collect();
    let dot =
        |left: usize, right: usize| product(&errors[left], &errors[right]) * product(&vectors[left], &vectors[right]);
    let norms: Vec<f64> = (0..errors.len()).map(|row| dot(row, row)).collect();
    let mut generator = NumpyRandom::of_seed(seed);
    let mut nearest = vec![f64::INFINITY; norms.len()];
    let mut chosen: Vec<Chosen> = Vec::new();
    let mut free = vec![true; norms.len()];
    while chosen.len() < n.min(norms.len()) {
        let (row, score) = match chosen.is_empty() {
            true => largest(norms.iter().copied()).map(|row| (row, norms[row])),
            false => drawn(&nearest, &free, generator.uniform()).map(|row| (row, nearest[row])),
        }
        .unwrap_or_default();
        chosen.push(Chosen { row, score: score.sqrt() });
        free[row] = false;
        for (other, nearest) in nearest.iter_mut().enumerate() {
            // Rounding may leave less than nothing.
            *nearest = nearest.min((norms[other] + norms[row] - 2.0 * dot(other, row)).max(0.0));
        }
    }
    Ok(chosen)
}

/// The probabilities, less 1 at the largest.
fn error(probabilities: &[f64]) -> Vec<f64> {
    let class = largest(probabilities.iter().copied());
    let mut error = probabilities.to_vec();
    if let Some(class) = class {
        error[class] -= 1.0;
    }
    error
}

/// A free row with a probability in proportion to its weight; where no free row has any, the first.
fn drawn(weights: &[f64], free: &[bool], uniform: f64) -> Option<usize> {
    let weight = |row: usize| if free[row] { weights[row] } else { 0.0 };
    let mut left = uniform * (0..weights.len()).map(weight).sum::<f64>();
    let mut last = None;
    for row in (0..weights.len()).filter(|row| weight(*row) > 0.0) {
        left -= weight(row);
        last = Some(row);
        if left < 0.0 {
            break;
        }
    }
    last.or_else(|| free.iter().position(|free| *free))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_gradients_written_out() {
        let probabilities = vec![vec![0.6, 0.4], vec![0.9, 0.1], vec![0.3, 0.7]];
        let vectors = vec![vec![1.0, 2.0], vec![3.0, 0.0], vec![0.0, 1.0]];
        // Gradients: [-0.4, -0.8, 0.4, 0.8], [-0.3, 0, 0.3, 0], [0, 0.3, 0, -0.3]; the first is the longest, sqrt(1.6).
        let chosen = badge(&probabilities, &vectors, 3, 1).unwrap();
        assert_eq!(chosen[0].row, 0);
        assert!((chosen[0].score - 1.6f64.sqrt()).abs() < 1e-12);
        // To the second sqrt(0.01 + 0.64 + 0.01 + 0.64), to the third sqrt(0.16 + 1.21 + 0.16 + 1.21).
        let expected = [0.0, 1.30f64.sqrt(), 2.74f64.sqrt()];
        assert!((chosen[1].score - expected[chosen[1].row]).abs() < 1e-12, "{chosen:?}");
        let mut rows: Vec<usize> = chosen.iter().map(|chosen| chosen.row).collect();
        rows.sort_unstable();
        assert_eq!(rows, [0, 1, 2]);
    }

    #[test]
    fn rows_are_drawn_by_their_weight() {
        let free = [true, true, false, true];
        let weights = [1.0, 2.0, 100.0, 1.0];
        let found = [0.0, 0.24, 0.26, 0.74, 0.76, 0.999].map(|uniform| drawn(&weights, &free, uniform));
        assert_eq!(found, [Some(0), Some(0), Some(1), Some(1), Some(3), Some(3)]);
        assert_eq!(drawn(&[0.0; 4], &[false, false, true, true], 0.5), Some(2));
    }
}
