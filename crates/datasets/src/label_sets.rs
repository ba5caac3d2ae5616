//! Labels of sequences that have any number of them: a cell such as `sports;politics`, or a list of JSON.
//!
//! An empty cell means that nothing is known of the row. That none of the labels holds is written `[]`, or as the
//! separator alone.

use serde_json::Value;

use crate::error::DataError;
use crate::formats::Rows;
use crate::label_names;
use crate::sequence::{Dataset, Target};

/// Signs that often part labels.
const USUAL: [&str; 3] = [";", "|", ","];

/// Rows whose labels are sets of classes.
///
/// # Errors
///
/// Rows with a list that is none of JSON, or that holds something else than texts and numbers.
pub(crate) fn dataset(mut rows: Rows, separator: &str) -> Result<Dataset, DataError> {
    let mut bad = Vec::new();
    let sets: Vec<Option<Vec<String>>> = (1..)
        .zip(&rows.labels)
        .map(|(row, label)| {
            labels(label, separator).unwrap_or_else(|reason| {
                bad.push(format!("{}: row {row}: {reason}", rows.name));
                None
            })
        })
        .collect();
    if !bad.is_empty() {
        return Err(DataError::several(bad, "a cell that begins with `[` is a list of JSON, such as `[\"a\", \"b\"]`"));
    }
    let all: Vec<String> = sets.iter().flatten().flatten().cloned().collect();
    let (classes, numbers) = label_names::classes(&all);
    let mut numbers = numbers.into_iter();
    let targets = sets.iter().map(|set| match set {
        None => Target::Missing,
        Some(set) => {
            let mut held: Vec<usize> = numbers.by_ref().take(set.len()).flatten().collect();
            held.sort_unstable();
            held.dedup();
            Target::Labels(held)
        }
    });
    let targets = targets.collect();
    rows.notes.extend(other_separator(&rows, separator, &sets));
    rows.notes.extend(label_names::alike(&classes, &rows.name, "labels"));
    Ok(rows.with_targets(targets, classes))
}

/// The labels of a row, none of them empty; `None` where nothing is known of it.
fn labels(cell: &str, separator: &str) -> Result<Option<Vec<String>>, String> {
    let cell = cell.trim();
    if cell.is_empty() {
        return Ok(None);
    }
    if !cell.starts_with('[') {
        let parts = cell.split(separator).map(str::trim).filter(|label| !label.is_empty());
        return Ok(Some(parts.map(String::from).collect()));
    }
    let list: Vec<Value> = serde_json::from_str(cell).map_err(|_| format!("the label `{cell}` is no list of JSON"))?;
    let one = |label: Value| match label {
        Value::String(label) if !label.trim().is_empty() => Ok(label.trim().to_string()),
        Value::Number(label) => Ok(label.to_string()),
        Value::Bool(label) => Ok(label.to_string()),
        other => Err(format!("`{other}` in the list `{cell}` is no label")),
    };
    list.into_iter().map(one).collect::<Result<_, _>>().map(Some)
}

/// A line where no row has two labels by this separator, and many would have by another.
fn other_separator(rows: &Rows, separator: &str, sets: &[Option<Vec<String>>]) -> Option<String> {
    if sets.iter().flatten().any(|set| set.len() > 1) {
        return None;
    }
    let other = USUAL.into_iter().find(|other| rows.labels.iter().any(|label| label.trim().contains(other)))?;
    (other != separator).then(|| {
        format!(
            "{}: no row has two labels, and some hold `{other}`; where that parts them, set `data.labels.separator = \
             \"{other}\"`",
            rows.name
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::Sequence;

    fn read(cells: &[&str], separator: &str) -> Result<Dataset, DataError> {
        let labels: Vec<String> = cells.iter().map(ToString::to_string).collect();
        let rows = Rows {
            name: "x.csv".into(),
            sequences: vec![Sequence::Tokens(vec![1]); labels.len()],
            labels,
            ..Rows::default()
        };
        dataset(rows, separator)
    }

    #[test]
    fn unknown_none_and_several_are_told_apart() {
        let cells = ["b;a", "", "[]", ";", " a ; ; a", "[\"b\", 3]", "3.0;b"];
        let data = read(&cells, ";").unwrap();
        assert_eq!(data.classes, ["3", "a", "b"]);
        let some = |classes: &[usize]| Target::Labels(classes.to_vec());
        let expected = [some(&[1, 2]), Target::Missing, some(&[]), some(&[]), some(&[1]), some(&[0, 2]), some(&[0, 2])];
        assert_eq!(data.targets, expected);
        assert_eq!(data.class_counts(), [2, 2, 3]);
    }

    #[test]
    fn what_is_no_list_is_told_by_its_row() {
        let error = read(&["a", "['a', 'b']", "[{}]"], ";").unwrap_err().in_full();
        assert!(error.contains("x.csv: row 2: the label `['a', 'b']` is no list of JSON"), "{error}");
        assert!(error.contains("row 3: `{}` in the list `[{}]` is no label"), "{error}");
    }

    #[test]
    fn another_separator_is_asked_about() {
        assert!(read(&["a|b", "c"], ";").unwrap().notes[0].contains("`data.labels.separator = \"|\"`"));
        assert!(read(&["a|b", "c"], "|").unwrap().notes.is_empty());
        assert!(read(&["a|b", "c;d"], ";").unwrap().notes.is_empty());
    }
}
