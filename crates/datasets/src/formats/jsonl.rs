//! JSON lines: `{"text": "…", "label": "…"}` or `{"values": [[…], …], "label": 3}` a line; or one list of such objects.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::path::Path;

use serde_json::Value;

use crate::error::DataError;
use crate::formats::decode::{bytes, decoded, note_blank_lines, unpacked};
use crate::formats::json_row::{self, Content, with_null};
use crate::formats::limit::Limited;
use crate::formats::streamed::is_large;
use crate::formats::streamed::json::each_line;
use crate::formats::table::layout::{Layout, LayoutKind};
use crate::formats::table::listed;
use crate::formats::{Format, ReadOptions, Rows};
use crate::label_names;
use crate::levels::leveled;
use crate::packed::{Sink, spool};
use crate::sequence::Sequence;

pub(super) const FORMAT: Format = Format {
    name: "jsonl",
    summary: "a JSON object per line with `text` or `values`",
    endings: &["jsonl", "ndjson", "json"],
    columns: true,
    read,
};

const HINT: &str = "a line is `{\"text\": \"…\", \"label\": \"…\"}`, `{\"values\": [1.0, 2.0]}` or, with channels, \
                    `{\"values\": [[1.0, 2.0], [3.0, 4.0]]}` (a list per step)";

fn read(path: &Path, options: &ReadOptions) -> Result<Rows, DataError> {
    if is_large(path) {
        let name = path.display().to_string();
        let mut reading = Reading { sink: spool::sink()?, ..Reading::of(&name) };
        let read = each_line(path, |line, content| {
            let read = parse(content).and_then(|object| reading.add(&object, options));
            read.unwrap_or_else(|reason| reading.bad.push(format!("{name}:{line}: {reason}")));
        });
        if let Some(read) = read? {
            note_blank_lines(&read.blank, read.lines, &name, &mut reading.rows.notes);
            return reading.done(options);
        }
    }
    parsed(bytes(path)?, &path.display().to_string(), options)
}

/// Reads JSON lines from anywhere, packed by gzip or not; `name` stands in messages.
///
/// # Errors
///
/// Names all bad lines.
pub fn read_from(reader: impl BufRead, name: &str, options: &ReadOptions) -> Result<Rows, DataError> {
    parsed(unpacked(Limited::open_ended(reader), name)?, name, options)
}

fn parsed(bytes: Vec<u8>, name: &str, options: &ReadOptions) -> Result<Rows, DataError> {
    let mut reading = Reading::of(name);
    let text = decoded(bytes, name, &mut reading.rows.notes)?;
    // A whole file may be one list of objects, over many lines or in one.
    if let Some(Value::Array(items)) = text.trim_start().starts_with('[').then(|| parse(&text).ok()).flatten() {
        for (item, place) in items.iter().zip(1..) {
            reading.add(item, options).unwrap_or_else(|reason| {
                reading.bad.push(format!("{name}: item {place} of the list: {reason}"));
            });
        }
        return reading.done(options);
    }
    let mut blank = Vec::new();
    for (line, content) in text.lines().enumerate().map(|(index, content)| (index + 1, content)) {
        if content.trim().is_empty() {
            blank.push(line);
            continue;
        }
        let read = parse(content).and_then(|object| reading.add(&object, options));
        read.unwrap_or_else(|reason| reading.bad.push(format!("{name}:{line}: {reason}")));
    }
    note_blank_lines(&blank, text.lines().count(), name, &mut reading.rows.notes);
    reading.done(options)
}

/// As those of a file, of objects that another format holds.
pub(super) fn rows_of(
    objects: impl Iterator<Item = Value>,
    name: &str,
    options: &ReadOptions,
) -> Result<Rows, DataError> {
    let mut reading = Reading::of(name);
    for (object, row) in objects.zip(1..) {
        let read = reading.add(&object, options);
        read.unwrap_or_else(|reason| reading.bad.push(format!("{name}: row {row}: {reason}")));
    }
    reading.done(options)
}

/// The value of a line.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).or_else(|error| {
        let mended = with_null(text).ok_or_else(|| error.to_string())?;
        serde_json::from_str(&mended).map_err(|error| error.to_string())
    })
}

/// Rows so far.
#[derive(Default)]
struct Reading {
    rows: Rows,
    /// Where their sequences go.
    sink: Sink,
    bad: Vec<String>,
    /// What the first row was read from.
    first: Option<(LayoutKind, Vec<String>)>,
    /// Whether any row has the label's key.
    labelled: bool,
    /// Keys that nothing was read from.
    left_out: BTreeSet<String>,
}

