//! The rows of each series of a long table, and its label.

use std::collections::HashMap;

use crate::error::DataError;
use crate::formats::table::Columns;
use crate::formats::table::cells_of_file::Table;
use crate::formats::table::names::column_place;
use crate::formats::{ReadOptions, is_missing};
use crate::label_names;
use crate::row_keys::RowKeys;

/// The rows of each series as they stand; the cells of `keys` tell the series, which come in the order of their first
/// rows.
///
/// # Errors
///
/// Rows that lack one of these cells, by line: nothing tells which series they belong to.
pub(in crate::formats) fn series_of(table: &Table, keys: &[usize]) -> Result<Vec<Vec<usize>>, DataError> {
    let mut places = HashMap::new();
    let mut series: Vec<Vec<usize>> = Vec::new();
    let mut bad = Vec::new();
    for (row, record) in table.records.iter().enumerate() {
        let key: Vec<&str> = keys.iter().map(|key| record[*key].trim()).collect();
        if let Some(lacking) = keys.iter().find(|key| is_missing(&record[**key])) {
            bad.push(format!(
                "{}:{}: `{}` is missing, which tells the series",
                table.name, table.lines[row], table.names[*lacking]
            ));
            continue;
        }
        let next = series.len();
        let place = *places.entry(key).or_insert(next);
        if place == next {
            series.push(Vec::new());
        }
        series[place].push(row);
    }
    if bad.is_empty() {
        return Ok(series);
    }
    Err(DataError::several(bad, "fill it in, or remove these rows"))
}

/// Where the column of groups stands, which later tables may lack.
///
/// # Errors
///
/// A training table without the column that the config names.
pub(in crate::formats) fn group_of(table: &Table, options: &ReadOptions) -> Result<Option<usize>, DataError> {
    let Some(name) = &options.group else { return Ok(None) };
    match column_place(&table.name, &table.names, "labels.group", name) {
        Err(error) if options.like.is_none() => Err(error),
        found => Ok(found.ok()),
    }
}

/// What tells series apart: the column of their identifiers, and that of their groups.
pub(super) struct Keys<'a> {
    pub(super) table: &'a Table,
    pub(super) id: usize,
    pub(super) group: Option<usize>,
}

impl Keys<'_> {
    /// Notes those of the series whose first row this is.
    pub(super) fn add(&self, row: usize, keys: &mut RowKeys) {
        let cell = |column: usize| self.table.records[row][column].trim().to_string();
        keys.ids.push(cell(self.id));
        keys.groups.extend(self.group.map(cell));
    }

    /// Notes in `bad` the rows of a series that are of another group than its first.
    pub(super) fn check(&self, rows: &[usize], bad: &mut Vec<String>) {
        let Table { name, names, records, lines, .. } = self.table;
        let Some((group, (&first, rest))) = self.group.zip(rows.split_first()) else { return };
        let own = records[first][group].trim();
        bad.extend(rest.iter().filter(|row| records[**row][group].trim() != own).map(|row| {
            let (line, found) = (lines[*row], records[*row][group].trim());
            format!("{name}:{line}: `{}` is `{found}`, and `{own}` before in the same series", names[group])
        }));
    }
}

/// The one label of a series, from its rows.
#[derive(Default)]
pub(super) struct Labels {
    /// The row of the first label.
    row: Option<usize>,
    text: String,
}

impl Labels {
    /// Notes in `bad` a row whose label is another than that of the rows before.
    pub(super) fn add(&mut self, table: &Table, columns: &Columns, row: usize, bad: &mut Vec<String>) {
        let (Some(target), Some(id)) = (columns.target, columns.id) else { return };
        let own = table.records[row][target].trim();
        if is_missing(own) {
            return;
        }
        match self.row {
            None => (self.row, self.text) = (Some(row), own.to_string()),
            Some(_) if label_names::are_one(&self.text, own) => {}
            Some(_) => bad.push(format!(
                "{}:{}: `{}` is `{own}`, and `{}` before in the series `{}`",
                table.name,
                table.lines[row],
                table.names[target],
                self.text,
                table.records[row][id].trim()
            )),
        }
    }

    pub(super) fn text(self) -> String {
        self.text
    }
}
