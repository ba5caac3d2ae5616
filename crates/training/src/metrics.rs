//! Scores of predictions, computed on the host in f64 from logits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Metric names and values, as they stand in `metrics.jsonl` and `summary.json`.
pub type Scores = BTreeMap<String, f64>;

/// Predictions beside the truth, gathered over an evaluation.
#[derive(Clone, Debug, Default)]
pub struct ClassPredictions {
    /// Distribution over the classes, a row a prediction.
    pub probabilities: Vec<Vec<f64>>,
    /// The true class of each row.
    pub truth: Vec<usize>,
}

/// Counts of true class (row) against predicted class (column).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confusion {
    /// Class names in order.
    pub classes: Vec<String>,
    /// `counts[truth][prediction]`.
    pub counts: Vec<Vec<usize>>,
}

/// How well one class is told from the others; 0 where nothing can be divided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassScores {
    /// Share of the predictions of the class that are right.
    pub precision: f64,
    /// Share of the class that is found.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
    /// Sequences of the class.
    pub support: usize,
    /// Predictions of the class.
    pub predicted: usize,
}

/// The position of the largest value; the first of equals.
pub fn argmax(values: &[f64]) -> usize {
    values.iter().enumerate().fold(0, |best, (index, value)| if *value > values[best] { index } else { best })
}

impl ClassPredictions {
    /// Accuracy, macro F1, mean negative log-likelihood and expected calibration error.
    pub fn scores(&self, classes: &[String]) -> Scores {
        let confusion = self.confusion(classes);
        Scores::from([
            ("accuracy".into(), confusion.accuracy()),
            ("macro_f1".into(), confusion.macro_f1()),
            ("loss".into(), self.loss()),
            ("ece".into(), self.calibration_error(15)),
        ])
    }

    /// The confusion matrix.
    pub fn confusion(&self, classes: &[String]) -> Confusion {
        let mut counts = vec![vec![0; classes.len()]; classes.len()];
        for (probabilities, truth) in self.probabilities.iter().zip(&self.truth) {
            counts[*truth][argmax(probabilities)] += 1;
        }
        Confusion { classes: classes.to_vec(), counts }
    }

    fn loss(&self) -> f64 {
        let sum: f64 =
            self.probabilities.iter().zip(&self.truth).map(|(row, truth)| -row[*truth].max(1e-12).ln()).sum();
        sum / self.truth.len().max(1) as f64
    }

    /// Expected calibration error with bins of equal width (Guo et al. 2017, eq. 3).
    fn calibration_error(&self, bins: usize) -> f64 {
        self.reliability(bins).iter().map(|(confidence, accuracy, share)| share * (accuracy - confidence).abs()).sum()
    }

    /// `(mean confidence, accuracy, share of all predictions)` in bins of confidence of equal width; empty bins are left
    /// out (Guo et al. 2017, section 2).
    pub fn reliability(&self, bins: usize) -> Vec<(f64, f64, f64)> {
        let mut sums = vec![(0.0, 0.0, 0.0); bins];
        for (row, truth) in self.probabilities.iter().zip(&self.truth) {
            let predicted = argmax(row);
            let bin = ((row[predicted] * bins as f64).ceil() as usize).clamp(1, bins) - 1;
            let (confidence, right, count) = &mut sums[bin];
            *confidence += row[predicted];
            *right += f64::from(u8::from(predicted == *truth));
            *count += 1.0;
        }
        let all = self.truth.len().max(1) as f64;
        let filled = sums.into_iter().filter(|(_, _, count)| *count > 0.0);
        filled.map(|(confidence, right, count)| (confidence / count, right / count, count / all)).collect()
    }
}

impl Confusion {
    /// Share of predictions on the diagonal.
    pub fn accuracy(&self) -> f64 {
        let right: usize = (0..self.counts.len()).map(|class| self.counts[class][class]).sum();
        let all: usize = self.counts.iter().flatten().sum();
        right as f64 / all.max(1) as f64
    }

