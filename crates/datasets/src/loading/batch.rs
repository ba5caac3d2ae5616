//! Padded batches in host memory.

use crate::sequence::{Dataset, Sequence, Target};

/// Sequences of a data set side by side, padded on the right to the longest.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Positions in the data set.
    pub indices: Vec<usize>,
    /// Sequences.
    pub size: usize,
    /// Steps of the longest.
    pub time: usize,
    /// The steps.
    pub inputs: BatchInputs,
    /// Real steps of each sequence.
    pub lengths: Vec<usize>,
    /// A target each.
    pub targets: Vec<Target>,
    /// Classes of the data set.
    pub classes: usize,
}

/// The steps of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum BatchInputs {
    /// Real values.
    Values {
        /// Row-major `[size, time, channels]`, 0 where padded.
        values: Vec<f32>,
        /// Channels of a step.
        channels: usize,
    },
    /// Row-major `[size, time]`, 0 where padded.
    Tokens(Vec<i32>),
}

impl Batch {
    /// Pads sequences that stand for themselves, without targets.
    pub fn of(sequences: &[Sequence]) -> Self {
        let targets = vec![Target::Missing; sequences.len()];
        let dataset = Dataset { targets, ..Dataset::default() };
        Self::collate(&dataset, &(0..sequences.len()).collect::<Vec<_>>(), sequences)
    }

    /// Pads `sequences`, the (perhaps augmented) rows of `dataset` at `indices`.
    pub fn collate(dataset: &Dataset, indices: &[usize], sequences: &[Sequence]) -> Self {
        let lengths: Vec<usize> = sequences.iter().map(Sequence::len).collect();
        let time = lengths.iter().copied().max().unwrap_or(0);
        let channels = sequences.iter().find_map(|sequence| sequence.values().map(|(_, channels)| channels));
        let inputs = match channels {
            Some(channels) => {
                let mut values = vec![0.0; sequences.len() * time * channels];
                for (row, sequence) in values.chunks_mut((time * channels).max(1)).zip(sequences) {
                    if let Some((values, _)) = sequence.values() {
                        row[..values.len()].copy_from_slice(values);
                    }
                }
                BatchInputs::Values { values, channels }
            }
            None => {
                let mut tokens = vec![0; sequences.len() * time];
                for (row, sequence) in tokens.chunks_mut(time.max(1)).zip(sequences) {
                    if let Sequence::Tokens(sequence) = sequence {
                        for (place, token) in row.iter_mut().zip(sequence) {
                            *place = *token as i32;
                        }
                    }
                }
                BatchInputs::Tokens(tokens)
            }
        };
        let targets = indices.iter().map(|index| dataset.targets[*index].clone()).collect();
        let classes = dataset.classes.len();
        Self { indices: indices.to_vec(), size: sequences.len(), time, inputs, lengths, targets, classes }
    }
}

/// All of a data set in batches, sorted by length so that little is padded; `indices` tell the order.
pub fn evaluation_batches(dataset: &Dataset, batch_size: usize) -> impl Iterator<Item = Batch> + '_ {
    let mut order: Vec<usize> = (0..dataset.len()).collect();
    order.sort_by_key(|index| dataset.sequences[*index].len());
    let batches: Vec<Vec<usize>> = order.chunks(batch_size.max(1)).map(<[usize]>::to_vec).collect();
    batches.into_iter().map(move |indices| {
        let sequences: Vec<Sequence> =
            indices.iter().map(|index| dataset.sequences[*index].loaded().into_owned()).collect();
        Batch::collate(dataset, &indices, &sequences)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shorter_sequences_are_padded_with_zeros_on_the_right() {
        let sequences = vec![Sequence::Tokens(vec![5]), Sequence::Tokens(vec![6, 7, 8])];
        let dataset = Dataset {
            name: "t".into(),
            sequences: sequences.clone(),
            targets: vec![Target::Missing, Target::Class(1)],
            ..Dataset::default()
        };
        let batch = Batch::collate(&dataset, &[0, 1], &sequences);
        assert_eq!(batch.inputs, BatchInputs::Tokens(vec![5, 0, 0, 6, 7, 8]));
        assert_eq!((batch.time, batch.lengths), (3, vec![1, 3]));
    }

    #[test]
    fn evaluation_sees_each_row_once() {
        let sequences: Vec<Sequence> = (0..7).map(|length| Sequence::Tokens(vec![1; 7 - length])).collect();
        let dataset = Dataset { name: "t".into(), targets: vec![Target::Missing; 7], sequences, ..Dataset::default() };
        let mut seen: Vec<usize> = evaluation_batches(&dataset, 3).flat_map(|batch| batch.indices).collect();
        assert_eq!(seen[0], 6, "the shortest comes first");
        seen.sort_unstable();
        assert_eq!(seen, (0..7).collect::<Vec<_>>());
    }
}
