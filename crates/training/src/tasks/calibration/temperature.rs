//! Temperature scaling (Guo et al. 2017, "On calibration of modern neural networks", section 4.2).

use crate::tasks::measures::{ClassPredictions, negative_log};

/// Between which temperatures the best one is looked for: where all labels are right the likeliest is 0.
const RANGE: [f64; 2] = [0.05, 20.0];

/// The distribution of logits that are divided by a temperature, from that of the logits.
pub(super) fn divided(distribution: &[f64], temperature: f64) -> Vec<f64> {
    // Logits are logarithms of probabilities, but for a number that the sum takes out again.
    let logits: Vec<f64> = distribution.iter().map(|value| value.ln() / temperature).collect();
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let shares: Vec<f64> = logits.iter().map(|logit| (logit - most).exp()).collect();
    let sum: f64 = shares.iter().sum();
    shares.into_iter().map(|share| share / sum).collect()
}

/// The temperature with the smallest mean negative log-likelihood. It falls and then rises with the logarithm of the
/// temperature, so that the golden section finds it.
pub(super) fn fitted(predictions: &ClassPredictions) -> f64 {
    let loss = |log: f64| -> f64 {
        let rows = predictions.probabilities.iter().zip(&predictions.truth);
        rows.map(|(row, truth)| negative_log(&divided(row, log.exp()), *truth)).sum()
    };
    let golden = (5f64.sqrt() - 1.0) / 2.0;
    let [mut low, mut high] = RANGE.map(f64::ln);
    let (mut left, mut right) = (high - golden * (high - low), low + golden * (high - low));
    let (mut at_left, mut at_right) = (loss(left), loss(right));
    // Each round leaves 0.618 of the range: after 40 it is closer than eight digits.
    for _ in 0..40 {
        if at_left <= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - golden * (high - low);
            at_left = loss(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + golden * (high - low);
            at_right = loss(right);
        }
    }
    ((low + high) / 2.0).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logits_twice_too_large_have_temperature_two() {
        // Of ten rows with a logit of 2 ln 3 each, seven and a half are right: 3 to 1 is what the half of it says.
        let said = divided(&[0.75, 0.25], 0.5);
        assert!((said[0] - 0.9).abs() < 1e-12);
        let predictions = ClassPredictions {
            probabilities: vec![said; 8],
            truth: vec![0, 0, 0, 0, 0, 0, 1, 1],
            ..ClassPredictions::default()
        };
        assert!((fitted(&predictions) - 2.0).abs() < 1e-6, "{}", fitted(&predictions));
    }

    #[test]
    fn one_is_the_model_as_it_is_and_certainty_stays_certainty() {
        let row = divided(&[0.2, 0.3, 0.5], 1.0);
        assert!(row.iter().zip([0.2, 0.3, 0.5]).all(|(left, right)| (left - right).abs() < 1e-12));
        assert_eq!(divided(&[0.0, 1.0], 3.0), [0.0, 1.0]);
        let right =
            ClassPredictions { probabilities: vec![vec![0.6, 0.4]; 3], truth: vec![0; 3], ..Default::default() };
        assert!((fitted(&right) - RANGE[0]).abs() < 1e-3, "nothing speaks against certainty");
    }
}
