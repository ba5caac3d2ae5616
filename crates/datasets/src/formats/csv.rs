//! CSV and TSV: a row a series of numbers (wide), or a row a text. An empty label means unlabelled.

use std::collections::HashSet;
use std::path::Path;

use csv::StringRecord;

use super::cells::{Cells, cells};
use super::{Format, ReadOptions, Rows, number};
use crate::error::{DataError, nearest};
use crate::sequence::{Sequence, Series};

pub(super) const FORMAT: Format = Format {
    name: "csv",
    summary: "comma-separated table, a row a series or a text",
    endings: &["csv"],
    read: read_commas,
};
pub(super) const TSV: Format = Format {
    name: "tsv",
    summary: "tab-separated table, a row a series or a text",
    endings: &["tsv", "tab"],
    read: read_tabs,
};

/// Names that a target column goes by.
const TARGETS: [&str; 5] = ["label", "target", "class", "y", "category"];
/// The name that a column of texts goes by.
const TEXT: &str = "text";

fn read_commas(path: &Path, options: &ReadOptions) -> Result<Rows, DataError> {
    read(path, b',', options)
}

fn read_tabs(path: &Path, options: &ReadOptions) -> Result<Rows, DataError> {
    read(path, b'\t', options)
}

/// The cells of a file, under the names of their columns.
pub(super) struct Table {
    pub(super) name: String,
    pub(super) names: Vec<String>,
    /// At least one, all of them as long as `names`.
    pub(super) records: Vec<StringRecord>,
    /// The line of each record.
    pub(super) lines: Vec<u64>,
    /// What was read otherwise than it may be meant.
    pub(super) notes: Vec<String>,
}

impl Table {
    pub(super) fn read(path: &Path, delimiter: u8, options: &ReadOptions) -> Result<Self, DataError> {
        let name = path.display().to_string();
        let mut notes = Vec::new();
        let Cells { mut records, mut lines } = cells(path, delimiter, &mut notes)?;
        if records.is_empty() {
            return Err(DataError::new(format!("{name}: the file is empty"), "expected a row a sequence"));
        }
        let width = records[0].len();
        let ragged: Vec<String> = records
            .iter()
            .zip(&lines)
            .filter(|(record, _)| record.len() != width)
            .map(|(record, line)| format!("{name}:{line}: {} columns, but the first row has {width}", record.len()))
            .collect();
        if !ragged.is_empty() {
            return Err(DataError::several(
                ragged,
                "a table has as many columns in each row; for series of unequal length use `.ts` or JSONL",
            ));
        }
        let has_header = options.header.unwrap_or_else(|| looks_like_header(&records, options));
        let names: Vec<String> = if has_header {
            lines.remove(0);
            records.remove(0).iter().map(|cell| cell.trim().to_string()).collect()
        } else {
            (1..=width).map(|column| column.to_string()).collect()
        };
        if records.is_empty() {
            return Err(DataError::new(
                format!("{name}: the file holds a header and no row"),
                "expected a row a sequence",
            ));
        }
        Ok(Self { name, names, records, lines, notes })
    }
}

/// Where the column stands that `data.KEY` names.
pub(super) fn column_place(file: &str, names: &[String], key: &str, wanted: &str) -> Result<usize, DataError> {
    names.iter().position(|name| name == wanted).ok_or_else(|| {
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        let hint = match nearest(wanted, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("columns: {}", known.iter().take(20).copied().collect::<Vec<_>>().join(", ")),
        };
        DataError::new(format!("{file}: there is no column `{wanted}`, which `data.{key}` names"), hint)
    })
}

fn read(path: &Path, delimiter: u8, options: &ReadOptions) -> Result<Rows, DataError> {
    let Table { name, names, records, lines, notes } = Table::read(path, delimiter, options)?;
    let columns = Columns::find(&name, &names, &records, options)?;

    let mut rows = Rows { name: name.clone(), notes, ..Rows::default() };
    let mut bad = Vec::new();
    for (record, line) in records.iter().zip(&lines) {
        let label = columns.target.map_or("", |column| record[column].trim());
        let sequence = if columns.texts {
            Ok(Sequence::Text(joined(record, &columns.inputs)))
        } else {
            series(record, &columns.inputs, &names)
        };
        match sequence {
            Ok(sequence) => {
                rows.sequences.push(sequence);
                rows.labels.push(label.to_string());
            }
            Err(reason) => bad.push(format!("{name}:{line}: {reason}")),
        }
    }
    if bad.is_empty() {
        Ok(rows)
    } else {
        Err(DataError::several(bad, "mend or remove these rows; a text column is named with `data.text`"))
    }
}

