//! The rows of each series of a long table, and its label.

use std::collections::HashMap;

use crate::error::DataError;
use crate::formats::is_missing;
use crate::formats::table::Columns;
use crate::formats::table::cells_of_file::Table;

/// The rows of each series as they stand; the cells of `keys` tell the series, which come in the order of their first rows.
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
            Some(_) if self.text == own => {}
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
