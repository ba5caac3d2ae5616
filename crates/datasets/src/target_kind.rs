//! How the targets of data are read.

use serde::{Deserialize, Serialize};

/// What is to be learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// A class each sequence.
    Classify,
    /// Any number of classes each sequence.
    MultiLabel,
    /// A class each step.
    Tag,
    /// A number each sequence.
    Regress,
    /// The steps that follow each window of a recording.
    Forecast,
    /// Another sequence for each sequence.
    SequenceToSequence,
    /// A transcript for each sequence: a text that is shorter, cut into characters.
    Transcribe,
    /// Nothing of the targets.
    Unsupervised,
}
