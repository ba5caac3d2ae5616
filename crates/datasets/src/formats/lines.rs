//! A folder with a file per class, a document per line (Pang & Lee's rt-polarity).

use std::path::Path;

use crate::error::DataError;
use crate::formats::decode::note_blank_lines;
use crate::formats::{Format, LOOKED_AT, ReadOptions, Rows, ends_in, files, text};
use crate::sequence::Sequence;

pub(super) const FORMAT: Format = Format {
    name: "lines",
    summary: "a folder with a text file per class, a document per line",
    endings: &["pos", "neg"],
    columns: false,
    read,
};

/// Whether a folder holds two or more files, and they are no documents of a known ending.
pub(super) fn is_folder(path: &Path) -> bool {
    let Ok(paths) = files(path) else { return false };
    let known = ["ts", "csv", "tsv", "jsonl", "json", "gz", "arff", "png", "md"];
    paths.len() >= 2 && paths.iter().all(|path| path.is_file() && !known.iter().any(|ending| ends_in(path, ending)))
}

fn read(path: &Path, _options: &ReadOptions) -> Result<Rows, DataError> {
    let mut rows = Rows { name: path.display().to_string(), names_of_files: true, ..Rows::default() };
    if !path.is_dir() {
        alone(path, &mut rows)?;
        return Ok(rows);
    }
    for path in files(path)? {
        let class = class_of(&path);
        let text = text(&path, &mut rows.notes)?;
        let mut blank = Vec::new();
        for (line, content) in text.lines().enumerate().map(|(index, content)| (index + 1, content.trim())) {
            if content.is_empty() {
                blank.push(line);
                continue;
            }
            rows.sequences.push(Sequence::Text(content.to_string()));
            rows.labels.push(class.clone());
        }
        note_blank_lines(&blank, text.lines().count(), &path.display().to_string(), &mut rows.notes);
    }
    Ok(rows)
}

/// Whether lines are no text per line by their looks: cells parted by spaces, most of them numbers, as R's
/// `write.table` writes.
pub(super) fn look_like_cells(begin: &str) -> bool {
    // The last line may be cut off.
    let whole = begin.rfind('\n').map_or("", |end| &begin[..end]);
    let lines: Vec<Vec<&str>> =
        whole.lines().map(|line| line.split_whitespace().collect()).skip(1).take(LOOKED_AT).collect();
    let Some(width) = lines.first().map(Vec::len) else { return false };
    let numbers = lines.iter().flatten().filter(|cell| cell.trim_matches('"').parse::<f64>().is_ok()).count();
    width >= 3 && lines.iter().all(|cells| cells.len() == width) && 2 * numbers > width * lines.len()
}

/// A file by itself has a row per line, blank lines among them, so that what is predicted can be joined back by its
/// number.
fn alone(path: &Path, rows: &mut Rows) -> Result<(), DataError> {
    let class = class_of(path);
    let class = if FORMAT.endings.contains(&class.as_str()) { class } else { String::new() };
    let text = text(path, &mut rows.notes)?;
    for line in text.trim_end().lines().map(str::trim) {
        rows.sequences.push(Sequence::Text(line.to_string()));
        rows.labels.push(class.clone());
    }
    if let Some(line) = text.trim_end().lines().position(|line| line.trim().is_empty()) {
        rows.notes.push(format!("{}:{}: a blank line is read as an empty text", path.display(), line + 1));
    }
    Ok(())
}

/// The ending names the class, or, where it only says that the file is text, the stem does.
fn class_of(path: &Path) -> String {
    let part = match path.extension() {
        Some(ending) if !ends_in(path, "txt") => Some(ending),
        _ => path.file_stem(),
    };
    part.map_or(String::new(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{file, folder};
    use crate::formats::guess;

    #[test]
    fn a_file_by_itself_is_a_text_a_line_without_a_label() {
        let path = file("texts.txt", "a fine day\n\nno more\u{2028} of it\r\n\n");
        assert_eq!(guess(&path), Some("lines"));
        let rows = read(&path, &ReadOptions::default()).unwrap();
        let texts = ["a fine day", "", "no more\u{2028} of it"].map(|text| Sequence::Text(text.into()));
        assert_eq!((&rows.sequences[..], &rows.labels[..]), (&texts[..], &[""; 3].map(String::from)[..]));
        assert!(rows.notes[0].contains("texts.txt:2: a blank line is read as an empty text"), "{:?}", rows.notes);
    }

    #[test]
    fn the_ending_is_the_class_and_latin_1_is_read() {
        let path = folder("lines");
        std::fs::write(path.join("rt.neg"), b"bad\n\nworse caf\xe9\n\n").unwrap();
        std::fs::write(path.join("rt.pos"), "good\n").unwrap();
        assert_eq!(guess(&path), Some("lines"));
        let rows = read(&path, &ReadOptions::default()).unwrap();
        assert_eq!(rows.labels, ["neg", "neg", "pos"]);
        assert_eq!(rows.sequences[1], Sequence::Text("worse café".into()));
        assert!(
            rows.notes[0].contains("rt.neg: the text is not UTF-8 and is read as Windows-1252"),
            "{:?}",
            rows.notes
        );
        assert!(rows.notes[1].contains("rt.neg:2: a blank line is no row"), "{:?}", rows.notes);
    }

    #[test]
    fn the_stem_is_the_class_where_the_ending_is_that_of_text() {
        assert_eq!(["a/pos.txt", "a/neg.TXT", "a/rt.pos"].map(|path| class_of(Path::new(path))), ["pos", "neg", "pos"]);
    }
}
