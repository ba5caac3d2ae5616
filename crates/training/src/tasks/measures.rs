//! Scores of predictions, computed on the host in f64 from logits.

use semiseq_datasets::{Dataset, Target};
use semiseq_schema::Scores;
use serde::{Deserialize, Serialize};

use crate::cells::cell;
pub use crate::tasks::tallies::ClassScores;
use crate::tasks::tallies::{Tally, macro_mean};

/// Predictions beside the truth, gathered over an evaluation.
#[derive(Clone, Debug, Default)]
pub struct ClassPredictions {
    /// Distribution over the classes, a row a prediction.
    pub probabilities: Vec<Vec<f64>>,
    /// The true class of each row.
    pub truth: Vec<usize>,
    /// The probability from which the second of two classes is predicted; without it the likelier one is.
    pub threshold: Option<f64>,
    /// The class that is predicted of each row, where the probabilities of the row alone do not tell; else empty.
    pub said: Vec<usize>,
}

/// Classes with a row of their own in a matrix at most: its size grows with their square.
const MATRIX_CLASSES: usize = 1000;

/// Counts of true class (row) against predicted class (column).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confusion {
    /// Class names in order.
    pub classes: Vec<String>,
    /// `counts[truth][prediction]`.
    pub counts: Vec<Vec<usize>>,
    /// Classes that share the last row and column, where there are too many for a row each; 0 otherwise.
    #[serde(default)]
    pub others: usize,
}

/// The probability from which a label is said to hold, of which a sequence has any number.
const THRESHOLD: f64 = 0.5;

/// Whether a label of this probability is said to hold.
pub(super) fn holds(probability: f64) -> bool {
    probability >= THRESHOLD
}

/// The position of the largest value; the first of equals.
pub fn argmax(values: &[f64]) -> usize {
    values.iter().enumerate().fold(0, |best, (index, value)| if *value > values[best] { index } else { best })
}

/// What the truth costs a distribution, in nats.
pub(super) fn negative_log(distribution: &[f64], truth: usize) -> f64 {
    -distribution[truth].max(1e-12).ln()
}

impl ClassPredictions {
    /// Adds a distribution over the classes and the true class.
    pub fn push(&mut self, probabilities: Vec<f64>, truth: usize) {
        self.probabilities.push(probabilities);
        self.truth.push(truth);
    }

    /// The class that is predicted of each row.
    pub fn predicted(&self) -> Vec<usize> {
        match self.said.is_empty() {
            true => self.probabilities.iter().map(|row| self.decided(row)).collect(),
            false => self.said.clone(),
        }
    }

    /// The class that is predicted where this is the distribution.
    pub fn decided(&self, distribution: &[f64]) -> usize {
        match (self.threshold, distribution) {
            (Some(threshold), [_, second]) => usize::from(*second >= threshold),
            _ => argmax(distribution),
        }
    }

    /// Of the rows of at least so much confidence: their share, and how many of them are right, where there are some.
    pub fn selective(&self, confidence: f64) -> Scores {
        let sure = |row: &[f64]| row.iter().copied().fold(0.0, f64::max) >= confidence;
        let rows = self.probabilities.iter().zip(&self.truth).filter(|(row, _)| sure(row));
        let (answered, right) = rows.fold((0usize, 0usize), |(answered, right), (row, truth)| {
            (answered + 1, right + usize::from(self.decided(row) == *truth))
        });
        let mut scores = Scores::from([("coverage".into(), answered as f64 / self.truth.len().max(1) as f64)]);
        if answered > 0 {
            scores.insert("selective_accuracy".into(), right as f64 / answered as f64);
        }
        scores
    }

    /// Accuracy, macro F1, mean negative log-likelihood and expected calibration error.
    pub fn scores(&self, classes: &[String]) -> Scores {
        let per_class = self.per_class(classes.len());
        let right = self.pairs().filter(|(truth, predicted)| truth == predicted).count();
        Scores::from([
            ("accuracy".into(), right as f64 / self.truth.len().max(1) as f64),
            ("macro_f1".into(), macro_mean(&per_class, |scores| scores.f1)),
            ("loss".into(), self.loss()),
            ("ece".into(), self.calibration_error(15)),
        ])
    }

    /// The confusion matrix; of more than 1000 classes those that are confused most, and the others together.
    pub fn confusion(&self, classes: &[String]) -> Confusion {
        let kept = most_confused(&self.per_class(classes.len()), MATRIX_CLASSES);
        let counts = self.pairs().map(|(truth, predicted)| (truth, predicted, 1));
        Confusion::of(classes, &kept, counts, classes.len() - kept.len())
    }

