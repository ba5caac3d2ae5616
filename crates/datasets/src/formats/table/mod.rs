//! Which column of a table is what: names in the first row or none, the label, what is read as the sequence, what
//! stands beside it. A training table is read by its names and by what its cells look like ([`choose`]); every later
//! table by what training saw ([`Layout`]), so that columns are found by name whatever their order.

pub(crate) mod cells_of_file;
pub(crate) mod cells_of_row;
pub(crate) mod choose;
mod doubt;
pub(crate) mod header;
mod label;
pub(crate) mod layout;
pub(crate) mod long;
pub(crate) mod long_columns;
pub(crate) mod names;
pub(crate) mod order;
pub(crate) mod pivot;
pub(crate) mod profile;
pub(crate) mod rows_of_series;
pub(crate) mod shape;
pub(crate) mod structure;
pub(crate) mod unlike;
mod view;

pub(crate) use choose::choose;
pub use layout::{Layout, LayoutKind};

/// Names that a target column goes by, the likeliest first.
pub(crate) const TARGETS: [&str; 5] = ["label", "target", "class", "y", "category"];
/// The name that a column of texts goes by.
pub(crate) const TEXT: &str = "text";

/// Whether a column goes by a name of [`TARGETS`].
pub(crate) fn is_target(name: &str) -> bool {
    TARGETS.contains(&name.trim().to_lowercase().as_str())
}

/// Which columns are read, and as what.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Columns {
    pub(crate) target: Option<usize>,
    /// In the order in which they are read.
    pub(crate) inputs: Vec<usize>,
    pub(crate) kind: LayoutKind,
    /// Which series a row of a long table belongs to, and its place in it.
    pub(crate) id: Option<usize>,
    pub(crate) time: Option<usize>,
    /// The time of day, where `time` holds dates alone.
    pub(crate) hours: Option<usize>,
    /// Which channel the value of a row belongs to.
    pub(crate) channel: Option<usize>,
    /// Whether missing values at a row's end are the padding of a shorter series, as in the UCR archive.
    pub(crate) padded: bool,
}

/// Names in a message, the first few of them.
pub(crate) fn listed(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown = |name: &String| if name.is_empty() { "one without a name".into() } else { format!("`{name}`") };
    let shown = names.iter().take(SHOWN).map(shown).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        format!("{shown} … `{}` ({} in all)", names[names.len() - 1], names.len())
    } else {
        shown
    }
}

#[cfg(test)]
mod tests {
    use crate::fixtures::file;
    use crate::formats::{ReadOptions, Rows, read};
    use crate::sequence::Sequence;
    use crate::series::Series;

    pub(super) fn rows_of(name: &str, text: &str, options: &ReadOptions) -> Rows {
        read(&file(name, text), None, options).unwrap()
    }

    pub(super) fn rows(name: &str, text: &str) -> Rows {
        rows_of(name, text, &ReadOptions::default())
    }

    pub(super) fn first(rows: &Rows) -> &[f32] {
        let Sequence::Series(Series { values, .. }) = &rows.sequences[0] else { panic!("a series") };
        values
    }

    pub(super) fn told(rows: &Rows, part: &str) {
        assert!(rows.notes.iter().any(|note| note.contains(part)), "`{part}` is not in {:?}", rows.notes);
    }

    /// `cells(row)` six times, below names.
    pub(super) fn table(names: &str, cells: impl Fn(usize) -> String) -> String {
        let rows: String = (0..6).map(|row| cells(row) + "\n").collect();
        if names.is_empty() { rows } else { format!("{names}\n{rows}") }
    }
}
