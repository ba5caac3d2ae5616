//! One file or folder as a raw data set.

use std::collections::HashSet;
use std::path::Path;

use crate::config::DataConfig;
use crate::error::DataError;
use crate::files::Files;
use crate::formats::limit::within;
use crate::formats::table::layout::{Layout, LayoutKind};
use crate::formats::{self, ReadOptions, Rows};
use crate::label_names;
use crate::preparation::sessions::SessionsConfig;
use crate::preparation::windows::of_whole;
use crate::prepare_sessions;
use crate::sequence::{Dataset, Sequence, Target};
use crate::sources::recordings::{self, options_of};
use crate::target_kind::TargetKind;

/// Reads one file or folder as a raw data set.
///
/// # Errors
///
/// What is wrong with which line.
pub fn read_input(path: &Path, config: &DataConfig, task: TargetKind) -> Result<Dataset, DataError> {
    read_like(path, config, task, None).map(|(dataset, _)| dataset)
}

/// Reads one file or folder as a raw data set, by the columns that training saw where those are given; and tells which
/// columns were read.
///
/// # Errors
///
/// What is wrong with which line; a table that lacks what training saw.
pub fn read_like(
    path: &Path,
    config: &DataConfig,
    task: TargetKind,
    like: Option<&Layout>,
) -> Result<(Dataset, Option<Layout>), DataError> {
    read_files(&path.into(), config, task, like)
}

/// As [`read_like`], of one file or folder or of several that are read as one: the first tells the columns of the
/// others.
pub(crate) fn read_files(
    files: &Files,
    config: &DataConfig,
    task: TargetKind,
    like: Option<&Layout>,
) -> Result<(Dataset, Option<Layout>), DataError> {
    within(config.max_bytes, || read_all(files, config, task, like))
}

fn read_all(
    files: &Files,
    config: &DataConfig,
    task: TargetKind,
    like: Option<&Layout>,
) -> Result<(Dataset, Option<Layout>), DataError> {
    if let Some(windows) =
        config.windows.as_ref().filter(|_| matches!(task, TargetKind::Forecast | TargetKind::Unsupervised))
    {
        let recordings = recordings::read(files, config, like)?;
        return Ok((of_whole(recordings, windows, config.target.is_some())?, None));
    }
    if let Some(sessions) = sessions_of(config) {
        return Ok((dataset_from_rows(prepare_sessions::whole(files, config, &sessions)?, task)?, None));
    }
    let supervised = !matches!(task, TargetKind::Forecast | TargetKind::Unsupervised);
    let mut options = ReadOptions { supervised, like: like.cloned(), ..options_of(config) };
    let files = files.found()?;
    let read = |path: &Path, options: &ReadOptions| formats::read(path, format_for(path, config), options);
    let mut rows = read(&files[0], &options)?;
    let layout = rows.layout.take();
    options.like = options.like.or_else(|| layout.clone());
    for path in &files[1..] {
        rows.join(read(path, &options)?);
    }
    if files.len() > 1 {
        rows.name = format!("{} and {} more", rows.name, files.len() - 1);
        rows.notes.extend(twice(&rows, layout.as_ref()));
    }
    Ok((dataset_from_rows(rows, task)?, layout))
}

/// How events become sessions, where a config says so by its table or by its format.
pub(crate) fn sessions_of(config: &DataConfig) -> Option<SessionsConfig> {
    let by_format = config.format.as_deref() == Some(formats::events::FORMAT.name);
    config.sessions.clone().or_else(|| by_format.then(SessionsConfig::default))
}

/// Sequences with a class for each step.
fn per_step(rows: Rows) -> Dataset {
    let labels: Vec<String> = rows.steps.iter().flatten().cloned().collect();
    let (classes, numbers) = label_names::classes(&labels);
    let mut numbers = numbers.into_iter().map(Option::unwrap_or_default);
    let targets = rows.steps.iter().map(|steps| Target::Steps(numbers.by_ref().take(steps.len()).collect())).collect();
    Dataset {
        name: rows.name,
        sequences: rows.sequences,
        targets,
        classes,
        levels: rows.levels,
        keys: rows.keys,
        notes: rows.notes,
        samples: rows.samples,
    }
}

/// A line on series of long tables that go on in another file, by their looks.
fn twice(rows: &Rows, layout: Option<&Layout>) -> Option<String> {
    let mut seen = HashSet::new();
    let again = rows.keys.ids.iter().find(|id| !id.is_empty() && !seen.insert(id.as_str()))?;
    let is_long = layout.is_some_and(|layout| layout.kind() == LayoutKind::Long);
    is_long.then(|| {
        format!(
            "{}: the series `{again}` stands in several files, and is read as one of each; put its rows into one file",
            rows.name
        )
    })
}

/// The config's format, for files that are called as that of training is, or whose name tells none.
fn format_for<'a>(path: &Path, config: &'a DataConfig) -> Option<&'a str> {
    let trained = config.train.as_ref().map_or(Path::new(&config.source), Files::first);
    let alike = formats::ending(path) == formats::ending(trained) || formats::by_ending(path).is_none();
    config.format.as_deref().filter(|_| alike || path.is_dir())
}

/// Rows whose labels become classes or numbers, as the task asks.
///
/// # Errors
///
/// Labels that are no numbers where numbers are asked for; targets of another kind than the task's.
pub fn dataset_from_rows(mut rows: Rows, task: TargetKind) -> Result<Dataset, DataError> {
    if matches!(task, TargetKind::SequenceToSequence | TargetKind::Transcribe) {
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
            keys: rows.keys,
            notes: rows.notes,
            samples: rows.samples,
            ..Dataset::default()
        });
    }
    if !rows.names_of_files {
        rows.notes.extend(label_names::without_marks(&mut rows.labels, &rows.name));
    }
    if !rows.steps.is_empty() {
        return Ok(per_step(rows));
    }
    if task != TargetKind::Regress {
        let mut dataset = Dataset::from_labels(rows.name, rows.sequences, rows.labels);
        let counts = dataset.class_counts();
        dataset.levels = rows.levels;
        dataset.keys = rows.keys;
        dataset.samples = rows.samples;
        dataset.notes = rows.notes;
        dataset.notes.extend(label_names::alike(&dataset.classes, &dataset.name));
        dataset.notes.extend(label_names::doubtful(&dataset.classes, &counts, &dataset.name));
        return Ok(dataset);
    }
    let mut bad = Vec::new();
    let mut targets = Vec::new();
    for (row, label) in rows.labels.iter().enumerate() {
        targets.push(match label.parse::<f64>() {
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
            keys: rows.keys,
            notes: rows.notes,
            samples: rows.samples,
            ..Dataset::default()
        });
    }
    Err(DataError::several(bad, "a regressor needs numbers; for classes use `[model.classifier]`"))
}