    /// Mean over the classes that occur of F1, which is 0 where a class is never predicted right.
    pub fn macro_f1(&self) -> f64 {
        let occurring: Vec<f64> = self
            .per_class()
            .iter()
            .filter(|scores| scores.support + scores.predicted > 0)
            .map(|scores| scores.f1)
            .collect();
        occurring.iter().sum::<f64>() / occurring.len().max(1) as f64
    }

    /// Precision, recall and F1 of each class, in their order.
    pub fn per_class(&self) -> Vec<ClassScores> {
        let share = |part: usize, all: usize| if all == 0 { 0.0 } else { part as f64 / all as f64 };
        let of_class = |class: usize| {
            let right = self.counts[class][class];
            let support: usize = self.counts[class].iter().sum();
            let predicted: usize = self.counts.iter().map(|row| row[class]).sum();
            let f1 = share(2 * right, support + predicted);
            ClassScores { precision: share(right, predicted), recall: share(right, support), f1, support, predicted }
        };
        (0..self.counts.len()).map(of_class).collect()
    }
}

/// Mean squared error, mean absolute error and R².
pub fn regression_scores(predictions: &[f64], truth: &[f64]) -> Scores {
    let count = truth.len().max(1) as f64;
    let mean = truth.iter().sum::<f64>() / count;
    let squared: f64 = predictions.iter().zip(truth).map(|(prediction, truth)| (prediction - truth).powi(2)).sum();
    let absolute: f64 = predictions.iter().zip(truth).map(|(prediction, truth)| (prediction - truth).abs()).sum();
    let spread: f64 = truth.iter().map(|truth| (truth - mean).powi(2)).sum();
    let r2 = if spread > 0.0 { 1.0 - squared / spread } else { 0.0 };
    Scores::from([
        ("mse".into(), squared / count),
        ("mae".into(), absolute / count),
        ("r2".into(), r2),
        ("loss".into(), squared / count),
    ])
}

/// Whether a larger value of the metric is better.
pub fn higher_is_better(metric: &str) -> bool {
    matches!(
        metric,
        "accuracy"
            | "macro_f1"
            | "r2"
            | "exact_match"
            | "mask_rate"
            | "pseudo_label_accuracy"
            | "teacher_agreement"
            | "samples_per_second"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|index| index.to_string()).collect()
    }

    #[test]
    fn scores_of_four_predictions_by_hand() {
        // Predicted 0 1 1 1, truth 0 0 1 1. F1 of class 0: 2·1/(2+1) = 2/3; of class 1: 2·2/(2+3) = 4/5.
        let predictions = ClassPredictions {
            probabilities: vec![vec![0.9, 0.1], vec![0.4, 0.6], vec![0.2, 0.8], vec![0.3, 0.7]],
            truth: vec![0, 0, 1, 1],
        };
        let scores = predictions.scores(&names(2));
        assert!((scores["accuracy"] - 0.75).abs() < 1e-12);
        assert!((scores["macro_f1"] - (2.0 / 3.0 + 0.8) / 2.0).abs() < 1e-12);
        let loss = -(0.9f64.ln() + 0.4f64.ln() + 0.8f64.ln() + 0.7f64.ln()) / 4.0;
        assert!((scores["loss"] - loss).abs() < 1e-12);
        // Each prediction falls into its own bin: gaps 0.1, 0.6, 0.2, 0.3.
        assert!((scores["ece"] - (0.1 + 0.6 + 0.2 + 0.3) / 4.0).abs() < 1e-12);
    }

    #[test]
    fn r2_is_zero_for_the_mean_and_one_for_the_truth() {
        let truth = [1.0, 2.0, 3.0];
        assert_eq!(regression_scores(&[2.0, 2.0, 2.0], &truth)["r2"], 0.0);
        assert_eq!(regression_scores(&truth, &truth)["r2"], 1.0);
        assert!((regression_scores(&[2.0, 2.0, 2.0], &truth)["mse"] - 2.0 / 3.0).abs() < 1e-12);
    }
}
