//! A table with what its columns look like.

use crate::formats::table::profile::Profile;

/// A table with what its columns look like.
pub(super) struct View<'a> {
    pub(super) file: &'a str,
    pub(super) names: &'a [String],
    pub(super) named: bool,
    pub(super) profiles: Vec<Profile>,
    /// The columns of names of rows and of groups, where the config tells them.
    pub(super) id: Option<usize>,
    pub(super) group: Option<usize>,
}

impl View<'_> {
    /// A column by its name, or by its number.
    pub(super) fn shown(&self, column: usize) -> String {
        let name = &self.names[column];
        if self.named && !name.is_empty() { format!("`{name}`") } else { format!("column {}", column + 1) }
    }
}