impl Reading {
    fn of(name: &str) -> Self {
        Self { rows: Rows { name: name.into(), ..Rows::default() }, ..Self::default() }
    }

    fn add(&mut self, object: &Value, options: &ReadOptions) -> Result<(), String> {
        let row = json_row::read(object, options)?;
        let first = self.first.get_or_insert_with(|| (row.kind, row.keys.clone()));
        if first.1 != row.keys && !first.1.is_empty() && !row.keys.is_empty() {
            return Err(format!("read from {}, and the first row from {}", listed(&row.keys), listed(&first.1)));
        }
        let target = json_row::target(options);
        let text = |key: Option<&str>| match key.and_then(|key| json_row::at(object, key)) {
            Some(Value::String(text)) => text.clone(),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
            _ => String::new(),
        };
        let id = options.id.as_deref().unwrap_or("id");
        // What is packed is trained on, and names of rows are for predictions.
        if !spool::is_on() {
            self.rows.keys.ids.push(text(Some(id).filter(|id| !row.keys.iter().any(|key| key == id))));
            self.rows.keys.groups.push(text(options.group.as_deref()));
        }
        self.labelled |= json_row::at(object, target).is_some();
        for key in row.left_out(object, target) {
            if !self.left_out.contains(key) {
                self.left_out.insert(key.clone());
            }
        }
        let sequence = match row.content {
            Content::Values(values, channels) => {
                self.rows.codes.look(&values, channels);
                let (series, level) = leveled(&values, channels);
                self.rows.levels.push(self.sink.len(), level);
                Sequence::Series(series)
            }
            Content::Text(text) => Sequence::Text(text),
        };
        self.rows.labels.push(row.label);
        self.sink.push(sequence).map_err(|error| error.to_string())
    }

