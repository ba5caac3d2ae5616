//! What a run was made of, and where.

use semiseq_datasets::{DataMark, Prepared, Sequence};
use semiseq_training::Environment;

/// What a run was made of, and where.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The command and the machine, where the folder tells.
    pub(crate) environment: Option<Environment>,
    /// The parts of the data as they were read.
    pub(crate) data: Vec<DataMark>,
    /// The least, the middle and the most steps of a prepared sequence.
    pub(crate) lengths: Option<[usize; 3]>,
}

impl Facts {
    /// Of the data that a run was trained on.
    pub(crate) fn of(environment: Option<Environment>, data: Option<&Prepared>) -> Self {
        let Some(data) = data else { return Self { environment, ..Self::default() } };
        let parts = [&*data.train, &data.valid, &data.test];
        let mut lengths: Vec<usize> = parts.iter().flat_map(|part| part.sequences.iter().map(Sequence::len)).collect();
        lengths.sort_unstable();
        let lengths = match lengths[..] {
            [] => None,
            [first, ..] => Some([first, lengths[lengths.len() / 2], lengths[lengths.len() - 1]]),
        };
        Self { environment, data: data.split.data.clone(), lengths }
    }
}
