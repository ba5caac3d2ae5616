//! Readers of files. One file a format, one registry row each.

mod csv;
mod documents;
mod idx;
mod jsonl;
mod lines;
pub(crate) mod recordings;
mod ts;
mod ucr;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::error::DataError;
use crate::sequence::Sequence;

/// What a file says: sequences, and labels as text (empty: unlabelled).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Where they come from, for messages.
    pub name: String,
    /// The sequences.
    pub sequences: Vec<Sequence>,
    /// A label each, empty where there is none.
    pub labels: Vec<String>,
}

/// What the config says about columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Column of the text.
    pub text: Option<String>,
    /// Column of the label or number.
    pub target: Option<String>,
    /// Columns to use.
    pub features: Vec<String>,
    /// Whether the first row holds names.
    pub header: Option<bool>,
}

/// A file format.
pub struct Format {
    /// The name in configs.
    pub name: &'static str,
    /// What it is.
    pub summary: &'static str,
    /// Endings of file names, without `.gz`.
    pub endings: &'static [&'static str],
    read: fn(&Path, &ReadOptions) -> Result<Rows, DataError>,
}

/// All formats. Endings are tried in this order.
pub const FORMATS: &[Format] =
    &[ts::FORMAT, csv::FORMAT, csv::TSV, ucr::FORMAT, jsonl::FORMAT, idx::FORMAT, lines::FORMAT, documents::FORMAT];

pub use jsonl::read_from as read_jsonl;

/// Reads a file or folder; the format is `format`, or what the name tells.
///
/// # Errors
///
/// Names the file, the line, what was expected, and how to mend it; bad rows are reported together.
pub fn read(path: &Path, format: Option<&str>, options: &ReadOptions) -> Result<Rows, DataError> {
    std::fs::metadata(path).map_err(|error| DataError::file(path, &error))?;
    let format = match format.or_else(|| guess(path)) {
        Some(name) => FORMATS.iter().find(|format| format.name == name),
        None => None,
    };
    let Some(format) = format else {
        let known: Vec<String> =
            FORMATS.iter().map(|format| format!("`{}` ({})", format.name, format.summary)).collect();
        return Err(DataError::new(
            format!("{}: the name does not tell the format", path.display()),
            format!("write `format = \"…\"` with one of {}", known.join(", ")),
        ));
    };
    let rows = (format.read)(path, options)?;
    if rows.sequences.is_empty() {
        return Err(DataError::new(
            format!("{}: the file holds no sequence", path.display()),
            format!("expected {}", format.summary),
        ));
    }
    Ok(rows)
}

/// The format that a name tells; files without an ending are looked into.
pub fn guess(path: &Path) -> Option<&'static str> {
    if path.is_dir() {
        return if idx::is_folder(path) {
            Some("idx")
        } else if lines::is_folder(path) {
            Some("lines")
        } else {
            Some("documents")
        };
    }
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    if name.contains("idx3-ubyte") || name.contains("idx1-ubyte") {
        return Some("idx");
    }
    // The UCR archive's own files are tables without names whatever their ending says.
    if name.ends_with("_train.tsv") || name.ends_with("_test.tsv") {
        return Some("ucr");
    }
    let ending = Path::new(name).extension().map(|ending| ending.to_string_lossy().into_owned());
    match ending {
        Some(ending) => {
            FORMATS.iter().find(|format| format.endings.contains(&ending.as_str())).map(|format| format.name)
        }
        None => {
            text(path).ok().filter(|text| text.lines().next().is_some_and(|line| line.contains('\t'))).map(|_| "tsv")
        }
    }
}

/// A buffered reader of a file, unpacked where its name ends in `.gz`.
fn reader(path: &Path) -> Result<Box<dyn BufRead>, DataError> {
    let file = File::open(path).map_err(|error| DataError::file(path, &error))?;
    if path.extension().is_some_and(|ending| ending == "gz") {
        return Ok(Box::new(BufReader::new(MultiGzDecoder::new(file))));
    }
    Ok(Box::new(BufReader::new(file)))
}

/// All bytes of a file, unpacked.
fn bytes(path: &Path) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    reader(path)?.read_to_end(&mut bytes).map_err(|error| broken(path, &error))?;
    Ok(bytes)
}

/// The text of a file: UTF-8, or Latin-1 where it is not.
fn text(path: &Path) -> Result<String, DataError> {
    Ok(match String::from_utf8(bytes(path)?) {
        Ok(text) => text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_string),
        Err(error) => error.into_bytes().into_iter().map(char::from).collect(),
    })
}

fn broken(path: &Path, error: &std::io::Error) -> DataError {
    if path.extension().is_some_and(|ending| ending == "gz") {
        return DataError::new(
            format!("{}: the packed file is cut short or damaged: {error}", path.display()),
            "download it again and compare the checksum",
        );
    }
    DataError::file(path, error)
}

/// The files of a folder by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let entries = std::fs::read_dir(folder).map_err(|error| DataError::file(folder, &error))?;
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')))
        .collect();
    paths.sort();
    Ok(paths)
}

/// A value of a table; `None` where it is missing. Infinity is never a value.
fn number(text: &str) -> Result<Option<f32>, String> {
    let text = text.trim();
    if text.is_empty() || text == "?" || text.eq_ignore_ascii_case("nan") {
        return Ok(None);
    }
    match text.parse::<f32>() {
        Ok(value) if value.is_finite() => Ok(Some(value)),
        Ok(_) => Err(format!("`{text}` is not a finite number")),
        Err(_) => Err(format!("`{text}` is not a number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("semiseq-formats-{}", std::process::id())).join(name);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    pub(super) fn file(name: &str, text: &str) -> PathBuf {
        let path = folder("files").join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn an_empty_file_and_an_unknown_ending_say_what_is_expected() {
        let empty = read(&file("empty.txt", ""), None, &ReadOptions::default()).unwrap_err().to_string();
        assert!(empty.contains("holds no sequence") && empty.contains("UCR table"), "{empty}");
        let unknown = read(&file("data.xyz", "1 2"), None, &ReadOptions::default()).unwrap_err().to_string();
        assert!(unknown.contains("does not tell the format") && unknown.contains("`jsonl`"), "{unknown}");
    }

    #[test]
    fn a_missing_file_suggests_its_neighbour() {
        file("train.csv", "a\n1\n");
        let path = folder("files").join("trian.csv");
        let message = read(&path, None, &ReadOptions::default()).unwrap_err().to_string();
        assert!(message.contains("no such file") && message.contains("train.csv`?"), "{message}");
    }
}
