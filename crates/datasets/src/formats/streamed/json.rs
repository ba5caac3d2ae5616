//! The lines of a large file of JSON lines, one after the other.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::error::DataError;
use crate::formats::limit::{GZIP, Limited, check_size};
use crate::packed::spool;

/// What the lines of a file were like.
pub(in crate::formats) struct Read {
    /// Lines without a letter, by number.
    pub(in crate::formats) blank: Vec<usize>,
    /// Lines in all.
    pub(in crate::formats) lines: usize,
}

/// Hands on each line with its number; `None` where the file has to be read as a whole: packed by gzip, a single list,
/// another encoding than UTF-8.
///
/// # Errors
///
/// Where the file cannot be read.
pub(in crate::formats) fn each_line(path: &Path, mut take: impl FnMut(usize, &str)) -> Result<Option<Read>, DataError> {
    let broken = |error: std::io::Error| DataError::file(path, &error);
    let mut file = File::open(path).map_err(broken)?;
    check_size(path, &mut file)?;
    let mut file = BufReader::with_capacity(1 << 18, Limited::file(file, true));
    let left = |why: &str| {
        spool::tell(format!("{}: {why}", path.display()));
        Ok(None)
    };
    if file.fill_buf().map_err(broken)?.starts_with(&GZIP) {
        return left("packed by gzip");
    }
    let mut read = Read { blank: Vec::new(), lines: 0 };
    let mut bytes = Vec::new();
    let mut begun = false;
    loop {
        bytes.clear();
        if file.read_until(b'\n', &mut bytes).map_err(broken)? == 0 {
            return Ok(Some(read));
        }
        read.lines += 1;
        let Ok(text) = std::str::from_utf8(&bytes) else { return left("another encoding than UTF-8") };
        let text = if read.lines == 1 { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
        let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
        if text.contains(['\0', '\r']) {
            return left("a byte 0, or lines that end by a carriage return alone");
        }
        if text.trim().is_empty() {
            read.blank.push(read.lines);
            continue;
        }
        if !begun && text.trim_start().starts_with('[') {
            return left("a single list");
        }
        begun = true;
        take(read.lines, text);
    }
}
