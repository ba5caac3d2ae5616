//! One file or folder as a raw data set.

use std::path::{Path, PathBuf};

use crate::config::DataConfig;
use crate::error::DataError;
use crate::formats::limit::within;
use crate::formats::table::layout::Layout;
use crate::formats::{self, ReadOptions, Rows};
use crate::label_names;
use crate::preparation::windows::of_whole;
use crate::sequence::{Dataset, Sequence, Target};
use crate::sources::recordings::{self, options_of};
use crate::task::Task;

/// Reads one file or folder as a raw data set.
///
/// # Errors
///
/// What is wrong with which line.
pub fn read_input(path: &Path, config: &DataConfig, task: Task) -> Result<Dataset, DataError> {
    read_like(path, config, task, None).map(|(dataset, _)| dataset)
}

/// Reads one file or folder as a raw data set, by the columns that training saw where those are given; and tells which columns
/// were read.
///
/// # Errors
///
/// What is wrong with which line; a table that lacks what training saw.
pub fn read_like(
    path: &Path,
    config: &DataConfig,
    task: Task,
    like: Option<&Layout>,
) -> Result<(Dataset, Option<Layout>), DataError> {
    within(config.max_bytes, || read_one(path, config, task, like))
}

fn read_one(
    path: &Path,
    config: &DataConfig,
    task: Task,
    like: Option<&Layout>,
) -> Result<(Dataset, Option<Layout>), DataError> {
    if let Some(windows) = config.windows.as_ref().filter(|_| matches!(task, Task::Forecast | Task::Unsupervised)) {
        let recordings = recordings::read(path, config, like)?;
        return Ok((of_whole(recordings, windows, config.target.is_some())?, None));
    }
    let supervised = !matches!(task, Task::Forecast | Task::Unsupervised);
    let options = ReadOptions { supervised, like: like.cloned(), ..options_of(config) };
    let mut rows = formats::read(path, format_for(path, config), &options)?;
    let layout = rows.layout.take();
    Ok((dataset_from_rows(rows, task)?, layout))
}

/// The config's format, for files that are called as that of training is, or whose name tells none.
fn format_for<'a>(path: &Path, config: &'a DataConfig) -> Option<&'a str> {
    let trained = config.train.clone().unwrap_or_else(|| PathBuf::from(&config.source));
    let alike = formats::ending(path) == formats::ending(&trained) || formats::by_ending(path).is_none();
    config.format.as_deref().filter(|_| alike || path.is_dir())
}

/// Rows whose labels become classes or numbers, as the task asks.
///
/// # Errors
///
/// Labels that are no numbers where numbers are asked for; targets of another kind than the task's.
pub fn dataset_from_rows(mut rows: Rows, task: Task) -> Result<Dataset, DataError> {
    if task == Task::SequenceToSequence {
        // A target text may well be the word `null`.
        let target = |label: String| match label.is_empty() {
            true => Target::Missing,
            false => Target::Sequence(Sequence::Text(label)),
        };
        let targets = rows.labels.into_iter().map(target).collect();
        return Ok(Dataset {
            name: rows.name,
            sequences: rows.sequences,
            targets,
            levels: rows.levels,
            notes: rows.notes,
            samples: rows.samples,
            ..Dataset::default()
        });
    }
    if !rows.names_of_files {
        rows.notes.extend(label_names::without_marks(&mut rows.labels, &rows.name));
    }
    if task != Task::Regress {
        let mut dataset = Dataset::from_labels(rows.name, rows.sequences, rows.labels);
        let counts = dataset.class_counts();
        dataset.levels = rows.levels;
        dataset.samples = rows.samples;
        dataset.notes = rows.notes;
        dataset.notes.extend(label_names::alike(&dataset.classes, &dataset.name));
        dataset.notes.extend(label_names::doubtful(&dataset.classes, &counts, &dataset.name));
        return Ok(dataset);
    }
    let mut bad = Vec::new();
    let mut targets = Vec::new();
    for (row, label) in rows.labels.iter().enumerate() {
        targets.push(match label.parse::<f32>() {
            _ if label.is_empty() => Target::Missing,
            Ok(number) if number.is_finite() => Target::Number(number),
            _ => {
                bad.push(format!("{}: row {}: the target `{label}` is not a finite number", rows.name, row + 1));
                Target::Missing
            }
        });
    }
    if bad.is_empty() {
        return Ok(Dataset {
            name: rows.name,
            sequences: rows.sequences,
            targets,
            levels: rows.levels,
            notes: rows.notes,
            samples: rows.samples,
            ..Dataset::default()
        });
    }
    Err(DataError::several(bad, "a regressor needs numbers; for classes use `[model.classifier]`"))
}
