//! CSV and TSV: a row per series of numbers (wide), or a row per text. An empty label means unlabelled.

use std::path::Path;

use crate::error::DataError;
use crate::formats::table::cells_of_file::Table;
use crate::formats::table::cells_of_row::{joined, series};
use crate::formats::table::layout::{Layout, LayoutKind};
use crate::formats::table::names::{are_names, identifier_of_rows};
use crate::formats::table::rows_of_series::group_of;
use crate::formats::table::{Columns, choose, header, long};
use crate::formats::{Format, ReadOptions, Rows, streamed};
use crate::row_keys::RowKeys;
use crate::sequence::Sequence;

pub(super) const FORMAT: Format = Format {
    name: "csv",
    summary: "comma-separated table, a row per series or a text",
    endings: &["csv"],
    columns: true,
    read: read_commas,
};
pub(super) const TSV: Format = Format {
    name: "tsv",
    summary: "tab-separated table, a row per series or a text",
    endings: &["tsv", "tab"],
    columns: true,
    read: read_tabs,
};

pub(super) const LONG: Format = Format {
    name: "long",
    summary: "table with a row per step: series, time, channels",
    endings: &[],
    columns: true,
    read: read_long,
};

fn read_commas(path: &Path, options: &ReadOptions) -> Result<Rows, DataError> {
    read(path, b',', options)
}

fn read_tabs(path: &Path, options: &ReadOptions) -> Result<Rows, DataError> {
    read(path, b'\t', options)
}

fn read_long(path: &Path, options: &ReadOptions) -> Result<Rows, DataError> {
    let tabs = super::ending(path).is_some_and(|ending| TSV.endings.contains(&ending.as_str()));
    read(path, if tabs { b'\t' } else { b',' }, options)
}

fn read(path: &Path, delimiter: u8, options: &ReadOptions) -> Result<Rows, DataError> {
    match streamed::read(path, delimiter, options)? {
        Some(rows) => Ok(rows),
        None => rows_of(Table::read(path, delimiter, options)?, options),
    }
}

/// The sequences of a table, whatever file its cells are from.
pub(super) fn rows_of(mut table: Table, options: &ReadOptions) -> Result<Rows, DataError> {
    let mut notes = std::mem::take(&mut table.notes);
    let columns = columns(&table, options, &mut notes)?;
    let Table { name, names, named, records, lines, .. } = &table;
    if let Some(target) = columns.target.filter(|_| !*named && options.header.is_none()) {
        notes.extend(header::may_be_read_as_class(name, records.iter().map(|record| record[target].trim())));
    }
    let layout = Some(Layout::new(&columns, names, *named));
    let mut rows = Rows { name: name.clone(), notes, layout, ..Rows::default() };
    if columns.kind == LayoutKind::Long {
        let channels = long::read(&table, &columns, options, &mut rows)?;
        if let Some(layout) = &mut rows.layout {
            layout.channels = channels;
        }
        return Ok(rows);
    }
    let mut bad = Vec::new();
    // Rows that are predicted may have names where those of training had none.
    let free = |column: &usize| Some(*column) != columns.target && !columns.inputs.contains(column);
    let id = columns.id.or_else(|| identifier_of_rows(names, *named, free, &are_names(records)));
    let column = |place: Option<usize>| -> Vec<String> {
        place.iter().flat_map(|place| records.iter().map(|record| record[*place].trim().to_string())).collect()
    };
    rows.keys = RowKeys { ids: column(id), groups: column(group_of(&table, options)?) };
    for (record, line) in records.iter().zip(lines) {
        let label = columns.target.map_or("", |column| record[column].trim()).to_string();
        if columns.kind == LayoutKind::Text {
            rows.sequences.push(Sequence::Text(joined(record, &columns.inputs)));
            rows.labels.push(label);
            continue;
        }
        match series(record, &columns, names) {
            Ok(values) => rows.push_series(&values, 1, label),
            Err(reason) => bad.push(format!("{name}:{line}: {reason}")),
        }
    }
    if bad.is_empty() {
        Ok(rows)
    } else {
        Err(DataError::several(bad, "mend or remove these rows; a text column is named with `data.text`"))
    }
}

