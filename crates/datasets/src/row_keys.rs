//! What tells the rows of a data set apart beside their place: an identifier, and the group that a row belongs to.

use std::collections::HashSet;

/// Identifiers and groups, each a text per row, or no text at all where the data has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowKeys {
    /// Identifiers: they travel to what is predicted.
    pub ids: Vec<String>,
    /// Groups, such as the patient of each recording: no group has rows in two of training, validation and test part.
    pub groups: Vec<String>,
}

impl RowKeys {
    /// The identifier of a row; `None` where the data has none, empty where this row has none.
    pub fn id(&self, row: usize) -> Option<&str> {
        self.ids.get(row).map(String::as_str)
    }

    /// The group of a row; a row without one is alone.
    pub(crate) fn group(&self, row: usize) -> Option<&str> {
        self.groups.get(row).map(String::as_str).filter(|group| !group.is_empty())
    }

    /// The groups of some rows.
    pub(crate) fn groups_of(&self, rows: impl IntoIterator<Item = usize>) -> HashSet<&str> {
        rows.into_iter().filter_map(|row| self.group(row)).collect()
    }

    /// Those of the rows at `indices`, in that order.
    pub(crate) fn select(&self, indices: &[usize]) -> Self {
        let of = |texts: &[String]| match texts.is_empty() {
            true => Vec::new(),
            false => indices.iter().map(|index| texts[*index].clone()).collect(),
        };
        Self { ids: of(&self.ids), groups: of(&self.groups) }
    }

    /// Those of `rows` rows, and behind them of `more` others.
    pub(crate) fn join(self, rows: usize, other: Self, more: usize) -> Self {
        let joined = |mut first: Vec<String>, mut second: Vec<String>| {
            if first.is_empty() && second.is_empty() {
                return first;
            }
            first.resize(rows, String::new());
            second.resize(more, String::new());
            first.append(&mut second);
            first
        };
        Self { ids: joined(self.ids, other.ids), groups: joined(self.groups, other.groups) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_theirs_where_they_are_chosen_and_joined() {
        let keys = RowKeys { ids: ["a", "b", "c"].map(String::from).to_vec(), groups: Vec::new() };
        let joined = keys.select(&[2, 0]).join(2, RowKeys { ids: Vec::new(), groups: vec!["g".into()] }, 1);
        assert_eq!(joined.ids, ["c", "a", ""]);
        assert_eq!(joined.groups, ["", "", "g"]);
        assert_eq!((joined.id(0), joined.group(0), joined.group(2)), (Some("c"), None, Some("g")));
        assert_eq!(RowKeys::default().join(2, RowKeys::default(), 3), RowKeys::default());
    }
}
