//! Recordings that are read as one data set.

use crate::codes::Codes;
use crate::error::DataError;
use crate::formats::table::layout::Layout;
use crate::levels::Levels;
use crate::series::Series;

/// Recordings that are read as one data set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recordings {
    /// Where they come from, for messages.
    pub name: String,
    /// Names of the channels.
    pub columns: Vec<String>,
    /// The recordings; all have these channels.
    pub series: Vec<Series>,
    /// What was taken off the channels of recordings on a large number.
    pub levels: Levels,
    /// Numbers that may be codes for none.
    pub(crate) codes: Codes,
    /// What was read otherwise than it may be meant, a line each, for people.
    pub notes: Vec<String>,
    /// Which columns of a table were read.
    pub layout: Option<Layout>,
}

impl Recordings {
    /// Those of another file behind these.
    ///
    /// # Errors
    ///
    /// Where it has other channels.
    pub(crate) fn join(&mut self, other: Self) -> Result<(), DataError> {
        if self.columns != other.columns {
            return Err(DataError::new(
                format!("{} has other channels than {}", other.name, self.name),
                "files that are read as one have the same columns; `data.features` names those that all have",
            ));
        }
        self.levels = std::mem::take(&mut self.levels).join(self.series.len(), other.levels);
        self.codes.join(&other.codes);
        self.series.extend(other.series);
        self.notes.extend(other.notes);
        Ok(())
    }
}
