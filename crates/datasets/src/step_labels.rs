//! Labels of steps: a list of JSON with one for each step of its sequence.

use serde_json::Value;

use crate::error::DataError;
use crate::formats::Rows;
use crate::label_names;
use crate::sequence::{Dataset, Sequence, Target, class_targets};

/// Rows whose labels are lists, one label for each step; a row without a list is unlabelled. Rows of other labels are
/// left to whoever asks whether they fit.
///
/// # Errors
///
/// Lists that are none, hold no labels, or are not as long as the series of their row.
pub(crate) fn dataset(mut rows: Rows) -> Result<Dataset, DataError> {
    if !rows.labels.iter().any(|label| label.starts_with('[')) {
        let (targets, classes) = class_targets(&rows.labels);
        return Ok(rows.with_targets(targets, classes));
    }
    let mut bad = Vec::new();
    let mut steps = Vec::with_capacity(rows.labels.len());
    for ((label, sequence), row) in rows.labels.iter().zip(&rows.sequences).zip(1..) {
        let found = list(label).and_then(|labels| match sequence {
            // What a text is cut into is not known yet.
            Sequence::Text(_) => Ok(labels),
            _ if labels.is_empty() || labels.len() == sequence.len() => Ok(labels),
            _ => Err(format!("{} labels for {} steps", labels.len(), sequence.len())),
        });
        steps.push(found.unwrap_or_else(|reason| {
            bad.push(format!("{}: row {row}: {reason}", rows.name));
            Vec::new()
        }));
    }
    if !bad.is_empty() {
        return Err(DataError::several(bad, "the label of a row is a list with one for each step: `[\"O\", \"B-x\"]`"));
    }
    rows.steps = steps;
    Ok(per_step(rows))
}

/// The labels of a row; none where it is unlabelled.
fn list(label: &str) -> Result<Vec<String>, String> {
    if label.is_empty() {
        return Ok(Vec::new());
    }
    let list: Vec<Value> = serde_json::from_str(label).map_err(|_| format!("the label `{label}` is no list"))?;
    let one = |label: Value| match label {
        Value::String(label) if !label_names::is_missing(&label) => Ok(label),
        Value::Number(label) => Ok(label.to_string()),
        Value::Bool(label) => Ok(label.to_string()),
        other => Err(format!("`{other}` among the labels of its steps is none")),
    };
    list.into_iter().map(one).collect()
}

/// Sequences with a class for each step; one of which no step has a label is unlabelled.
pub(crate) fn per_step(rows: Rows) -> Dataset {
    let labels: Vec<String> = rows.steps.iter().flatten().cloned().collect();
    let (classes, numbers) = label_names::classes(&labels);
    let mut numbers = numbers.into_iter().map(Option::unwrap_or_default);
    let target = |steps: &Vec<String>| match steps.is_empty() {
        true => Target::Missing,
        false => Target::Steps(numbers.by_ref().take(steps.len()).collect()),
    };
    let targets = rows.steps.iter().map(target).collect();
    rows.with_targets(targets, classes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::Series;

    fn read(labels: &[&str], lengths: &[usize]) -> Result<Dataset, DataError> {
        let series = |length: &usize| Sequence::Series(Series { values: vec![0.5; *length], channels: 1 });
        let labels = labels.iter().map(ToString::to_string).collect();
        let sequences = lengths.iter().map(series).collect();
        dataset(Rows { name: "x.jsonl".into(), sequences, labels, ..Rows::default() })
    }

    #[test]
    fn a_list_has_a_label_for_each_step() {
        let data = read(&["[\"O\",\"B-x\"]", "", "[\"O\"]"], &[2, 3, 1]).unwrap();
        assert_eq!(data.classes, ["B-x", "O"]);
        assert_eq!(data.targets, [Target::Steps(vec![1, 0]), Target::Missing, Target::Steps(vec![1])]);
        let error = read(&["[\"O\"]", "O", "[null]"], &[2, 1, 1]).unwrap_err().in_full();
        for said in ["row 1: 1 labels for 2 steps", "row 2: the label `O` is no list", "row 3: `null` among the labels"]
        {
            assert!(error.contains(said), "{error}");
        }
        assert_eq!(read(&["up", ""], &[2, 2]).unwrap().targets, [Target::Class(0), Target::Missing]);
    }
}
