//! What a run's data were, so that a file that changes afterwards is noticed.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::recordings::Recordings;
use crate::sequence::{Dataset, Sequence, Target};

/// A part of the data as it was read, before it was split and prepared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DataMark {
    /// The file or folder that it came from.
    pub source: String,
    /// Its sequences, or recordings.
    pub sequences: usize,
    /// SHA-256 of all values, texts and labels.
    pub sha256: String,
}

impl DataMark {
    /// Of a data set.
    pub fn of(dataset: &Dataset) -> Self {
        let mut sum = Sum::default();
        if let Some(samples) = &dataset.samples {
            sum.text(samples);
        }
        for (row, (sequence, target)) in dataset.sequences.iter().zip(&dataset.targets).enumerate() {
            if dataset.samples.is_none() {
                sum.sequence(sequence);
            }
            sum.level(dataset.levels.of(row));
            sum.target(target, &dataset.classes);
        }
        Self { source: dataset.name.clone(), sequences: dataset.len(), sha256: sum.finish() }
    }

    /// Of recordings; their columns are part of them, since windows are cut by column.
    pub(crate) fn of_recordings(recordings: &Recordings) -> Self {
        let mut sum = Sum::default();
        recordings.columns.iter().for_each(|column| sum.text(column));
        for (number, series) in recordings.series.iter().enumerate() {
            sum.values(&series.values, series.channels);
            sum.level(recordings.levels.of(number));
        }
        Self { source: recordings.name.clone(), sequences: recordings.series.len(), sha256: sum.finish() }
    }
}

/// A sum over the samples of recordings, in their order.
#[derive(Default)]
pub(crate) struct SampleSum(Sum);

impl SampleSum {
    /// Takes the samples of the next recording, at its own rate in Hz.
    pub(crate) fn add(&mut self, samples: &[f32], rate: u32) {
        self.0.begin(b'r', rate as usize);
        self.0.values(samples, 1);
    }

    /// In hexadecimal digits.
    pub(crate) fn finish(self) -> String {
        self.0.finish()
    }
}

/// SHA-256 in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(Sha256::digest(bytes).as_slice())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Lengths and kinds go in too, so that no two data sets give the same bytes.
#[derive(Default)]
struct Sum(Sha256);

impl Sum {
    fn finish(self) -> String {
        hexadecimal(self.0.finalize().as_slice())
    }

    fn begin(&mut self, kind: u8, length: usize) {
        self.0.update([kind]);
        self.0.update((length as u64).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.begin(b't', text.len());
        self.0.update(text);
    }

    fn values(&mut self, values: &[f32], channels: usize) {
        self.begin(b'v', values.len());
        self.0.update((channels as u64).to_le_bytes());
        // In pieces: a call for each value would take most of the time.
        for piece in values.chunks(1024) {
            let bytes: Vec<u8> = piece
                .iter()
                // A missing value is a NaN, of which there are many.
                .flat_map(|value| if value.is_nan() { f32::NAN } else { *value }.to_le_bytes())
                .collect();
            self.0.update(bytes);
        }
    }

    fn level(&mut self, level: &[f64]) {
        self.begin(b'l', level.len());
        level.iter().for_each(|value| self.0.update(value.to_le_bytes()));
    }

    fn sequence(&mut self, sequence: &Sequence) {
        let sequence = &*sequence.loaded();
        match sequence {
            Sequence::Text(text) => self.text(text),
            Sequence::Tokens(tokens) => {
                self.begin(b'n', tokens.len());
                tokens.iter().for_each(|token| self.0.update(token.to_le_bytes()));
            }
            Sequence::Series(_) | Sequence::Window(_) | Sequence::Packed(_) => {
                let (values, channels) = sequence.values().unwrap_or_default();
                self.values(values, channels);
            }
        }
    }

    fn target(&mut self, target: &Target, classes: &[String]) {
        // By name: the number of a class changes with the other classes.
        let name = |class: &usize| classes.get(*class).map_or("", String::as_str);
        match target {
            Target::Missing => self.begin(b'0', 0),
            Target::Class(class) => self.text(name(class)),
            // As it was when targets were read in single precision: a run made then still finds its data.
            Target::Number(number) => self.values(&[*number as f32], 1),
            Target::Labels(classes) => {
                self.begin(b'm', classes.len());
                classes.iter().for_each(|class| self.text(name(class)));
            }
            Target::Steps(steps) => {
                self.begin(b's', steps.len());
                steps.iter().for_each(|class| self.text(name(class)));
            }
            Target::Sequence(sequence) => self.sequence(sequence),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str], labels: &[&str]) -> DataMark {
        let sequences = texts.iter().map(|text| Sequence::Text((*text).into())).collect();
        DataMark::of(&Dataset::from_labels("t".into(), sequences, labels.iter().map(ToString::to_string).collect()))
    }

    #[test]
    fn every_letter_and_every_label_counts() {
        let mark = texts(&["ab", "c"], &["x", "y"]);
        assert_eq!(mark, texts(&["ab", "c"], &["x", "y"]));
        let others = [
            texts(&["a", "bc"], &["x", "y"]),
            texts(&["c", "ab"], &["x", "y"]),
            texts(&["ab", "c"], &["y", "x"]),
            texts(&["ab", "c"], &["x", ""]),
            texts(&["ab", "d"], &["x", "y"]),
        ];
        assert!(others.iter().all(|other| other.sha256 != mark.sha256));
    }

    #[test]
    fn a_value_that_changes_changes_the_mark_and_missing_ones_are_alike() {
        let of = |values: &[f32], channels| {
            let series = crate::series::Series { values: values.to_vec(), channels };
            DataMark::of(&Dataset::from_labels("t".into(), vec![Sequence::Series(series)], vec!["x".into()])).sha256
        };
        assert_ne!(of(&[1.0, 2.0], 1), of(&[1.0, 2.5], 1));
        assert_ne!(of(&[1.0, 2.0], 1), of(&[1.0, 2.0], 2));
        assert_eq!(of(&[f32::NAN], 1), of(&[-f32::NAN], 1));
    }
}
