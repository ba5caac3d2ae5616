//! `.npz`: a ZIP archive with an array of NumPy in each entry.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use crate::npy::{self, Array};

/// An archive of arrays.
pub struct Archive<'a>(ZipArchive<Cursor<&'a [u8]>>);

impl<'a> Archive<'a> {
    /// Of the bytes of a file.
    ///
    /// # Errors
    ///
    /// Where they are no archive.
    pub fn open(bytes: &'a [u8]) -> Result<Self, String> {
        ZipArchive::new(Cursor::new(bytes)).map(Self).map_err(|error| format!("no ZIP archive: {error}"))
    }

    /// The names of its arrays, without `.npy`, in the order of the archive.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<(u64, String)> = Vec::new();
        for (place, name) in self.0.file_names().enumerate() {
            if let Some(name) = name.strip_suffix(".npy") {
                names.push((place as u64, name.to_string()));
            }
        }
        names.into_iter().map(|(_, name)| name).collect()
    }

    /// One of its arrays; more than `most` bytes are refused before memory is taken for them.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn array(&mut self, name: &str, most: u64) -> Result<Array, String> {
        let wrong = |reason: String| format!("`{name}.npy` in the archive: {reason}");
        let entry = self.0.by_name(&format!("{name}.npy")).map_err(|error| wrong(error.to_string()))?;
        let mut bytes = Vec::new();
        entry.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| wrong(error.to_string()))?;
        if bytes.len() as u64 > most {
            return Err(wrong(format!("it holds more than {most} bytes")));
        }
        npy::parse(&bytes).map_err(wrong)
    }
}
