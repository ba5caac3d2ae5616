//! Sequences, targets and data sets.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::error::DataError;
use crate::label_names;
use crate::levels::Levels;
use crate::row_keys::RowKeys;
use crate::series::Series;

/// One sequence.
#[derive(Clone, Debug, PartialEq)]
pub enum Sequence {
    /// Real values.
    Series(Series),
    /// Real values that stand in a recording, which all its windows share.
    Window(Window),
    /// Text that is not yet cut into tokens.
    Text(String),
    /// Positions in a vocabulary.
    Tokens(Vec<u32>),
    /// One of these that stands in a packed file, and is read where it is asked for.
    Packed(PackedRow),
}

/// A stretch of a recording. The recording is held once, however many windows overlap on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    recording: Arc<Series>,
    from: usize,
    time: usize,
}

/// Sequences that stand in a file and are read row by row.
pub(crate) trait Stored: fmt::Debug + Send + Sync {
    /// A row; where it cannot be read, one of as many steps that holds nothing, and [`Stored::sound`] says why.
    fn read(&self, row: usize) -> Sequence;

    /// Steps of a row; for uncut text, characters.
    fn steps(&self, row: usize) -> usize;

    /// Bytes of a row's values, tokens or letters.
    fn bytes(&self, row: usize) -> usize;

    /// Whether rows are text that is not yet cut into tokens.
    fn is_text(&self) -> bool;

    /// An error where a row could not be read.
    fn sound(&self) -> Result<(), DataError>;
}

/// A row of a packed file.
#[derive(Clone, Debug)]
pub struct PackedRow {
    file: Arc<dyn Stored>,
    row: u32,
}

impl PartialEq for PackedRow {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.file, &other.file) && self.row == other.row
    }
}

impl PackedRow {
    pub(crate) fn new(file: Arc<dyn Stored>, row: u32) -> Self {
        Self { file, row }
    }

    /// The sequence. Where it cannot be read, one of as many steps that holds nothing, and [`Dataset::sound`] says why.
    pub fn read(&self) -> Sequence {
        self.file.read(self.row as usize)
    }

    /// Steps; for uncut text, characters.
    pub fn len(&self) -> usize {
        self.file.steps(self.row as usize)
    }

    /// Whether there is no step.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of its values, tokens or letters.
    pub(crate) fn bytes(&self) -> usize {
        self.file.bytes(self.row as usize)
    }

    /// Whether it is text that is not yet cut into tokens.
    pub(crate) fn is_text(&self) -> bool {
        self.file.is_text()
    }
}

/// What is to be predicted.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// Unlabelled.
    Missing,
    /// A class of the whole sequence, as a position in [`Dataset::classes`].
    Class(usize),
    /// All classes that the whole sequence has, rising and each once; empty where it is known to have none.
    Labels(Vec<usize>),
    /// A real number.
    Number(f64),
    /// A class for each step.
    Steps(Vec<usize>),
    /// Another sequence: the steps that follow a window, or the text that answers a text.
    Sequence(Sequence),
}

/// Sequences with their targets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    /// Where it comes from, for messages.
    pub name: String,
    /// The sequences.
    pub sequences: Vec<Sequence>,
    /// A target each.
    pub targets: Vec<Target>,
    /// Names of the classes, sorted; empty for numbers.
    pub classes: Vec<String>,
    /// What was taken off the channels of series on a large number, in double precision; targets that are series too.
    pub levels: Levels,
    /// Identifiers and groups of the rows, where the data has such.
    pub keys: RowKeys,
    /// What was read otherwise than it may be meant, a line each, for people.
    pub notes: Vec<String>,
    /// SHA-256 of the samples that frames of sound were made of. It stands for them in a [`DataMark`](crate::DataMark):
    /// a Fourier transform may differ in its last digit between machines.
    pub samples: Option<String>,
}

impl Window {
    /// The steps `from..from + time`, as far as the recording has them.
    pub fn new(recording: Arc<Series>, from: usize, time: usize) -> Self {
        let from = from.min(recording.time());
        let time = time.min(recording.time() - from);
        Self { recording, from, time }
    }

    /// Row-major `[time, channels]`.
    pub fn values(&self) -> &[f32] {
        let channels = self.recording.channels;
        &self.recording.values[self.from * channels..(self.from + self.time) * channels]
    }

