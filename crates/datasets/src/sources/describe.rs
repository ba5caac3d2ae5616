//! What a data set holds, for `semiseq data info`.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

use crate::formats::table::layout::Layout;
use crate::preparation::unicode::mostly_unspaced;
use crate::sequence::{Dataset, Sequence, Target};
use crate::shown::shown;

/// Counts, lengths and classes of a data set.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Description {
    /// Where it comes from.
    pub name: String,
    /// `series`, `text`, `tokens` or `audio`.
    pub kind: &'static str,
    /// What recordings of sound are read as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames: Option<String>,
    /// Seconds of sound from a step to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_seconds: Option<f64>,
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
    mostly_unspaced(dataset.sequences.iter().filter_map(|sequence| match sequence.loaded() {
        Cow::Borrowed(Sequence::Text(text)) => Some(Cow::Borrowed(text.as_str())),
        Cow::Owned(Sequence::Text(text)) => Some(Cow::Owned(text)),
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
    let first = dataset.sequences.first().map(Sequence::loaded);
    let missing = dataset.sequences.iter().map(|sequence| {
        sequence.loaded().values().map_or(0, |(values, _)| values.iter().filter(|value| value.is_nan()).count())
    });
    let per_step = dataset.targets.iter().any(|target| matches!(target, Target::Steps(_)));
    Description {
        name: dataset.name.clone(),
        kind: match first.as_deref() {
            Some(Sequence::Text(_)) => "text",
            Some(Sequence::Tokens(_)) => "tokens",
            _ => "series",
        },
        frames: None,
        step_seconds: None,
        sequences: dataset.len(),
        channels: first.as_deref().and_then(Sequence::values).map(|(_, channels)| channels),
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

impl Description {
    /// The same, of data that were read by this layout: recordings of sound are series of frames, and called `audio`.
    #[must_use]
    pub fn read_by(self, layout: Option<&Layout>) -> Self {
        match layout.and_then(Layout::frames) {
            Some(frames) => {
                Self { kind: "audio", frames: Some(frames.said()), step_seconds: Some(frames.seconds()), ..self }
            }
            None => self,
        }
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
        write!(f, "  length    {least} to {most} {unit}, median {median}")?;
        if let Some(step) = self.step_seconds {
            let [least, median, most] = self.lengths.map(|steps| steps as f64 * step);
            write!(f, " ({least:.2} to {most:.2} s, median {median:.2} s)")?;
        }
        writeln!(f)?;
        if let Some(frames) = &self.frames {
            writeln!(f, "  frames    {frames}")?;
        }
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
