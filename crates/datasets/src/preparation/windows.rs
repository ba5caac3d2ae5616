//! `[data.windows]`: long recordings cut into windows, each with the steps that follow it. Parts are parts of the time:
//! training first, then validation, then test; a window's input may reach back into the part before, its future never
//! leaves its own.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::levels::Levels;
use crate::recordings::Recordings;
use crate::sequence::{Dataset, Sequence, Target, Window};
use crate::series::Series;

/// `[data.windows]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WindowsConfig {
    /// Steps of a window, which the model reads. Default 96.
    pub input: usize,
    /// Steps after it, which are forecast. Default 24.
    pub horizon: usize,
    /// Steps from one training window to the next; validation and test have a window at every step. Default 1.
    pub stride: usize,
    /// Training, validation and test part in the order of time: fractions of each recording, or rows. Default
    /// `[0.6, 0.2, 0.2]`.
    pub split: [f64; 3],
    /// Steps of a season (24 for hours of days): adds the seasonal-naive forecast to the results.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub season: Option<usize>,
}

impl Default for WindowsConfig {
    fn default() -> Self {
        Self { input: 96, horizon: 24, stride: 1, split: [0.6, 0.2, 0.2], season: None }
    }
}

/// What windows are cut from: all channels, which are read, and the first of them, which are forecast. Windows of every
/// step would hold a hundred copies of each value; they share these two.
pub(crate) struct Recording {
    read: Arc<Series>,
    forecast: Arc<Series>,
}

impl Recording {
    pub(crate) fn new(series: Series, forecast: usize) -> Self {
        let read = Arc::new(series);
        let forecast = if forecast == read.channels {
            Arc::clone(&read)
        } else {
            let values = read.values.chunks(read.channels.max(1)).flat_map(|step| &step[..forecast]).copied().collect();
            Arc::new(Series { values, channels: forecast })
        };
        Self { read, forecast }
    }
}

/// Windows with their futures, and what was taken off the recordings that they are cut from.
#[derive(Default)]
pub(crate) struct Windows {
    all: Vec<(Sequence, Target)>,
    levels: Levels,
}

impl Windows {
    pub(crate) fn add(&mut self, windows: Vec<(Sequence, Target)>, level: &[f64]) {
        for window in windows {
            self.levels.push(self.all.len(), level.to_vec());
            self.all.push(window);
        }
    }
}

impl WindowsConfig {
    /// The last rows of training, validation and test part of a recording of `rows` steps.
    pub(crate) fn ends(&self, rows: usize) -> [usize; 3] {
        let fractions = self.split.iter().all(|part| *part <= 1.0);
        let mut sum = 0.0;
        self.split.map(|part| {
            sum += part;
            if fractions { (sum * rows as f64).round() as usize } else { sum as usize }
        })
    }

    /// Windows whose futures begin at the rows `from..` and end before `to`.
    pub(crate) fn cut(&self, recording: &Recording, from: usize, to: usize, stride: usize) -> Vec<(Sequence, Target)> {
        let last = (to + 1).saturating_sub(self.horizon);
        let one = |now: usize| {
            let input = Window::new(Arc::clone(&recording.read), now - self.input, self.input);
            let future = Window::new(Arc::clone(&recording.forecast), now, self.horizon);
            (Sequence::Window(input), Target::Sequence(Sequence::Window(future)))
        };
        (from.max(self.input)..last).step_by(stride).map(one).collect()
    }
}

/// Windows of whole recordings, each with its future: of `one` channel, the first, or of all.
pub(crate) fn of_whole(recordings: Recordings, config: &WindowsConfig, one: bool) -> Result<Dataset, DataError> {
    let channels = if one { 1 } else { recordings.columns.len() };
    let mut windows = Windows::default();
    for (number, series) in recordings.series.into_iter().enumerate() {
        let steps = series.time();
        windows.add(config.cut(&Recording::new(series, channels), 0, steps, 1), recordings.levels.of(number));
    }
    Ok(Dataset { notes: recordings.notes, ..dataset(&recordings.name, windows, config)? })
}

/// The last window of each recording, whose future nobody knows.
pub(crate) fn latest(recordings: Recordings, config: &WindowsConfig) -> Result<Dataset, DataError> {
    let short: Vec<String> = recordings
        .series
        .iter()
        .enumerate()
        .filter(|(_, series)| series.time() < config.input)
        .map(|(number, series)| {
            format!(
                "{}: recording {} has {} steps, and a window {}",
                recordings.name,
                number + 1,
                series.time(),
                config.input
            )
        })
        .collect();
    if !short.is_empty() {
        return Err(DataError::several(short, "give at least as many steps as the model reads"));
    }
    let mut windows = Windows::default();
    for (number, mut series) in recordings.series.into_iter().enumerate() {
        let from = (series.time() - config.input) * series.channels;
        series.values.drain(..from);
        windows.add(vec![(Sequence::Series(series), Target::Missing)], recordings.levels.of(number));
    }
    Ok(Dataset { notes: recordings.notes, ..dataset(&recordings.name, windows, config)? })
}

pub(crate) fn dataset(name: &str, windows: Windows, config: &WindowsConfig) -> Result<Dataset, DataError> {
    if windows.all.is_empty() {
        return Err(DataError::new(
            format!("{name}: no window of {} steps and {} more fits into a part of it", config.input, config.horizon),
            "lower `data.windows.input` or `data.windows.horizon`, or give a longer recording",
        ));
    }
    Ok(gathered(name, windows))
}

/// Windows with their futures as a data set.
pub(crate) fn gathered(name: &str, windows: Windows) -> Dataset {
    let (sequences, targets) = windows.all.into_iter().unzip();
    Dataset { name: name.into(), sequences, targets, levels: windows.levels, ..Dataset::default() }
}
