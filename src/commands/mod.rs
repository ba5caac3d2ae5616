//! One file a command, and what they share.

pub mod anomaly;
mod cells;
pub mod cluster;
mod columns;
pub mod compare;
pub mod config;
pub mod data;
pub mod devices;
mod dropout;
pub mod embed;
pub mod eval;
pub mod export;
mod further_columns;
pub mod generate;
pub mod import;
pub mod label;
pub mod manual;
pub mod names;
pub mod new;
pub mod predict;
mod prediction_json;
pub mod report;
mod tokenizer;
pub mod train;
pub mod tune;
mod watch;

use std::io::{BufRead, BufReader};
use std::path::Path;

use semiseq::datasets::formats::{ReadOptions, read_jsonl, read_sessions};
use semiseq::datasets::{
    Forecast, dataset_from_rows, dataset_of, input_path, latest_of, latest_windows, one_line, read_like, shown,
};
use semiseq::exchange::ExchangeError;
use semiseq::kernels;
use semiseq::prelude::*;
use semiseq::training::Predictor;
use semiseq::training::cells::{cell, is_formula};
use semiseq::training::terminal::{self, detail, fail, print, tell, warn};

/// The exit status of what the user interrupted.
const INTERRUPTED: i32 = 130;

/// The device that a config names.
fn open_device(backend: &str, index: usize) -> Result<Device, Error> {
    let wrong = |error: kernels::BackendError| Error::input(error.message, error.hint);
    let backend: Backend = backend.parse().map_err(wrong)?;
    backend.device(index).map_err(wrong)
}

/// The devices that a config names, the first being that of the weights.
fn open_devices(config: &RunConfig) -> Result<Vec<Device>, Error> {
    let open = |device: &DeviceName| {
        let (backend, index) = device.parts(&config.backend).map_err(|(message, hint)| Error::input(message, hint))?;
        open_device(backend, index)
    };
    config.devices.iter().map(open).collect()
}

/// The run in a folder, on the backend it was trained with or on another.
fn open_run(folder: &Path, backend: Option<&str>) -> Result<SavedRun, Error> {
    let trained = match backend {
        Some(name) => name.to_string(),
        None if folder.join("config.toml").exists() => {
            RunConfig::read(folder.join("config.toml"))?.lead_backend().to_string()
        }
        None => "flex".to_string(),
    };
    let run = SavedRun::open(folder, &open_device(&trained, 0)?)?;
    for name in run.changed_files()? {
        warn(format!("{}: has changed since the run ended", folder.join(name).display()));
    }
    Ok(run)
}

/// Reads INPUT, `-` being JSON lines on standard input, and prepares it as the run's data was prepared.
/// Labels are kept where `labels` says so; otherwise they are left out, so that strange ones do no harm.
fn prepare_input(run: &SavedRun, input: &str, labels: bool) -> Result<Dataset, Error> {
    let task = if labels { run.targets() } else { TargetKind::Unsupervised };
    let raw = read_raw(run, input, task)?;
    tell_notes(&raw.notes);
    let data = if labels { run.processor().apply(raw)? } else { prepared_without_labels(run, raw)? };
    tell_notes(run.processor().mostly_unknown(&data, "given").as_slice());
    Ok(data)
}

/// A file of weights that cannot be read, or a model that cannot be written.
fn refused(error: ExchangeError) -> Error {
    Error::input(error.message, error.hint)
}

/// Prepares data without their labels.
fn prepared_without_labels(run: &SavedRun, mut raw: Dataset) -> Result<Dataset, Error> {
    raw.targets.fill(Target::Missing);
    raw.classes.clear();
    Ok(run.processor().apply(raw)?)
}

/// Says on standard error what was read otherwise than it may be meant.
fn tell_notes(notes: &[String]) {
    notes.iter().for_each(|note| tell(format!("note: {}", one_line(note, 1_000))));
}

/// Reads INPUT as recordings, and prepares the last window of each.
fn prepare_latest(run: &SavedRun, input: &str, forecast: &Forecast) -> Result<Dataset, Error> {
    let config = run.config().map_or_else(|_| DataConfig::default(), |config| config.data);
    let like = run.processor().layout();
    let raw = if input == "-" {
        latest_from(run, BufReader::new(std::io::stdin()), STANDARD_INPUT, &config, forecast)?
    } else {
        let (path, note) = input_path(input)?;
        tell_notes(note.as_slice());
        latest_windows(&path, &config, &forecast.windows, like)?
    };
    tell_notes(&raw.notes);
    Ok(run.processor().apply(raw)?)
}

/// What standard input is called in messages.
const STANDARD_INPUT: &str = "standard input";

/// The last window of each recording in JSON lines, by the columns that training saw.
fn latest_from(
    run: &SavedRun,
    reader: impl BufRead,
    name: &str,
    config: &DataConfig,
    forecast: &Forecast,
) -> Result<Dataset, Error> {
    let options = ReadOptions { like: run.processor().layout().cloned(), ..ReadOptions::default() };
    Ok(latest_of(read_jsonl(reader, name, &options)?, config, &forecast.windows)?)
}

