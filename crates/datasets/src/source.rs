//! From a config's `source` to raw parts: training, and where they exist validation, test and unlabelled.

use std::path::{Path, PathBuf};

use semiseq_schema::nearest;

use crate::config::DataConfig;
use crate::duplicates::{self, Seen};

use crate::error::DataError;
use crate::fetch::{self, FETCHABLES, Fetchable};
use crate::formats::limit::within;
use crate::formats::{self, Layout, ReadOptions, Rows, recordings};
use crate::formula::FORMULAS;
use crate::labels;
use crate::prepare::Task;
use crate::sequence::{Dataset, Sequence, Series, Target};
use crate::windows::{self, WindowsConfig};

/// Labelled rows from which classes are counted against them.
const ENOUGH: usize = 10;

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
    /// Which columns of the training table were read.
    pub layout: Option<Layout>,
}

impl Source {
    /// Data in memory; the test part is drawn from it as the config says.
    pub fn new(train: Dataset) -> Self {
        Self { train, valid: None, test: None, unlabeled: None, layout: None }
    }

    /// What was read otherwise than it may be meant, a line each.
    pub fn notes(&self) -> Vec<String> {
        let parts = [Some(&self.train), self.valid.as_ref(), self.test.as_ref(), self.unlabeled.as_ref()];
        parts.into_iter().flatten().flat_map(|part| part.notes.iter().cloned()).collect()
    }

    /// A line on rows that stand twice: in the training and the test part, or in a file that is not split yet.
    pub fn duplicates(&self) -> Option<String> {
        match &self.test {
            Some(test) => {
                let share = Seen::of(&self.train, 0..self.train.len()).share(test, "test");
                duplicates::told(&share.into_iter().collect::<Vec<_>>())
            }
            None => duplicates::within(&self.train),
        }
    }

    /// A line on classes of the training part that look like something else: nearly as many as rows.
    pub fn doubtful_classes(&self) -> Option<String> {
        let labelled = self.train.targets.iter().filter(|target| matches!(target, Target::Class(_))).count();
        let classes = self.train.classes.len();
        if labelled < ENOUGH || 2 * classes <= labelled {
            return None;
        }
        let column = self
            .layout
            .as_ref()
            .and_then(Layout::target_name)
            .map_or(String::new(), |name| format!(", column `{name}`"));
        let as_many = if self.one_class_a_row() {
            "as many classes as rows with a label"
        } else {
            "nearly as many classes as rows"
        };
        Some(format!(
            "{}: {as_many} ({classes} of {labelled}){column}: is it the label? `data.target` names another; numbers are for \
             `[model.regressor]`",
            self.train.name
        ))
    }

    /// Whether each of many rows has a class of its own, so that there is nothing to learn.
    pub fn one_class_a_row(&self) -> bool {
        let labelled = self.train.targets.iter().filter(|target| matches!(target, Target::Class(_))).count();
        labelled >= ENOUGH && self.train.classes.len() == labelled
    }

    /// Training and test part as one, to be split anew.
    fn joined(self) -> Self {
        match self.test {
            Some(test) => Self { train: self.train.join(test), test: None, ..self },
            None => self,
        }
    }
}

/// Opens what `[data]` names.
///
/// # Errors
///
/// What is wrong with which file, and how to mend it.
pub fn open(config: &DataConfig, task: Task) -> Result<Source, DataError> {
    let source = within(config.max_bytes, || parts_of(config, task))?;
    if config.size.is_some() && (config.train.is_some() || is_built_in(&config.source) != Some(true)) {
        return Err(DataError::new(
            format!("`data.size` is for sets made by formula, and has no effect on {}", source.train.name),
            "remove the key",
        ));
    }
    Ok(if config.join { source.joined() } else { source })
}

fn parts_of(config: &DataConfig, task: Task) -> Result<Source, DataError> {
    if let Some(formula) =
        FORMULAS.iter().find(|formula| formula.name == config.source).filter(|_| config.train.is_none())
    {
        let mut source = Source::new(formula.train_part(config.size, config.seed));
        source.test = Some(formula.test_part(config.seed));
        return further_parts(source, None, config, task);
    }
    let (path, test) = match &config.train {
        Some(path) => (path.clone(), None),
        None => parts(&located(config)?),
    };
    let (train, layout) = read_like(&path, config, task, None)?;
    further_parts(Source { layout, ..Source::new(train) }, test, config, task)
}

