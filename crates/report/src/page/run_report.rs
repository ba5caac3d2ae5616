//! What a page tells of one run.

use semiseq_training::Summary;
use semiseq_training::run_folder::metrics_log::Line;
use semiseq_training::tasks::measures::Confusion;

use crate::facts::Facts;
use crate::page::evidence::Evidence;

/// What a report tells of one run.
pub struct RunReport<'a> {
    /// The scores.
    pub summary: &'a Summary,
    /// The lines of `metrics.jsonl`.
    pub lines: &'a [Line],
    /// Counts on the test part, where classes are predicted.
    pub confusion: Option<&'a Confusion>,
    /// What the model says about data.
    pub evidence: &'a Evidence,
    /// What it was made of, and where.
    pub facts: &'a Facts,
    /// Names of the classes.
    pub classes: &'a [String],
    /// The resolved config.
    pub config: &'a str,
}
