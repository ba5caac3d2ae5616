//! `[data.windows]`: long recordings cut into windows, each with the steps that follow it. Parts are parts of the time:
//! training first, then validation, then test; a window's input may reach back into the part before, its future never
//! leaves its own.

use std::path::Path;
use std::sync::Arc;

use semiseq_schema::Problem;
use serde::{Deserialize, Serialize};

use crate::config::{DataConfig, Normalize};
use crate::error::DataError;
use crate::formats::limit::within;
use crate::formats::{Layout, ReadOptions, Rows, recordings};
use crate::levels::Levels;
use crate::mark::DataMark;
use crate::prepare::{Prepared, Task};
use crate::processor::{Forecast, Processor};
use crate::sequence::{Dataset, Sequence, Series, Target, Window};
use crate::source::{located, options_of};
use crate::split::{SplitRecord, choose_labels};

/// `[data.windows]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// What windows are cut from: all channels, which are read, and the first of them, which are forecast. Windows of every step
/// would hold a hundred copies of each value; they share these two.
struct Recording {
    read: Arc<Series>,
    forecast: Arc<Series>,
}

impl Recording {
    fn new(series: Series, forecast: usize) -> Self {
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
struct Windows {
    all: Vec<(Sequence, Target)>,
    levels: Levels,
}

impl Windows {
    fn add(&mut self, windows: Vec<(Sequence, Target)>, level: &[f64]) {
        for window in windows {
            self.levels.push(self.all.len(), level.to_vec());
            self.all.push(window);
        }
    }
}

impl WindowsConfig {
    pub(crate) fn check(&self, path: &str, data: &DataConfig, problems: &mut Vec<Problem>) {
        let mut add = |key: String, message: String, hint: &str| {
            problems.push(Problem { key, message, hint: Some(hint.to_string()) })
        };
        let parts = [
            ("valid", data.valid.is_some()),
            ("test", data.test.is_some()),
            ("unlabeled", data.unlabeled.is_some()),
            ("test_last", data.test_last.is_some()),
            ("test_every", data.test_every.is_some()),
            ("join", data.join),
            ("size", data.size.is_some()),
        ];
        for (key, _) in parts.into_iter().filter(|(_, given)| *given) {
            add(format!("data.{key}"), "does nothing beside `data.windows`".into(), "use `data.windows.split`");
        }
        for (key, given) in [
            ("resample", data.transform.resample.is_some()),
            ("truncate", data.transform.truncate.is_some()),
            ("pad", data.transform.pad.is_some()),
        ] {
            if given {
                let message = "changes the length of windows, which `data.windows` sets".into();
                add(format!("data.transform.{key}"), message, "leave it out");
            }
        }
        if data.transform.normalize == Normalize::Series {
            add(
                "data.transform.normalize".into(),
                "`series` would scale each window by itself, and its future with it".into(),
                "write `normalize = \"channel\"`, and `instance_norm = true` in `[model.forecaster]`",
            );
        }
        let mut note = |key: &str, message: String, hint: &str| add(format!("{path}.{key}"), message, hint);
        for (key, value) in [("input", self.input), ("horizon", self.horizon), ("stride", self.stride)] {
            if value == 0 {
                note(key, "must be at least 1, got 0".into(), "count in steps of the recording");
            }
        }
        let [train, valid, test] = self.split;
        let sum = train + valid + test;
        let rows = self.split.iter().all(|part| part.fract() == 0.0);
        let fits = train > 0.0 && valid >= 0.0 && test >= 0.0 && sum.is_finite() && (rows || sum <= 1.0 + 1e-9);
        if !fits {
            note(
                "split",
                format!(
                    "must be three fractions with a sum of at most 1, or three numbers of rows, got {:?}",
                    self.split
                ),
                "`[0.6, 0.2, 0.2]` is usual",
            );
        }
        if let Some(season) = self.season
            && (season == 0 || season > self.input)
        {
            note(
                "season",
                format!("must be between 1 and `input` ({}), got {season}", self.input),
                "the seasonal-naive forecast repeats the last season of the window; make `input` longer",
            );
        }
    }

    /// The last rows of training, validation and test part of a recording of `rows` steps.
    fn ends(&self, rows: usize) -> [usize; 3] {
        let fractions = self.split.iter().all(|part| *part <= 1.0);
        let mut sum = 0.0;
        self.split.map(|part| {
            sum += part;
            if fractions { (sum * rows as f64).round() as usize } else { sum as usize }
        })
    }

    /// Windows whose futures begin at the rows `from..` and end before `to`.
    fn cut(&self, recording: &Recording, from: usize, to: usize, stride: usize) -> Vec<(Sequence, Target)> {
        let last = (to + 1).saturating_sub(self.horizon);
        let one = |now: usize| {
            let input = Window::new(Arc::clone(&recording.read), now - self.input, self.input);
            let future = Window::new(Arc::clone(&recording.forecast), now, self.horizon);
            (Sequence::Window(input), Target::Sequence(Sequence::Window(future)))
        };
        (from.max(self.input)..last).step_by(stride).map(one).collect()
    }
}

/// Reads the recordings of a file, the forecast column first, with gaps filled by the last value before them; by what training
/// saw, where that is known.
///
/// # Errors
///
/// What is wrong with which line.
pub(crate) fn read(path: &Path, config: &DataConfig, like: Option<&Layout>) -> Result<Recordings, DataError> {
    let options = ReadOptions { text: None, missing: None, like: like.cloned(), ..options_of(config) };
    let mut read = recordings::read(path, config.format.as_deref(), &options)?;
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

fn dataset(name: &str, windows: Windows, config: &WindowsConfig) -> Result<Dataset, DataError> {
    if windows.all.is_empty() {
        return Err(DataError::new(
            format!("{name}: no window of {} steps and {} more fits into a part of it", config.input, config.horizon),
            "lower `data.windows.input` or `data.windows.horizon`, or give a longer recording",
        ));
    }
    Ok(gathered(name, windows))
}

/// Windows with their futures as a data set.
fn gathered(name: &str, windows: Windows) -> Dataset {
    let (sequences, targets) = windows.all.into_iter().unzip();
    Dataset { name: name.into(), sequences, targets, levels: windows.levels, ..Dataset::default() }
}

/// Reads, splits by time and prepares the recordings of a config.
///
/// # Errors
///
/// Whatever is wrong with the data, in the user's words.
pub(crate) fn prepare(config: &DataConfig, windows: &WindowsConfig, task: Task) -> Result<Prepared, DataError> {
    if !matches!(task, Task::Forecast | Task::Unsupervised) {
        return Err(DataError::new(
            "`data.windows` cuts a recording into windows, which have a future and no label",
            "use `[model.forecaster]`, or leave `[data.windows]` out",
        ));
    }
    let path = config.train.clone().map_or_else(|| located(config), Ok)?;
    prepare_recordings(within(config.max_bytes, || read(&path, config, None))?, config, windows, task)
}

/// As [`prepare`], from recordings in memory.
pub(crate) fn prepare_recordings(
    recordings: Recordings,
    config: &DataConfig,
    windows: &WindowsConfig,
    task: Task,
) -> Result<Prepared, DataError> {
    let channels = recordings.series.first().map_or(0, |series| series.channels);
    let forecast = if config.target.is_some() { 1 } else { channels };
    let mut parts: [Windows; 3] = Default::default();
    let mut read = Vec::new();
    let mark = DataMark::of_recordings(&recordings);
    for (number, series) in recordings.series.into_iter().enumerate() {
        let ends = windows.ends(series.time());
        if ends[2] > series.time() {
            return Err(DataError::new(
                format!("`data.windows.split` asks for {} rows; {} has {}", ends[2], recordings.name, series.time()),
                "write fractions, or fewer rows",
            ));
        }
        read.push(Sequence::Series(Series { values: series.values[..ends[0] * channels].to_vec(), channels }));
        let recording = Recording::new(series, forecast);
        let begins = [0, ends[0], ends[1]];
        for ((part, (from, to)), stride) in
            parts.iter_mut().zip(begins.into_iter().zip(ends)).zip([windows.stride, 1, 1])
        {
            part.add(windows.cut(&recording, from, to, stride), recordings.levels.of(number));
        }
    }
    let [train, valid, test] = parts;
    let train = dataset(&recordings.name, train, windows)?;
    let (valid, test) = (gathered(&recordings.name, valid), gathered(&recordings.name, test));
    let rows: Vec<usize> = (0..train.len()).collect();
    let (labeled, unlabeled) =
        if task == Task::Unsupervised { (Vec::new(), rows) } else { choose_labels(&train, &rows, &config.labels)? };
    // Each row of the training part counts once: windows overlap.
    let fitted = Dataset {
        name: recordings.name.clone(),
        targets: vec![Target::Missing; read.len()],
        sequences: read,
        levels: recordings.levels,
        ..Dataset::default()
    };
    let mut processor = Processor::fit(&config.transform, &fitted)?;
    processor.set_layout(recordings.layout);
    processor.set_forecast(Forecast {
        windows: windows.clone(),
        columns: recordings.columns.iter().take(forecast).cloned().collect(),
    });
    Ok(Prepared {
        split: SplitRecord {
            source: config.source.clone(),
            seed: config.labels.seed,
            labeled: labeled.clone(),
            unlabeled: unlabeled.clone(),
            valid: (train.len()..train.len() + valid.len()).collect(),
            data: vec![mark],
        },
        train: processor.apply(train)?,
        valid: processor.apply(valid)?,
        test: processor.apply(test)?,
        warnings: recordings.notes,
        labeled,
        unlabeled,
        processor,
    })
}

/// A gap repeats the value before it, so that nothing is known before its time; a gap at the beginning the first value.
fn fill_forward(series: &mut Series) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn recordings(rows: usize) -> Recordings {
        let values = (0..rows).flat_map(|row| [row as f32, -(row as f32)]).collect();
        Recordings {
            name: "t".into(),
            columns: vec!["a".into(), "b".into()],
            series: vec![Series { values, channels: 2 }],
            ..Recordings::default()
        }
    }

    fn config() -> (DataConfig, WindowsConfig) {
        let windows = WindowsConfig { input: 3, horizon: 2, stride: 1, split: [10.0, 5.0, 5.0], season: None };
        let mut data = DataConfig { source: "t".into(), ..Default::default() };
        data.transform.normalize = Normalize::None;
        (data, windows)
    }

    fn first(dataset: &Dataset, row: usize) -> (Vec<f32>, Vec<f32>) {
        let Target::Sequence(future) = &dataset.targets[row] else { panic!("a window has a future") };
        let values = |sequence: &Sequence| sequence.values().unwrap().0.to_vec();
        (values(&dataset.sequences[row]), values(future))
    }

    #[test]
    fn futures_stay_in_their_part_and_inputs_may_reach_back() {
        let (data, windows) = config();
        let prepared = prepare_recordings(recordings(20), &data, &windows, Task::Forecast).unwrap();
        // Futures begin at rows 3 to 8, 10 to 13 and 15 to 18.
        assert_eq!((prepared.train.len(), prepared.valid.len(), prepared.test.len()), (6, 4, 4));
        assert_eq!(first(&prepared.train, 0), (vec![0.0, 0.0, 1.0, -1.0, 2.0, -2.0], vec![3.0, -3.0, 4.0, -4.0]));
        assert_eq!(first(&prepared.train, 5).1, [8.0, -8.0, 9.0, -9.0]);
        assert_eq!(first(&prepared.valid, 0), (vec![7.0, -7.0, 8.0, -8.0, 9.0, -9.0], vec![10.0, -10.0, 11.0, -11.0]));
        assert_eq!(first(&prepared.test, 3).1, [18.0, -18.0, 19.0, -19.0]);
    }

    #[test]
    fn inputs_and_futures_are_scaled_by_the_training_rows() {
        let (mut data, windows) = config();
        data.transform.normalize = Normalize::Channel;
        let prepared = prepare_recordings(recordings(20), &data, &windows, Task::Forecast).unwrap();
        // Rows 0 to 9: mean 4.5, deviation √8.25.
        let (input, future) = first(&prepared.test, 0);
        let scaled = |value: f32| (value - 4.5) / 8.25f32.sqrt();
        assert!((input[0] - scaled(12.0)).abs() < 1e-5 && (future[0] - scaled(15.0)).abs() < 1e-5);
        assert!((future[1] + scaled(15.0)).abs() < 1e-5, "the other channel by its own mean: {future:?}");
    }

    #[test]
    fn a_recording_on_a_large_number_keeps_its_digits() {
        let (mut data, windows) = config();
        data.transform.normalize = Normalize::Channel;
        let near = prepare_recordings(recordings(20), &data, &windows, Task::Forecast).unwrap();
        let shifted = |rows| {
            let mut far = recordings(rows);
            far.levels.push(0, vec![1e9 + 0.25, 0.0]);
            far
        };
        let far = prepare_recordings(shifted(20), &data, &windows, Task::Forecast).unwrap();
        assert_eq!((first(&far.train, 3), first(&far.test, 2)), (first(&near.train, 3), first(&near.test, 2)));
        let Target::Sequence(future) = &far.test.targets[2] else { panic!("a future") };
        let Sequence::Series(future) = future.clone().owned() else { panic!("a series") };
        let restored = far.processor.restored(&future);
        assert!((restored[0] - (1e9 + 17.25)).abs() < 1e-4 && (restored[1] + 17.0).abs() < 1e-4, "{restored:?}");
        // What follows is read in the same units.
        let latest = far.processor.apply(latest(shifted(20), &windows).unwrap()).unwrap();
        let expected = near.processor.apply(super::latest(recordings(20), &windows).unwrap()).unwrap();
        assert_eq!(latest.sequences, expected.sequences);
    }

    #[test]
    fn the_latest_window_ends_with_the_recording() {
        let (_, windows) = config();
        let latest_of = |rows| latest(recordings(rows), &windows);
        let dataset = latest_of(20).unwrap();
        let Sequence::Series(series) = &dataset.sequences[0] else { panic!("a series") };
        assert_eq!(series.values, [17.0, -17.0, 18.0, -18.0, 19.0, -19.0]);
        assert!(latest_of(2).unwrap_err().to_string().contains("has 2 steps, and a window 3"));
    }

    #[test]
    fn all_windows_of_a_part_stand_in_one_recording() {
        let (data, windows) = config();
        let prepared = prepare_recordings(recordings(20), &data, &windows, Task::Forecast).unwrap();
        let of = |sequence: &Sequence| match sequence {
            Sequence::Window(window) => Arc::as_ptr(window.recording()),
            other => panic!("{other:?} is no window"),
        };
        for part in [&prepared.train, &prepared.valid, &prepared.test] {
            assert!(part.sequences.iter().all(|sequence| of(sequence) == of(&part.sequences[0])));
            let futures = part.targets.iter().map(|target| match target {
                Target::Sequence(future) => of(future),
                other => panic!("{other:?} is no future"),
            });
            let futures: Vec<_> = futures.collect();
            assert!(futures.iter().all(|future| *future == futures[0]));
        }
    }

    #[test]
    fn gaps_know_nothing_of_what_follows() {
        let mut series = Series { values: vec![f32::NAN, 1.0, f32::NAN, f32::NAN, 4.0], channels: 1 };
        fill_forward(&mut series);
        assert_eq!(series.values, [1.0, 1.0, 1.0, 1.0, 4.0]);
    }

    #[test]
    fn a_part_too_short_for_a_window_is_named() {
        let (data, windows) = config();
        let message =
            |rows| prepare_recordings(recordings(rows), &data, &windows, Task::Forecast).unwrap_err().to_string();
        assert!(message(12).contains("asks for 20 rows; t has 12"), "{}", message(12));
        let long = WindowsConfig { input: 30, ..windows.clone() };
        let error = prepare_recordings(recordings(20), &data, &long, Task::Forecast).unwrap_err().to_string();
        assert!(error.contains("no window of 30 steps and 2 more fits"), "{error}");
        let error = prepare(&data, &windows, Task::Classify).unwrap_err().to_string();
        assert!(error.contains("use `[model.forecaster]`"), "{error}");
    }
}