/// The parts beside that of training, read by its columns; `test` is the source's own test file.
fn further_parts(source: Source, test: Option<PathBuf>, config: &DataConfig, task: Task) -> Result<Source, DataError> {
    let read = |path: &PathBuf, task: Task| read_like(path, config, task, source.layout.as_ref()).map(|(read, _)| read);
    let labelled = |path: &PathBuf| {
        let mut part = read(path, task)?;
        if task != Task::Unsupervised && part.targets.iter().all(|target| *target == Target::Missing) {
            part.notes.push(format!("{}: no row has a label, and nothing can be scored on it", part.name));
        }
        Ok(part)
    };
    let valid = config.valid.as_ref().map(labelled).transpose()?;
    // Of a folder with both parts the fitting one.
    let own = |path: &PathBuf| match parts(path) {
        (_, Some(test)) if path.is_dir() => test,
        (train, _) => train,
    };
    let test = config.test.as_ref().map(own).or(test).as_ref().map(labelled).transpose()?;
    // Whose labels, if any, are not looked at.
    let unlabeled = config.unlabeled.as_ref().map(|path| read(&parts(path).0, Task::Unsupervised)).transpose()?;
    Ok(Source { valid, test: test.or(source.test.clone()), unlabeled, ..source })
}

/// Whether a name is that of a built-in data set: one made by formula, or one that can be fetched, which a file of the same
/// name stands in for.
pub fn is_built_in(name: &str) -> Option<bool> {
    let made = FORMULAS.iter().any(|formula| formula.name == name);
    (made || fetch::find(name).is_some()).then_some(made)
}

/// The file or folder that `data.source` names.
///
/// # Errors
///
/// A name that is not known, or a set that has not been fetched.
pub(crate) fn located(config: &DataConfig) -> Result<PathBuf, DataError> {
    let mut path = PathBuf::from(&config.source);
    if let Some(set) = fetch::find(&config.source).filter(|_| !path.exists()) {
        path = set.path();
        if !set.is_here() {
            return Err(not_fetched(&path, set, Path::new(fetch::FOLDER)));
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
    if let Some((set, folder)) = fetch::missing(&path) {
        return Err(not_fetched(&path, set, folder));
    }
    Ok(path)
}

fn not_fetched(path: &Path, set: &Fetchable, folder: &Path) -> DataError {
    let to = if folder == Path::new(fetch::FOLDER) { String::new() } else { format!(" --to {}", folder.display()) };
    DataError::new(
        format!("{}: the data set `{}` has not been fetched", path.display(), set.name),
        format!("`cargo xtask data fetch {}{to}` downloads it; or give its path", set.name),
    )
}

/// The file or folder that a command's INPUT names: a path, or a set that was fetched. Of a folder with a training and a test
/// part it is the test part, which a note tells.
///
/// # Errors
///
/// A name that is not known, or a set that has not been fetched.
pub fn input_path(input: &str) -> Result<(PathBuf, Option<String>), DataError> {
    let path = located(&DataConfig { source: input.into(), ..DataConfig::default() })?;
    if path.is_file() {
        return Ok((path, None));
    }
    Ok(match parts(&path) {
        (_, Some(test)) => {
            let note =
                format!("{}: the test part is read, {}; give a file to read another", path.display(), test.display());
            (test, Some(note))
        }
        (train, None) => (train, None),
    })
}

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
        let recordings = windows::read(path, config, like)?;
        return Ok((windows::of_whole(recordings, windows, config.target.is_some())?, None));
    }
    let supervised = !matches!(task, Task::Forecast | Task::Unsupervised);
    let options = ReadOptions { supervised, like: like.cloned(), ..options_of(config) };
    let mut rows = formats::read(path, format_for(path, config), &options)?;
    let layout = rows.layout.take();
    Ok((dataset_from_rows(rows, task)?, layout))
}

/// What a config says about columns.
pub(crate) fn options_of(config: &DataConfig) -> ReadOptions {
    ReadOptions {
        text: config.text.clone(),
        target: config.target.clone(),
        features: config.features.clone(),
        header: config.header,
        missing: config.labels.missing.clone(),
        id: config.id.clone(),
        time: config.time.clone(),
        ..ReadOptions::default()
    }
}

