//! From a config's `source` to raw parts: training, and where they exist validation, test and unlabelled.

use std::path::{Path, PathBuf};

use crate::config::DataConfig;
use crate::error::DataError;
use crate::files::Files;
use crate::formats::limit::within;
use crate::formats::{self, FORMATS};
use crate::sequence::Target;
use crate::sources::locate::{is_built_in, located, parts};
use crate::sources::parts::Source;
use crate::sources::read::{read_files, sessions_of};
use crate::sources::synthetic::FORMULAS;
use crate::target_kind::TargetKind;

/// Opens what `[data]` names.
///
/// # Errors
///
/// What is wrong with which file, and how to mend it.
pub fn open(config: &DataConfig, task: TargetKind) -> Result<Source, DataError> {
    let source = within(config.max_bytes, || parts_of(config, task))?;
    if config.size.is_some() && (config.train.is_some() || is_built_in(&config.source) != Some(true)) {
        return Err(DataError::new(
            format!("`data.size` is for sets made by formula, and has no effect on {}", source.train.name),
            "remove the key",
        ));
    }
    Ok(if config.join { source.joined() } else { source })
}

fn parts_of(config: &DataConfig, task: TargetKind) -> Result<Source, DataError> {
    if sessions_of(config).is_some() {
        let files = config.train.clone().map_or_else(|| located(config).map(Files::from), Ok)?;
        return Ok(Source::new(read_files(&files, config, task, None)?.0));
    }
    if let Some(formula) =
        FORMULAS.iter().find(|formula| formula.name == config.source).filter(|_| config.train.is_none())
    {
        let mut source = Source::new(formula.train_part(config.size, config.seed));
        source.test = Some(formula.test_part(config.seed));
        return further_parts(source, None, config, task);
    }
    let (files, test) = match &config.train {
        Some(files) => (files.clone(), None),
        None => {
            let (train, test) = parts(&located(config)?);
            (Files::from(train), test)
        }
    };
    check_columns(&files, config)?;
    let (train, layout) = read_files(&files, config, task, None)?;
    further_parts(Source { layout, ..Source::new(train) }, test, config, task)
}

/// The files that a config's parts are read from; none of what a formula makes.
///
/// # Errors
///
/// A name or a pattern that names nothing.
pub(crate) fn source_files(config: &DataConfig) -> Result<Vec<PathBuf>, DataError> {
    let made = config.train.is_none() && FORMULAS.iter().any(|formula| formula.name == config.source);
    let mut all = Vec::new();
    match &config.train {
        Some(files) => all.extend(files.found()?),
        None if made => {}
        None => {
            let (train, test) = parts(&located(config)?);
            all.extend(Files::from(train).found()?);
            all.extend(test);
        }
    }
    for files in [&config.valid, &config.test, &config.unlabeled].into_iter().flatten() {
        all.extend(files.found()?);
    }
    Ok(all)
}

/// Refuses keys of columns where no part has any: whoever wrote them expects an effect.
fn check_columns(files: &Files, config: &DataConfig) -> Result<(), DataError> {
    let others = [&config.valid, &config.test, &config.unlabeled].into_iter().flatten();
    let mut all = Vec::new();
    for files in others.chain([files]) {
        all.extend(files.found()?);
    }
    let kind_of = |path: &PathBuf| config.format.as_deref().or_else(|| formats::guess(path));
    for (key, given, kinds, what) in [
        ("axes", config.axes.is_some(), ["npy", "npz"], "arrays of NumPy"),
        ("segment", config.segment.is_some(), ["edf", "wfdb"], "recordings of signals, EDF and WFDB"),
    ] {
        if given && !all.iter().filter_map(kind_of).any(|kind| kinds.contains(&kind)) {
            let path = files.first().display();
            return Err(DataError::new(
                format!("{path}: `data.{key}` is for {what}, and has no effect on this file"),
                "remove it, or name the format with `data.format`",
            ));
        }
    }
    let has_columns = |path: &Path| {
        let name = config.format.as_deref().or_else(|| formats::guess(path));
        // What is no format at all is told by whoever reads it.
        FORMATS.iter().find(|format| Some(format.name) == name).is_none_or(|format| formats::has_columns(format, path))
    };
    if all.iter().any(|path| has_columns(path)) {
        return Ok(());
    }
    let keys = [
        ("text", config.text.is_some()),
        ("target", config.target.is_some()),
        ("features", !config.features.is_empty()),
        ("id", config.id.is_some()),
        ("time", config.time.is_some()),
        ("header", config.header.is_some()),
    ];
    let given: Vec<String> = keys.iter().filter(|(_, given)| *given).map(|(key, _)| format!("`data.{key}`")).collect();
    if given.is_empty() {
        return Ok(());
    }
    let path = &all[all.len() - 1];
    let kind = config.format.as_deref().or_else(|| formats::guess(path)).unwrap_or_default();
    Err(DataError::new(
        format!(
            "{}: {} for tables, and `{kind}` has no columns",
            path.display(),
            if given.len() == 1 { format!("{} is", given[0]) } else { format!("{} are", given.join(", ")) }
        ),
        "remove what has no effect; labels stand in the file itself, or are the names of its folders or files",
    ))
}

