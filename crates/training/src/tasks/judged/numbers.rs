//! Numbers.

use crate::tasks::judged::{Judged, JudgedScore, Proportion};
use crate::tasks::measures::regression_scores;

/// Predicted numbers beside the true ones.
pub(in crate::tasks) struct JudgedNumbers {
    pub predictions: Vec<f64>,
    pub truth: Vec<f64>,
    /// The quantiles of each row, rising; empty where none are told.
    pub quantiles: Vec<Vec<f64>>,
    /// Their levels.
    pub levels: Vec<f64>,
}

impl JudgedNumbers {
    /// Whether the truth lies between the outer quantiles.
    fn covered(&self, row: usize) -> bool {
        let (quantiles, truth) = (&self.quantiles[row], self.truth[row]);
        quantiles.first().is_some_and(|low| *low <= truth) && quantiles.last().is_some_and(|high| truth <= *high)
    }

    /// How far the outer quantiles are apart.
    fn width(&self, row: usize) -> f64 {
        let quantiles = &self.quantiles[row];
        quantiles[quantiles.len() - 1] - quantiles[0]
    }

    /// The pinball loss, the mean over the levels.
    fn pinball(&self, row: usize) -> f64 {
        let pairs = self.quantiles[row].iter().zip(&self.levels);
        let losses = pairs.map(|(quantile, level)| {
            let error = self.truth[row] - quantile;
            (level * error).max((level - 1.0) * error)
        });
        losses.sum::<f64>() / self.levels.len() as f64
    }

    /// Scores of the quantiles, where there are some.
    fn of_quantiles(&self, weights: Option<&[u32]>) -> Vec<JudgedScore> {
        if self.quantiles.is_empty() {
            return Vec::new();
        }
        let weight = |row: usize| weights.map_or(1.0, |weights| f64::from(weights[row]));
        let all: f64 = (0..self.truth.len()).map(weight).sum();
        let mean = |value: &dyn Fn(usize) -> f64| {
            let sum: f64 = (0..self.truth.len()).map(|row| weight(row) * value(row)).sum();
            (all > 0.0).then(|| sum / all)
        };
        vec![
            JudgedScore::of_all("interval_coverage", mean(&|row| f64::from(u8::from(self.covered(row))))),
            JudgedScore::of_all("interval_width", mean(&|row| self.width(row))),
            JudgedScore::of_all("pinball", mean(&|row| self.pinball(row))),
        ]
    }
}

impl Judged for JudgedNumbers {
    fn rows(&self) -> usize {
        self.truth.len()
    }

    fn cost(&self) -> usize {
        self.truth.len()
    }

    fn measure(&self, weights: Option<&[u32]>) -> Vec<JudgedScore> {
        let drawn = |values: &[f64]| -> Vec<f64> {
            let times = |row: usize| weights.map_or(1, |weights| weights[row] as usize);
            values.iter().enumerate().flat_map(|(row, value)| std::iter::repeat_n(*value, times(row))).collect()
        };
        let (predictions, truth) = (drawn(&self.predictions), drawn(&self.truth));
        let scores = regression_scores(&predictions, &truth);
        // Against targets that are all one number R² is undefined.
        let differs = truth.iter().any(|value| Some(value) != truth.first());
        let of_numbers = ["r2", "mse", "mae"]
            .map(|name| JudgedScore::of_all(name, scores.get(name).copied().filter(|_| name != "r2" || differs)));
        of_numbers.into_iter().chain(self.of_quantiles(weights)).collect()
    }

    fn proportions(&self) -> Vec<Proportion> {
        if self.quantiles.is_empty() {
            return Vec::new();
        }
        let right = (0..self.truth.len()).filter(|row| self.covered(*row)).count();
        vec![Proportion { metric: "interval_coverage", class: None, right, all: self.truth.len() }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_scored_by_what_they_cover_and_how_wide_they_are() {
        let judged = JudgedNumbers {
            predictions: vec![1.0, 5.0],
            truth: vec![2.0, 9.0],
            quantiles: vec![vec![0.0, 1.0, 3.0], vec![4.0, 5.0, 7.0]],
            levels: vec![0.1, 0.5, 0.9],
        };
        let of = |weights: Option<&[u32]>, name: &str| {
            judged.measure(weights).into_iter().find(|score| score.metric == name).and_then(|score| score.value)
        };
        assert_eq!([of(None, "interval_coverage"), of(None, "interval_width")], [Some(0.5), Some(3.0)]);
        // 0.1·2 + 0.5·1 + 0.1·1, and 0.1·5 + 0.5·4 + 0.9·2, over three levels.
        let expected = [0.8 / 3.0, 4.3 / 3.0];
        for (weights, expected) in [([1, 0], expected[0]), ([0, 2], expected[1]), ([1, 1], 5.1 / 6.0)] {
            let found = of(Some(&weights), "pinball").expect("rows");
            assert!((found - expected).abs() < 1e-12, "{weights:?}: {found}");
        }
    }
}
