//! Numbers.

use crate::tasks::judged::{Judged, JudgedScore};
use crate::tasks::measures::regression_scores;

/// Predicted numbers beside the true ones.
pub(in crate::tasks) struct JudgedNumbers {
    pub predictions: Vec<f64>,
    pub truth: Vec<f64>,
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
        ["r2", "mse", "mae"]
            .map(|name| JudgedScore::of_all(name, scores.get(name).copied().filter(|_| name != "r2" || differs)))
            .to_vec()
    }
}
