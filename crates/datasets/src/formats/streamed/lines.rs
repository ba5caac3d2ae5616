//! Which line a place of a file is on.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::error::DataError;

/// Counts the lines of a file as far as they are asked for; places come in their order.
pub(super) struct Lines {
    path: PathBuf,
    file: Option<BufReader<File>>,
    place: u64,
    line: u64,
}

impl Lines {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_path_buf(), file: None, place: 0, line: 1 }
    }

    /// The line of the first letter behind a place that ends no line.
    pub(super) fn at(&mut self, place: u64) -> Result<u64, DataError> {
        let broken = |error: std::io::Error| DataError::file(&self.path, &error);
        let mut file = match self.file.take() {
            Some(file) => file,
            None => BufReader::new(File::open(&self.path).map_err(broken)?),
        };
        loop {
            let bytes = file.fill_buf().map_err(broken)?;
            let ends = |byte: u8| matches!(byte, b'\r' | b'\n');
            let before = usize::try_from(place.saturating_sub(self.place)).unwrap_or(usize::MAX).min(bytes.len());
            let taken = before + bytes[before..].iter().take_while(|byte| ends(**byte)).count();
            let done = taken < bytes.len() || bytes.is_empty();
            self.line += bytes[..taken].iter().filter(|byte| **byte == b'\n').count() as u64;
            self.place += taken as u64;
            file.consume(taken);
            if done {
                self.file = Some(file);
                return Ok(self.line);
            }
        }
    }
}
