//! What a command line that clap refuses was meant to say.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use semiseq::schema::plain;
use semiseq::training::terminal::fail;

/// Settings of a run that people give as flags elsewhere, without the marks between words, and their keys here.
const SETTINGS: &[(&[&str], &str)] = &[
    (&["epochs", "epoch", "numepochs", "nepochs", "maxepochs", "numtrainepochs"], "stage.0.epochs"),
    (&["steps", "maxsteps", "iterations", "numtrainiter"], "stage.0.steps"),
    (&["batchsize", "batch", "bs"], "stage.0.batch_size"),
    (&["uratio", "unlabeledratio", "mu"], "stage.0.unlabeled_ratio"),
    (&["lr", "learningrate"], "stage.0.optimizer.adam.lr"),
    (&["weightdecay", "wd"], "stage.0.optimizer.adam.weight_decay"),
    (&["seed", "randomseed", "randomstate"], "seed"),
    (&["name", "runname", "experiment"], "name"),
    (&["data", "dataset", "source"], "data.source"),
    (&["target", "labelcolumn"], "data.target"),
    (&["labels", "numlabels", "nlabels", "perclass"], "data.labels.per_class"),
    (&["hidden", "hiddensize", "units"], "model.classifier.encoder.lstm.hidden"),
    (&["layers", "numlayers", "nlayers"], "model.classifier.encoder.lstm.layers"),
    (&["bidirectional"], "model.classifier.encoder.lstm.bidirectional"),
    (&["dropout", "dropoutrate"], "model.classifier.dropout"),
];

/// Flags of other tools, and ours that does the same.
const FLAGS: &[(&[&str], &str)] = &[
    (&["device", "gpu", "cuda", "accelerator"], "--backend cuda"),
    (&["output", "outputdir", "savedir", "logdir", "savedirectory"], "--out DIR"),
    (&["config", "cfg", "c"], "CONFIG, without a flag before it"),
    (&["silent", "noprogress"], "--quiet"),
];

/// Prints clap's message, and how to say what was probably meant.
pub fn explain(error: &clap::Error) -> ExitCode {
    // Help that nobody reads any more, or a message to a closed terminal, is no failure.
    let _ = error.print();
    if let Some(hint) = hint(error, std::env::args().skip(1)) {
        fail(format!("\nhint: {hint}"));
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn hint(error: &clap::Error, arguments: impl Iterator<Item = String>) -> Option<String> {
    let arguments: Vec<String> = arguments.collect();
    let trains = arguments.first().is_some_and(|command| command == "train");
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return None };
    if error.kind() != ErrorKind::UnknownArgument || !trains {
        return None;
    }
    let name = plain(flag.trim_start_matches('-').split('=').next().unwrap_or_default());
    let known = |table: &[(&[&str], &'static str)]| {
        table.iter().find(|(names, _)| names.contains(&name.as_str())).map(|(_, meant)| *meant)
    };
    if let Some(key) = known(SETTINGS) {
        let value = value_of(flag, &arguments).unwrap_or_else(|| "VALUE".into());
        let counted = if key.starts_with("stage.") { "; stages are counted from 0" } else { "" };
        return Some(format!("settings of a run are given with `--set`: `--set {key}={value}`{counted}"));
    }
    known(FLAGS).map(|flag| format!("here this is `{flag}`"))
}

/// The value behind a flag, as `--flag value` or `--flag=value`.
fn value_of(flag: &str, arguments: &[String]) -> Option<String> {
    let place = arguments.iter().position(|argument| argument.split('=').next() == flag.split('=').next())?;
    match arguments[place].split_once('=') {
        Some((_, value)) => Some(value.to_string()),
        None => arguments.get(place + 1).filter(|value| !value.starts_with("--")).cloned(),
    }
}
