//! The UCR archive's tables: a series per line, the label first; tabs, semicolons, commas or spaces between. NaN is a
//! missing value, at the end of a line the padding of a shorter series.

use std::path::Path;

use csv::StringRecord;

use crate::error::DataError;
use crate::formats::decode::note_blank_lines;
use crate::formats::numerals::with_point;
use crate::formats::table::layout::{Layout, LayoutKind};
use crate::formats::table::{Columns, header};
use crate::formats::{Format, ReadOptions, Rows, exact, text};

pub(super) const FORMAT: Format =
    Format { name: "ucr", summary: "UCR table, label first, no header", endings: &["txt"], columns: true, read };

const HINT: &str = "a line is a label and then numbers, parted by tabs, commas or spaces; infinity is not a value";

fn read(path: &Path, options: &ReadOptions) -> Result<Rows, DataError> {
    let name = path.display().to_string();
    let mut rows = Rows { name: name.clone(), ..Rows::default() };
    let mut bad = Vec::new();
    let mut blank = Vec::new();
    let mut commas = false;
    let text = text(path, &mut rows.notes)?;
    let lines = || text.lines().enumerate().map(|(index, content)| (index + 1, content));
    let names = lines().find(|(_, content)| !content.trim().is_empty()).filter(|_| options.header == Some(true));
    let is_row =
        |(line, content): &(usize, &str)| !content.trim().is_empty() && names.is_none_or(|(names, _)| *line != names);
    if options.header.is_none() {
        rows.notes.extend(may_be_names(&name, lines().filter(is_row)));
    }
    let mut widths = lines().filter(is_row).map(|(_, content)| cells(content).1.count());
    let width = widths.next().filter(|width| widths.all(|other| other == *width));
    let columns = columns(&name, width, options, &mut rows.notes)?;
    for (line, content) in lines() {
        if !is_row(&(line, content)) {
            blank.extend(content.trim().is_empty().then_some(line));
            continue;
        }
        let (mark, cells) = cells(content);
        let cells: Vec<&str> = cells.collect();
        let label = columns.target.map_or("", |target| cells[target]);
        let inputs: Vec<&str> = match width {
            Some(_) => columns.inputs.iter().map(|column| cells[*column]).collect(),
            None => cells[1..].to_vec(),
        };
        // Only a comma that does not part cells can be a decimal's.
        let pointed = |cell: &str| (mark != Some(',') && cell.contains(',')).then(|| with_point(cell)).flatten();
        let mut value = |cell: &str| {
            let cell = pointed(cell).inspect(|_| commas = true).unwrap_or_else(|| cell.into());
            exact(&cell).map(|value| value.unwrap_or(f64::NAN))
        };
        match inputs.into_iter().map(&mut value).collect::<Result<Vec<f64>, String>>() {
            Ok(mut values) => {
                let length = values.iter().rposition(|value| value.is_finite()).map_or(0, |last| last + 1);
                values.truncate(length);
                if values.is_empty() {
                    bad.push(format!("{name}:{line}: a label without values"));
                    continue;
                }
                rows.push_series(&values, 1, class_name(label));
            }
            Err(reason) => bad.push(format!("{name}:{line}: {reason}")),
        }
    }
    note_blank_lines(&blank, text.lines().count(), &name, &mut rows.notes);
    if commas {
        rows.notes.push(format!("{name}: decimals are written with a comma"));
    }
    if let Some(width) = width {
        rows.layout = Some(Layout::new(&columns, &numbered(width), false));
    }
    if bad.is_empty() { Ok(rows) } else { Err(DataError::several(bad, HINT)) }
}

/// A line on a first row that may hold the names of the columns: it has a class of its own, or counts in even steps.
fn may_be_names<'a>(name: &str, rows: impl Iterator<Item = (usize, &'a str)> + Clone) -> Option<String> {
    let labels = rows.clone().map(|(_, content)| cells(content).1.next().unwrap_or_default());
    let records =
        || -> Vec<StringRecord> { rows.take(header::SAMPLE).map(|(_, content)| cells(content).1.collect()).collect() };
    header::may_be_read_as_class(name, labels).or_else(|| header::may_be_names_of_numbers(name, &records()))
}

/// The label first; where training saw a table as wide as this one without its label, or with it elsewhere, as there.
fn columns(
    name: &str,
    width: Option<usize>,
    options: &ReadOptions,
    notes: &mut Vec<String>,
) -> Result<Columns, DataError> {
    let wide = options.like.as_ref().filter(|layout| layout.kind() == LayoutKind::Wide && layout.is_of_a_table());
    match (wide, width) {
        (Some(layout), Some(width)) => layout.find(name, &numbered(width), false, notes),
        _ => {
            let inputs = (1..width.unwrap_or(1)).collect();
            Ok(Columns { target: Some(0), inputs, padded: true, ..Columns::default() })
        }
    }
}