    fn done(mut self, options: &ReadOptions) -> Result<Rows, DataError> {
        if !self.bad.is_empty() {
            return Err(DataError::several(self.bad, HINT));
        }
        if let Some(target) = options.target.as_ref().filter(|_| !self.labelled && options.like.is_none()) {
            return Err(DataError::new(
                format!("{}: no row has the key `{target}`, which `data.target` names", self.rows.name),
                "a key within others is written `a.b`; leave `data.target` out where there is no label",
            ));
        }
        self.rows.sequences = self.sink.finish(&[])?;
        for texts in [&mut self.rows.keys.ids, &mut self.rows.keys.groups] {
            if texts.iter().all(String::is_empty) {
                texts.clear();
            }
        }
        // What training read is told once, and new rows may hold anything beside it.
        if options.like.is_none() && !self.left_out.is_empty() {
            let keys: Vec<String> = self.left_out.into_iter().collect();
            let mend = match self.labelled {
                true => "`data.features` chooses other keys",
                false => "no row has the key `label`: `data.target` names the key of the label",
            };
            self.rows.notes.push(format!("{}: left out: {}; {mend}", self.rows.name, listed(&keys)));
        }
        if let Some(mark) = &options.missing {
            label_names::without(&mut self.rows.labels, mark);
        }
        if let Some((kind, keys)) = self.first.filter(|(_, keys)| !keys.is_empty()) {
            self.rows.layout = Some(Layout::of_keys(kind, &keys, json_row::target(options)));
        }
        Ok(self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_groups_of_rows_are_kept() {
        let text = "{\"text\": \"a b\", \"id\": 7, \"who\": {\"name\": \"p\"}}\n{\"text\": \"c\"}\n";
        let options = ReadOptions { group: Some("who.name".into()), ..ReadOptions::default() };
        let rows = read_from(text.as_bytes(), "x.jsonl", &options).unwrap();
        assert_eq!(
            (rows.keys.ids, rows.keys.groups),
            (vec!["7".into(), String::new()], vec!["p".into(), String::new()])
        );
        let rows = read_from("{\"text\": \"a\"}".as_bytes(), "x.jsonl", &options).unwrap();
        assert_eq!(rows.keys, crate::row_keys::RowKeys::default());
    }

    #[test]
    fn a_file_that_is_one_list_is_read_and_so_is_nan() {
        let text = "[\n {\n  \"values\": [1, NaN],\n  \"label\": \"a\"\n },\n {\"values\": [2, 3]}]";
        let rows = read_from(text.as_bytes(), "x.json", &ReadOptions::default()).unwrap();
        assert_eq!(rows.labels, ["a", ""]);
        let Sequence::Series(series) = &rows.sequences[0] else { panic!("a series") };
        assert!(series.values[0] == 1.0 && series.values[1].is_nan());
        let message = read_from("[{\"txt\": 1}]".as_bytes(), "x.json", &ReadOptions::default()).unwrap_err().in_full();
        assert!(message.contains("item 1 of the list: neither `text` nor `values`; the keys are `txt`"), "{message}");
    }

    #[test]
    fn a_target_that_no_row_has_is_refused_but_not_in_new_rows() {
        let options = ReadOptions { target: Some("mood".into()), ..Default::default() };
        let message = read_from("{\"text\": \"a\"}".as_bytes(), "x", &options).unwrap_err().in_full();
        assert!(message.contains("no row has the key `mood`"), "{message}");
        let trained = read_from("{\"text\": \"a\", \"mood\": \"b\"}".as_bytes(), "x", &options).unwrap();
        let later = ReadOptions { like: trained.layout, ..options };
        assert_eq!(read_from("{\"text\": \"a\"}".as_bytes(), "x", &later).unwrap().labels, [""]);
    }

    #[test]
    fn keys_that_are_left_out_are_told() {
        let notes = |text: &str, options: &ReadOptions| read_from(text.as_bytes(), "x", options).unwrap().notes;
        let rows = "{\"text\": \"a\", \"sentiment\": \"x1\"}\n{\"text\": \"b\", \"sentiment\": \"x0\", \"id\": 2}\n";
        assert_eq!(
            notes(rows, &ReadOptions::default()),
            ["x: left out: `id`, `sentiment`; no row has the key `label`: `data.target` names the key of the label"]
        );
        let options = ReadOptions { target: Some("sentiment".into()), ..Default::default() };
        assert_eq!(notes(rows, &options), ["x: left out: `id`; `data.features` chooses other keys"]);
        let later = ReadOptions { like: read_from(rows.as_bytes(), "x", &options).unwrap().layout, ..options };
        assert_eq!(notes(rows, &later), [""; 0]);
        // Of a key within others the outermost is read.
        let options = ReadOptions { target: Some("of.mood".into()), ..Default::default() };
        assert_eq!(notes("{\"values\": {\"x\": [1, 2]}, \"of\": {\"mood\": \"a\"}}", &options), [""; 0]);
    }

    #[test]
    fn text_values_and_missing_labels() {
        let lines = "{\"text\": \"a b\", \"label\": 3}\n\n{\"values\": [[1, 2], [3, null]]}\n";
        let rows = read_from(lines.as_bytes(), "x", &ReadOptions::default()).unwrap();
        assert_eq!(rows.labels, ["3", ""]);
        let Sequence::Series(series) = &rows.sequences[1] else { panic!("a series") };
        assert_eq!((series.channels, series.time()), (2, 2));
        assert!(series.values[3].is_nan());
    }

    #[test]
    fn standard_input_may_begin_with_a_mark_or_be_packed() {
        let lines = "\u{feff}{\"text\": \"a\"}\r\n{\"text\": \"b\"}\r\n";
        let packed = crate::fixtures::packed(lines.as_bytes());
        for bytes in [lines.as_bytes(), &packed] {
            let rows = read_from(bytes, "standard input", &ReadOptions::default()).unwrap();
            assert_eq!(rows.sequences, [Sequence::Text("a".into()), Sequence::Text("b".into())]);
            assert_eq!(rows.notes, [""; 0]);
        }
    }

    #[test]
    fn a_blank_line_between_rows_is_told() {
        let rows = read_from("{\"text\": \"a\"}\n\n \n{\"text\": \"b\"}\n\n".as_bytes(), "x", &ReadOptions::default());
        assert_eq!(rows.unwrap().notes, ["x:2 (and in line 3): a blank line is no row and is left out"]);
    }

    #[test]
    fn bad_lines_are_named() {
        let message = read_from("{\"values\": [1, \"x\"]}\n{}\n".as_bytes(), "x.jsonl", &ReadOptions::default())
            .unwrap_err()
            .in_full();
        assert!(
            message.contains("x.jsonl:1: `\"x\"` is not a number")
                && message.contains("x.jsonl:2: neither `text` nor `values`"),
            "{message}"
        );
    }
}