    /// Precision, recall and F1 of each class, in their order.
    pub fn per_class(&self, classes: usize) -> Vec<ClassScores> {
        let rows = self.pairs().map(|(truth, predicted)| (truth, predicted, 1));
        Tally::of_classes(classes, rows).into_iter().map(Tally::scores).collect()
    }

    /// The true and the predicted class of each row.
    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        self.truth.iter().copied().zip(self.predicted())
    }

    fn loss(&self) -> f64 {
        let sum: f64 = self.probabilities.iter().zip(&self.truth).map(|(row, truth)| negative_log(row, *truth)).sum();
        sum / self.truth.len().max(1) as f64
    }

    /// Expected calibration error with bins of equal width (Guo et al. 2017, eq. 3).
    fn calibration_error(&self, bins: usize) -> f64 {
        self.reliability(bins).iter().map(|(confidence, accuracy, share)| share * (accuracy - confidence).abs()).sum()
    }

    /// `(mean confidence, accuracy, share of all predictions)` in bins of confidence of equal width; empty bins are
    /// left out (Guo et al. 2017, section 2).
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

/// The classes with the most errors, their own and those of others taken for them; among equals the larger one. In
/// their order.
fn most_confused(per_class: &[ClassScores], most: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..per_class.len()).collect();
    if order.len() > most {
        let rank = |class: &usize| {
            let ClassScores { right, support, predicted, .. } = per_class[*class];
            std::cmp::Reverse((support + predicted - 2 * right, support))
        };
        order.sort_by_key(rank);
        order.truncate(most);
        order.sort_unstable();
    }
    order
}

impl Confusion {
    /// From `(truth, prediction, count)`: a row for each of the `kept` classes, and one for the `others` together.
    fn of(
        names: &[String],
        kept: &[usize],
        entries: impl Iterator<Item = (usize, usize, usize)>,
        others: usize,
    ) -> Self {
        let mut classes: Vec<String> = kept.iter().map(|class| names[*class].clone()).collect();
        // What is not kept lies in the row behind the last.
        let mut place = vec![kept.len(); names.len()];
        kept.iter().enumerate().for_each(|(row, class)| place[*class] = row);
        if others > 0 {
            classes.push(format!("{others} other classes"));
        }
        let mut counts = vec![vec![0; classes.len()]; classes.len()];
        for (truth, predicted, count) in entries {
            counts[place[truth]][place[predicted]] += count;
        }
        Self { classes, counts, others }
    }

    /// The classes with a row of their own, in their order.
    fn own(&self) -> usize {
        self.classes.len() - usize::from(self.others > 0)
    }

    /// The matrix as CSV, a row a true class.
    pub fn csv(&self) -> String {
        let header: Vec<String> = self.classes.iter().map(|name| cell(name)).collect();
        let mut text = format!("truth\\prediction,{}\n", header.join(","));
        for (name, counts) in self.classes.iter().zip(&self.counts) {
            let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
            text.push_str(&format!("{},{}\n", cell(name), counts.join(",")));
        }
        text
    }

    /// A matrix that can be looked at: of more than `most` classes those that are confused most, the others together.
    #[must_use]
    pub fn shortened(&self, most: usize) -> Self {
        let per_class = self.per_class();
        let kept = most_confused(&per_class, most);
        let entries =
            self.counts.iter().enumerate().flat_map(|(truth, row)| {
                row.iter().enumerate().map(move |(predicted, count)| (truth, predicted, *count))
            });
        Self::of(&self.classes, &kept, entries, self.others + per_class.len() - kept.len())
    }

    /// How many of how many classes are shown, in words; nothing where all are.
    pub fn left_out(&self) -> Option<String> {
        (self.others > 0).then(|| {
            let shown = self.own();
            format!("the {shown} of {} classes that are confused most; the others stand together", shown + self.others)
        })
    }

