//! Long recordings: a CSV or TSV table with a row a step (a date column is left out), or any format of series, each of
//! which is a recording.

use std::path::Path;

use super::csv::{Table, column_place};
use super::{ReadOptions, number, read as read_rows};
use crate::error::DataError;
use crate::sequence::{Sequence, Series};
use crate::windows::Recordings;

/// Reads recordings; the channel that `options.target` names comes first.
///
/// # Errors
///
/// Names the file, the line and what was expected.
pub(crate) fn read(path: &Path, format: Option<&str>, options: &ReadOptions) -> Result<Recordings, DataError> {
    std::fs::metadata(path).map_err(|error| DataError::file(path, &error))?;
    match format.or_else(|| super::guess(path)) {
        Some("csv") => table(path, b',', options),
        Some("tsv") => table(path, b'\t', options),
        _ => {
            let rows = read_rows(path, format, &ReadOptions::default())?;
            Ok(Recordings { notes: rows.notes, ..from_sequences(rows.name, rows.sequences, options)? })
        }
    }
}

/// Series as recordings.
///
/// # Errors
///
/// Text, or series of unequal channels.
pub(crate) fn from_sequences(
    name: String,
    sequences: Vec<Sequence>,
    options: &ReadOptions,
) -> Result<Recordings, DataError> {
    if let Some(target) = &options.target {
        return Err(DataError::new(
            format!("{name}: `data.target` names the column `{target}`, and only a CSV or TSV table has names"),
            "leave `data.target` out to forecast all channels",
        ));
    }
    let mut series = Vec::new();
    for (row, sequence) in sequences.into_iter().enumerate() {
        match sequence {
            Sequence::Series(one) if series.first().is_none_or(|first: &Series| first.channels == one.channels) => {
                series.push(one);
            }
            _ => {
                return Err(DataError::new(
                    format!("{name}: row {}: a recording is a series of as many channels as the first", row + 1),
                    "give numbers; windows are not cut out of text",
                ));
            }
        }
    }
    let channels = series.first().map_or(0, |series| series.channels);
    Ok(Recordings {
        name,
        columns: (1..=channels).map(|channel| channel.to_string()).collect(),
        series,
        notes: Vec::new(),
    })
}

fn table(path: &Path, delimiter: u8, options: &ReadOptions) -> Result<Recordings, DataError> {
    let Table { name, names, records, lines, notes } = Table::read(path, delimiter, options)?;
    let mut columns: Vec<usize> = if options.features.is_empty() {
        // A column of dates or names has no number in its first row.
        (0..names.len()).filter(|column| number(&records[0][*column]).is_ok()).collect()
    } else {
        let places = options.features.iter().map(|feature| column_place(&name, &names, "features", feature));
        places.collect::<Result<_, _>>()?
    };
    if let Some(target) = &options.target {
        let place = column_place(&name, &names, "target", target)?;
        columns.retain(|column| *column != place);
        columns.insert(0, place);
    }
    if columns.is_empty() {
        return Err(DataError::new(format!("{name}: no column holds numbers"), "name columns with `data.features`"));
    }
    let mut bad = Vec::new();
    let mut values = Vec::with_capacity(records.len() * columns.len());
    for (record, line) in records.iter().zip(&lines) {
        for column in &columns {
            match number(&record[*column]) {
                Ok(value) => values.push(value.unwrap_or(f32::NAN)),
                Err(reason) => bad.push(format!("{name}:{line}: column `{}`: {reason}", names[*column])),
            }
        }
    }
    if !bad.is_empty() {
        return Err(DataError::several(
            bad,
            "mend these cells, leave them empty, or choose columns with `data.features`",
        ));
    }
    let series = Series { values, channels: columns.len() };
    Ok(Recordings {
        name,
        columns: columns.iter().map(|column| names[*column].clone()).collect(),
        series: vec![series],
        notes,
    })
}

/// Rows from which a table with times is taken for a recording.
const LONG: usize = 50;

/// The columns and steps of a table that is a recording by its looks: times in the first column, numbers in all others.
pub(crate) fn looks_like(path: &Path, options: &ReadOptions) -> Option<(Vec<String>, usize)> {
    let delimiter = match super::guess(path)? {
        "csv" => b',',
        "tsv" => b'\t',
        _ => return None,
    };
    let Table { names, records, .. } = Table::read(path, delimiter, options).ok()?;
    let timed = |record: &csv::StringRecord| {
        let mut cells = record.iter();
        cells.next().is_some_and(is_time) && record.len() > 1 && cells.all(|cell| number(cell).is_ok())
    };
    (records.len() >= LONG && records.iter().take(LONG).all(timed)).then(|| (names[1..].to_vec(), records.len()))
}

/// A date, a time of day or both: digits with at least two separators.
fn is_time(cell: &str) -> bool {
    let separators = cell.chars().filter(|letter| "-/:.".contains(*letter)).count();
    let fits = |letter: char| letter.is_ascii_digit() || "-/:. TZ+".contains(letter);
    separators >= 2 && cell.starts_with(|letter: char| letter.is_ascii_digit()) && cell.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("semiseq-recording-{}-{name}.csv", std::process::id()));
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn the_column_to_forecast_comes_first_and_dates_are_left_out() {
        let path = file("dates", "date,load,heat\n2016-07-01,1,10\n2016-07-02,,20\n");
        let options = ReadOptions { target: Some("heat".into()), ..Default::default() };
        let read = read(&path, None, &options).unwrap();
        assert_eq!(read.columns, ["heat", "load"]);
        assert_eq!(read.series[0].values[..3], [10.0, 1.0, 20.0]);
        assert!(read.series[0].values[3].is_nan());
    }

    #[test]
    fn a_table_with_times_is_told_from_other_tables() {
        let rows = |first: fn(usize) -> String| -> String {
            (0..60).map(|row| format!("{},{},{}\n", first(row), row, row * 2)).collect()
        };
        let found = |name: &str, first| {
            let path = file(name, &format!("when,a,b\n{}", rows(first)));
            looks_like(&path, &ReadOptions::default())
        };
        assert_eq!(
            found("times", |row| format!("2016-07-01 {row:02}:00:00")),
            Some((vec!["a".into(), "b".into()], 60))
        );
        assert_eq!(found("days", |row| format!("{row}/7/2016")), Some((vec!["a".into(), "b".into()], 60)));
        assert_eq!(found("words", |row| format!("word {row}")), None);
        assert_eq!(found("numbers", |row| row.to_string()), None);
    }

    #[test]
    fn bad_cells_and_unknown_columns_are_named() {
        let path = file("bad", "a,b\n1,2\nx,3\n");
        let message = read(&path, None, &ReadOptions::default()).unwrap_err().to_string();
        assert!(message.contains(":3: column `a`: `x` is not a number"), "{message}");
        let options = ReadOptions { target: Some("c".into()), ..Default::default() };
        let message = read(&path, None, &options).unwrap_err().to_string();
        assert!(message.contains("no column `c`, which `data.target` names"), "{message}");
    }
}
