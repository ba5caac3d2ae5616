//! A folder with a file a class, a document a line (Pang & Lee's rt-polarity).

use std::path::Path;

use super::{Format, ReadOptions, Rows, files, text};
use crate::error::DataError;
use crate::sequence::Sequence;

pub(super) const FORMAT: Format = Format {
    name: "lines",
    summary: "a folder with a text file a class, a document a line",
    endings: &["pos", "neg"],
    read,
};

/// Whether a folder holds two or more files, and they are no documents of a known ending.
pub(super) fn is_folder(path: &Path) -> bool {
    let Ok(paths) = files(path) else { return false };
    let known = ["ts", "csv", "tsv", "jsonl", "json", "gz", "arff", "png", "md"];
    paths.len() >= 2
        && paths.iter().all(|path| {
            path.is_file() && !path.extension().is_some_and(|ending| known.contains(&&*ending.to_string_lossy()))
        })
}

fn read(path: &Path, _options: &ReadOptions) -> Result<Rows, DataError> {
    let paths = if path.is_dir() { files(path)? } else { vec![path.to_path_buf()] };
    let mut rows = Rows { name: path.display().to_string(), ..Rows::default() };
    for path in paths {
        let class = class_of(&path);
        for line in text(&path)?.lines().map(str::trim).filter(|line| !line.is_empty()) {
            rows.sequences.push(Sequence::Text(line.to_string()));
            rows.labels.push(class.clone());
        }
    }
    Ok(rows)
}

/// The ending names the class, or, where it only says that the file is text, the stem does.
fn class_of(path: &Path) -> String {
    let part = match path.extension() {
        Some(ending) if ending != "txt" => Some(ending),
        _ => path.file_stem(),
    };
    part.map_or(String::new(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{guess, tests::folder};

    #[test]
    fn the_ending_is_the_class_and_latin_1_is_read() {
        let path = folder("lines");
        std::fs::write(path.join("rt.neg"), b"bad\nworse caf\xe9\n").unwrap();
        std::fs::write(path.join("rt.pos"), "good\n").unwrap();
        assert_eq!(guess(&path), Some("lines"));
        let rows = read(&path, &ReadOptions::default()).unwrap();
        assert_eq!(rows.labels, ["neg", "neg", "pos"]);
        assert_eq!(rows.sequences[1], Sequence::Text("worse café".into()));
    }
}
