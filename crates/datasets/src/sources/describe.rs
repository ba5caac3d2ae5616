//! What a data set holds, for `semiseq data info`.

use std::fmt;

use serde::Serialize;

use crate::preparation::unicode::mostly_unspaced;
use crate::sequence::{Dataset, Sequence, Target};
use crate::shown::shown;

/// Counts, lengths and classes of a data set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Description {
    /// Where it comes from.
    pub name: String,
    /// `series`, `text` or `tokens`.
    pub kind: &'static str,
    /// Sequences.
    pub sequences: usize,
    /// Channels of a series.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
    /// Shortest, median and longest: steps of series and tokens, characters of text.
    pub lengths: [usize; 3],
    /// Missing values of series.
    pub missing_values: usize,
    /// Sequences without a label.
    pub unlabeled: usize,
    /// Sequences of each class.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<(String, usize)>,
}

/// Whether a data set is text in a script without spaces between words, most of it: Chinese, Japanese, Thai.
pub fn written_without_spaces(dataset: &Dataset) -> bool {
    mostly_unspaced(dataset.sequences.iter().filter_map(|sequence| match sequence {
        Sequence::Text(text) => Some(text.as_str()),
        _ => None,
    }))
}

/// Classes that are listed for people.
const SHOWN: usize = 30;

/// Describes a raw data set.
pub fn describe(dataset: &Dataset) -> Description {
    let mut lengths: Vec<usize> = dataset.sequences.iter().map(Sequence::len).collect();
    lengths.sort_unstable();
    let at = |place: usize| lengths.get(place).copied().unwrap_or(0);
    let first = dataset.sequences.first();
    let missing = dataset.sequences.iter().map(|sequence| {
        sequence.values().map_or(0, |(values, _)| values.iter().filter(|value| value.is_nan()).count())
    });
    let per_step = dataset.targets.iter().any(|target| matches!(target, Target::Steps(_)));
    Description {
        name: dataset.name.clone(),
        kind: match first {
            Some(Sequence::Text(_)) => "text",
            Some(Sequence::Tokens(_)) => "tokens",
            _ => "series",
        },
        sequences: dataset.len(),
        channels: first.and_then(Sequence::values).map(|(_, channels)| channels),
        lengths: [at(0), at(lengths.len() / 2), at(lengths.len().saturating_sub(1))],
        missing_values: missing.sum(),
        unlabeled: dataset.targets.iter().filter(|target| **target == Target::Missing).count(),
        classes: if per_step {
            Vec::new()
        } else {
            dataset.classes.iter().cloned().zip(dataset.class_counts()).collect()
        },
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [least, median, most] = self.lengths;
        let unit = if self.kind == "text" { "characters" } else { "steps" };
        writeln!(f, "{}: {} sequences of {}", shown(&self.name), self.sequences, self.kind)?;
        if let Some(channels) = self.channels {
            writeln!(f, "  channels  {channels}")?;
        }
        writeln!(f, "  length    {least} to {most} {unit}, median {median}")?;
        writeln!(f, "  missing   {} values, {} labels", self.missing_values, self.unlabeled)?;
        for (index, (name, count)) in self.classes.iter().enumerate().take(SHOWN) {
            let head = if index == 0 { "classes" } else { "" };
            let share = 100.0 * *count as f64 / self.sequences.max(1) as f64;
            writeln!(f, "  {head:<9} {}: {count} ({share:.1} %)", shown(name))?;
        }
        if self.classes.len() > SHOWN {
            writeln!(f, "  {:<9} and {} more", "", self.classes.len() - SHOWN)?;
        }
        Ok(())
    }
}
