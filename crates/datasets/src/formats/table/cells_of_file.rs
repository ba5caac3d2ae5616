//! A delimited file as a table of cells.

use std::path::Path;

use csv::StringRecord;

use crate::error::DataError;
use crate::formats::ReadOptions;
use crate::formats::cells::{Cells, cells};
use crate::formats::table::{header, shape};

/// The cells of a file, under the names of their columns.
pub(in crate::formats) struct Table {
    pub(in crate::formats) name: String,
    pub(in crate::formats) names: Vec<String>,
    /// Whether the first row held them; otherwise they are numbers from 1.
    pub(in crate::formats) named: bool,
    /// At least one, all of them as long as `names`.
    pub(in crate::formats) records: Vec<StringRecord>,
    /// The line of each record.
    pub(in crate::formats) lines: Vec<u64>,
    /// What was read otherwise than it may be meant.
    pub(in crate::formats) notes: Vec<String>,
}

impl Table {
    pub(in crate::formats) fn read(path: &Path, delimiter: u8, options: &ReadOptions) -> Result<Self, DataError> {
        let name = path.display().to_string();
        let mut notes = Vec::new();
        let Cells { mut records, mut lines, quoted } = cells(path, delimiter, &mut notes)?;
        if !quoted {
            shape::unquote(&mut records);
        }
        shape::mend(&name, &mut records, &mut lines, &mut notes);
        if records.is_empty() {
            return Err(DataError::new(format!("{name}: the file is empty"), "expected a row per sequence"));
        }
        if !options.reads_texts() && shape::are_parted_by_spaces(records.iter()) {
            return Err(DataError::new(
                format!("{name}: a table whose cells are parted by spaces, by its looks, and no text per row"),
                "write it with commas or tabs (`write.csv` in R, `sep=\",\"` in pandas); a column of texts is named \
                 with `data.text`",
            ));
        }
        let width = records[0].len();
        let ragged: Vec<String> = records
            .iter()
            .zip(&lines)
            .filter(|(record, _)| record.len() != width)
            .map(|(record, line)| format!("{name}:{line}: {} columns, but the first row has {width}", record.len()))
            .collect();
        if !ragged.is_empty() {
            let hint = match records.iter().any(shape::is_cut) {
                true => "a backslash keeps no separator in its cell: put such texts into quotes",
                false => "a table has as many columns in each row; for series of unequal length use `.ts` or JSONL",
            };
            return Err(DataError::several(ragged, hint));
        }
        let are_names = |first: &StringRecord| header::holds_known_names(first, options);
        shape::without_names_again(&name, &mut records, &mut lines, are_names, &mut notes);
        let named = header::is_there(&records, options);
        if !named && options.header.is_none() {
            notes.extend(header::may_be_names_of_numbers(&name, &records));
        }
        let names: Vec<String> = if named {
            lines.remove(0);
            records.remove(0).iter().map(|cell| cell.trim().to_string()).collect()
        } else {
            (1..=width).map(|column| column.to_string()).collect()
        };
        if records.is_empty() {
            return Err(DataError::new(
                format!("{name}: the file holds a header and no row"),
                "expected a row per sequence",
            ));
        }
        Ok(Self { name, names, named, records, lines, notes })
    }
}