/// By what training saw; a training table by its names and looks.
fn columns(table: &Table, options: &ReadOptions, notes: &mut Vec<String>) -> Result<Columns, DataError> {
    let Table { name, names, named, records, .. } = table;
    if let Some(layout) = options.like.as_ref().filter(|layout| layout.is_of_a_table()) {
        return layout.find(name, names, *named, notes);
    }
    match long::columns(table, options, notes)? {
        Some(columns) => Ok(columns),
        None => choose::choose(name, names, *named, records, options, notes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::file;
    use crate::series::Series;

    #[test]
    fn a_wide_table_has_a_series_a_row_and_an_empty_label_is_none() {
        let path = file("wide.csv", "a,b,label\n1,2,x\n3,4,\n");
        let rows = read_commas(&path, &ReadOptions::default()).unwrap();
        assert_eq!(rows.sequences[1], Sequence::Series(Series { values: vec![3.0, 4.0], channels: 1 }));
        assert_eq!(rows.labels, ["x", ""]);
    }

    #[test]
    fn a_large_number_is_taken_off_in_double_precision() {
        let rows =
            read_commas(&file("large.csv", "t0,t1,label\n1600000000.25,1600000000.5,x\n"), &ReadOptions::default());
        let rows = rows.unwrap();
        let Sequence::Series(series) = &rows.sequences[0] else { panic!("a series") };
        assert_eq!((series.values[1] - series.values[0], rows.levels.of(0).len()), (0.25, 1));
    }

    #[test]
    fn a_table_of_texts_without_names_has_its_label_first() {
        let path = file("news.csv", "3,\"Title\",\"Some, text\\with\"\n1,\"Other\",\"More\"\n");
        let options =
            ReadOptions { target: Some("1".into()), features: vec!["2".into(), "3".into()], ..Default::default() };
        let rows = read_commas(&path, &options).unwrap();
        assert_eq!(rows.sequences[0], Sequence::Text("Title Some, text\\with".into()));
        assert_eq!(rows.labels, ["3", "1"]);
    }

    #[test]
    fn names_of_rows_and_groups_are_kept_and_no_input() {
        let text = "patient_id,visit,id,a,b,label\np,1,r1,1,2,x\np,2,r2,3,4,y\nq,1,r3,5,7,x\n";
        let options = ReadOptions { group: Some("patient_id".into()), ..Default::default() };
        let rows = read_commas(&file("keys.csv", text), &options).unwrap();
        assert_eq!(rows.keys.ids, ["r1", "r2", "r3"]);
        assert_eq!(rows.keys.groups, ["p", "p", "q"]);
        assert_eq!(rows.layout.as_ref().unwrap().input_names().collect::<Vec<_>>(), ["visit", "a", "b"]);
        // The rows that are predicted may have other names, and no group.
        let later = ReadOptions { like: rows.layout, ..options };
        let rows = read_commas(&file("later.csv", "visit,row_id,b,a\n1,9,2,1\n2,8,4,3\n"), &later).unwrap();
        assert_eq!((rows.keys.ids, rows.keys.groups.len()), (vec!["9".to_string(), "8".into()], 0));
        // A column that the config names and of which no value comes twice names rows, and no series.
        let options = ReadOptions { id: Some("who".into()), ..Default::default() };
        let rows = read_commas(&file("who.csv", "who,a,b,label\nanna,1,2,x\nbert,3,4,y\n"), &options).unwrap();
        assert_eq!((rows.keys.ids[1].as_str(), rows.sequences.len(), rows.sequences[0].len()), ("bert", 2, 2));
    }

    #[test]
    fn series_of_a_long_table_have_names_and_one_group() {
        let text = "id,time,x,patient,label\ns1,0,1,p,a\ns1,1,2,p,a\ns2,0,3,q,b\ns2,1,4,q,b\n";
        let options = ReadOptions { group: Some("patient".into()), ..Default::default() };
        let rows = read_commas(&file("long-keys.csv", text), &options).unwrap();
        assert_eq!(
            (&rows.keys.ids[..], &rows.keys.groups[..]),
            (&["s1".to_string(), "s2".into()][..], &["p".to_string(), "q".into()][..])
        );
        let message =
            read_commas(&file("parted.csv", text.replace("s1,1,2,p", "s1,1,2,q")), &options).unwrap_err().to_string();
        assert!(message.contains("parted.csv:3: `patient` is `q`, and `p` before in the same series"), "{message}");
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
        let message = read_commas(&file("both.csv", "a,b\n1,2\n"), &options).unwrap_err().in_full();
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
            bad.contains("bad.csv:2: column `b`: `inf` is not a finite number") && !bad.contains("bad.csv:3"),
            "{bad}"
        );
    }

    #[test]
    fn a_wrong_column_suggests_the_nearest() {
        let options = ReadOptions { target: Some("lable".into()), ..Default::default() };
        let message = read_commas(&file("column.csv", "a,b,label\n1,2,x\n"), &options).unwrap_err().in_full();
        assert!(message.contains("did you mean `label`?"), "{message}");
    }
}