/// The first row holds names if a named column is among them, or if it has no number where the second has.
fn looks_like_header(records: &[StringRecord], options: &ReadOptions) -> bool {
    let first: HashSet<&str> = records[0].iter().map(str::trim).collect();
    let named = options
        .text
        .iter()
        .chain(&options.target)
        .chain(&options.features)
        .any(|name| first.contains(name.as_str()) && name.parse::<usize>().is_err());
    let number = |record: &StringRecord| record.iter().any(|cell| cell.trim().parse::<f32>().is_ok());
    // Among numbers, `y` and `class` are labels and not names.
    let known = !number(&records[0])
        && first.iter().any(|cell| TARGETS.contains(&cell.to_lowercase().as_str()) || cell.eq_ignore_ascii_case(TEXT));
    named || known || (records.len() > 1 && !number(&records[0]) && number(&records[1]))
}

struct Columns {
    target: Option<usize>,
    inputs: Vec<usize>,
    texts: bool,
}

impl Columns {
    fn find(file: &str, names: &[String], records: &[StringRecord], options: &ReadOptions) -> Result<Self, DataError> {
        let place = |key: &str, wanted: &str| column_place(file, names, key, wanted);
        // By what most cells hold, so that a bad cell is a bad cell and does not make the column one of texts.
        let numeric = |column: usize| {
            let cells = records.iter().take(50).map(|record| record[column].trim());
            let (count, numbers) = cells.fold((0, 0), |(count, numbers), cell| {
                (count + 1, numbers + usize::from(cell.is_empty() || cell.parse::<f32>().is_ok()))
            });
            2 * numbers >= count
        };
        let given: Vec<usize> =
            options.features.iter().map(|name| place("features", name)).collect::<Result<_, _>>()?;
        let text = match &options.text {
            Some(name) => Some(place("text", name)?),
            None if !given.is_empty() => None,
            None => names.iter().position(|name| name.eq_ignore_ascii_case(TEXT)).filter(|column| !numeric(*column)),
        };
        let named: Vec<usize> = text.iter().chain(&given).copied().collect();
        let target = match &options.target {
            Some(name) => Some(place("target", name)?),
            None => (0..names.len())
                .find(|column| TARGETS.contains(&names[*column].to_lowercase().as_str()) && !named.contains(column)),
        };
        if options.target.is_some()
            && let Some(column) = target.filter(|column| named.contains(column))
        {
            let key = if text == Some(column) { "text" } else { "features" };
            return Err(DataError::new(
                format!("{file}: `data.target` and `data.{key}` both name the column `{}`", names[column]),
                format!("leave it out of one of them: what is to be learned cannot be read from `data.{key}`"),
            ));
        }
        let others =
            |target: Option<usize>| (0..names.len()).filter(|column| Some(*column) != target).collect::<Vec<_>>();
        let texts = text.is_some()
            || if given.is_empty() {
                // Where no column is known to be the target, the last may be.
                let ends = usize::from(target.is_none());
                others(target).iter().rev().skip(ends).any(|column| !numeric(*column))
            } else {
                given.iter().any(|column| !numeric(*column))
            };
        // Without a name the label is the last column of numbers, and the first of texts; never an input.
        let target = target
            .or_else(|| match (texts, text) {
                _ if names.len() < 2 => None,
                (true, Some(text)) => others(Some(text)).first().copied().filter(|_| names.len() == 2),
                (true, None) => Some(0),
                (false, _) => Some(names.len() - 1),
            })
            .filter(|column| !named.contains(column));
        let inputs = if named.is_empty() { others(target) } else { named };
        Ok(Self { target, inputs, texts })
    }
}

/// The texts of several columns in one; a backslash at a line's end marks a line break in AG News.
fn joined(record: &StringRecord, columns: &[usize]) -> String {
    columns.iter().map(|column| record[*column].trim()).collect::<Vec<_>>().join(" ").replace('\\', " ")
}

