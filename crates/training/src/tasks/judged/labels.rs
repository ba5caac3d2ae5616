//! Labels of which a sequence has any number.

use semiseq_analysis::{Ranked, Ranking};
use semiseq_schema::Scores;

use crate::tasks::judged::{Judged, JudgedScore, Proportion, SPECIFICITY};
use crate::tasks::measures::holds;
use crate::tasks::tallies::{ClassScores, Tally, macro_mean};

/// Probabilities of all rows together of which rankings are kept, so that many draws can be measured.
const KEPT: usize = 4_000_000;
/// What a probability is held above, so that its logarithm is a number.
const LEAST: f64 = 1e-12;

/// The probability of each label of each row beside the truth.
pub(in crate::tasks) struct JudgedLabels {
    /// `[rows, labels]`.
    probabilities: Vec<Vec<f64>>,
    /// `[rows, labels]`.
    truth: Vec<Vec<bool>>,
    /// How many labels of each row are told wrong.
    wrong: Vec<usize>,
    /// Binary cross-entropy of each row, the mean over the labels.
    losses: Vec<f64>,
    /// The rows by the probability of each label; empty where there are too many, or nobody asked.
    rankings: Vec<Ranking>,
}

impl JudgedLabels {
    /// Of at least one row, and one label.
    pub fn new(probabilities: Vec<Vec<f64>>, truth: Vec<Vec<bool>>) -> Self {
        let rows = || probabilities.iter().zip(&truth);
        let wrong = |(row, truth): (&Vec<f64>, &Vec<bool>)| {
            row.iter().zip(truth).filter(|(value, there)| holds(**value) != **there).count()
        };
        let loss = |(row, truth): (&Vec<f64>, &Vec<bool>)| {
            let each = row.iter().zip(truth).map(|(value, there)| if *there { *value } else { 1.0 - value });
            each.map(|right| -right.max(LEAST).ln()).sum::<f64>() / row.len().max(1) as f64
        };
        let (wrong, losses) = (rows().map(wrong).collect(), rows().map(loss).collect());
        Self { probabilities, truth, wrong, losses, rankings: Vec::new() }
    }

    /// With what AUROC and average precision need, where that fits in memory.
    pub fn with_rankings(mut self) -> Self {
        if self.cost() <= KEPT {
            self.rankings = (0..self.labels()).map(|label| self.ranking(label)).collect();
        }
        self
    }

    /// What a validation measures: all but rankings.
    pub fn scores(&self) -> Scores {
        let known = self.of_all(None, &self.per_label(None)).into_iter();
        known.filter_map(|score| Some((score.metric.to_string(), score.value?))).collect()
    }

    fn labels(&self) -> usize {
        self.truth.first().map_or(0, Vec::len)
    }

    fn ranking(&self, label: usize) -> Ranking {
        let scores: Vec<f64> = self.probabilities.iter().map(|row| row[label]).collect();
        let positive: Vec<bool> = self.truth.iter().map(|row| row[label]).collect();
        Ranking::new(&scores, &positive)
    }

    /// How well each label is ranked.
    fn ranked(&self, weights: Option<&[u32]>) -> Vec<Option<Ranked>> {
        let measure = |ranking: &Ranking| ranking.measure(SPECIFICITY, weights);
        match self.rankings.is_empty() {
            false => self.rankings.iter().map(measure).collect(),
            true => (0..self.labels()).map(|label| measure(&self.ranking(label))).collect(),
        }
    }

    fn tallies(&self, weights: Option<&[u32]>) -> Vec<Tally> {
        let mut tallies = vec![Tally::default(); self.labels()];
        for (row, (probabilities, truth)) in self.probabilities.iter().zip(&self.truth).enumerate() {
            let weight = weights.map_or(1, |weights| weights[row] as usize);
            for ((tally, value), there) in tallies.iter_mut().zip(probabilities).zip(truth) {
                let said = holds(*value);
                tally.support += if *there { weight } else { 0 };
                tally.predicted += if said { weight } else { 0 };
                tally.right += if said && *there { weight } else { 0 };
            }
        }
        tallies
    }

