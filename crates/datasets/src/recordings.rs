//! Recordings that are read as one data set.

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
    /// What was read otherwise than it may be meant, a line each, for people.
    pub notes: Vec<String>,
    /// Which columns of a table were read.
    pub layout: Option<Layout>,
}
