//! Recordings as a command reads them: whole, or from each the last window.

use std::path::Path;

use crate::config::DataConfig;
use crate::error::DataError;
use crate::files::Files;
use crate::formats::limit::within;
use crate::formats::table::layout::Layout;
use crate::formats::{Rows, recordings};
use crate::preparation::windows::{self, WindowsConfig};
use crate::sequence::Dataset;
use crate::series::Series;
use crate::sources::locate::located;
use crate::sources::recordings::{in_memory, options_of, read};

/// A table that is a recording by its looks.
#[derive(Clone, Debug, PartialEq)]
pub struct WholeRecording {
    /// Names of its channels.
    pub channels: Vec<String>,
    /// Its steps; of several recordings those of all.
    pub steps: usize,
    /// What was read otherwise than it may be meant, a line each.
    pub notes: Vec<String>,
}

/// What `data.source` names, where that is a recording by its looks: a table with many dates in one column and numbers
/// in all others. `None` where it is not.
///
/// # Errors
///
/// Where it is one, and its dates or cells cannot be read.
pub fn recording(config: &DataConfig) -> Result<Option<WholeRecording>, DataError> {
    let Ok(path) = located(config) else { return Ok(None) };
    let files = Files::from(path);
    let Ok(found) = files.found() else { return Ok(None) };
    let looks = || recordings::looks_like(&found[0], &options_of(config));
    if config.format.is_some() || !within(config.max_bytes, looks) {
        return Ok(None);
    }
    let read = within(config.max_bytes, || read(&files, config, None))?;
    let steps = read.series.iter().map(Series::time).sum();
    Ok(Some(WholeRecording { channels: read.columns, steps, notes: read.notes }))
}

/// Reads what the model forecasts from: the last window of each recording of a file, by the columns that training saw.
///
/// # Errors
///
/// What is wrong with which line; a recording shorter than a window.
pub fn latest_windows(
    path: &Path,
    config: &DataConfig,
    windows: &WindowsConfig,
    like: Option<&Layout>,
) -> Result<Dataset, DataError> {
    let recordings = within(config.max_bytes, || read(&path.into(), config, like))?;
    windows::latest(recordings, windows)
}

/// As [`latest_windows`], from rows in memory.
///
/// # Errors
///
/// Text, channels without names where `data.target` names one, or a recording shorter than a window.
pub fn latest_of(rows: Rows, config: &DataConfig, windows: &WindowsConfig) -> Result<Dataset, DataError> {
    windows::latest(in_memory(rows, config)?, windows)
}
