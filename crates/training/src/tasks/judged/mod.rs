//! What outputs are worth on rows that count more or less often: the scores that people publish, and their intervals.

mod classes;
mod evaluation;
mod forecasts;
mod labels;
mod numbers;

pub(super) use classes::JudgedClasses;
pub use evaluation::{ClassEvaluation, Evaluation};
pub(crate) use evaluation::{further, intervals};
pub(super) use forecasts::JudgedForecasts;
pub(super) use labels::JudgedLabels;
pub(super) use numbers::JudgedNumbers;

/// The specificity of `sensitivity_at_95_specificity`.
pub(super) const SPECIFICITY: f64 = 0.95;

/// Outputs beside the targets of a data set, of which any rows can be looked at.
pub trait Judged {
    /// Rows that are drawn together or not at all: sequences with a target.
    fn rows(&self) -> usize;

    /// Rows that follow each other and depend on each other.
    fn block(&self) -> usize {
        1
    }

    /// About how many values one call of [`Judged::measure`] looks at.
    fn cost(&self) -> usize;

    /// All scores, in an order that is always the same. `weights` says how often each row counts; without it each
    /// counts once.
    fn measure(&self, weights: Option<&[u32]>) -> Vec<JudgedScore>;

    /// Those of the scores that are a share of rows which do not depend on each other.
    fn proportions(&self) -> Vec<Proportion> {
        Vec::new()
    }

    /// Rows and predictions of each class; empty where there are none.
    fn class_counts(&self) -> Vec<(usize, usize)> {
        Vec::new()
    }
}

/// A score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JudgedScore {
    /// As in [`semiseq_schema::METRICS`], or of a class.
    pub metric: &'static str,
    /// The class that it tells of; `None` for all together.
    pub class: Option<usize>,
    /// Its value; `None` where it is undefined on these rows.
    pub value: Option<f64>,
}

impl JudgedScore {
    fn of_all(metric: &'static str, value: Option<f64>) -> Self {
        Self { metric, class: None, value }
    }

    fn of_class(class: usize, metric: &'static str, value: Option<f64>) -> Self {
        Self { metric, class: Some(class), value }
    }
}

/// A score that is a share of independent rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proportion {
    /// As [`JudgedScore::metric`].
    pub metric: &'static str,
    /// As [`JudgedScore::class`].
    pub class: Option<usize>,
    /// Rows for which it holds.
    pub right: usize,
    /// Rows that are asked.
    pub all: usize,
}
