//! How steps are made.

use crate::loading::views::{Pool, Views};

/// How steps are made.
#[derive(Clone, Copy, Debug)]
pub struct LoaderOptions {
    /// Labelled sequences per step.
    pub batch_size: usize,
    /// Unlabelled ones for each labelled one.
    pub unlabeled_ratio: usize,
    /// The views to make.
    pub views: Views,
    /// The sequences to use.
    pub pool: Pool,
    /// Seeds order and views.
    pub seed: u64,
    /// Threads that make steps ahead.
    pub workers: usize,
    /// Labelled rows are drawn class by class, a class of `n` rows as often as `n` to this power. `None`: each row
    /// once before any comes again.
    pub balanced: Option<f64>,
    /// Rows that are drawn class by class are a batch of their own, and the labelled one stays as it is.
    pub beside: bool,
    /// Steps of an epoch; default: one pass over the larger pool.
    pub steps_per_epoch: Option<usize>,
}
