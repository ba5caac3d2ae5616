//! Readers of files. One file a format, one registry row each.

pub(crate) mod arff;
pub(crate) mod arrays;
pub(crate) mod audio;
pub(crate) mod cells;
pub(crate) mod columnar;
pub(crate) mod csv;
pub(crate) mod decode;
pub(crate) mod delimited;
pub(crate) mod documents;
pub(crate) mod events;
pub(crate) mod idx;
pub(crate) mod json_row;
pub(crate) mod jsonl;
pub(crate) mod limit;
pub(crate) mod lines;
pub(crate) mod numerals;
pub(crate) mod png;
pub(crate) mod quotes;
pub(crate) mod recordings;
pub(crate) mod regular;
pub(crate) mod separators;
pub(crate) mod signals;
pub(crate) mod streamed;
pub(crate) mod table;
pub(crate) mod ts;
pub(crate) mod ucr;

use std::path::{Path, PathBuf};

use decode::text;

use crate::codes::Codes;
use crate::error::DataError;
use crate::label_names;
use crate::levels::{Levels, leveled};
use crate::preparation::segment::SegmentConfig;
use crate::preparation::sessions::SessionsConfig;
use crate::row_keys::RowKeys;
use crate::sequence::{Dataset, Sequence, Target};
use semiseq_audio::SoundConfig;

/// What a file says: sequences, and labels as text (empty: unlabelled).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Rows {
    /// Where they come from, for messages.
    pub name: String,
    /// The sequences.
    pub sequences: Vec<Sequence>,
    /// A label each, empty where there is none.
    pub labels: Vec<String>,
    /// A label for each step of each sequence; empty where steps have none.
    pub steps: Vec<Vec<String>>,
    /// What was taken off the channels of series on a large number.
    pub levels: Levels,
    /// Numbers of series that may be codes for none.
    pub(crate) codes: Codes,
    /// Identifiers and groups, where the file has such.
    pub keys: RowKeys,
    /// Whether labels are names of folders or files, which are classes whatever they are: `NA` in a cell means none.
    pub names_of_files: bool,
    /// What was read otherwise than it may be meant, a line each, for people.
    pub notes: Vec<String>,
    /// Which columns of a table were read.
    pub layout: Option<Layout>,
    /// SHA-256 of the samples that frames of sound were made of; see [`Dataset::samples`](crate::Dataset::samples).
    pub samples: Option<String>,
}

impl Rows {
    /// Adds a series of values in double precision, row-major `[time, channels]`.
    fn push_series(&mut self, values: &[f64], channels: usize, label: String) {
        self.codes.look(values, channels);
        let (series, level) = leveled(values, channels);
        self.levels.push(self.sequences.len(), level);
        self.sequences.push(Sequence::Series(series));
        self.labels.push(label);
    }

    /// The data set of these rows with a target each.
    pub(crate) fn with_targets(self, targets: Vec<Target>, classes: Vec<String>) -> Dataset {
        Dataset {
            name: self.name,
            sequences: self.sequences,
            targets,
            classes,
            levels: self.levels,
            keys: self.keys,
            notes: self.notes,
            samples: self.samples,
        }
    }

    /// The rows of another file behind these, as those of one; what is told of it comes behind, too.
    pub(crate) fn join(&mut self, other: Self) {
        let rows = self.sequences.len();
        self.keys = std::mem::take(&mut self.keys).join(rows, other.keys, other.sequences.len());
        self.levels = std::mem::take(&mut self.levels).join(rows, other.levels);
        self.codes.join(&other.codes);
        self.sequences.extend(other.sequences);
        self.labels.extend(other.labels);
        self.steps.extend(other.steps);
        self.notes.extend(other.notes);
        self.names_of_files &= other.names_of_files;
        self.samples = self.samples.take().zip(other.samples).map(|(one, other)| format!("{one} {other}"));
    }
}