/// The sequences in JSON lines, by the columns that training saw.
fn raw_from(
    run: &SavedRun,
    reader: impl BufRead,
    name: &str,
    config: &DataConfig,
    task: TargetKind,
) -> Result<Dataset, Error> {
    if let Some(sessions) = &config.sessions {
        return Ok(dataset_from_rows(read_sessions(reader, name, sessions)?, task)?);
    }
    let options = ReadOptions {
        text: config.text.clone(),
        target: config.target.clone(),
        features: config.features.clone(),
        missing: config.labels.missing.clone(),
        label_lists: matches!(task, TargetKind::MultiLabel | TargetKind::Tag | TargetKind::Unsupervised),
        like: run.processor().layout().cloned(),
        ..ReadOptions::default()
    };
    Ok(dataset_of(read_jsonl(reader, name, &options)?, task, &config.labels)?)
}

/// The class names of INPUT and the class of each sequence, whatever classes the run knows; nothing where INPUT has no
/// labels.
fn labels_of(run: &SavedRun, input: &str) -> Result<(Vec<String>, Vec<Option<usize>>), Error> {
    if input == "-" {
        // Standard input can be read but once, for the sequences.
        return Ok((Vec::new(), Vec::new()));
    }
    let raw = read_raw(run, input, TargetKind::Classify).or_else(|_| read_raw(run, input, TargetKind::Unsupervised))?;
    let class = |target: &Target| if let Target::Class(class) = target { Some(*class) } else { None };
    Ok((raw.classes, raw.targets.iter().map(class).collect()))
}

/// Reads INPUT by the columns that training saw.
fn read_raw(run: &SavedRun, input: &str, task: TargetKind) -> Result<Dataset, Error> {
    let config = run.config().map_or_else(|_| DataConfig::default(), |config| config.data);
    let like = run.processor().layout();
    if input == "-" {
        return raw_from(run, BufReader::new(std::io::stdin()), STANDARD_INPUT, &config, task);
    }
    let formula = semiseq::datasets::synthetic::FORMULAS.iter().find(|formula| formula.name == input);
    if let Some(formula) = formula {
        return Ok(formula.test_part(config.seed));
    }
    let (path, note) = input_path(input)?;
    let (mut dataset, _) = read_like(&path, &config, task, like)?;
    dataset.notes.splice(0..0, note);
    Ok(dataset)
}

/// A probability as an argument.
fn confidence(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|value| (0.0..=1.0).contains(value));
    value.ok_or_else(|| "must be a probability, from 0 to 1".to_string())
}

/// Whether a run is as sure of something as `--abstain` asks about.
fn check_says_classes(run: &SavedRun) -> Result<(), Error> {
    if matches!(run.targets(), TargetKind::Classify | TargetKind::Tag) && run.purpose().predictor == Predictor::Head {
        return Ok(());
    }
    Err(Error::input(
        format!("{}: `--abstain` goes by the probabilities of classes, and this run says none", run.folder().display()),
        "leave it out, or train a `[model.classifier]`",
    ))
}

/// Writes a result to a file, or to standard output.
fn write_output(output: Option<&Path>, bytes: &[u8]) -> Result<(), Error> {
    match output {
        Some(path) => semiseq::training::files::write_atomic(path, bytes),
        None => terminal::write(bytes),
    }
}

/// Refuses a name for a file whose ending promises another format than the command writes. A device or a pipe
/// (`/dev/stdout`) promises none.
fn check_ending(output: Option<&Path>, endings: &[&str]) -> Result<(), Error> {
    let Some(path) = output.filter(|path| !std::fs::metadata(path).is_ok_and(|kind| !kind.is_file())) else {
        return Ok(());
    };
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    if endings.contains(&ending.as_str()) {
        return Ok(());
    }
    let known: Vec<String> = endings.iter().map(|ending| format!("`.{ending}`")).collect();
    Err(Error::input(
        format!("{}: the name must end in {}", path.display(), known.join(" or ")),
        format!("for example `--output {}`", path.with_extension(endings[0]).display()),
    ))
}

/// Refuses numbers that are none, which a model gives where a sequence or a weight is so large that a product has no
/// value.
fn check_finite<'a>(mut rows: impl Iterator<Item = &'a [f64]>) -> Result<(), Error> {
    match rows.position(|numbers| !numbers.iter().all(|number| number.is_finite())) {
        None => Ok(()),
        Some(row) => Err(not_finite(row)),
    }
}

/// A row, counted from 0, of which the model gives a number that is none.
fn not_finite(row: usize) -> Error {
    Error::runtime(
        format!("row {}: the model gives a number that is not finite", row + 1),
        "look at the values of this row: they must be of the size that the model was trained on; where every row is \
         like this, the model's weights are too large: train with a lower learning rate",
    )
}

/// Says that texts which a spreadsheet would compute stand behind an apostrophe in a CSV.
fn tell_formulas<'a>(texts: impl IntoIterator<Item = &'a str>) {
    let mut formulas: Vec<&str> = texts.into_iter().filter(|text| is_formula(text)).collect();
    formulas.sort_unstable();
    formulas.dedup();
    if let Some(first) = formulas.first() {
        tell(format!(
            "note: {} texts such as `{}` are written behind an apostrophe, since a spreadsheet would compute them; \
             JSON lines hold them as they are",
            formulas.len(),
            shown(first)
        ));
    }
}

/// JSON in which every character that a terminal would obey is an escape of JSON's own.
fn json_text(value: &impl serde::Serialize) -> Result<String, Error> {
    let text = serde_json::to_string_pretty(value).map_err(|error| {
        Error::runtime(format!("cannot be written as JSON: {error}"), "this is a defect of semiseq; please report it")
    })?;
    Ok(terminal::escaped_json(&text))
}
