//! JSON lines: `{"text": "…", "label": "…"}` or `{"values": [[…], …], "label": 3}` a line.

use std::io::BufRead;
use std::path::Path;

use serde_json::Value;

use super::decode::{bytes, decoded, note_blank_lines, unpacked};
use super::limit::Limited;
use super::{Format, ReadOptions, Rows};
use crate::error::DataError;
use crate::labels;
use crate::sequence::{Sequence, Series};

pub(super) const FORMAT: Format = Format {
    name: "jsonl",
    summary: "a JSON object a line with `text` or `values`",
    endings: &["jsonl", "ndjson"],
    read,
};

const HINT: &str = "a line is `{\"text\": \"…\", \"label\": \"…\"}`, `{\"values\": [1.0, 2.0]}` or, with channels, `{\"values\": [[1.0, 2.0], [3.0, 4.0]]}` (a list a step)";

fn read(path: &Path, options: &ReadOptions) -> Result<Rows, DataError> {
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
    let mut rows = Rows { name: name.into(), ..Rows::default() };
    let text = decoded(bytes, name, &mut rows.notes)?;
    let mut bad = Vec::new();
    let mut blank = Vec::new();
    for (line, content) in text.lines().enumerate().map(|(index, content)| (index + 1, content)) {
        if content.trim().is_empty() {
            blank.push(line);
            continue;
        }
        match serde_json::from_str::<Value>(content)
            .map_err(|error| error.to_string())
            .and_then(|object| row(&object, options))
        {
            Ok((sequence, label)) => {
                rows.sequences.push(sequence);
                rows.labels.push(label);
            }
            Err(reason) => bad.push(format!("{name}:{line}: {reason}")),
        }
    }
    note_blank_lines(&blank, text.lines().count(), name, &mut rows.notes);
    if let Some(mark) = &options.missing {
        labels::without(&mut rows.labels, mark);
    }
    if bad.is_empty() { Ok(rows) } else { Err(DataError::several(bad, HINT)) }
}

fn row(object: &Value, options: &ReadOptions) -> Result<(Sequence, String), String> {
    let object = object.as_object().ok_or("not an object")?;
    let label = match object.get(options.target.as_deref().unwrap_or("label")) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(label)) => label.clone(),
        Some(label @ (Value::Number(_) | Value::Bool(_))) => label.to_string(),
        Some(_) => return Err("the label is neither text nor a number".into()),
    };
    let text_key = options.text.as_deref().unwrap_or("text");
    if let Some(text) = object.get(text_key) {
        let text = text.as_str().ok_or(format!("`{text_key}` is not text"))?;
        return Ok((Sequence::Text(text.to_string()), label));
    }
    let values = object.get("values").ok_or(format!("neither `{text_key}` nor `values`"))?;
    let steps =
        values.as_array().filter(|steps| !steps.is_empty()).ok_or("`values` is not a list with at least one step")?;
    let mut flat = Vec::new();
    let mut channels = None;
    for step in steps {
        let numbers = match step {
            Value::Array(numbers) => numbers.iter().map(one).collect::<Result<Vec<f32>, String>>()?,
            single => vec![one(single)?],
        };
        if *channels.get_or_insert(numbers.len()) != numbers.len() || numbers.is_empty() {
            return Err("steps of unequal width".into());
        }
        flat.extend(numbers);
    }
    Ok((Sequence::Series(Series { values: flat, channels: channels.unwrap_or(1) }), label))
}

fn one(value: &Value) -> Result<f32, String> {
    match value {
        Value::Null => Ok(f32::NAN),
        Value::Number(number) => number
            .as_f64()
            .map(|number| number as f32)
            .filter(|number| number.is_finite())
            .ok_or(format!("`{number}` is too large")),
        other => Err(format!("`{other}` is not a number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let packed = crate::formats::tests::packed(lines.as_bytes());
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
            .to_string();
        assert!(
            message.contains("x.jsonl:1: `\"x\"` is not a number")
                && message.contains("x.jsonl:2: neither `text` nor `values`"),
            "{message}"
        );
    }
}
