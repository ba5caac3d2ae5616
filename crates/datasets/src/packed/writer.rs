//! Writes a packed file, row by row.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::DataError;
use crate::packed::failure::Failure;
use crate::packed::file::PackedFile;
use crate::packed::layout::{self, LayoutKind, TARGET, Tail};
use crate::sequence::{Sequence, Target};

/// A packed file that is being written. Where a row stands is kept in memory alone where rows differ in length.
pub(crate) struct PackedWriter {
    path: PathBuf,
    file: BufWriter<File>,
    head: Option<(LayoutKind, usize)>,
    tail: Tail,
    places: Vec<u8>,
    failure: Failure,
    payload: Vec<u8>,
}

impl PackedWriter {
    pub(super) fn create(path: &Path, failure: &Failure) -> Result<Self, DataError> {
        let mut writer = Self {
            path: path.to_path_buf(),
            file: BufWriter::with_capacity(1 << 20, File::create(path).map_err(|error| unwritten(path, &error))?),
            head: None,
            tail: Tail::default(),
            places: Vec::new(),
            failure: failure.clone(),
            payload: Vec::new(),
        };
        // Its place; what it says is known with the first row.
        writer.write(&[0; layout::HEAD])?;
        Ok(writer)
    }

    /// Rows so far.
    pub(super) fn rows(&self) -> usize {
        self.tail.rows as usize
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// A full disk, or a sequence of another kind than those before.
    pub(super) fn push(&mut self, sequence: &Sequence) -> Result<(), DataError> {
        let sequence = sequence.loaded();
        let row = self.rows();
        self.payload.clear();
        let (kind, channels) = match sequence.as_ref() {
            Sequence::Text(text) => {
                self.payload.extend_from_slice(text.as_bytes());
                (LayoutKind::Text, 0)
            }
            Sequence::Tokens(tokens) => {
                self.payload.extend(tokens.iter().flat_map(|token| token.to_le_bytes()));
                (LayoutKind::Tokens, 0)
            }
            series => {
                let (values, channels) = series.values().unwrap_or_default();
                self.payload.extend(values.iter().flat_map(|value| value.to_le_bytes()));
                (LayoutKind::Series, channels)
            }
        };
        if *self.head.get_or_insert((kind, channels)) != (kind, channels) {
            return Err(DataError::new(
                format!("row {} is of another kind or of other channels than the rows before", row + 1),
                "the sequences of a data set are of one kind; `semiseq data check` finds such rows",
            ));
        }
        let length = sequence.len() as u64;
        let bytes = (self.payload.len() + layout::CHECK) as u64;
        if row == 0 {
            (self.tail.stride, self.tail.length) = (bytes, length);
        }
        if self.places.is_empty() && (bytes, length) != (self.tail.stride, self.tail.length) {
            let Tail { stride, length, .. } = self.tail;
            (1..=row as u64).for_each(|place| self.place(place * stride, length));
        }
        let check = layout::check(&self.payload, row);
        let payload = std::mem::take(&mut self.payload);
        self.write(&payload)?;
        self.payload = payload;
        self.write(&check)?;
        self.tail.rows += 1;
        self.tail.row_bytes += bytes;
        if !self.places.is_empty() || (bytes, length) != (self.tail.stride, self.tail.length) {
            self.place(self.tail.row_bytes, length);
        }
        Ok(())
    }

    fn place(&mut self, end: u64, length: u64) {
        self.places.extend(end.to_le_bytes());
        self.places.extend((length as u32).to_le_bytes());
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), DataError> {
        self.file.write_all(bytes).map_err(|error| unwritten(&self.path, &error))
    }

    /// Ends the file and opens it.
    ///
    /// # Errors
    ///
    /// A full disk, or targets that are sequences.
    pub(super) fn finish(mut self, targets: &[Target]) -> Result<PackedFile, DataError> {
        let (kind, channels) = self.head.unwrap_or((LayoutKind::Series, 0));
        let head = layout::head(kind, channels);
        let mut written = Vec::with_capacity(targets.len() * TARGET);
        for target in targets {
            written.extend(layout::target_bytes(target)?);
        }
        if !self.places.is_empty() {
            (self.tail.stride, self.tail.length) = (0, 0);
        }
        (self.tail.place_bytes, self.tail.target_bytes) = (self.places.len() as u64, written.len() as u64);
        let tail = self.tail.bytes();
        let digest = layout::digest(&[&head, &self.places, &written, &tail]);
        let places = std::mem::take(&mut self.places);
        for part in [&places[..], &written, &tail, &digest, layout::MAGIC] {
            self.write(part)?;
        }
        let Self { path, file, tail, failure, .. } = self;
        let ended = || -> io::Result<()> {
            use std::io::{Seek, SeekFrom};
            let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&head)?;
            file.sync_all()
        };
        ended().map_err(|error| unwritten(&path, &error))?;
        PackedFile::of(&path, kind, channels, tail, &places, failure)
    }
}

/// A file that cannot be written.
pub(super) fn unwritten(path: &Path, error: &io::Error) -> DataError {
    DataError::new(
        format!("{}: packed data cannot be written: {error}", path.display()),
        "make room there, or name another folder with `data.packed = \"FOLDER\"`; `packed = false` reads into memory",
    )
}
