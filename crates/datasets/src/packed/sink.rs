//! Where sequences go: into memory, or into a packed file.

use std::path::PathBuf;

use crate::error::DataError;
use crate::packed::failure::Failure;
use crate::packed::writer::PackedWriter;
use crate::sequence::{Sequence, Target};

/// Where the sequences of a part go.
pub(crate) enum Sink {
    Memory(Vec<Sequence>),
    File(PackedWriter),
}

/// Where prepared parts go.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    Memory,
    /// A file per part in this folder.
    Folder(PathBuf, Failure),
}

impl Default for Sink {
    fn default() -> Self {
        Self::Memory(Vec::new())
    }
}

impl Store {
    pub(crate) fn sink(&self, part: &str) -> Result<Sink, DataError> {
        match self {
            Self::Memory => Ok(Sink::Memory(Vec::new())),
            Self::Folder(folder, failure) => Sink::file(folder.join(part), failure),
        }
    }
}

impl Sink {
    pub(super) fn file(path: PathBuf, failure: &Failure) -> Result<Self, DataError> {
        Ok(Self::File(PackedWriter::create(&path, failure)?))
    }

    /// Sequences so far.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Memory(sequences) => sequences.len(),
            Self::File(writer) => writer.rows(),
        }
    }

    pub(crate) fn push(&mut self, sequence: Sequence) -> Result<(), DataError> {
        match self {
            Self::Memory(sequences) => {
                sequences.push(sequence);
                Ok(())
            }
            Self::File(writer) => writer.push(&sequence),
        }
    }

    /// The sequences; `targets` are written beside them.
    pub(crate) fn finish(self, targets: &[Target]) -> Result<Vec<Sequence>, DataError> {
        match self {
            Self::Memory(sequences) => Ok(sequences),
            Self::File(writer) => Ok(writer.finish(targets)?.sequences()),
        }
    }
}