fn numbered(width: usize) -> Vec<String> {
    (1..=width).map(|column| column.to_string()).collect()
}

/// The mark that parts the cells of a line, where it is not spaces, and the cells. Between tabs, semicolons or commas a
/// cell may be empty: no label, or a missing value. Spaces stand in any number.
pub(super) fn cells(line: &str) -> (Option<char>, Box<dyn Iterator<Item = &str> + '_>) {
    let mark = ['\t', ';', ','].into_iter().find(|mark| line.contains(*mark));
    match mark {
        Some(mark) => (Some(mark), Box::new(line.split(mark).map(str::trim))),
        None => (None, Box::new(line.split_whitespace())),
    }
}

/// Older files of the archive write the class 1 as `1.0000000e+00`.
fn class_name(label: &str) -> String {
    match label.parse::<f64>() {
        Ok(value) if value.fract() == 0.0 && value.abs() < 1e15 => format!("{value:.0}"),
        _ => label.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::file;
    use crate::sequence::Sequence;
    use crate::series::Series;

    #[test]
    fn labels_come_first_and_trailing_nan_is_padding() {
        let path = file("a.txt", "  1.0000000e+00  0.5  -1.5\n2\t3\tNaN\n");
        let rows = read(&path, &ReadOptions::default()).unwrap();
        assert_eq!(rows.labels, ["1", "2"]);
        assert_eq!(rows.sequences[1], Sequence::Series(Series { values: vec![3.0], channels: 1 }));
    }

    #[test]
    fn decimal_commas_and_blank_lines_are_told() {
        let rows = read(&file("comma_TRAIN.tsv", "1\t0,5\t-1,25\n\n2\t3\t?\n\n"), &ReadOptions::default()).unwrap();
        assert_eq!(rows.sequences[0], Sequence::Series(Series { values: vec![0.5, -1.25], channels: 1 }));
        assert!(rows.notes[0].contains("comma_TRAIN.tsv:2: a blank line is no row"), "{:?}", rows.notes);
        assert!(rows.notes[1].contains("decimals are written with a comma"), "{:?}", rows.notes);
        let rows = read(&file("semicolon.txt", "a;0,5;1\nb;2;NA\n"), &ReadOptions::default()).unwrap();
        assert_eq!(rows.sequences[0], Sequence::Series(Series { values: vec![0.5, 1.0], channels: 1 }));
    }

    #[test]
    fn new_rows_need_no_label() {
        let trained = read(&file("l_TRAIN.txt", "1 0.5 0.25\n2 3 4\n"), &ReadOptions::default()).unwrap();
        let later = ReadOptions { like: trained.layout.clone(), ..Default::default() };
        let rows = read(&file("l.txt", "0.5 0.25\n3 4\n"), &later).unwrap();
        assert_eq!((&rows.sequences, &rows.labels[..]), (&trained.sequences, &["".to_string(), "".into()][..]));
        assert_eq!(read(&file("l_TRAIN.txt", "1 0.5 0.25\n2 3 4\n"), &later).unwrap().labels, ["1", "2"]);
        let message = read(&file("m.txt", "1 2 3 4 5\n"), &later).unwrap_err().in_full();
        assert!(message.contains("5 columns; the model was trained on a table of 3"), "{message}");
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

    #[test]
    fn a_first_row_that_may_be_names_is_told_and_can_be_left_out() {
        let body: String = (0..12).map(|row| format!("{}\t0.{row}\t1.{row}\t0.5\n", row % 2)).collect();
        let path = file("named_TRAIN.tsv", format!("label\t0\t1\t2\n{body}"));
        let rows = read(&path, &ReadOptions::default()).unwrap();
        assert_eq!(rows.sequences.len(), 13);
        assert!(rows.notes[0].contains("the first row has a class of its own, `label`"), "{:?}", rows.notes);
        let numbers = read(&file("counted_TRAIN.tsv", format!("0\t1\t2\t3\n{body}")), &ReadOptions::default()).unwrap();
        assert!(numbers.notes[0].contains("the first row, `0`, `1` …, counts in even steps"), "{:?}", numbers.notes);
        let named = ReadOptions { header: Some(true), ..Default::default() };
        let rows = read(&path, &named).unwrap();
        assert_eq!((rows.sequences.len(), &rows.labels[0][..], rows.notes.len()), (12, "0", 0));
        let plain = ReadOptions { header: Some(false), ..Default::default() };
        assert_eq!(read(&path, &plain).unwrap().notes, [""; 0]);
    }
}
