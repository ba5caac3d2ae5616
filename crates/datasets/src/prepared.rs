//! Data that is ready for training.

use std::sync::Arc;

use crate::error::DataError;
use crate::packed::Store;
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

impl Prepared {
    /// How often each token stands in the training part, by its number; empty of values.
    pub fn token_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.processor.input().vocabulary().unwrap_or(0)];
        for sequence in &self.train.sequences {
            if let Sequence::Tokens(tokens) = &*sequence.loaded() {
                tokens.iter().for_each(|token| counts[*token as usize] += 1);
            }
        }
        counts
    }
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

/// Bytes of text, and values of series, of training and test part together, up to which references take seconds.
const MOST_BYTES: usize = 40_000_000;
const MOST_VALUES: usize = 20_000_000;

impl AsRead {
    /// Whether references take seconds, so that they are computed unasked.
    pub fn fits(&self) -> bool {
        fits(self.train.iter().chain(&self.test))
    }

    /// Of parts that were read. Where prepared data are packed, more than references are unasked computed on stays in
    /// its files, and is left out.
    pub(crate) fn of(train: &Dataset, test: &Dataset, store: &Store) -> Result<Self, DataError> {
        let filled = |dataset: &Dataset| -> Vec<Sequence> {
            dataset.sequences.iter().map(|sequence| filled(sequence.loaded().into_owned())).collect()
        };
        if let Store::Folder(..) = store {
            if !fits(train.sequences.iter().chain(&test.sequences)) {
                return Ok(Self::default());
            }
            for (name, part) in [("read-train", train), ("read-test", test)] {
                let mut sink = store.sink(name)?;
                filled(part).into_iter().try_for_each(|sequence| sink.push(sequence))?;
                sink.finish(&[])?;
            }
        }
        Ok(Self { train: filled(train), test: filled(test) })
    }
}

fn fits<'a>(sequences: impl Iterator<Item = &'a Sequence>) -> bool {
    let (mut bytes, mut values) = (0, 0);
    for sequence in sequences {
        match sequence {
            Sequence::Text(text) => bytes += text.len(),
            Sequence::Packed(row) if row.is_text() => bytes += row.bytes(),
            Sequence::Packed(row) => values += row.bytes() / size_of::<f32>(),
            other => values += other.values().map_or(0, |(values, _)| values.len()),
        }
    }
    bytes <= MOST_BYTES && values <= MOST_VALUES
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
