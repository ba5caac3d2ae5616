//! `summary.json`, and the short table that ends a run.

use std::fmt;

use semiseq_schema::{Intervals, METRICS, Scores};
use serde::{Deserialize, Serialize};

use crate::config;
use crate::learner::Outcome;
use crate::run_folder::fold_scores::CrossValidation;

/// What a run came to. Keys that do not apply are absent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Summary {
    /// The run's name.
    pub name: String,
    /// The last stage's objective.
    pub objective: String,
    /// `rnn`, `lstm` or `gru`.
    pub encoder: String,
    /// The backend.
    pub backend: String,
    /// The run's seed.
    pub seed: u64,
    /// Version of semiseq.
    pub semiseq: String,
    /// Training sequences whose labels were seen.
    pub n_labeled: usize,
    /// Training sequences whose labels were not seen.
    pub n_unlabeled: usize,
    /// Validation sequences.
    pub n_valid: usize,
    /// Sequences set apart for calibration.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub n_calibration: usize,
    /// Test sequences.
    pub n_test: usize,
    /// Models from as many seeds, whose answers are averaged.
    #[serde(skip_serializing_if = "config::is_alone", default = "config::alone")]
    pub ensemble: usize,
    /// Classes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub classes: Option<usize>,
    /// How each stage ended.
    pub stages: Vec<StageSummary>,
    /// Scores on the validation part.
    pub valid: Scores,
    /// How runs that each left one fold of the labels out do on it; with `validation = "cross"`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cross_validation: Option<CrossValidation>,
    /// Scores on the test part.
    pub test: Scores,
    /// Their 95 % intervals: Wilson's for shares of independent sequences, else of a seeded bootstrap over the
    /// sequences of the test part.
    #[serde(skip_serializing_if = "Intervals::is_empty", default)]
    pub test_intervals: Intervals,
    /// Labels that the run saw: those that it learned from, those that chose its weights, and those that calibrated it.
    #[serde(default)]
    pub n_labels_used: usize,
    /// What plain methods give on the labels that it learned from.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub references: Vec<ReferenceSummary>,
    /// The same model on the labelled part alone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub baseline: Option<BaselineSummary>,
    /// Of forecasts: the last step of each window, again and again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub naive: Option<BaselineSummary>,
    /// Of forecasts: the last season of each window, again and again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seasonal_naive: Option<BaselineSummary>,
    /// What was probably not meant, a line each.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub warnings: Vec<String>,
    /// Seconds from start to end, over all sessions of a resumed run.
    pub wall_seconds: f64,
}

/// How a stage ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StageSummary {
    /// The objective.
    pub objective: String,
    /// The rest.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What a plain method came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReferenceSummary {
    /// Features and method.
    pub name: String,
    /// Accuracy and macro F1 on the test part.
    pub test: Scores,
}

/// What the baseline came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BaselineSummary {
    /// Scores on the test part.
    pub test: Scores,
}

/// The baseline's row.
const LABELS_ONLY: &str = "labelled only (baseline)";

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Summary {
    /// What labels were spent on, in words; nothing where they all were learned from.
    pub fn labels_used(&self) -> Option<String> {
        let chosen_by = self.n_labels_used.saturating_sub(self.n_labeled + self.n_calibration);
        let more: String = [(chosen_by, "to choose by"), (self.n_calibration, "to calibrate by")]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!(", {count} {what}"))
            .collect();
        (!more.is_empty())
            .then(|| format!("labels used: {} ({} to learn from{more})", self.n_labels_used, self.n_labeled))
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {} labelled, {} unlabelled, {} validation and {} test sequences",
            self.name, self.n_labeled, self.n_unlabeled, self.n_valid, self.n_test
        )?;
        if let Some(labels) = self.labels_used() {
            writeln!(f, "{labels}")?;
        }
        if let Some(cross) = &self.cross_validation
            && let Some((metric, mean)) = semiseq_schema::headline(&cross.mean)
        {
            let deviation = cross.deviation.get(metric.name).copied().unwrap_or_default();
            writeln!(f, "on labels left out: {} {mean:.4} ± {deviation:.4} over {} folds", metric.name, cross.folds)?;
        }
        writeln!(f)?;
        let columns: Vec<&str> = METRICS
            .iter()
            .filter(|metric| !metric.detailed && self.test.contains_key(metric.name))
            .map(|metric| metric.name)
            .collect();
        let path: Vec<&str> = self.stages.iter().map(|stage| stage.objective.as_str()).collect();
        let path = path.join(" → ");
        let mut rows: Vec<(&str, &Scores)> = Vec::new();
        rows.extend(self.references.iter().map(|reference| (reference.name.as_str(), &reference.test)));
        let others = [("naive", &self.naive), ("seasonal naive", &self.seasonal_naive), (LABELS_ONLY, &self.baseline)];
        rows.extend(others.into_iter().filter_map(|(name, other)| Some((name, &other.as_ref()?.test))));
        rows.push((&path, &self.test));
        match columns.is_empty() {
            true => writeln!(f, "no test score: there is no test part with targets")?,
            false => write_table(f, &columns, &rows)?,
        }
        writeln!(f)?;
        for stage in &self.stages {
            writeln!(f, "{}: {}", stage.objective, stage.outcome.kept())?;
        }
        if self.ensemble > 1 {
            writeln!(f, "the test row is of {} models, whose answers are averaged", self.ensemble)?;
        }
        writeln!(f, "{:.1} s in all", self.wall_seconds)
    }
}

/// Scores below their names, a row each.
fn write_table(f: &mut fmt::Formatter<'_>, columns: &[&str], rows: &[(&str, &Scores)]) -> fmt::Result {
    let first = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max("test part".len()) + 2;
    let shown = |scores: &Scores, column: &str| scores.get(column).map_or(String::new(), |value| format!("{value:.4}"));
    let width = |column: &&str| {
        let values = rows.iter().map(|(_, scores)| shown(scores, column).len());
        values.chain([column.len(), 8]).max().unwrap_or(8) + 2
    };
    let widths: Vec<usize> = columns.iter().map(width).collect();
    write!(f, "{:<first$}", "test part")?;
    for (column, width) in columns.iter().zip(&widths) {
        write!(f, "{column:>width$}")?;
    }
    for (name, scores) in rows {
        write!(f, "\n{name:<first$}")?;
        for (column, width) in columns.iter().zip(&widths) {
            write!(f, "{:>width$}", shown(scores, column))?;
        }
    }
    writeln!(f)
}