/// The parts beside that of training, read by its columns; `test` is the source's own test file.
fn further_parts(
    source: Source,
    test: Option<PathBuf>,
    config: &DataConfig,
    task: TargetKind,
) -> Result<Source, DataError> {
    let read =
        |files: &Files, task: TargetKind| read_files(files, config, task, source.layout.as_ref()).map(|(read, _)| read);
    let labelled = |files: &Files| {
        let mut part = read(files, task)?;
        if task != TargetKind::Unsupervised && part.targets.iter().all(|target| *target == Target::Missing) {
            part.notes.push(format!("{}: no row has a label, and nothing can be scored on it", part.name));
        }
        Ok(part)
    };
    let valid = config.valid.as_ref().map(labelled).transpose()?;
    // Of a folder with both parts the fitting one.
    let own = |files: &Files| match files.single() {
        Some(path) => match parts(path) {
            (_, Some(test)) if path.is_dir() => test.into(),
            (train, _) => train.into(),
        },
        None => files.clone(),
    };
    let test = config.test.as_ref().map(own).or(test.map(Files::from)).as_ref().map(labelled).transpose()?;
    // Whose labels, if any, are not looked at.
    let train_part = |files: &Files| files.single().map_or_else(|| files.clone(), |path| Files::from(parts(path).0));
    let unlabeled =
        config.unlabeled.as_ref().map(|files| read(&train_part(files), TargetKind::Unsupervised)).transpose()?;
    Ok(Source { valid, test: test.or(source.test.clone()), unlabeled, ..source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::folder;

    /// Images of one pixel, with the labels 0 and 1 in turn.
    fn write_images(folder: &Path, part: &str, count: u8) {
        let images = [&[0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 1, 0, 0, 0, 1][..], &vec![7; count.into()]].concat();
        std::fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images).unwrap();
        let labels = [&[0, 0, 8, 1, 0, 0, 0, count][..], &(0..count).map(|row| row % 2).collect::<Vec<u8>>()].concat();
        std::fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
    }

    /// Rows of the training and the test part.
    fn sizes(path: &Path) -> (usize, Option<usize>) {
        let config = DataConfig { source: path.display().to_string(), ..Default::default() };
        let source = open(&config, TargetKind::Classify).unwrap();
        (source.train.len(), source.test.map(|test| test.len()))
    }

    #[test]
    fn a_folder_of_both_mnist_pairs_is_train_and_test() {
        let path = folder("pairs");
        write_images(&path, "train", 6);
        write_images(&path, "t10k", 4);
        assert_eq!(sizes(&path), (6, Some(4)));
    }

    #[test]
    fn a_folder_of_one_mnist_pair_has_no_test_part() {
        let path = folder("pair");
        write_images(&path, "t10k", 4);
        assert_eq!(sizes(&path), (4, None));
    }

    #[test]
    fn the_training_file_of_a_pair_finds_its_test_file() {
        let path = folder("file");
        write_images(&path, "train", 6);
        write_images(&path, "t10k", 4);
        assert_eq!(sizes(&path.join("train-images-idx3-ubyte")), (6, Some(4)));
    }

    #[test]
    fn a_path_of_a_set_that_is_not_there_says_how_to_fetch_it() {
        let message = |source: &str| {
            let config = DataConfig { source: source.into(), ..Default::default() };
            open(&config, TargetKind::Classify).unwrap_err().in_full()
        };
        let near = message("data/ag-news-small/ag_news.csv");
        assert!(near.contains("`semiseq data fetch ag-news-small` downloads it"), "{near}");
        let far = message("/no/such/mnist-10k");
        assert!(far.contains("`semiseq data fetch mnist-10k --to /no/such` downloads it"), "{far}");
    }

    #[test]
    fn keys_of_columns_are_refused_where_there_are_none() {
        let path = folder("columnless");
        let ts = path.join("a.ts");
        std::fs::write(&ts, "@classLabel true a b\n@data\n1,2:a\n3,4:b\n").unwrap();
        for class in ["a", "b"] {
            std::fs::create_dir_all(path.join("texts").join(class)).unwrap();
            std::fs::write(path.join("texts").join(class).join("1.txt"), "some words").unwrap();
        }
        let csv = path.join("a.csv");
        std::fs::write(&csv, "x,y,label\n1,2,a\n3,4,b\n").unwrap();
        let opened = |path: &Path| {
            let (target, time) = (Some("label".into()), Some("x".into()));
            let config = DataConfig { source: path.display().to_string(), target, time, ..Default::default() };
            open(&config, TargetKind::Classify).map(|_| ()).map_err(|error| error.in_full())
        };
        for path in [&ts, &path.join("texts")] {
            let told = opened(path).unwrap_err();
            assert!(told.contains("`data.target`, `data.time` are for tables, and `"), "{told}");
        }
        opened(&csv).unwrap();
        let (source, axes) = (csv.display().to_string(), Some("ntc".into()));
        let config = DataConfig { source, axes, ..Default::default() };
        let told = open(&config, TargetKind::Classify).unwrap_err().to_string();
        assert!(told.contains("a.csv: `data.axes` is for arrays of NumPy, and has no effect"), "{told}");
    }
}
