//! Classes of sequences or of steps.

use semiseq_analysis::{Ranked, Ranking};

use crate::tasks::calibration::Conformal;
use crate::tasks::judged::{Judged, JudgedScore, Proportion, SPECIFICITY};
use crate::tasks::measures::{ClassPredictions, ClassScores, negative_log};
use crate::tasks::spans::SpanTags;
use crate::tasks::tallies::{Tally, balanced_accuracy, cohen_kappa, macro_mean, matthews_correlation};

/// Probabilities of rows and classes together of which rankings are kept, so that many draws can be measured.
const KEPT: usize = 4_000_000;
/// Of how many of the likeliest classes one has to be right, and the metric.
const TOP: [(usize, &str); 2] = [(3, "top_3_accuracy"), (5, "top_5_accuracy")];

/// Distributions over classes beside the truth.
pub(in crate::tasks) struct JudgedClasses {
    predictions: ClassPredictions,
    /// The sequence of each row.
    sequences: Vec<usize>,
    classes: usize,
    predicted: Vec<usize>,
    /// How many classes come before the true one; of equals the first comes first.
    before: Vec<usize>,
    losses: Vec<f64>,
    briers: Vec<f64>,
    /// The rows by the probability of each class; empty where there are too many.
    rankings: Vec<Ranking>,
    /// Of how many classes the set of each row is, and whether the truth is among them; empty where there are no sets.
    sets: Vec<(f64, bool)>,
    /// Whether the classes stand in their order, lowest first.
    ordered: bool,
    /// The spans of each sequence, where the classes are tags of spans; else empty.
    spans: Vec<Tally>,
}

impl JudgedClasses {
    /// Of rows that belong to `sequences`, which are numbered from 0 without a gap. `None` without rows.
    pub fn new(predictions: ClassPredictions, sequences: Vec<usize>, classes: usize) -> Option<Self> {
        let rows = || predictions.probabilities.iter().zip(&predictions.truth);
        let before = |(row, truth): (&Vec<f64>, &usize)| {
            let ahead =
                |(class, value): (usize, &f64)| *value > row[*truth] || (*value == row[*truth] && class < *truth);
            row.iter().enumerate().filter(|one| ahead(*one)).count()
        };
        let mut judged = Self {
            predicted: predictions.predicted(),
            before: rows().map(before).collect(),
            losses: rows().map(|(row, truth)| negative_log(row, *truth)).collect(),
            briers: rows().map(|(row, truth)| brier(row, *truth)).collect(),
            rankings: Vec::new(),
            sets: Vec::new(),
            ordered: false,
            spans: Vec::new(),
            predictions,
            sequences,
            classes,
        };
        if judged.predictions.truth.is_empty() {
            return None;
        }
        if judged.cost() <= KEPT {
            judged.rankings = (0..classes).map(|class| judged.ranking(class)).collect();
        }
        Some(judged)
    }

    /// With a set of classes for each row.
    pub fn with_sets(mut self, conformal: Option<Conformal>) -> Self {
        if let Some(sets) = conformal {
            let of_row = |(row, truth): (&Vec<f64>, &usize)| {
                (row.iter().filter(|value| sets.holds(**value)).count() as f64, sets.holds(row[*truth]))
            };
            self.sets = self.predictions.probabilities.iter().zip(&self.predictions.truth).map(of_row).collect();
        }
        self
    }

    /// With how far wrong answers are off, where the classes stand in their order, lowest first.
    pub fn in_order(self, ordered: bool) -> Self {
        Self { ordered, ..self }
    }

    /// With how well whole spans are found, where all classes are tags of the kind `B-name`, `I-name` and `O`.
    pub fn with_spans(mut self, classes: &[String]) -> Self {
        let Some(tags) = SpanTags::of(classes) else { return self };
        self.spans = vec![Tally::default(); self.rows()];
        let mut begin = 0;
        while begin < self.sequences.len() {
            let sequence = self.sequences[begin];
            let steps = self.sequences[begin..].iter().take_while(|other| **other == sequence).count();
            let rows = begin..begin + steps;
            self.spans[sequence] = tags.tally(&self.predictions.truth[rows.clone()], &self.predicted[rows]);
            begin += steps;
        }
        self
    }

