//! What the cells of each column of a table have in common: numbers, or a few words that come again.

use std::collections::HashMap;

use csv::StringRecord;

use crate::formats::number;

/// Rows that are looked at.
const ROWS: usize = 2_000;
/// Letters of a word that may come again; longer cells are texts.
const LONGEST: usize = 60;

/// The columns of a table.
pub(super) struct Regular {
    columns: Vec<Column>,
}

enum Column {
    Numbers,
    /// Words that stand in two rows or more, of which most rows have one.
    Words(Vec<String>),
    Anything,
}

impl Regular {
    /// Looks at the first rows; the width is that of most of them.
    pub(super) fn of(records: impl Iterator<Item = StringRecord>) -> Self {
        let records: Vec<StringRecord> = records.take(ROWS).collect();
        let mut widths: HashMap<usize, usize> = HashMap::new();
        records.iter().for_each(|record| *widths.entry(record.len()).or_default() += 1);
        let width = widths.into_iter().max_by_key(|(width, count)| (*count, *width)).map_or(0, |(width, _)| width);
        let rows: Vec<&StringRecord> = records.iter().filter(|record| record.len() == width).collect();
        Self { columns: (0..width).map(|column| Column::of(rows.iter().map(|row| row[column].trim()))).collect() }
    }

    /// Columns of which something is known.
    pub(super) fn known(&self) -> usize {
        self.columns.iter().filter(|column| !matches!(column, Column::Anything)).count()
    }

    /// Whether cells are a row of this table, as far as can be told: never where nothing is known.
    pub(super) fn fits(&self, cells: &[&str]) -> bool {
        self.known() > 0
            && cells.len() == self.columns.len()
            && self.columns.iter().zip(cells).all(|(column, cell)| match column {
                Column::Numbers => number(cell).is_ok(),
                Column::Words(words) => words.iter().any(|word| word == cell),
                Column::Anything => true,
            })
    }
}

impl Column {
    fn of<'a>(cells: impl Iterator<Item = &'a str>) -> Self {
        let cells: Vec<&str> = cells.filter(|cell| !cell.is_empty()).collect();
        let numbers = cells.iter().filter(|cell| number(cell).is_ok()).count();
        // The first row may hold names, and one more may be bad.
        if numbers >= 2 && 10 * (numbers + 2) >= 9 * cells.len() && 2 * numbers > cells.len() {
            return Self::Numbers;
        }
        let mut counts: HashMap<&str, usize> = HashMap::new();
        cells.iter().filter(|cell| cell.len() <= LONGEST).for_each(|cell| *counts.entry(cell).or_default() += 1);
        let again: Vec<(&str, usize)> = counts.into_iter().filter(|(_, count)| *count > 1).collect();
        let rows: usize = again.iter().map(|(_, count)| count).sum();
        if 2 * rows > cells.len() && 3 * again.len() <= 2 * rows && rows >= 4 {
            return Self::Words(again.into_iter().map(|(word, _)| word.to_string()).collect());
        }
        Self::Anything
    }
}
