//! Files of sound, packed or not, within the limits of all files.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use semiseq_audio::Sound;
use semiseq_schema::open;

use crate::formats::decode::bytes;
use crate::formats::limit::{GZIP, most_bytes};
use crate::guard::guarded;

/// Bytes that tell a format.
const LOOKED_AT: u64 = 12;

/// Whether a file begins as one of sound that is read.
pub(super) fn is_sound(path: &Path) -> bool {
    let mut begin = Vec::new();
    let read = open(path).and_then(|file| file.take(LOOKED_AT).read_to_end(&mut begin));
    read.is_ok() && semiseq_audio::is_sound(&begin)
}

/// The rate of a file in Hz, by its header alone.
///
/// # Errors
///
/// What is wrong with it, without its name.
pub(super) fn rate(path: &Path) -> Result<u32, String> {
    let unread = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_string(),
        _ => error.to_string(),
    };
    let mut reader = BufReader::new(open(path).map_err(unread)?);
    let packed = reader.fill_buf().map_err(unread)?.starts_with(&GZIP);
    guarded(|| match packed {
        true => semiseq_audio::rate(MultiGzDecoder::new(reader)),
        false => semiseq_audio::rate(reader),
    })?
}

/// The samples of a file.
///
/// # Errors
///
/// What is wrong with it, without its name.
pub(super) fn sound(path: &Path) -> Result<Sound, String> {
    let name = format!("{}: ", path.display());
    let bytes = bytes(path).map_err(|error| {
        let lines = error.lines().join("; ");
        lines.strip_prefix(&name).map(String::from).unwrap_or(lines)
    })?;
    guarded(|| semiseq_audio::decode(&bytes, most_bytes() / size_of::<f32>() as u64))?
}