/// What the config says about columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadOptions {
    /// Column of the text.
    pub text: Option<String>,
    /// Column of the label or number.
    pub target: Option<String>,
    /// Columns to use.
    pub features: Vec<String>,
    /// Whether the first row holds names.
    pub header: Option<bool>,
    /// A label that means unlabelled, beside the usual marks.
    pub missing: Option<String>,
    /// Column that tells which rows belong together, and are never parted.
    pub group: Option<String>,
    /// Column that tells the series of a long table, or what a row of another is called.
    pub id: Option<String>,
    /// Column that tells the step of a long table, or of a recording.
    pub time: Option<String>,
    /// Whether a table is long; otherwise its looks tell.
    pub long: Option<bool>,
    /// Whether there has to be a label: then the last column of a table is one where nothing tells better.
    pub supervised: bool,
    /// Whether a label may be a list of labels.
    pub label_lists: bool,
    /// The order of an array's axes; see [`DataConfig::axes`](crate::DataConfig::axes).
    pub axes: Option<String>,
    /// What training saw: later tables are read by that.
    pub like: Option<Layout>,
    /// How recordings of signals are cut.
    pub segment: Option<SegmentConfig>,
    /// What sound is read as; absent: log-mel frames.
    pub sound: Option<SoundConfig>,
    /// How events become sessions.
    pub sessions: Option<SessionsConfig>,
}

impl ReadOptions {
    /// Whether the config or training says that rows are texts.
    fn reads_texts(&self) -> bool {
        self.text.is_some() || self.like.as_ref().is_some_and(|layout| layout.kind() == LayoutKind::Text)
    }
}

/// A file format.
#[non_exhaustive]
pub struct Format {
    /// The name in configs.
    pub name: &'static str,
    /// What it is.
    pub summary: &'static str,
    /// Endings of file names, without `.gz`.
    pub endings: &'static [&'static str],
    /// Whether there are columns, which keys of a config can name.
    pub columns: bool,
    read: fn(&Path, &ReadOptions) -> Result<Rows, DataError>,
}

/// All formats. Endings are tried in this order.
pub const FORMATS: &[Format] = &[
    ts::FORMAT,
    csv::FORMAT,
    csv::TSV,
    csv::LONG,
    ucr::FORMAT,
    jsonl::FORMAT,
    idx::FORMAT,
    lines::FORMAT,
    documents::FORMAT,
    audio::FORMAT,
    arrays::NPY,
    arrays::NPZ,
    arff::FORMAT,
    signals::EDF,
    signals::WFDB,
    png::FORMAT,
    columnar::PARQUET,
    columnar::ARROW,
    events::FORMAT,
];

pub(crate) use columnar::{arrow_objects, parquet_objects};
pub use decode::{read_text, text_of};
pub use events::{looks_like_events, read_sessions};
pub use jsonl::read_from as read_jsonl;
pub use table::{Layout, LayoutKind};

/// Lines that are told of one file or folder; the rest are counted.
const NOTES: usize = 8;