    /// Precision, recall and F1 of each class with a row of its own, in their order.
    pub fn per_class(&self) -> Vec<ClassScores> {
        let of_class = |class: usize| {
            let support = self.counts[class].iter().sum();
            let predicted = self.counts.iter().map(|row| row[class]).sum();
            Tally { right: self.counts[class][class], support, predicted }.scores()
        };
        (0..self.own()).map(of_class).collect()
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

/// Mean squared and mean absolute error over all steps and channels of the futures that are known.
pub fn forecast_scores(forecasts: &[Vec<f64>], dataset: &Dataset) -> Scores {
    let (mut squared, mut absolute, mut count) = (0.0, 0.0, 0usize);
    for (forecast, target) in forecasts.iter().zip(&dataset.targets) {
        if let Target::Sequence(future) = target
            && let Some((future, _)) = future.values()
        {
            for (forecast, truth) in forecast.iter().zip(future) {
                let error = forecast - f64::from(*truth);
                squared += error * error;
                absolute += error.abs();
                count += 1;
            }
        }
    }
    match count {
        0 => Scores::new(),
        count => {
            let (mse, mae) = (squared / count as f64, absolute / count as f64);
            Scores::from([("mse".into(), mse), ("mae".into(), mae), ("loss".into(), mse)])
        }
    }
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
            threshold: None,
            said: Vec::new(),
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
    fn a_threshold_decides_and_the_unsure_are_left_out() {
        let mut predictions = ClassPredictions {
            probabilities: vec![vec![0.9, 0.1], vec![0.7, 0.3], vec![0.6, 0.4], vec![0.2, 0.8]],
            truth: vec![0, 1, 1, 1],
            threshold: None,
            said: Vec::new(),
        };
        assert_eq!(predictions.scores(&names(2))["accuracy"], 0.5);
        let sure = predictions.selective(0.8);
        assert_eq!((sure["coverage"], sure["selective_accuracy"]), (0.5, 1.0));
        assert_eq!(predictions.selective(0.95), Scores::from([("coverage".into(), 0.0)]));
        predictions.threshold = Some(0.3);
        assert_eq!(predictions.scores(&names(2))["accuracy"], 1.0);
        assert_eq!(predictions.confusion(&names(2)).counts, [vec![1, 0], vec![0, 3]]);
    }

    #[test]
    fn a_matrix_is_a_table_whose_names_may_hold_commas() {
        let classes = vec!["a".into(), "b,c".into()];
        let confusion = Confusion { classes, counts: vec![vec![17, 2], vec![3, 48]], others: 0 };
        assert_eq!(confusion.csv(), "truth\\prediction,a,\"b,c\"\na,17,2\n\"b,c\",3,48\n");
    }

    #[test]
    fn of_many_classes_those_that_are_confused_most_have_a_row() {
        // Class 1 is taken for class 3 twice; class 0 and 2 are always right, 2 more often.
        let one = |class: usize| (0..4).map(|other| f64::from(u8::from(other == class))).collect::<Vec<f64>>();
        let predicted = [0, 2, 2, 2, 3, 3, 3];
        let predictions = ClassPredictions {
            probabilities: predicted.into_iter().map(one).collect(),
            truth: vec![0, 2, 2, 2, 1, 1, 3],
            threshold: None,
            said: Vec::new(),
        };
        let whole = predictions.confusion(&names(4));
        assert_eq!((whole.others, whole.shortened(4)), (0, whole.clone()));
        let short = whole.shortened(2);
        assert_eq!(short.classes, ["1", "3", "2 other classes"]);
        assert_eq!(short.counts, [vec![0, 2, 0], vec![0, 1, 0], vec![0, 0, 4]]);
        assert_eq!(short.per_class().len(), 2);
        assert!(short.left_out().unwrap().starts_with("the 2 of 4 classes"), "{:?}", short.left_out());
        // Once more, from what is short already.
        let shorter = short.shortened(1);
        assert_eq!((shorter.classes, shorter.others), (vec!["1".into(), "3 other classes".into()], 3));
        assert_eq!(shorter.counts, [vec![0, 2], vec![0, 5]]);
        let largest = whole.shortened(3);
        assert_eq!(largest.classes, ["1", "2", "3", "1 other classes"], "among equals the larger one");
    }

    #[test]
    fn scores_of_thousands_of_classes_need_no_matrix() {
        let truth: Vec<usize> = (0..3000).collect();
        let probabilities = vec![vec![1.0]; 3000];
        let predictions = ClassPredictions { probabilities, truth, ..ClassPredictions::default() };
        let confusion = predictions.confusion(&names(3000));
        assert_eq!((confusion.classes.len(), confusion.counts.len(), confusion.others), (1001, 1001, 2000));
        assert_eq!(confusion.counts.iter().flatten().sum::<usize>(), 3000);
        // Class 0 alone is right: once of the 3000 times that it is said. F1 is 2/3001, over 3000 classes.
        assert!((macro_mean(&predictions.per_class(3000), |scores| scores.f1) - 2.0 / 3001.0 / 3000.0).abs() < 1e-12);
    }

    #[test]
    fn r2_is_zero_for_the_mean_and_one_for_the_truth() {
        let truth = [1.0, 2.0, 3.0];
        assert_eq!(regression_scores(&[2.0, 2.0, 2.0], &truth)["r2"], 0.0);
        assert_eq!(regression_scores(&truth, &truth)["r2"], 1.0);
        assert!((regression_scores(&[2.0, 2.0, 2.0], &truth)["mse"] - 2.0 / 3.0).abs() < 1e-12);
    }
}