    /// The whole recording.
    pub fn recording(&self) -> &Arc<Series> {
        &self.recording
    }

    /// The same steps of another recording, or of this one after a change to all its steps.
    #[must_use]
    pub fn on(&self, recording: Arc<Series>) -> Self {
        Self::new(recording, self.from, self.time)
    }
}

impl Sequence {
    /// Real values, row-major `[time, channels]`, and the channels of a step; `None` for text and tokens, and for what
    /// stands in a file, which [`Sequence::loaded`] reads.
    pub fn values(&self) -> Option<(&[f32], usize)> {
        match self {
            Self::Series(series) => Some((&series.values, series.channels)),
            Self::Window(window) => Some((window.values(), window.recording.channels)),
            Self::Text(_) | Self::Tokens(_) | Self::Packed(_) => None,
        }
    }

    /// The sequence in memory, read where it stands in a file.
    pub fn loaded(&self) -> Cow<'_, Self> {
        match self {
            Self::Packed(row) => Cow::Owned(row.read()),
            other => Cow::Borrowed(other),
        }
    }

    /// A sequence with values of its own, which can be changed.
    #[must_use]
    pub fn owned(self) -> Self {
        match self {
            Self::Window(window) => {
                Self::Series(Series { values: window.values().to_vec(), channels: window.recording.channels })
            }
            Self::Packed(row) => row.read(),
            other => other,
        }
    }

    /// Steps; for uncut text, characters.
    pub fn len(&self) -> usize {
        match self {
            Self::Series(series) => series.time(),
            Self::Window(window) => window.time,
            Self::Text(text) => text.chars().count(),
            Self::Tokens(tokens) => tokens.len(),
            Self::Packed(row) => row.len(),
        }
    }

    /// Whether there is no step.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Target {
    /// The classes of a whole sequence; none where it is unlabelled or its target is none.
    pub fn classes(&self) -> &[usize] {
        match self {
            Self::Class(class) => std::slice::from_ref(class),
            Self::Labels(classes) => classes,
            Self::Missing | Self::Number(_) | Self::Steps(_) | Self::Sequence(_) => &[],
        }
    }
}

/// The class of each label, none where it is empty or a mark for unlabelled, and the names of the classes.
pub(crate) fn class_targets(labels: &[String]) -> (Vec<Target>, Vec<String>) {
    let (classes, numbers) = label_names::classes(labels);
    (numbers.into_iter().map(|number| number.map_or(Target::Missing, Target::Class)).collect(), classes)
}

impl Dataset {
    /// The values of a row in the units of its file, row-major `[time, channels]` in double precision, and the channels
    /// of a step; `None` for text and tokens.
    pub fn values_as_read(&self, row: usize) -> Option<(Vec<f64>, usize)> {
        let sequence = self.sequences.get(row)?.loaded();
        let (values, channels) = sequence.values()?;
        let level = self.levels.of(row);
        let back = |(place, value): (usize, &f32)| {
            f64::from(*value) + level.get(place % channels.max(1)).copied().unwrap_or(0.0)
        };
        Some((values.iter().enumerate().map(back).collect(), channels))
    }

