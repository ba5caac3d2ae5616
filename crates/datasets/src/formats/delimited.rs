//! How delimited text is taken apart.

use csv::ReaderBuilder;

/// A reader of cells, whatever their number.
pub(super) fn reader(quoted: bool, mark: u8) -> ReaderBuilder {
    let mut builder = ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(mark).quoting(quoted);
    builder
}