/// The config's format, for files that are called as that of training is, or whose name tells none.
fn format_for<'a>(path: &Path, config: &'a DataConfig) -> Option<&'a str> {
    let trained = config.train.clone().unwrap_or_else(|| PathBuf::from(&config.source));
    let alike = formats::ending(path) == formats::ending(&trained) || formats::by_ending(path).is_none();
    config.format.as_deref().filter(|_| alike || path.is_dir())
}

/// A table that is a recording by its looks.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Names of its channels.
    pub channels: Vec<String>,
    /// Its steps; of several recordings those of all.
    pub steps: usize,
    /// What was read otherwise than it may be meant, a line each.
    pub notes: Vec<String>,
}

/// What `data.source` names, where that is a recording by its looks: a table with many dates in one column and numbers in all
/// others. `None` where it is not.
///
/// # Errors
///
/// Where it is one, and its dates or cells cannot be read.
pub fn recording(config: &DataConfig) -> Result<Option<Recording>, DataError> {
    let Ok(path) = located(config) else { return Ok(None) };
    let looks = || recordings::looks_like(&path, &options_of(config));
    if config.format.is_some() || !within(config.max_bytes, looks) {
        return Ok(None);
    }
    let read = within(config.max_bytes, || windows::read(&path, config, None))?;
    let steps = read.series.iter().map(Series::time).sum();
    Ok(Some(Recording { channels: read.columns, steps, notes: read.notes }))
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
    let recordings = within(config.max_bytes, || windows::read(path, config, like))?;
    windows::latest(recordings, windows)
}

/// As [`latest_windows`], from rows in memory.
///
/// # Errors
///
/// Text, channels without names where `data.target` names one, or a recording shorter than a window.
pub fn latest_of(rows: Rows, config: &DataConfig, windows: &WindowsConfig) -> Result<Dataset, DataError> {
    windows::latest(windows::in_memory(rows, config)?, windows)
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
            ..Dataset::default()
        });
    }
    if !rows.names_of_files {
        rows.notes.extend(labels::without_marks(&mut rows.labels, &rows.name));
    }
    if task != Task::Regress {
        let mut dataset = Dataset::from_labels(rows.name, rows.sequences, rows.labels);
        let counts = dataset.class_counts();
        dataset.levels = rows.levels;
        dataset.notes = rows.notes;
        dataset.notes.extend(labels::doubtful(&dataset.classes, &counts, &dataset.name));
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
            ..Dataset::default()
        });
    }
    Err(DataError::several(bad, "a regressor needs numbers; for classes use `[model.classifier]`"))
}

/// How the name of a training file differs from that of its test file: the UCR archive, MNIST, EMNIST.
const PAIRS: [(&str, &str); 3] =
    [("_TRAIN", "_TEST"), ("train-images", "t10k-images"), ("train-images", "test-images")];

/// The test file that stands beside a training file, packed or not.
fn partner(train: &Path) -> Option<PathBuf> {
    let name = train.file_name()?.to_string_lossy().into_owned();
    PAIRS
        .iter()
        .filter(|(train, _)| name.contains(train))
        .flat_map(|(train, test)| {
            let same = name.replacen(train, test, 1);
            let bare = same.strip_suffix(".gz").unwrap_or(&same).to_string();
            let packed = format!("{bare}.gz");
            [same, bare, packed]
        })
        .map(|name| train.with_file_name(name))
        .find(|path| path.exists())
}

