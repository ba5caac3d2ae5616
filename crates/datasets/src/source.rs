//! From a config's `source` to raw parts: training, and where they exist validation, test and unlabelled.

use std::path::{Path, PathBuf};

use crate::config::DataConfig;
use crate::error::{DataError, nearest};
use crate::fetch::{self, FETCHABLES};
use crate::formats::{self, ReadOptions, Rows};
use crate::formula::FORMULAS;
use crate::prepare::Task;
use crate::sequence::{Dataset, Sequence, Target};

/// The raw parts of a data set.
#[derive(Clone, Debug)]
pub struct Source {
    /// The training part, from which validation (and perhaps test) rows are taken.
    pub train: Dataset,
    /// The validation part, if the data has one.
    pub valid: Option<Dataset>,
    /// The test part, if the data has one.
    pub test: Option<Dataset>,
    /// More sequences without labels.
    pub unlabeled: Option<Dataset>,
}

impl Source {
    /// Data in memory; the test part is drawn from it as the config says.
    pub fn new(train: Dataset) -> Self {
        Self { train, valid: None, test: None, unlabeled: None }
    }
}

/// Opens what `[data]` names.
///
/// # Errors
///
/// What is wrong with which file, and how to mend it.
pub fn open(config: &DataConfig, task: Task) -> Result<Source, DataError> {
    let one = |path: &Option<PathBuf>| path.as_ref().map(|path| read_input(path, config, task)).transpose();
    if let Some(path) = &config.train {
        return Ok(Source {
            train: read_input(path, config, task)?,
            valid: one(&config.valid)?,
            test: one(&config.test)?,
            unlabeled: one(&config.unlabeled)?,
        });
    }
    if let Some(formula) = FORMULAS.iter().find(|formula| formula.name == config.source) {
        return Ok(Source {
            train: formula.train_part(config.size, config.seed),
            valid: one(&config.valid)?,
            test: Some(formula.test_part(config.seed)),
            unlabeled: one(&config.unlabeled)?,
        });
    }
    let mut path = PathBuf::from(&config.source);
    if let Some(set) = fetch::find(&config.source).filter(|_| !path.exists()) {
        path = set.path();
        if !set.is_here() {
            return Err(DataError::new(
                format!("{}: the data set `{}` has not been fetched", path.display(), set.name),
                format!("`cargo xtask data fetch {}` downloads it; or give its path", set.name),
            ));
        }
    } else if !path.exists() && !config.source.contains(['/', '\\', '.']) {
        let fetchable = FETCHABLES.iter().map(|set| set.name);
        let names: Vec<&str> = FORMULAS.iter().map(|formula| formula.name).chain(fetchable).collect();
        let hint = nearest(&config.source, &names).map_or_else(
            || format!("built-in names: {}; or give the path of your data", names.join(", ")),
            |name| format!("did you mean `{name}`?"),
        );
        return Err(DataError::new(
            format!("there is no built-in data set `{}`, and no such file", config.source),
            hint,
        ));
    }
    let (train, test) = parts(&path);
    let train = read_input(&train, config, task)?;
    let test = match (&config.test, &test) {
        (Some(path), _) | (None, Some(path)) => Some(read_input(path, config, task)?),
        (None, None) => None,
    };
    if config.join
        && let Some(test) = test
    {
        return Ok(Source { train: train.join(test), valid: None, test: None, unlabeled: one(&config.unlabeled)? });
    }
    Ok(Source { train, valid: one(&config.valid)?, test, unlabeled: one(&config.unlabeled)? })
}

/// Reads one file or folder as a raw data set.
///
/// # Errors
///
/// What is wrong with which line.
pub fn read_input(path: &Path, config: &DataConfig, task: Task) -> Result<Dataset, DataError> {
    let options = ReadOptions {
        text: config.text.clone(),
        target: config.target.clone(),
        features: config.features.clone(),
        header: config.header,
    };
    dataset_from_rows(formats::read(path, config.format.as_deref(), &options)?, task)
}

/// Rows whose labels become classes or numbers, as the task asks.
///
/// # Errors
///
/// Labels that are no numbers where numbers are asked for; targets of another kind than the task's.
pub fn dataset_from_rows(rows: Rows, task: Task) -> Result<Dataset, DataError> {
    if task != Task::Regress {
        return Ok(Dataset::from_labels(rows.name, rows.sequences, rows.labels));
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
        return Ok(Dataset { name: rows.name, sequences: rows.sequences, targets, classes: Vec::new() });
    }
    Err(DataError::several(bad, "a regressor needs numbers; for classes use `[model.classifier]`"))
}

/// The training and the test file of a path: an archive's folder with `NAME_TRAIN.…`, one of such a pair,
/// a folder with `train` and `test` inside, or the path itself.
fn parts(path: &Path) -> (PathBuf, Option<PathBuf>) {
    let whole = (path.to_path_buf(), None);
    let partner = |train: &Path| {
        let name = train.file_name()?.to_string_lossy().into_owned();
        let test = train.with_file_name(name.replacen("_TRAIN", "_TEST", 1));
        (test != train && test.exists()).then_some(test)
    };
    if path.is_file() {
        let test = partner(path);
        return (path.to_path_buf(), test);
    }
    let Ok(entries) = std::fs::read_dir(path) else { return whole };
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    let ending =
        |path: &PathBuf| path.extension().map(|ending| ending.to_string_lossy().into_owned()).unwrap_or_default();
    let train = entries
        .iter()
        .filter(|path| path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("_TRAIN")))
        .min_by_key(|path| ["ts", "tsv", "txt"].iter().position(|known| *known == ending(path)).unwrap_or(9));
    if let Some(train) = train {
        return (train.clone(), partner(train));
    }
    let (train, test) = (path.join("train"), path.join("test"));
    if train.is_dir() {
        return (train, test.is_dir().then_some(test));
    }
    whole
}

/// Whether all targets that are there fit the task.
pub(crate) fn check_targets(dataset: &Dataset, task: Task) -> Result<(), DataError> {
    let fits = |target: &Target| {
        task == Task::Unsupervised
            || matches!(
                (task, target),
                (_, Target::Missing)
                    | (Task::Classify, Target::Class(_))
                    | (Task::Tag, Target::Steps(_))
                    | (Task::Regress, Target::Number(_))
            )
    };
    if dataset.targets.iter().all(fits) {
        return Ok(());
    }
    let (found, model) = match dataset.targets.iter().find(|target| !fits(target)) {
        Some(Target::Class(_)) => ("a class each sequence", "classifier"),
        Some(Target::Steps(_)) => ("a class each step", "tagger"),
        _ => ("numbers", "regressor"),
    };
    Err(DataError::new(
        format!("{} has {found} as targets, which this model cannot learn", dataset.name),
        format!("use `[model.{model}]`"),
    ))
}

/// Empty sequences, by row.
pub(crate) fn check_lengths(dataset: &Dataset) -> Result<(), DataError> {
    let empty =
        |sequence: &Sequence| matches!(sequence, Sequence::Series(_) | Sequence::Tokens(_)) && sequence.is_empty();
    let bad: Vec<String> = dataset
        .sequences
        .iter()
        .enumerate()
        .filter(|(_, sequence)| empty(sequence))
        .map(|(row, _)| format!("{}: row {}: the sequence has no step", dataset.name, row + 1))
        .collect();
    if bad.is_empty() { Ok(()) } else { Err(DataError::several(bad, "remove these rows")) }
}
