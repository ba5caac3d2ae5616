//! `summary.json`, and the short table that ends a run.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::learner::Outcome;
use crate::metrics::Scores;

/// What a run came to. Keys that do not apply are absent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Test sequences.
    pub n_test: usize,
    /// Classes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub classes: Option<usize>,
    /// How each stage ended.
    pub stages: Vec<StageSummary>,
    /// Scores on the validation part.
    pub valid: Scores,
    /// Scores on the test part.
    pub test: Scores,
    /// The same model on the labelled part alone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub baseline: Option<BaselineSummary>,
    /// Seconds from start to end, over all sessions of a resumed run.
    pub wall_seconds: f64,
}

/// How a stage ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageSummary {
    /// The objective.
    pub objective: String,
    /// The rest.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What the baseline came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaselineSummary {
    /// Scores on the test part.
    pub test: Scores,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {} labelled, {} unlabelled, {} validation and {} test sequences",
            self.name, self.n_labeled, self.n_unlabeled, self.n_valid, self.n_test
        )?;
        writeln!(f)?;
        let columns: Vec<&str> = ["accuracy", "macro_f1", "mse", "mae", "r2", "perplexity", "loss", "ece"]
            .into_iter()
            .filter(|name| self.test.contains_key(*name))
            .collect();
        write!(f, "{:<28}", "test part")?;
        for column in &columns {
            write!(f, "{column:>10}")?;
        }
        writeln!(f)?;
        let mut row = |name: &str, scores: &Scores| -> fmt::Result {
            write!(f, "{name:<28}")?;
            for column in &columns {
                match scores.get(*column) {
                    Some(value) => write!(f, "{value:>10.4}")?,
                    None => write!(f, "{:>10}", "")?,
                }
            }
            writeln!(f)
        };
        if let Some(baseline) = &self.baseline {
            row("labelled only (baseline)", &baseline.test)?;
        }
        let path: Vec<&str> = self.stages.iter().map(|stage| stage.objective.as_str()).collect();
        row(&path.join(" → "), &self.test)?;
        writeln!(f, "\n{:.1} s in all", self.wall_seconds)
    }
}