/// Reads a file or folder; the format is `format`, or what the name tells.
///
/// # Errors
///
/// Names the file, the line, what was expected, and how to mend it; bad rows are reported together.
pub fn read(path: &Path, format: Option<&str>, options: &ReadOptions) -> Result<Rows, DataError> {
    std::fs::metadata(path).map_err(|error| DataError::file(path, &error))?;
    let sound = options.like.as_ref().is_some_and(|layout| layout.kind() == LayoutKind::Audio) && path.is_dir();
    let documents = options.like.as_ref().is_some_and(|layout| layout.kind() == LayoutKind::Documents) && path.is_dir();
    let texts = options.like.as_ref().is_some_and(|layout| layout.kind() == LayoutKind::Text);
    let guessed = match guess(path) {
        _ if documents => Some(documents::FORMAT.name),
        _ if sound => Some(audio::FORMAT.name),
        // To a model of texts numbers are words.
        Some(name) if name == ucr::FORMAT.name && texts => Some(lines::FORMAT.name),
        guessed => guessed,
    };
    if format.is_none()
        && guessed == Some(lines::FORMAT.name)
        && path.is_file()
        && !texts
        && lines::look_like_cells(&decode::beginning(path))
    {
        return Err(DataError::new(
            format!("{}: a table whose cells are parted by spaces, by its looks, and no text per line", path.display()),
            "write it with commas or tabs (`write.csv` in R); for texts write `format = \"lines\"`",
        ));
    }
    let long = match format {
        Some("long") => Some(true),
        Some("csv" | "tsv") => Some(false),
        _ => options.long,
    };
    let options = &ReadOptions { long, ..options.clone() };
    let format = match format.or(guessed) {
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
    let mut rows = (format.read)(path, options)?;
    if guessed == Some(ts::FORMAT.name) && format.name == ts::FORMAT.name && by_ending(path) != guessed {
        rows.notes.push(format!("{}: read as a `.ts` file, as its first line says", path.display()));
    }
    if let Some(mark) = options.missing.as_ref().filter(|_| !rows.names_of_files) {
        label_names::without(&mut rows.labels, mark);
    }
    // A folder of thousands of documents may have a line for each; what is said of the whole comes last.
    if rows.notes.len() > NOTES {
        let more = rows.notes.drain(NOTES / 2..rows.notes.len() - NOTES / 2).count();
        rows.notes.push(format!("{}: and {more} more lines of this kind", path.display()));
    }
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
        return if columnar::is_folder(path) {
            Some(columnar::ARROW.name)
        } else if idx::is_folder(path) {
            Some("idx")
        } else if let Some(format) = signals::folder_format(path) {
            Some(format)
        } else if audio::folder::is_folder(path) {
            Some(audio::FORMAT.name)
        } else if png::is_folder(path) {
            Some(png::FORMAT.name)
        } else if lines::is_folder(path) {
            Some("lines")
        } else {
            Some("documents")
        };
    }
    let named = by_ending(path);
    // Binary files tell by their names alone; of other files the first bytes tell what no name should.
    let by_name = [
        idx::FORMAT.name,
        ts::FORMAT.name,
        audio::FORMAT.name,
        arrays::NPY.name,
        arrays::NPZ.name,
        arff::FORMAT.name,
        signals::EDF.name,
        signals::WFDB.name,
        png::FORMAT.name,
        columnar::PARQUET.name,
        columnar::ARROW.name,
    ];
    if by_name.map(Some).contains(&named) {
        return named;
    }
    let begin = decode::beginning(path);
    if ts::is_header(&begin) {
        return Some(ts::FORMAT.name);
    }
    let ending = ending(path);
    let silent = ending.as_deref().is_none_or(|ending| ["txt", "data", "dat"].contains(&ending));
    let found = match named {
        Some(name) if name != ucr::FORMAT.name => Some(name),
        // What such names promise is a table of the UCR archive; or whatever is inside.
        Some(_) => Some(by_content(&begin)),
        None => silent.then(|| by_content(&begin)),
    };
    let tables = [csv::FORMAT.name, csv::TSV.name, jsonl::FORMAT.name];
    match found {
        Some(name) if tables.contains(&name) && audio::manifest::looks_like(path, &begin) => Some(audio::FORMAT.name),
        found => found,
    }
}

/// Whether a file of a format has columns, which keys of a config can name.
pub(crate) fn has_columns(format: &Format, path: &Path) -> bool {
    format.columns && (format.name != audio::FORMAT.name || audio::has_columns(path))
}

/// Lines that are looked at to tell a format.
const LOOKED_AT: usize = 20;

/// The format of a file whose name does not tell: numbers are a table of the UCR archive, or one with names above them;
/// else tabs make a table, and a line is a text.
fn by_content(begin: &str) -> &'static str {
    // The last cell of a long beginning is cut off somewhere.
    let whole = begin.len() + 4 < decode::BEGINNING as usize;
    let end = begin.rfind([' ', '\t', '\n', ',', ';']).filter(|_| !whole).unwrap_or(begin.len());
    let lines: Vec<&str> = begin[..end].lines().filter(|line| !line.trim().is_empty()).take(LOOKED_AT).collect();
    let Some(first) = lines.first() else { return ucr::FORMAT.name };
    let numeric = |line: &&&str| {
        let mut cells = ucr::cells(line).1.skip(1).peekable();
        cells.peek().is_some()
            && cells.all(|cell| number(cell).is_ok() || cell.replace(',', ".").parse::<f64>().is_ok())
    };
    // Numbers below the name of a label are their own names: `label 0 1 2`.
    let named = ucr::cells(first).1.next().is_some_and(|cell| cell.len() > 1 && table::is_target(cell));
    let numbers = 2 * lines.iter().filter(numeric).count() > lines.len();
    match (first.contains('\t'), first.contains([',', ';', '|'])) {
        _ if first.starts_with('{') => jsonl::FORMAT.name,
        (tabs, marks) if numbers && ((numeric(&first) && !named) || !(tabs || marks)) => ucr::FORMAT.name,
        (true, _) => csv::TSV.name,
        (_, true) if numbers || table::header::has_known(first) || separators::part_numbers(&lines) => csv::FORMAT.name,
        _ => lines::FORMAT.name,
    }
}

