//! Data that is ready for training.

use crate::preparation::processor::Processor;
use crate::preparation::split::SplitRecord;
use crate::sequence::Dataset;

/// Data that is ready for training.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The training part: labelled and unlabelled sequences, and those without any label.
    pub train: Dataset,
    /// The validation part.
    pub valid: Dataset,
    /// The test part.
    pub test: Dataset,
    /// Positions in `train` whose labels may be seen.
    pub labeled: Vec<usize>,
    /// Positions in `train` whose labels may not be seen.
    pub unlabeled: Vec<usize>,
    /// The fitted preprocessing.
    pub processor: Processor,
    /// What `split.json` holds.
    pub split: SplitRecord,
    /// What of the config had no effect on these data, in the user's words.
    pub warnings: Vec<String>,
}