/// The training and the test file of a path: a folder with such a pair, one of a pair, a folder with `train`
/// and `test` inside, or the path itself.
fn parts(path: &Path) -> (PathBuf, Option<PathBuf>) {
    let whole = (path.to_path_buf(), None);
    if path.is_file() {
        let test = partner(path);
        return (path.to_path_buf(), test);
    }
    let Ok(entries) = std::fs::read_dir(path) else { return whole };
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    let ending =
        |path: &PathBuf| path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let train = entries
        .iter()
        .filter(|path| path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("_TRAIN")))
        .min_by_key(|path| ["ts", "tsv", "txt"].iter().position(|known| *known == ending(path)).unwrap_or(9));
    if let Some(train) = train {
        return (train.clone(), partner(train));
    }
    let pictures = entries.iter().find(|path| {
        path.file_name().is_some_and(|name| {
            let name = name.to_string_lossy();
            name.starts_with("train-images") && name.contains("idx3-ubyte")
        })
    });
    if let Some(train) = pictures
        && let Some(test) = partner(train)
    {
        return (train.clone(), Some(test));
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
                    | (Task::SequenceToSequence | Task::Forecast, Target::Sequence(_))
            )
    };
    if dataset.targets.iter().all(fits) {
        return Ok(());
    }
    if task == Task::SequenceToSequence {
        return Err(DataError::new(
            format!("{} has no sequences as targets", dataset.name),
            "`sequence-to-sequence` needs a text for each text; name its column with `data.target`",
        ));
    }
    if task == Task::Forecast {
        return Err(DataError::new(
            format!("{} is not cut into windows, and a forecaster forecasts what follows a window", dataset.name),
            "add a `[data.windows]` table with `input` and `horizon`",
        ));
    }
    let (found, model) = match dataset.targets.iter().find(|target| !fits(target)) {
        Some(Target::Class(_)) => ("a class each sequence", "classifier"),
        Some(Target::Steps(_)) => ("a class each step", "tagger"),
        Some(Target::Sequence(_)) => {
            return Err(DataError::new(
                format!("{} has sequences as targets, which this model cannot learn", dataset.name),
                "use `[stage.objective.sequence-to-sequence]`",
            ));
        }
        _ => ("numbers", "regressor"),
    };
    Err(DataError::new(
        format!("{} has {found} as targets, which this model cannot learn", dataset.name),
        format!("use `[model.{model}]`"),
    ))
}

/// Empty sequences, by row.
pub(crate) fn check_lengths(dataset: &Dataset) -> Result<(), DataError> {
    let empty = |sequence: &Sequence| !matches!(sequence, Sequence::Text(_)) && sequence.is_empty();
    let bad: Vec<String> = dataset
        .sequences
        .iter()
        .enumerate()
        .filter(|(_, sequence)| empty(sequence))
        .map(|(row, _)| format!("{}: row {}: the sequence has no step", dataset.name, row + 1))
        .collect();
    if bad.is_empty() { Ok(()) } else { Err(DataError::several(bad, "remove these rows")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("semiseq-source-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    /// Pictures of one pixel, with the labels 0 and 1 in turn.
    fn write_pictures(folder: &Path, part: &str, count: u8) {
        let pictures = [&[0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 1, 0, 0, 0, 1][..], &vec![7; count.into()]].concat();
        std::fs::write(folder.join(format!("{part}-images-idx3-ubyte")), pictures).unwrap();
        let labels = [&[0, 0, 8, 1, 0, 0, 0, count][..], &(0..count).map(|row| row % 2).collect::<Vec<u8>>()].concat();
        std::fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
    }

    /// Rows of the training and the test part.
    fn sizes(path: &Path) -> (usize, Option<usize>) {
        let config = DataConfig { source: path.display().to_string(), ..Default::default() };
        let source = open(&config, Task::Classify).unwrap();
        (source.train.len(), source.test.map(|test| test.len()))
    }

    #[test]
    fn a_folder_of_both_mnist_pairs_is_train_and_test() {
        let path = folder("pairs");
        write_pictures(&path, "train", 6);
        write_pictures(&path, "t10k", 4);
        assert_eq!(sizes(&path), (6, Some(4)));
    }

    #[test]
    fn a_folder_of_one_mnist_pair_has_no_test_part() {
        let path = folder("pair");
        write_pictures(&path, "t10k", 4);
        assert_eq!(sizes(&path), (4, None));
    }

    #[test]
    fn the_training_file_of_a_pair_finds_its_test_file() {
        let path = folder("file");
        write_pictures(&path, "train", 6);
        write_pictures(&path, "t10k", 4);
        assert_eq!(sizes(&path.join("train-images-idx3-ubyte")), (6, Some(4)));
    }

    #[test]
    fn a_path_of_a_set_that_is_not_there_says_how_to_fetch_it() {
        let message = |source: &str| {
            let config = DataConfig { source: source.into(), ..Default::default() };
            open(&config, Task::Classify).unwrap_err().to_string()
        };
        let near = message("data/ag-news-small/ag_news.csv");
        assert!(near.contains("`cargo xtask data fetch ag-news-small` downloads it"), "{near}");
        let far = message("/no/such/mnist-10k");
        assert!(far.contains("`cargo xtask data fetch mnist-10k --to /no/such` downloads it"), "{far}");
    }
}
