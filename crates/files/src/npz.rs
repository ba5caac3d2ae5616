//! `.npz`: a ZIP archive with an array of NumPy in each entry.

use std::io::{Read, Seek};

use zip::ZipArchive;

use crate::npy::{self, Array};

/// An archive of arrays; of what it is read from no more is held than an array needs.
pub struct Archive<R>(ZipArchive<R>);

impl<R: Read + Seek> Archive<R> {
    /// Of the bytes of a file.
    ///
    /// # Errors
    ///
    /// Where they are no archive.
    pub fn open(bytes: R) -> Result<Self, String> {
        ZipArchive::new(bytes).map(Self).map_err(|error| format!("no ZIP archive: {error}"))
    }

    /// The names of its arrays, without `.npy`, in the order of the archive.
    pub fn names(&self) -> Vec<String> {
        self.0.file_names().filter_map(|name| name.strip_suffix(".npy")).map(String::from).collect()
    }

    /// One of its arrays, to be read from its beginning to its end; more than `most` bytes are refused.
    ///
    /// # Errors
    ///
    /// What is wrong with it; what is wrong further on is told by [`told`].
    pub fn reader(&mut self, name: &str, most: u64) -> Result<npy::Reader<impl Read>, String> {
        let entry = self.0.by_name(&format!("{name}.npy")).map_err(|error| told(name, error.to_string()))?;
        let size = entry.size();
        if size > most {
            return Err(told(name, format!("it holds more than {most} bytes")));
        }
        npy::Reader::open(entry, size).map_err(|reason| told(name, reason))
    }

    /// A whole array; more than `most` bytes are refused.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn array(&mut self, name: &str, most: u64) -> Result<Array, String> {
        self.reader(name, most)?.array().map_err(|reason| told(name, reason))
    }
}

/// What is wrong with an array of an archive.
pub fn told(name: &str, reason: String) -> String {
    format!("`{name}.npy` in the archive: {reason}")
}
