//! Parquet, by the library of Apache Arrow, row by row: without the arrays of Arrow it brings half as many crates.

use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::record::Field;
use bytes::Bytes;

use crate::columns::{Table, Value};

/// Reads a whole file. A damaged file may make the library panic.
///
/// # Errors
///
/// What the library says.
pub fn parse(bytes: Vec<u8>) -> Result<Table, String> {
    let reader = SerializedFileReader::new(Bytes::from(bytes)).map_err(|error| error.to_string())?;
    let about = reader.metadata().file_metadata();
    let names: Vec<String> = about.schema().get_fields().iter().map(|field| field.name().to_string()).collect();
    let mut metadata = Vec::new();
    for pair in about.key_value_metadata().into_iter().flatten() {
        metadata.extend(pair.value.clone().map(|value| (pair.key.clone(), value)));
    }
    let mut rows = Vec::new();
    for row in reader.get_row_iter(None).map_err(|error| error.to_string())? {
        let row = row.map_err(|error| format!("row {}: {error}", rows.len() + 1))?;
        rows.push(row.into_columns().into_iter().map(|(_, field)| value(field)).collect());
    }
    Ok(Table { names, rows, metadata })
}

fn value(field: Field) -> Value {
    match field {
        Field::Null => Value::Missing,
        Field::Bool(value) => Value::Boolean(value),
        Field::Byte(value) => Value::Whole(value.into()),
        Field::Short(value) => Value::Whole(value.into()),
        Field::Int(value) => Value::Whole(value.into()),
        Field::Long(value) => Value::Whole(value),
        Field::UByte(value) => Value::Whole(value.into()),
        Field::UShort(value) => Value::Whole(value.into()),
        Field::UInt(value) => Value::Whole(value.into()),
        Field::ULong(value) => i64::try_from(value).map_or(Value::Number(value as f64), Value::Whole),
        Field::Float16(value) => Value::Number(value.to_f64()),
        Field::Float(value) => Value::Number(value.into()),
        Field::Double(value) => Value::Number(value),
        Field::Str(value) => Value::Text(value),
        Field::Bytes(value) => match value.as_utf8() {
            Ok(text) => Value::Text(text.to_string()),
            Err(_) => Value::Other("bytes".into()),
        },
        Field::ListInternal(list) => Value::List(list.elements().iter().cloned().map(value).collect()),
        Field::Group(_) => Value::Other("a group of columns".into()),
        Field::MapInternal(_) => Value::Other("a map".into()),
        // Dates, times and decimals as the library writes them.
        other => Value::Text(other.to_string().trim_end_matches(" +00:00").to_string()),
    }
}
