//! What a data set holds, for `semiseq data info`.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Serialize;

use crate::events::BETWEEN_ITEMS;
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
    /// `series`, `text`, `tokens`, `audio` or `sessions`.
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
    /// Different items of sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<usize>,
    /// Shortest, median and longest: steps of series and tokens, characters of text, items of sessions.
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

fn sorted(mut lengths: Vec<usize>) -> Vec<usize> {
    lengths.sort_unstable();
    lengths
}

fn least_median_most(lengths: &[usize]) -> [usize; 3] {
    let at = |place: usize| lengths.get(place).copied().unwrap_or(0);
    [at(0), at(lengths.len() / 2), at(lengths.len().saturating_sub(1))]
}

/// Classes that are listed for people.
const SHOWN: usize = 30;

/// Describes a raw data set.
pub fn describe(dataset: &Dataset) -> Description {
    let lengths = sorted(dataset.sequences.iter().map(Sequence::len).collect());
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
        items: None,
        lengths: least_median_most(&lengths),
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
    /// The same, of sessions, whose items are the lines of texts.
    #[must_use]
    pub fn of_sessions(self, dataset: &Dataset) -> Self {
        let texts = dataset.sequences.iter().filter_map(|sequence| match sequence {
            Sequence::Text(text) => Some(text.as_str()),
            _ => None,
        });
        let items: HashSet<&str> = texts.clone().flat_map(|text| text.split(BETWEEN_ITEMS)).collect();
        let lengths = sorted(texts.map(|text| text.split(BETWEEN_ITEMS).count()).collect());
        Self { kind: "sessions", items: Some(items.len()), lengths: least_median_most(&lengths), ..self }
    }

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
        let unit = match self.kind {
            "text" => "characters",
            "sessions" => "items",
            _ => "steps",
        };
        match self.items {
            Some(items) => writeln!(f, "{}: {} sessions of {items} items", shown(&self.name), self.sequences)?,
            None => writeln!(f, "{}: {} sequences of {}", shown(&self.name), self.sequences, self.kind)?,
        }
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
        if self.items.is_none() {
            writeln!(f, "  missing   {} values, {} labels", self.missing_values, self.unlabeled)?;
        }
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
