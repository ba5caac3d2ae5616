//! Recordings from files and from memory.

use crate::config::DataConfig;
use crate::error::DataError;
use crate::files::Files;
use crate::formats::table::layout::Layout;
use crate::formats::{ReadOptions, Rows, recordings};
use crate::recordings::Recordings;
use crate::series::Series;

/// Reads the recordings of a file, the forecast column first, with gaps filled by the last value before them; by what
/// training saw, where that is known.
///
/// # Errors
///
/// What is wrong with which line.
pub(crate) fn read(files: &Files, config: &DataConfig, like: Option<&Layout>) -> Result<Recordings, DataError> {
    let mut options = ReadOptions { text: None, missing: None, like: like.cloned(), ..options_of(config) };
    let format = config.format.as_deref();
    let files = files.found()?;
    let mut read = recordings::read(&files[0], format, &options)?;
    for path in &files[1..] {
        options.like = options.like.or_else(|| read.layout.clone());
        read.join(recordings::read(path, format, &options)?)?;
    }
    if like.is_none() {
        read.notes.extend(read.codes.told(&read.name));
    }
    read.series.iter_mut().for_each(fill_forward);
    Ok(read)
}

/// Series in memory as recordings.
pub(crate) fn in_memory(rows: Rows, config: &DataConfig) -> Result<Recordings, DataError> {
    let mut read =
        recordings::from_rows(rows, &ReadOptions { target: config.target.clone(), ..ReadOptions::default() })?;
    read.series.iter_mut().for_each(fill_forward);
    Ok(read)
}

/// A gap repeats the value before it, so that nothing is known before its time; a gap at the beginning the first value.
pub(crate) fn fill_forward(series: &mut Series) {
    for channel in 0..series.channels {
        let places = (channel..series.values.len()).step_by(series.channels);
        let mut last = places.clone().map(|place| series.values[place]).find(|value| value.is_finite()).unwrap_or(0.0);
        for place in places {
            let value = &mut series.values[place];
            if value.is_finite() {
                last = *value;
            } else {
                *value = last;
            }
        }
    }
}

/// What a config says about columns.
pub(crate) fn options_of(config: &DataConfig) -> ReadOptions {
    ReadOptions {
        text: config.text.clone(),
        target: config.target.clone(),
        features: config.features.clone(),
        header: config.header,
        axes: config.axes.clone(),
        missing: config.labels.missing.clone(),
        group: config.labels.group.clone(),
        id: config.id.clone(),
        time: config.time.clone(),
        segment: config.segment.clone(),
        sound: config.transform.sound(),
        sessions: config.sessions.clone(),
        ..ReadOptions::default()
    }
}