/// The name of a file in small letters, without `.gz`.
fn plain_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    Some(name.strip_suffix(".gz").map_or(name.clone(), String::from))
}

/// The ending of a file's name in small letters, without `.gz`.
pub(crate) fn ending(path: &Path) -> Option<String> {
    let name = plain_name(path)?;
    Some(Path::new(&name).extension()?.to_string_lossy().into_owned())
}

/// The format that the name of a file tells.
pub(crate) fn by_ending(path: &Path) -> Option<&'static str> {
    let name = plain_name(path)?;
    if name.contains("idx3-ubyte") || name.contains("idx1-ubyte") {
        return Some("idx");
    }
    // The UCR archive's own files are tables without names whatever their ending says.
    if name.ends_with("_train.tsv") || name.ends_with("_test.tsv") {
        return Some("ucr");
    }
    let ending = ending(path)?;
    FORMATS.iter().find(|format| format.endings.contains(&ending.as_str())).map(|format| format.name)
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

/// Whether a name ends in this, in small or capital letters.
fn ends_in(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

/// Names of files in a message: the first few, and how many more.
fn named(paths: &[PathBuf]) -> String {
    let names: Vec<String> =
        paths.iter().take(3).filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())).collect();
    let more = if paths.len() > 3 { format!(" and {} more", paths.len() - 3) } else { String::new() };
    format!("{}{more}", names.join(", "))
}

/// Whether a cell of numbers says that there is none: the marks for a label that is not there, and a few more.
fn is_missing(cell: &str) -> bool {
    const MORE: [&str; 4] = ["-", "--", "none", "nil"];
    label_names::is_missing(cell) || MORE.iter().any(|mark| mark.eq_ignore_ascii_case(cell.trim()))
}

/// A value of a table; `None` where it is missing. Infinity is never a value.
fn number(text: &str) -> Result<Option<f32>, String> {
    exact(text).map(|value| value.map(|value| value as f32))
}

/// As [`number`], in double precision.
fn exact(text: &str) -> Result<Option<f64>, String> {
    let text = text.trim();
    if is_missing(text) {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(value) if (value as f32).is_finite() => Ok(Some(value)),
        Ok(_) => Err(format!("`{text}` is not a finite number")),
        Err(_) => Err(format!("`{text}` is not a number")),
    }
}

/// What `cargo xtask new format` writes, so that it compiles and its test runs.
#[cfg(test)]
#[path = "../../../../xtask/templates/format.rs"]
#[allow(dead_code, reason = "no list holds it here")]
mod skeleton;

#[cfg(test)]
mod tests {
    use super::*;
    pub(super) use crate::fixtures::{file, folder};

    #[test]
    fn an_empty_file_and_an_unknown_ending_say_what_is_expected() {
        let empty = read(&file("empty.txt", ""), None, &ReadOptions::default()).unwrap_err().in_full();
        assert!(empty.contains("holds no sequence") && empty.contains("UCR table"), "{empty}");
        let unknown = read(&file("data.xyz", "1 2"), None, &ReadOptions::default()).unwrap_err().in_full();
        assert!(unknown.contains("does not tell the format") && unknown.contains("`jsonl`"), "{unknown}");
    }

    #[test]
    fn notes_on_many_documents_are_counted() {
        let path = folder("many-notes").join("a");
        std::fs::create_dir_all(&path).unwrap();
        (0..12).for_each(|row| std::fs::write(path.join(format!("{row}.txt")), b"caf\xe9").unwrap());
        let notes = read(path.parent().unwrap(), None, &ReadOptions::default()).unwrap().notes;
        assert_eq!(notes.len(), 9);
        assert!(notes[8].ends_with("many-notes: and 4 more lines of this kind"), "{notes:?}");
    }

