//! From recordings to windows that can be trained on: read, split by time, fit the preprocessing, apply it.

use crate::config::DataConfig;
use crate::digest::DataMark;
use crate::error::DataError;
use crate::files::Files;
use crate::formats::limit::within;
use crate::preparation::processor::{Forecast, Processor};
use crate::preparation::split::{SplitRecord, choose_labels};
use crate::preparation::windows::{Recording, Windows, WindowsConfig, dataset, gathered};
use crate::prepared::{AsRead, Prepared};
use crate::recordings::Recordings;
use crate::sequence::{Dataset, Sequence, Target};
use crate::series::Series;
use crate::sources::checks::check_sound;
use crate::sources::locate::located;
use crate::sources::recordings::read;
use crate::target_kind::TargetKind;

/// Reads, splits by time and prepares the recordings of a config.
///
/// # Errors
///
/// Whatever is wrong with the data, in the user's words.
pub(crate) fn prepare(config: &DataConfig, windows: &WindowsConfig, task: TargetKind) -> Result<Prepared, DataError> {
    if !matches!(task, TargetKind::Forecast | TargetKind::Unsupervised) {
        return Err(DataError::new(
            "`data.windows` cuts a recording into windows, which have a future and no label",
            "use `[model.forecaster]`, or leave `[data.windows]` out",
        ));
    }
    let files = config.train.clone().map_or_else(|| located(config).map(Files::from), Ok)?;
    prepare_recordings(within(config.max_bytes, || read(&files, config, None))?, config, windows, task)
}

/// As [`prepare`], from recordings in memory.
pub(crate) fn prepare_recordings(
    recordings: Recordings,
    config: &DataConfig,
    windows: &WindowsConfig,
    task: TargetKind,
) -> Result<Prepared, DataError> {
    check_sound(&recordings.name, &config.transform, recordings.layout.as_ref())?;
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
    let columns = recordings.columns.iter().take(forecast).cloned().collect();
    let forecast = Forecast::new(windows, columns, &read);
    let [train, valid, test] = parts;
    let train = dataset(&recordings.name, train, windows)?;
    let (valid, test) = (gathered(&recordings.name, valid), gathered(&recordings.name, test));
    let rows: Vec<usize> = (0..train.len()).collect();
    let (labeled, unlabeled) = if task == TargetKind::Unsupervised {
        (Vec::new(), rows)
    } else {
        choose_labels(&train, &rows, &config.labels)?
    };
    // Each row of the training part counts once: windows overlap.
    let fitted = Dataset {
        name: recordings.name.clone(),
        targets: vec![Target::Missing; read.len()],
        sequences: read,
        levels: recordings.levels,
        ..Dataset::default()
    };
    let mut processor = Processor::fit(&config.transform, &fitted)?.with_layout(recordings.layout);
    processor.set_forecast(forecast);
    Ok(Prepared {
        split: SplitRecord {
            source: config.source.clone(),
            seed: config.labels.seed,
            labeled: labeled.clone(),
            unlabeled: unlabeled.clone(),
            valid: (train.len()..train.len() + valid.len()).collect(),
            calibration: Vec::new(),
            data: vec![mark],
        },
        train: processor.apply(train)?.into(),
        valid: processor.apply(valid)?,
        test: processor.apply(test)?,
        calibration: Dataset::default(),
        warnings: recordings.notes,
        labeled,
        unlabeled,
        processor,
        as_read: AsRead::default(),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::preparation::transform::Normalize;
    use crate::preparation::windows::latest;
    use crate::sources::recordings::fill_forward;

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
        let prepared = prepare_recordings(recordings(20), &data, &windows, TargetKind::Forecast).unwrap();
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
        let prepared = prepare_recordings(recordings(20), &data, &windows, TargetKind::Forecast).unwrap();
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
        let near = prepare_recordings(recordings(20), &data, &windows, TargetKind::Forecast).unwrap();
        let shifted = |rows| {
            let mut far = recordings(rows);
            far.levels.push(0, vec![1e9 + 0.25, 0.0]);
            far
        };
        let far = prepare_recordings(shifted(20), &data, &windows, TargetKind::Forecast).unwrap();
        assert_eq!((first(&far.train, 3), first(&far.test, 2)), (first(&near.train, 3), first(&near.test, 2)));
        let Target::Sequence(future) = &far.test.targets[2] else { panic!("a future") };
        let Sequence::Series(future) = future.clone().owned() else { panic!("a series") };
        let restored = far.processor.restored(&future);
        assert!((restored[0] - (1e9 + 17.25)).abs() < 1e-4 && (restored[1] + 17.0).abs() < 1e-4, "{restored:?}");
        // What follows is read in the same units.
        let found = far.processor.apply(latest(shifted(20), &windows).unwrap()).unwrap();
        let expected = near.processor.apply(latest(recordings(20), &windows).unwrap()).unwrap();
        assert_eq!(found.sequences, expected.sequences);
    }

    #[test]
    fn the_latest_window_ends_with_the_recording() {
        let (_, windows) = config();
        let latest_of = |rows| latest(recordings(rows), &windows);
        let dataset = latest_of(20).unwrap();
        let Sequence::Series(series) = &dataset.sequences[0] else { panic!("a series") };
        assert_eq!(series.values, [17.0, -17.0, 18.0, -18.0, 19.0, -19.0]);
        assert!(latest_of(2).unwrap_err().in_full().contains("has 2 steps, and a window 3"));
    }

    #[test]
    fn all_windows_of_a_part_stand_in_one_recording() {
        let (data, windows) = config();
        let prepared = prepare_recordings(recordings(20), &data, &windows, TargetKind::Forecast).unwrap();
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
            |rows| prepare_recordings(recordings(rows), &data, &windows, TargetKind::Forecast).unwrap_err().in_full();
        assert!(message(12).contains("asks for 20 rows; t has 12"), "{}", message(12));
        let long = WindowsConfig { input: 30, ..windows.clone() };
        let error = prepare_recordings(recordings(20), &data, &long, TargetKind::Forecast).unwrap_err().in_full();
        assert!(error.contains("no window of 30 steps and 2 more fits"), "{error}");
        let error = prepare(&data, &windows, TargetKind::Classify).unwrap_err().in_full();
        assert!(error.contains("use `[model.forecaster]`"), "{error}");
    }
}
