//! Arrow's IPC format, streams and files (Feather), by the library of Apache Arrow. A file is a stream between its
//! marks. Packed buffers are refused: they say of themselves how large they get.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, ArrowTemporalType, Date32Type, Date64Type, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, PrimitiveArray};
use arrow_buffer::{ArrowNativeType, Buffer};
use arrow_ipc::reader::StreamDecoder;
use arrow_schema::{DataType, TimeUnit};

use crate::columns::{Table, Value};

/// The marks around a file.
pub const MAGIC: &[u8] = b"ARROW1";

/// Reads a whole file. A damaged file may make the library panic.
///
/// # Errors
///
/// What is wrong, or what the library says.
pub fn parse(bytes: Vec<u8>) -> Result<Table, String> {
    let size = bytes.len();
    let mut buffer = Buffer::from_vec(bytes);
    if buffer.starts_with(MAGIC) {
        // `ARROW1`, two bytes, the stream, a footer and its length, `ARROW1`.
        let end = buffer.strip_suffix(MAGIC).and_then(|rest| {
            let (rest, length) = rest.split_last_chunk::<4>()?;
            rest.len().checked_sub(u32::from_le_bytes(*length) as usize).filter(|end| *end >= 8)
        });
        let end =
            end.ok_or_else(|| format!("byte {size}: the file is cut short: it does not end in a footer and `ARROW1`"))?;
        buffer = buffer.slice_with_length(8, end - 8);
    }
    let mut decoder = StreamDecoder::new();
    let mut table = Table::default();
    let at = |buffer: &Buffer| size - buffer.len().min(size);
    while !buffer.is_empty() {
        let batch = decoder.decode(&mut buffer).map_err(|error| format!("byte {}: {error}", at(&buffer)))?;
        let Some(batch) = batch else { continue };
        let columns: Vec<Vec<Value>> = batch.columns().iter().map(|array| column(array.as_ref())).collect();
        let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
        for _ in 0..batch.num_rows() {
            table.rows.push(columns.iter_mut().map(|column| column.next().unwrap_or(Value::Missing)).collect());
        }
    }
    let schema = decoder.schema().ok_or("byte 0: no stream of Arrow: it has no schema")?;
    decoder.finish().map_err(|_| format!("byte {size}: the file is cut short"))?;
    table.names = schema.fields().iter().map(|field| field.name().clone()).collect();
    table.metadata = schema.metadata().iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    Ok(table)
}

fn column(array: &dyn Array) -> Vec<Value> {
    use DataType::{
        Boolean, Date32, Date64, Dictionary, FixedSizeList, Float16, Float32, Float64, Int8, Int16, Int32, Int64,
        LargeList, LargeUtf8, List, Timestamp, UInt8, UInt16, UInt32, UInt64, Utf8, Utf8View,
    };
    let whole = |value: i64| Value::Whole(value);
    let text = |text: Option<&str>| text.map_or(Value::Missing, |text| Value::Text(text.to_string()));
    match array.data_type() {
        Int8 => numbers::<Int8Type>(array, |value| whole(value.into())),
        Int16 => numbers::<Int16Type>(array, |value| whole(value.into())),
        Int32 => numbers::<Int32Type>(array, |value| whole(value.into())),
        Int64 => numbers::<Int64Type>(array, whole),
        UInt8 => numbers::<UInt8Type>(array, |value| whole(value.into())),
        UInt16 => numbers::<UInt16Type>(array, |value| whole(value.into())),
        UInt32 => numbers::<UInt32Type>(array, |value| whole(value.into())),
        UInt64 => numbers::<UInt64Type>(array, |value| i64::try_from(value).map_or(Value::Number(value as f64), whole)),
        Float16 => numbers::<Float16Type>(array, |value| Value::Number(value.to_f64())),
        Float32 => numbers::<Float32Type>(array, |value| Value::Number(value.into())),
        Float64 => numbers::<Float64Type>(array, Value::Number),
        Date32 => times::<Date32Type>(array),
        Date64 => times::<Date64Type>(array),
        Timestamp(TimeUnit::Second, _) => times::<TimestampSecondType>(array),
        Timestamp(TimeUnit::Millisecond, _) => times::<TimestampMillisecondType>(array),
        Timestamp(TimeUnit::Microsecond, _) => times::<TimestampMicrosecondType>(array),
        Timestamp(TimeUnit::Nanosecond, _) => times::<TimestampNanosecondType>(array),
        Boolean => array.as_boolean().iter().map(|value| value.map_or(Value::Missing, Value::Boolean)).collect(),
        Utf8 => array.as_string::<i32>().iter().map(text).collect(),
        LargeUtf8 => array.as_string::<i64>().iter().map(text).collect(),
        Utf8View => array.as_string_view().iter().map(text).collect(),
        List(_) => lists(array, array.as_list::<i32>().values().as_ref(), array.as_list::<i32>().value_offsets()),
        LargeList(_) => lists(array, array.as_list::<i64>().values().as_ref(), array.as_list::<i64>().value_offsets()),
        FixedSizeList(_, _) => {
            let list = array.as_fixed_size_list();
            let offsets: Vec<i32> = (0..=list.len()).map(|row| list.value_offset(row)).collect();
            lists(array, list.values().as_ref(), &offsets)
        }
        // Categories of pandas.
        Dictionary(_, _) => {
            let keys = array.as_any_dictionary();
            let values = column(keys.values().as_ref());
            if values.is_empty() {
                return vec![Value::Missing; array.len()];
            }
            let places = keys.normalized_keys().into_iter().enumerate();
            places.map(|(row, place)| if array.is_null(row) { Value::Missing } else { values[place].clone() }).collect()
        }
        other => vec![Value::Other(other.to_string()); array.len()],
    }
}

fn numbers<T: ArrowPrimitiveType>(array: &dyn Array, value: impl Fn(T::Native) -> Value) -> Vec<Value> {
    let array: &PrimitiveArray<T> = array.as_primitive();
    array.iter().map(|number| number.map_or(Value::Missing, &value)).collect()
}

fn times<T: ArrowTemporalType>(array: &dyn Array) -> Vec<Value>
where
    i64: From<T::Native>,
{
    let array: &PrimitiveArray<T> = array.as_primitive();
    let value = |row: usize| match array.is_null(row) {
        true => Value::Missing,
        false => array.value_as_datetime(row).map_or(Value::Missing, |time| Value::Text(time.to_string())),
    };
    (0..array.len()).map(value).collect()
}

/// The lists between offsets into the values.
fn lists<O: ArrowNativeType>(array: &dyn Array, values: &dyn Array, offsets: &[O]) -> Vec<Value> {
    let values = column(values);
    let one = |row: usize| match (offsets.get(row), offsets.get(row + 1)) {
        (Some(from), Some(to)) if !array.is_null(row) => {
            values.get(from.as_usize()..to.as_usize()).map_or(Value::Missing, |part| Value::List(part.to_vec()))
        }
        _ => Value::Missing,
    };
    (0..array.len()).map(one).collect()
}
