//! Data that is ready for training.

use std::sync::Arc;

use crate::preparation::missing::fill_missing;
use crate::preparation::processor::Processor;
use crate::preparation::split::SplitRecord;
use crate::sequence::{Dataset, Sequence};

/// Data that is ready for training.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Prepared {
    /// The training part: labelled and unlabelled sequences, and those without any label; held once, by whoever trains
    /// on it.
    pub train: Arc<Dataset>,
    /// The validation part.
    pub valid: Dataset,
    /// The test part.
    pub test: Dataset,
    /// Labelled sequences that were set apart to calibrate what is learned ([`Prepared::with_calibration`]); mostly
    /// none.
    pub calibration: Dataset,
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
    /// The sequences before the preprocessing, where they are to be classified.
    pub as_read: AsRead,
}

/// Sequences as they were read, with missing values filled: what references are made of. Empty where nothing is
/// classified.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AsRead {
    /// Those of the training part, in its order.
    pub train: Vec<Sequence>,
    /// Those of the test part, in its order.
    pub test: Vec<Sequence>,
}

impl AsRead {
    pub(crate) fn of(train: &Dataset, test: &Dataset) -> Self {
        let filled = |dataset: &Dataset| dataset.sequences.iter().cloned().map(filled).collect();
        Self { train: filled(train), test: filled(test) }
    }
}

fn filled(sequence: Sequence) -> Sequence {
    match sequence {
        Sequence::Series(mut series) => {
            fill_missing(&mut series);
            Sequence::Series(series)
        }
        other => other,
    }
}