    fn per_label(&self, weights: Option<&[u32]>) -> Vec<ClassScores> {
        self.tallies(weights).into_iter().map(Tally::scores).collect()
    }

    /// Scores of all labels together that need no ranking.
    fn of_all(&self, weights: Option<&[u32]>, per_label: &[ClassScores]) -> Vec<JudgedScore> {
        let weight = |row: usize| weights.map_or(1.0, |weights| f64::from(weights[row]));
        let all: f64 = (0..self.truth.len()).map(weight).sum();
        let mean = |value: &dyn Fn(usize) -> f64| {
            let sum: f64 = (0..self.truth.len()).map(|row| weight(row) * value(row)).sum();
            (all > 0.0).then(|| sum / all)
        };
        let together = per_label.iter().fold(Tally::default(), |sum, one| Tally {
            right: sum.right + one.right,
            support: sum.support + one.support,
            predicted: sum.predicted + one.predicted,
        });
        let labels = self.labels() as f64;
        [
            ("micro_f1", Some(together.scores().f1)),
            ("macro_f1", Some(macro_mean(per_label, |scores| scores.f1))),
            ("subset_accuracy", mean(&|row| f64::from(u8::from(self.wrong[row] == 0)))),
            ("hamming_loss", mean(&|row| self.wrong[row] as f64 / labels)),
            ("loss", mean(&|row| self.losses[row])),
        ]
        .map(|(metric, value)| JudgedScore::of_all(metric, value))
        .to_vec()
    }
}

impl Judged for JudgedLabels {
    fn rows(&self) -> usize {
        self.truth.len()
    }

    fn cost(&self) -> usize {
        self.truth.len().saturating_mul(self.labels())
    }

    fn measure(&self, weights: Option<&[u32]>) -> Vec<JudgedScore> {
        let (per_label, ranked) = (self.per_label(weights), self.ranked(weights));
        let macro_ranked = |score: fn(&Ranked) -> f64| {
            let known: Vec<f64> = ranked.iter().flatten().map(score).collect();
            (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
        };
        let mut measures = self.of_all(weights, &per_label);
        measures.extend(
            [
                ("auroc", macro_ranked(|ranked| ranked.auroc)),
                ("auprc", macro_ranked(|ranked| ranked.average_precision)),
                ("macro_precision", Some(macro_mean(&per_label, |scores| scores.precision))),
                ("macro_recall", Some(macro_mean(&per_label, |scores| scores.recall))),
            ]
            .map(|(metric, value)| JudgedScore::of_all(metric, value)),
        );
        for (label, (scores, ranked)) in per_label.iter().zip(&ranked).enumerate() {
            let where_some = |count: usize, value: f64| (count > 0).then_some(value);
            let of_label = [
                ("precision", where_some(scores.predicted, scores.precision)),
                ("recall", where_some(scores.support, scores.recall)),
                ("f1", where_some(scores.support + scores.predicted, scores.f1)),
                ("auroc", ranked.map(|ranked| ranked.auroc)),
                ("auprc", ranked.map(|ranked| ranked.average_precision)),
            ];
            measures.extend(of_label.map(|(metric, value)| JudgedScore::of_class(label, metric, value)));
        }
        measures
    }

    fn proportions(&self) -> Vec<Proportion> {
        let right = self.wrong.iter().filter(|wrong| **wrong == 0).count();
        let mut found = vec![Proportion { metric: "subset_accuracy", class: None, right, all: self.truth.len() }];
        for (label, ClassScores { right, support, predicted, .. }) in self.per_label(None).into_iter().enumerate() {
            for (metric, all) in [("precision", predicted), ("recall", support)] {
                found.push(Proportion { metric, class: Some(label), right, all });
            }
        }
        found
    }

    fn class_counts(&self) -> Vec<(usize, usize)> {
        self.per_label(None).into_iter().map(|scores| (scores.support, scores.predicted)).collect()
    }
}