    /// Precision, recall and F1 of all spans together.
    fn of_spans(&self, weights: Option<&[u32]>) -> Vec<JudgedScore> {
        if self.spans.is_empty() {
            return Vec::new();
        }
        let mut all = Tally::default();
        for (sequence, one) in self.spans.iter().enumerate() {
            let weight = weights.map_or(1, |weights| weights[sequence] as usize);
            all.right += weight * one.right;
            all.support += weight * one.support;
            all.predicted += weight * one.predicted;
        }
        let scores = all.scores();
        let some = all.support + all.predicted > 0;
        vec![
            JudgedScore::of_all("span_f1", some.then_some(scores.f1)),
            JudgedScore::of_all("span_precision", (all.predicted > 0).then_some(scores.precision)),
            JudgedScore::of_all("span_recall", (all.support > 0).then_some(scores.recall)),
        ]
    }

    /// The mean distance of truth and prediction in the order of the classes, and Cohen's κ with weights that grow with
    /// the square of that distance (Cohen 1968); `None` where all rows are of one class, and said to be.
    fn off(&self, weights: Option<&[u32]>) -> [Option<f64>; 2] {
        let (mut all, mut distance, mut squared) = (0.0, 0.0, 0.0);
        let mut moments = [0.0; 4];
        for (row, (truth, said)) in self.predictions.truth.iter().zip(&self.predicted).enumerate() {
            let weight = weights.map_or(1.0, |weights| f64::from(weights[row]));
            let (truth, said) = (*truth as f64, *said as f64);
            all += weight;
            distance += weight * (truth - said).abs();
            squared += weight * (truth - said).powi(2);
            let of_row = [truth, truth * truth, said, said * said];
            moments.iter_mut().zip(of_row).for_each(|(sum, value)| *sum += weight * value);
        }
        // As if each prediction stood beside each truth.
        let [truth, truth_squared, said, said_squared] = moments;
        let by_chance = truth_squared + said_squared - 2.0 * truth * said / all;
        [(all > 0.0).then(|| distance / all), (by_chance > 0.0).then(|| 1.0 - squared / by_chance)]
    }

    fn ranking(&self, class: usize) -> Ranking {
        let scores: Vec<f64> = self.predictions.probabilities.iter().map(|row| row[class]).collect();
        let positive: Vec<bool> = self.predictions.truth.iter().map(|truth| *truth == class).collect();
        Ranking::new(&scores, &positive)
    }

    /// How well each class is told from the others.
    fn ranked(&self, weights: Option<&[u32]>) -> Vec<Option<Ranked>> {
        let measure = |ranking: &Ranking| ranking.measure(SPECIFICITY, weights);
        match self.rankings.is_empty() {
            false => self.rankings.iter().map(measure).collect(),
            true => (0..self.classes).map(|class| measure(&self.ranking(class))).collect(),
        }
    }

    /// How often each row counts, from how often each sequence does.
    fn weights(&self, of_sequences: Option<&[u32]>) -> Option<Vec<u32>> {
        of_sequences.map(|weights| self.sequences.iter().map(|sequence| weights[*sequence]).collect())
    }

    fn per_class(&self, weights: Option<&[u32]>) -> Vec<ClassScores> {
        let weight = |row: usize| weights.map_or(1, |weights| weights[row] as usize);
        let rows = self.predictions.truth.iter().zip(&self.predicted).enumerate();
        let rows = rows.map(|(row, (truth, predicted))| (*truth, *predicted, weight(row)));
        Tally::of_classes(self.classes, rows).into_iter().map(Tally::scores).collect()
    }

    /// Whether a row is a sequence.
    fn independent(&self) -> bool {
        self.sequences.iter().enumerate().all(|(row, sequence)| row == *sequence)
    }

    fn tops(&self) -> impl Iterator<Item = (usize, &'static str)> {
        TOP.into_iter().filter(|(count, _)| *count < self.classes)
    }
}

/// Squared distance of a distribution from the truth; of two classes the half of it, which is that of the probability
/// of either (Brier 1950), as scikit-learn has it.
fn brier(distribution: &[f64], truth: usize) -> f64 {
    let squared = |(class, value): (usize, &f64)| (value - f64::from(u8::from(class == truth))).powi(2);
    let sum: f64 = distribution.iter().enumerate().map(squared).sum();
    if distribution.len() == 2 { sum / 2.0 } else { sum }
}

impl Judged for JudgedClasses {
    fn rows(&self) -> usize {
        self.sequences.last().map_or(0, |last| last + 1)
    }

    fn cost(&self) -> usize {
        self.predictions.truth.len().saturating_mul(self.classes)
    }

