//! Recordings of sound, WAV and FLAC: a folder per class, files without labels, or a manifest that names files, their
//! labels and stretches of them. What is read are frames (`semiseq-audio`): samples by themselves are thousands of
//! steps per second.

pub(crate) mod decode;
pub(crate) mod folder;
pub(crate) mod manifest;
mod reader;
pub(crate) mod series;

use std::path::{Path, PathBuf};

use crate::error::DataError;
use crate::formats::{Format, ReadOptions, Rows, ends_in};

pub(super) const FORMAT: Format = Format {
    name: "audio",
    summary: "WAV and FLAC: a folder per class, a file, or a table of paths",
    endings: &["wav", "wave", "flac"],
    columns: true,
    read,
};

/// Endings of sound that is not read, so that it is told how to convert it.
const OTHERS: [&str; 9] = ["mp3", "ogg", "opus", "m4a", "aac", "wma", "aif", "aiff", "sph"];

/// A recording, or a stretch of one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Clip {
    pub(crate) path: PathBuf,
    /// Empty where there is none.
    pub(crate) label: String,
    /// File and line of the manifest that names it.
    pub(crate) place: Option<String>,
    /// Its name and its group, where the manifest tells them.
    pub(crate) id: Option<String>,
    pub(crate) group: Option<String>,
    /// Where it begins and ends, in seconds.
    pub(crate) start: Option<f64>,
    pub(crate) end: Option<f64>,
}

impl Clip {
    fn whole(path: PathBuf, label: String) -> Self {
        Self { path, label, place: None, id: None, group: None, start: None, end: None }
    }
}

/// Which recordings there are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listing {
    pub(crate) clips: Vec<Clip>,
    /// Whether labels are names of folders.
    pub(crate) names_of_files: bool,
    /// The column of labels.
    pub(crate) target: Option<String>,
    /// Lines of a manifest that name nothing.
    pub(crate) bad: Vec<String>,
    pub(crate) notes: Vec<String>,
}

/// Whether a file is called as recordings are, packed or not.
fn is_named_so(path: &Path) -> bool {
    let bare = if ends_in(path, "gz") { path.with_extension("") } else { path.to_path_buf() };
    FORMAT.endings.iter().any(|ending| ends_in(&bare, ending))
}

/// Whether there are columns that keys of a config can name.
pub(super) fn has_columns(path: &Path) -> bool {
    !path.is_dir() && !is_named_so(path)
}

fn read(path: &Path, options: &ReadOptions) -> Result<Rows, DataError> {
    let listing = if path.is_dir() {
        folder::list(path)?
    } else if is_named_so(path) || decode::is_sound(path) {
        Listing { clips: vec![Clip::whole(path.to_path_buf(), String::new())], ..Listing::default() }
    } else {
        manifest::list(path, options)?
    };
    series::rows(path, listing, options)
}

#[cfg(test)]
mod tests {
    /// A WAV file of one `fmt ` and one `data` chunk.
    pub(super) fn wav_file(tag: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
        let block = channels * bits / 8;
        let mut fmt = [tag.to_le_bytes(), channels.to_le_bytes()].concat();
        fmt.extend([rate.to_le_bytes(), (rate * u32::from(block)).to_le_bytes()].concat());
        fmt.extend([block.to_le_bytes(), bits.to_le_bytes()].concat());
        let chunk = |name: &[u8; 4], body: &[u8]| [name, &(body.len() as u32).to_le_bytes()[..], body].concat();
        [&b"RIFF\0\0\0\0WAVE"[..], &chunk(b"fmt ", &fmt), &chunk(b"data", data)].concat()
    }
}
