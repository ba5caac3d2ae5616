//! Sets of classes that hold the true one as often as is asked for: split conformal prediction (Vovk et al. 2005), with
//! one less the probability of a class as its strangeness (Sadinle et al. 2019).

use serde::{Deserialize, Serialize};

use crate::tasks::measures::ClassPredictions;

/// Networks speak in `f32`.
const ROUNDING: f64 = 1e-7;

/// Which classes a set holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Conformal {
    /// The share of sequences whose set may lack the true class.
    pub error: f64,
    /// The probability from which a class is in the set.
    pub least: f64,
}

/// Labels without which no set but that of all classes keeps the promise.
pub(crate) fn least_labels(error: f64) -> usize {
    // The n-th of n + 1 equally likely places has to be at 1 - error or beyond.
    (1.0 / error - 1e-9).ceil() as usize - 1
}

impl Conformal {
    /// The promise holds for sequences that could as well have been among these, on average over all draws of them.
    pub(super) fn fit(error: f64, predictions: &ClassPredictions) -> Self {
        let rows = predictions.probabilities.iter().zip(&predictions.truth);
        let mut of_truth: Vec<f64> = rows.map(|(row, truth)| row[*truth]).collect();
        of_truth.sort_by(|left, right| right.total_cmp(left));
        let place = ((of_truth.len() + 1) as f64 * (1.0 - error) - 1e-9).ceil() as usize;
        Self { error, least: place.checked_sub(1).and_then(|place| of_truth.get(place)).copied().unwrap_or(0.0) }
    }

    /// Whether a class of this probability is in the set.
    pub fn holds(&self, probability: f64) -> bool {
        probability >= self.least - ROUNDING
    }

    pub(super) fn is_sound(&self) -> bool {
        (0.0..=1.0).contains(&self.error) && (0.0..=1.0).contains(&self.least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_is_as_wide_as_the_order_of_the_labels_asks_for() {
        // Nine labels of probabilities 0.9 to 0.1; of ten places the ninth is at 90 %.
        let probabilities = (1..=9).rev().map(|tenth| vec![f64::from(tenth) / 10.0, 0.0]).collect();
        let predictions = ClassPredictions { probabilities, truth: vec![0; 9], ..Default::default() };
        assert_eq!(Conformal::fit(0.1, &predictions).least, 0.1);
        assert_eq!(Conformal::fit(0.2, &predictions).least, 0.2);
        assert_eq!(Conformal::fit(0.5, &predictions).least, 0.5);
        assert_eq!(Conformal::fit(0.05, &predictions).least, 0.0, "too few: all classes");
        assert_eq!([0.1, 0.2, 0.05, 0.5, 1.0].map(least_labels), [9, 4, 19, 1, 0]);
    }
}