    fn measure(&self, weights: Option<&[u32]>) -> Vec<JudgedScore> {
        let of_spans = self.of_spans(weights);
        let weights = self.weights(weights);
        let weights = weights.as_deref();
        let weight = |row: usize| weights.map_or(1.0, |weights| f64::from(weights[row]));
        let all: f64 = (0..self.predictions.truth.len()).map(weight).sum();
        let mean = |values: &[f64]| {
            let sum: f64 = values.iter().enumerate().map(|(row, value)| weight(row) * value).sum();
            (all > 0.0).then(|| sum / all)
        };
        let share = |holds: &dyn Fn(usize) -> bool| {
            let sum: f64 = (0..self.predictions.truth.len()).filter(|row| holds(*row)).map(weight).sum();
            (all > 0.0).then(|| sum / all)
        };
        let per_class = self.per_class(weights);
        let ranked = self.ranked(weights);
        // Of two classes the second is what is looked for; of several each is, and the mean tells.
        let judged = if self.classes == 2 { &ranked[1..] } else { &ranked[..] };
        let macro_ranked = |score: fn(&Ranked) -> f64| {
            let known: Vec<f64> = judged.iter().flatten().map(score).collect();
            (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
        };
        let mut measures: Vec<JudgedScore> = [
            ("accuracy", share(&|row| self.predicted[row] == self.predictions.truth[row])),
            ("macro_f1", Some(macro_mean(&per_class, |scores| scores.f1))),
            ("balanced_accuracy", balanced_accuracy(&per_class)),
            ("auroc", macro_ranked(|ranked| ranked.auroc)),
            ("auprc", macro_ranked(|ranked| ranked.average_precision)),
            ("cohen_kappa", cohen_kappa(&per_class)),
            ("matthews_correlation", matthews_correlation(&per_class)),
            ("macro_precision", Some(macro_mean(&per_class, |scores| scores.precision))),
            ("macro_recall", Some(macro_mean(&per_class, |scores| scores.recall))),
            ("sensitivity_at_95_specificity", macro_ranked(|ranked| ranked.sensitivity)),
            ("brier", mean(&self.briers)),
            ("loss", mean(&self.losses)),
        ]
        .map(|(metric, value)| JudgedScore::of_all(metric, value))
        .to_vec();
        measures.extend(self.tops().map(|(top, name)| JudgedScore::of_all(name, share(&|row| self.before[row] < top))));
        measures.extend(of_spans);
        if self.ordered {
            let [distance, kappa] = self.off(weights);
            measures.push(JudgedScore::of_all("quadratic_kappa", kappa));
            measures.push(JudgedScore::of_all("level_mae", distance));
        }
        if !self.sets.is_empty() {
            let sizes: Vec<f64> = self.sets.iter().map(|(size, _)| *size).collect();
            measures.push(JudgedScore::of_all("set_coverage", share(&|row| self.sets[row].1)));
            measures.push(JudgedScore::of_all("set_size", mean(&sizes)));
        }
        for (class, (scores, ranked)) in per_class.iter().zip(&ranked).enumerate() {
            let where_some = |count: usize, value: f64| (count > 0).then_some(value);
            let of_class = [
                ("precision", where_some(scores.predicted, scores.precision)),
                ("recall", where_some(scores.support, scores.recall)),
                ("f1", where_some(scores.support + scores.predicted, scores.f1)),
                ("auroc", ranked.map(|ranked| ranked.auroc)),
                ("auprc", ranked.map(|ranked| ranked.average_precision)),
                ("sensitivity_at_95_specificity", ranked.map(|ranked| ranked.sensitivity)),
            ];
            measures.extend(of_class.map(|(metric, value)| JudgedScore::of_class(class, metric, value)));
        }
        measures
    }

    fn proportions(&self) -> Vec<Proportion> {
        if !self.independent() {
            return Vec::new();
        }
        let all = self.predictions.truth.len();
        let within = |top: usize| self.before.iter().filter(|before| **before < top).count();
        let right = self.predicted.iter().zip(&self.predictions.truth).filter(|(said, truth)| said == truth).count();
        let mut found = vec![Proportion { metric: "accuracy", class: None, right, all }];
        if !self.sets.is_empty() {
            let right = self.sets.iter().filter(|(_, held)| *held).count();
            found.push(Proportion { metric: "set_coverage", class: None, right, all });
        }
        found.extend(self.tops().map(|(top, metric)| Proportion { metric, class: None, right: within(top), all }));
        for (class, ClassScores { right, support, predicted, .. }) in self.per_class(None).into_iter().enumerate() {
            for (metric, all) in [("precision", predicted), ("recall", support)] {
                found.push(Proportion { metric, class: Some(class), right, all });
            }
        }
        found
    }

    fn class_counts(&self) -> Vec<(usize, usize)> {
        self.per_class(None).into_iter().map(|scores| (scores.support, scores.predicted)).collect()
    }
}