    /// The rows at `indices`, in that order; in memory, where they stand in a file.
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        self.with_rows(indices, |index| self.sequences[index].loaded().into_owned())
    }

    /// The rows at `indices`, in that order; those of a file stay there.
    pub(crate) fn part(&self, indices: &[usize]) -> Self {
        self.with_rows(indices, |index| self.sequences[index].clone())
    }

    /// As [`Dataset::part`], without copies: the sequences are gone from here.
    pub(crate) fn moved_out(&mut self, indices: &[usize]) -> Self {
        let mut sequences = std::mem::take(&mut self.sequences);
        let moved = |index: usize| std::mem::replace(&mut sequences[index], Sequence::Tokens(Vec::new()));
        let part = self.with_rows(indices, moved);
        self.sequences = sequences;
        part
    }

    fn with_rows(&self, indices: &[usize], sequence: impl FnMut(usize) -> Sequence) -> Self {
        Self {
            name: self.name.clone(),
            sequences: indices.iter().copied().map(sequence).collect(),
            targets: indices.iter().map(|index| self.targets[*index].clone()).collect(),
            classes: self.classes.clone(),
            levels: self.levels.select(indices.iter().copied()),
            keys: self.keys.select(indices),
            ..Self::default()
        }
    }

    /// Whether its sequences stand in packed files.
    pub fn is_packed(&self) -> bool {
        self.packed_rows().next().is_some()
    }

    /// Sequences of each packed file, perhaps: files lie one behind the other.
    fn packed_rows(&self) -> impl Iterator<Item = &PackedRow> {
        let ends = [self.sequences.first(), self.sequences.last()];
        ends.into_iter().flatten().filter_map(|end| if let Sequence::Packed(row) = end { Some(row) } else { None })
    }

    /// Whether all rows that were read of packed files so far were whole; numbers that came of others mean nothing.
    ///
    /// # Errors
    ///
    /// The file that was damaged, cut or taken away while it was read, and the row.
    pub fn sound(&self) -> Result<(), DataError> {
        self.packed_rows().try_for_each(|row| row.file.sound())
    }

    /// Number of sequences.
    pub fn len(&self) -> usize {
        self.sequences.len()
    }

    /// Sequences of each class.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        for target in &self.targets {
            for class in target.classes() {
                if let Some(count) = counts.get_mut(*class) {
                    *count += 1;
                }
            }
        }
        counts
    }

    /// Whether there is no sequence.
    pub fn is_empty(&self) -> bool {
        self.sequences.is_empty()
    }

    /// A data set from texts of labels; an empty label means unlabelled, and `1` and `1.0` are one class.
    pub fn from_labels(name: String, sequences: Vec<Sequence>, labels: Vec<String>) -> Self {
        let (targets, classes) = class_targets(&labels);
        Self { name, sequences, targets, classes, ..Self::default() }
    }

    /// Puts another data set of the same kind behind this one, joining the class names.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        let names: Vec<String> = self.classes.iter().chain(&other.classes).cloned().collect();
        let (classes, places) = label_names::classes(&names);
        let (mine, others) = places.split_at(self.classes.len());
        let moved = |target: Target, places: &[Option<usize>]| match target {
            Target::Class(class) => places.get(class).copied().flatten().map_or(Target::Missing, Target::Class),
            Target::Labels(classes) => {
                let mut classes: Vec<usize> =
                    classes.into_iter().filter_map(|class| places.get(class).copied().flatten()).collect();
                classes.sort_unstable();
                Target::Labels(classes)
            }
            other => other,
        };
        let targets = self.targets.into_iter().map(|target| moved(target, mine));
        let targets = targets.chain(other.targets.into_iter().map(|target| moved(target, others))).collect();
        Self {
            levels: self.levels.join(self.sequences.len(), other.levels),
            keys: self.keys.join(self.sequences.len(), other.keys, other.sequences.len()),
            name: self.name,
            sequences: self.sequences.into_iter().chain(other.sequences).collect(),
            targets,
            classes,
            notes: self.notes.into_iter().chain(other.notes).collect(),
            samples: self.samples.zip(other.samples).map(|(one, other)| format!("{one} {other}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(labels: Vec<String>) -> Vec<String> {
        let sequences = vec![Sequence::Tokens(vec![1]); labels.len()];
        Dataset::from_labels("t".into(), sequences, labels).classes
    }

    #[test]
    fn joining_knows_a_class_by_its_number() {
        let part = |labels: [&str; 2]| {
            let sequences = vec![Sequence::Tokens(vec![1]); 2];
            Dataset::from_labels("t".into(), sequences, labels.map(String::from).to_vec())
        };
        let joined = part(["1.0", "3.0"]).join(part(["1", "2"]));
        assert_eq!(joined.classes, ["1", "2", "3.0"]);
        assert_eq!(joined.targets, [0, 2, 0, 1].map(Target::Class));
    }

    #[test]
    fn numbers_and_words_have_one_order() {
        let labels: Vec<String> = (0..300)
            .map(|row| match row % 3 {
                0 => (row * 7 % 100).to_string(),
                1 => format!("{}a", row * 13 % 50),
                _ => (row * 31 % 1000).to_string(),
            })
            .collect();
        let found = classes(labels);
        let numbers = found.iter().filter(|name| name.parse::<f64>().is_ok()).count();
        assert!(found[..numbers].iter().all(|name| name.parse::<f64>().is_ok()));
    }
}
