//! The UCR archive's tables: a series a line, the label first; tabs, commas or spaces between. NaN is a
//! missing value, at the end of a line the padding of a shorter series.

use std::path::Path;

use super::{Format, ReadOptions, Rows, number, text};
use crate::error::DataError;
use crate::sequence::{Sequence, Series};

pub(super) const FORMAT: Format =
    Format { name: "ucr", summary: "UCR table, label first, no header", endings: &["txt"], read };

const HINT: &str = "a line is a label and then numbers, parted by tabs, commas or spaces; infinity is not a value";

fn read(path: &Path, _options: &ReadOptions) -> Result<Rows, DataError> {
    let name = path.display().to_string();
    let mut rows = Rows { name: name.clone(), ..Rows::default() };
    let mut bad = Vec::new();
    for (line, content) in text(path)?.lines().enumerate().map(|(index, content)| (index + 1, content)) {
        if content.trim().is_empty() {
            continue;
        }
        let mut cells = cells(content);
        let label = cells.next().unwrap_or("");
        match cells
            .map(|cell| number(cell).map(|value| value.unwrap_or(f32::NAN)))
            .collect::<Result<Vec<f32>, String>>()
        {
            Ok(mut values) => {
                let length = values.iter().rposition(|value| value.is_finite()).map_or(0, |last| last + 1);
                values.truncate(length);
                if values.is_empty() {
                    bad.push(format!("{name}:{line}: a label without values"));
                    continue;
                }
                rows.sequences.push(Sequence::Series(Series { values, channels: 1 }));
                rows.labels.push(class_name(label));
            }
            Err(reason) => bad.push(format!("{name}:{line}: {reason}")),
        }
    }
    if bad.is_empty() { Ok(rows) } else { Err(DataError::several(bad, HINT)) }
}

/// Between tabs or commas a cell may be empty: no label, or a missing value. Spaces stand in any number.
fn cells(line: &str) -> Box<dyn Iterator<Item = &str> + '_> {
    match ['\t', ','].into_iter().find(|mark| line.contains(*mark)) {
        Some(mark) => Box::new(line.split(mark).map(str::trim)),
        None => Box::new(line.split_whitespace()),
    }
}

/// Older files of the archive write the class 1 as `1.0000000e+00`.
fn class_name(label: &str) -> String {
    match label.parse::<f64>() {
        Ok(value) if value.fract() == 0.0 && value.abs() < 1e15 => format!("{value:.0}"),
        _ if label == "?" => String::new(),
        _ => label.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::tests::file;

    #[test]
    fn labels_come_first_and_trailing_nan_is_padding() {
        let path = file("a.txt", "  1.0000000e+00  0.5  -1.5\n2\t3\tNaN\n");
        let rows = read(&path, &ReadOptions::default()).unwrap();
        assert_eq!(rows.labels, ["1", "2"]);
        assert_eq!(rows.sequences[1], Sequence::Series(Series { values: vec![3.0], channels: 1 }));
    }

    #[test]
    fn an_empty_first_cell_is_no_label() {
        let rows = read(&file("b_TRAIN.tsv", "1\t0.5\t0.7\n\t0.25\t0.75\n"), &ReadOptions::default()).unwrap();
        assert_eq!(rows.labels, ["1", ""]);
        assert_eq!(rows.sequences[1].len(), 2);
    }

    #[test]
    fn an_empty_cell_between_is_a_missing_value() {
        let rows = read(&file("c.txt", "1,0.5,,0.7\n2,0.25,1,0.75\n"), &ReadOptions::default()).unwrap();
        let Sequence::Series(series) = &rows.sequences[0] else { panic!("a series") };
        assert!(series.values.len() == 3 && series.values[1].is_nan());
    }
}
