//! What tables of typed columns hold, Parquet and Arrow alike.

/// A table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The names of its columns.
    pub names: Vec<String>,
    /// A value per column each.
    pub rows: Vec<Vec<Value>>,
    /// What its writer noted beside it; Hugging Face's `datasets` keeps the names of classes under `huggingface`.
    pub metadata: Vec<(String, String)>,
}

/// A cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing is known.
    Missing,
    /// A whole number.
    Whole(i64),
    /// Any other number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A text, or a date and time as text.
    Text(String),
    /// Several values.
    List(Vec<Value>),
    /// What is not read, by the name of its kind.
    Other(String),
}
