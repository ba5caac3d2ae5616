//! A row of a table as a text or as a series.

use csv::StringRecord;

use crate::formats::exact;
use crate::formats::table::Columns;

/// The texts of several columns in one.
pub(in crate::formats) fn joined(record: &StringRecord, columns: &[usize]) -> String {
    columns.iter().map(|column| record[*column].trim()).collect::<Vec<_>>().join(" ")
}

/// The values of a row in double precision, NaN where one is missing.
pub(in crate::formats) fn series(
    record: &StringRecord,
    columns: &Columns,
    names: &[String],
) -> Result<Vec<f64>, String> {
    let value = |column: &usize| match exact(&record[*column]) {
        Ok(value) => Ok(value.unwrap_or(f64::NAN)),
        Err(reason) => Err(format!("column `{}`: {reason}", names[*column])),
    };
    let mut values = columns.inputs.iter().map(value).collect::<Result<Vec<f64>, String>>()?;
    let length = values.iter().rposition(|value| value.is_finite()).map_or(0, |last| last + 1);
    if length == 0 {
        return Err("no column holds a value".into());
    }
    if columns.padded {
        values.truncate(length);
    }
    Ok(values)
}
