//! The rows as a table with an empty column of labels, as `train` reads it.

use semiseq::prelude::*;
use serde_json::{Map, Value, json};

use crate::commands::{cell, tell_formulas};

/// A table whose cells of labels are filled in later.
pub(super) struct Table {
    header: Option<String>,
    /// What stands before the label of each row and behind it.
    pub(super) rows: Vec<[String; 2]>,
    /// What an empty cell is.
    pub(super) empty: &'static str,
    texts: Vec<String>,
}

/// Names of the columns.
struct Names {
    inputs: Vec<String>,
    target: String,
}

impl Table {
    /// `rows` are rows of `raw` with their scores.
    pub(super) fn new(
        run: &SavedRun,
        raw: &Dataset,
        rows: &[(usize, f64)],
        method: &str,
        as_lines: bool,
    ) -> Result<Self, Error> {
        let names = names(run, raw, rows);
        if as_lines {
            let lines = rows.iter().map(|(row, score)| line(raw, *row, *score, &names));
            return Ok(Self { header: None, rows: lines.collect(), empty: "null", texts: Vec::new() });
        }
        let texts: Vec<String> = rows.iter().filter_map(|(row, _)| text(&raw.sequences[*row])).collect();
        let has_ids = !raw.keys.ids.is_empty();
        let id = |row: usize| if has_ids { cell(raw.keys.id(row).unwrap_or_default()) + "," } else { String::new() };
        if texts.len() == rows.len() {
            let rows = rows
                .iter()
                .zip(&texts)
                .map(|((row, score), text)| [format!("{}{},", id(*row), cell(text)), format!(",{row},{score:.6}")]);
            let (first, target) = (cell(&names.inputs[0]), cell(&names.target));
            let header = format!("{}{first},{target},row,score", if has_ids { "id," } else { "" });
            return Ok(Self { header: Some(header), rows: rows.collect(), empty: "", texts });
        }
        let width = names.inputs.len();
        let mut lines = Vec::new();
        for (row, score) in rows {
            let Some((values, 1)) = raw.values_as_read(*row).filter(|(values, _)| values.len() == width) else {
                return Err(Error::input(
                    "a CSV holds series of one channel and one length",
                    "write `--output rows.jsonl`, which `train` reads too",
                ));
            };
            let values: Vec<String> = values.iter().map(|value| number(*value)).collect();
            // A column of numbers would be read as one more step.
            lines.push([id(*row), format!(",{row},{method}={score:.6},{}", values.join(","))]);
        }
        let inputs: Vec<String> = names.inputs.iter().map(|name| cell(name)).collect();
        let first = if has_ids { "id," } else { "" };
        let header = format!("{first}{},row,score,{}", cell(&names.target), inputs.join(","));
        Ok(Self { header: Some(header), rows: lines, empty: "", texts: Vec::new() })
    }

    /// The header with its line break; nothing for JSON lines.
    pub(super) fn header(&self) -> String {
        self.header.as_ref().map_or(String::new(), |header| format!("{header}\n"))
    }

    /// With empty cells.
    pub(super) fn text(&self) -> String {
        let rows = self.rows.iter().map(|[before, after]| format!("{before}{}{after}\n", self.empty));
        std::iter::once(self.header()).chain(rows).collect()
    }

    /// Says what spreadsheets would compute.
    pub(super) fn tell(&self) {
        tell_formulas(self.texts.iter().map(String::as_str));
    }
}

/// The names that the run's own table had, so that both go together as one source.
fn names(run: &SavedRun, raw: &Dataset, rows: &[(usize, f64)]) -> Names {
    let layout =
        run.processor().layout().filter(|layout| layout.input_names().all(|name| name.parse::<u64>().is_err()));
    let known: Vec<String> =
        layout.map(|layout| layout.input_names().map(str::to_string).collect()).unwrap_or_default();
    let target = layout.and_then(|layout| layout.target_name()).unwrap_or("label").to_string();
    let first = rows.first().map(|(row, _)| *row).unwrap_or_default();
    let inputs = match raw.values_as_read(first) {
        Some((values, channels)) => {
            let steps = values.len() / channels.max(1);
            if known.len() == steps { known } else { (0..steps).map(|step| format!("t{step}")).collect() }
        }
        None if known.len() == 1 => known,
        None => vec!["text".into()],
    };
    Names { inputs, target }
}

/// A row as an object: what stands before its label and behind it.
fn line(raw: &Dataset, row: usize, score: f64, names: &Names) -> [String; 2] {
    let mut object = Map::new();
    match (text(&raw.sequences[row]), raw.values_as_read(row)) {
        (Some(text), _) => {
            object.insert(names.inputs[0].clone(), json!(text));
        }
        (None, Some((values, channels))) => {
            object.insert("values".into(), shown_values(&values, channels));
        }
        (None, None) => {}
    }
    if let Some(id) = raw.keys.id(row) {
        object.insert("id".into(), json!(id));
    }
    object.insert("row".into(), json!(row));
    object.insert("score".into(), json!(score));
    let rest = Value::Object(object).to_string();
    [format!("{{{}:", Value::from(names.target.clone())), format!(",{}", &rest[1..])]
}

/// A list of numbers, or of lists where a step has several.
pub(super) fn shown_values(values: &[f64], channels: usize) -> Value {
    let number = |value: &f64| value.is_finite().then_some(*value);
    match channels {
        1 => json!(values.iter().map(number).collect::<Vec<_>>()),
        _ => {
            json!(values.chunks(channels.max(1)).map(|step| step.iter().map(number).collect()).collect::<Vec<Vec<_>>>())
        }
    }
}

/// The text of a row, and of tokens that the data numbered itself their numbers.
pub(super) fn text(sequence: &Sequence) -> Option<String> {
    match sequence {
        Sequence::Text(text) => Some(text.clone()),
        Sequence::Tokens(tokens) => Some(tokens.iter().map(u32::to_string).collect::<Vec<_>>().join(" ")),
        _ => None,
    }
}

/// With the digits that it has; what is missing is an empty cell.
fn number(value: f64) -> String {
    match value.is_finite() {
        true if f64::from(value as f32) == value => (value as f32).to_string(),
        true => value.to_string(),
        false => String::new(),
    }
}