fn series(record: &StringRecord, columns: &[usize], names: &[String]) -> Result<Sequence, String> {
    let value = |column: &usize| match number(&record[*column]) {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(format!("column `{}` holds no number (`{}`)", names[*column], record[*column].trim())),
        Err(reason) => Err(format!("column `{}`: {reason}", names[*column])),
    };
    let values = columns.iter().map(value).collect::<Result<Vec<f32>, String>>()?;
    if values.is_empty() {
        return Err("no column of values".into());
    }
    Ok(Sequence::Series(Series { values, channels: 1 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::tests::file;

    #[test]
    fn a_wide_table_has_a_series_a_row_and_an_empty_label_is_none() {
        let path = file("wide.csv", "a,b,label\n1,2,x\n3,4,\n");
        let rows = read_commas(&path, &ReadOptions::default()).unwrap();
        assert_eq!(rows.sequences[1], Sequence::Series(Series { values: vec![3.0, 4.0], channels: 1 }));
        assert_eq!(rows.labels, ["x", ""]);
    }

    #[test]
    fn a_table_of_texts_without_names_has_its_label_first() {
        let path = file("news.csv", "3,\"Title\",\"Some, text\\with\"\n1,\"Other\",\"More\"\n");
        let options =
            ReadOptions { target: Some("1".into()), features: vec!["2".into(), "3".into()], ..Default::default() };
        let rows = read_commas(&path, &options).unwrap();
        assert_eq!(rows.sequences[0], Sequence::Text("Title Some, text with".into()));
        assert_eq!(rows.labels, ["3", "1"]);
    }

    #[test]
    fn a_column_called_text_is_read_as_text() {
        let rows =
            read_commas(&file("tl.csv", "text,label\nhello you,a\nbye now,b\n"), &ReadOptions::default()).unwrap();
        assert_eq!(rows.sequences[0], Sequence::Text("hello you".into()));
        assert_eq!(rows.labels, ["a", "b"]);
    }

    #[test]
    fn a_text_column_and_features_are_read_as_one_text() {
        let options = ReadOptions { text: Some("title".into()), features: vec!["body".into()], ..Default::default() };
        let rows = read_commas(&file("tf.csv", "title,body,label\nhello,you,a\n"), &options).unwrap();
        assert_eq!(rows.sequences[0], Sequence::Text("hello you".into()));
    }

    #[test]
    fn an_input_is_never_the_label_too() {
        let options = ReadOptions { features: vec!["b".into(), "c".into()], ..Default::default() };
        let rows = read_commas(&file("leak.csv", "a,b,c\n1,2,3\n4,5,6\n"), &options).unwrap();
        assert_eq!(rows.labels, ["", ""]);
    }

    #[test]
    fn a_target_among_the_features_is_refused() {
        let options =
            ReadOptions { target: Some("b".into()), features: vec!["a".into(), "b".into()], ..Default::default() };
        let message = read_commas(&file("both.csv", "a,b\n1,2\n"), &options).unwrap_err().to_string();
        assert!(message.contains("`data.target` and `data.features` both name the column `b`"), "{message}");
    }

    #[test]
    fn a_label_called_y_is_no_header() {
        let rows = read_commas(&file("y.csv", "0.1,0.2,y\n0.3,0.4,n\n0.2,0.1,y\n"), &ReadOptions::default()).unwrap();
        assert_eq!(rows.labels, ["y", "n", "y"]);
    }

    #[test]
    fn tabs_do_not_quote() {
        let path = file("sms.tsv", "ham\tHe said \"hi\nspam\tWin now\n");
        let rows = read_tabs(&path, &ReadOptions::default()).unwrap();
        assert_eq!(rows.sequences[0], Sequence::Text("He said \"hi".into()));
        assert_eq!(rows.labels, ["ham", "spam"]);
    }

    #[test]
    fn ragged_rows_and_bad_numbers_are_named_by_line() {
        let ragged = read_commas(&file("ragged.csv", "a,b,label\n1,2,x\n3,x\n"), &ReadOptions::default())
            .unwrap_err()
            .to_string();
        assert!(ragged.contains("ragged.csv:3: 2 columns, but the first row has 3"), "{ragged}");
        let bad = read_commas(&file("bad.csv", "a,b,label\n1,inf,x\n3,NaN,y\n"), &ReadOptions::default())
            .unwrap_err()
            .to_string();
        assert!(
            bad.contains("bad.csv:2: column `b`: `inf` is not a finite number")
                && bad.contains("bad.csv:3: column `b` holds no number"),
            "{bad}"
        );
    }

    #[test]
    fn a_wrong_column_suggests_the_nearest() {
        let options = ReadOptions { target: Some("lable".into()), ..Default::default() };
        let message = read_commas(&file("column.csv", "a,b,label\n1,2,x\n"), &options).unwrap_err().to_string();
        assert!(message.contains("did you mean `label`?"), "{message}");
    }
}