    #[test]
    fn a_missing_file_suggests_its_neighbour() {
        let path = file("train.csv", "a\n1\n").with_file_name("trian.csv");
        let message = read(&path, None, &ReadOptions::default()).unwrap_err().in_full();
        assert!(message.contains("no such file") && message.contains("train.csv`?"), "{message}");
    }
    #[test]
    fn names_that_do_not_tell_are_looked_into() {
        for (name, text, format) in [
            ("old_TRAIN", "1,0.5,0.25\n2,0.5,0.75\n", "ucr"),
            ("spaces.dat", "1 0.5 0.25\n2 0.5 0.75\n", "ucr"),
            ("named.txt", "label,t0,t1\n1,0.5,0.25\n2,0.5,0.75\n", "csv"),
            ("named2.txt", "label\tt0\tt1\n1\t0.5\t0.25\n2\t0.5\t0.75\n", "tsv"),
            ("counted.txt", "label\t0\t1\n1\t0.5\t0.25\n2\t0.5\t0.75\n", "tsv"),
            ("mood.txt", "good\ta fine day\nbad\tno more\n", "tsv"),
            ("mood_TRAIN.tsv", "good\ta fine day\nbad\tno more\n", "tsv"),
            ("table.txt", "text,label\n\"a, b\",x\n", "csv"),
            // A column of words behind the numbers, or several.
            ("words.txt", "t0,t1,kind\n0.5,0.25,up\n0.5,0.75,down\n", "csv"),
            ("words.data", "5.1,3.5,1.4,0.2,Iris-setosa\n7.0,3.2,4.7,1.4,Iris-versicolor\n", "csv"),
            ("europe.dat", "who;t0;t1;kind\na;0,5;0,25;up\nb;0,5;0,75;down\n", "csv"),
            ("bars", "t0|t1|kind\n0.5|NA|up\n0.5|0.75|down\n", "csv"),
            ("pair.txt", "x;kind\n0.5;up\n0.25;down\n", "csv"),
            ("quoted.txt", "t0,t1,kind\n1,2,\"so, so\"\n3,4,\"well, no\"\n", "csv"),
            ("commas.txt", "5, 6 or 7, not 8\nseven, 9 of 10, I say\n", "lines"),
            ("scores.txt", "no, it was bad\n10, a fine day\n9, not again\n", "lines"),
            ("prose.txt", "a fine day, so it was\n5 stars\n", "lines"),
            ("y.txt", "all of it, y\nnothing\n", "lines"),
            ("objects.data", "{\"text\": \"a\"}\n", "jsonl"),
        ] {
            assert_eq!(guess(&file(name, text)), Some(format), "{name}");
        }
        // A long line that is cut off where the look ends.
        let long: String = (0..4000).map(|step| format!(" 0.{step}")).collect();
        assert_eq!(guess(&file("wide.txt", format!("1{long}\n2{long}\n"))), Some("ucr"));
    }

    #[test]
    fn a_table_parted_by_spaces_is_no_text() {
        let path = file("write-table.txt", "\"t0\" \"t1\" \"label\"\n\"1\" 0.5 0.25 \"a\"\n\"2\" 0.5 0.75 \"b\"\n");
        let message = read(&path, None, &ReadOptions::default()).unwrap_err().in_full();
        assert!(message.contains("cells are parted by spaces") && message.contains("write.csv"), "{message}");
        assert_eq!(read(&path, Some("lines"), &ReadOptions::default()).unwrap().sequences.len(), 3);
        // Whatever the name promises.
        let rows: String = (0..60).map(|row| format!("0.{row} {row}.5 {}\n", row % 2)).collect();
        for name in ["spaces.csv", "spaces.tsv"] {
            let path = file(name, format!("t0 t1 label\n{rows}"));
            let message = read(&path, None, &ReadOptions::default()).unwrap_err().in_full();
            assert!(message.contains("cells are parted by spaces") && message.contains("`data.text`"), "{message}");
            let options = ReadOptions { text: Some("t0 t1 label".into()), ..Default::default() };
            assert_eq!(read(&path, None, &options).unwrap().sequences.len(), 60);
        }
    }
}
