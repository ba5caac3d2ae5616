//! `semiseq new`: a commented config for the user's own data.

mod arguments;
mod forecasting;
mod found;
mod recipe;
mod recommendation;
mod sequences;
mod toml_text;

use std::path::Path;

use semiseq::datasets::formats::looks_like_events;
use semiseq::datasets::{
    Files, SessionsConfig, WholeRecording, WordVectors, describe, is_built_in, open, recording, written_without_spaces,
};
use semiseq::prelude::*;
use semiseq::training::config::seen_from;

pub use self::arguments::Arguments;
use self::found::Found;
use self::toml_text::quoted;
use super::data::tell_of;
use super::{tell, tell_notes, write_output};

/// Writes the config.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let data = DataConfig {
        source: arguments.path.clone(),
        target: arguments.target.clone(),
        unlabeled: arguments.unlabeled.clone().map(Files::from),
        test: arguments.test.clone().map(Files::from),
        ..DataConfig::default()
    };
    let events = is_built_in(&arguments.path).is_none() && looks_like_events(Path::new(&arguments.path));
    let text = match if events { None } else { recording(&data)? } {
        None if events => {
            let sessions = Some(SessionsConfig::default());
            let found = open(&DataConfig { sessions, test: None, ..data }, TargetKind::Unsupervised)?;
            tell_notes(&found.notes());
            let described = describe(&found.train).of_sessions(&found.train);
            recommendation::config(arguments, described.sequences, described.items.unwrap_or(0))?
        }
        Some(WholeRecording { channels, steps, notes }) => {
            check_recording(arguments)?;
            tell_notes(&notes);
            forecasting::config(arguments, &channels, steps)
        }
        None => {
            let found = Found { vectors: vectors(arguments)?, ..look(&data)? };
            check_vectors(arguments, &found)?;
            sequences::config(arguments, &found)
        }
    };
    RunConfig::parse("the new config", &text, &[])?;
    write_output(arguments.output.as_deref(), placed(arguments, text).as_bytes())?;
    if let Some(path) = &arguments.output {
        tell(format!("wrote {}; train it with `semiseq train {}`", path.display(), path.display()));
    }
    Ok(())
}

/// Parts of a recording lie one behind the other in it.
fn check_recording(arguments: &Arguments) -> Result<(), Error> {
    let given = [("--unlabeled", &arguments.unlabeled), ("--test", &arguments.test), ("--vectors", &arguments.vectors)];
    match given.into_iter().find(|(_, path)| path.is_some()) {
        Some((option, _)) => Err(Error::input(
            format!("`{option}` has no use for {}, which is a recording", arguments.path),
            "leave it out: `data.windows.split` divides the recording in the order of time",
        )),
        None => Ok(()),
    }
}

/// How many numbers the word vectors have, where some are given.
fn vectors(arguments: &Arguments) -> Result<Option<(String, usize)>, Error> {
    let Some(path) = &arguments.vectors else { return Ok(None) };
    Ok(Some((path.clone(), WordVectors::width_of(Path::new(path))?)))
}

/// Word vectors are for texts of words.
fn check_vectors(arguments: &Arguments, found: &Found) -> Result<(), Error> {
    if found.vectors.is_some() && (!found.text() || found.unspaced) {
        let what = if found.text() { "text without spaces between words" } else { "no text" };
        return Err(Error::input(
            format!("`--vectors` is for texts that are cut into words; {} holds {what}", arguments.path),
            "leave it out",
        ));
    }
    Ok(())
}

/// A config's paths are relative to its own folder.
fn placed(arguments: &Arguments, mut text: String) -> String {
    let Some(folder) = arguments.output.as_deref().and_then(Path::parent) else { return text };
    let source = Some(&arguments.path).filter(|path| is_built_in(path).is_none());
    let keys = [("source", source), ("unlabeled", arguments.unlabeled.as_ref()), ("test", arguments.test.as_ref())];
    if let Some(vectors) = &arguments.vectors {
        let whole = seen_from(folder, vectors).display().to_string();
        text = text.replacen(&format!("vectors = {}", quoted(vectors)), &format!("vectors = {}", quoted(&whole)), 1);
    }
    for (key, path) in keys {
        let Some(path) = path else { continue };
        let whole = seen_from(folder, path).display().to_string();
        text = text.replacen(&format!("{key} = {}\n", quoted(path)), &format!("{key} = {}\n", quoted(&whole)), 1);
    }
    text
}

/// Numbers of more than this many kinds, or with fractions, are a regression's.
const MOST_CLASSES: usize = 20;

/// What the data is, what can be learned of it, and whether it is text without spaces between words.
fn look(data: &DataConfig) -> Result<Found, Error> {
    let source = open(data, TargetKind::Unsupervised)?;
    let transcripts = found::transcripts(&source.train, data.target.is_some());
    if transcripts {
        tell_notes(&source.notes());
    } else {
        tell_of(&source);
    }
    let one_class_a_row = source.one_class_a_row();
    let pool = source.unlabeled.as_ref().map_or(0, |pool| pool.len());
    let layout = source.layout;
    let train = source.train;
    let found = describe(&train).read_by(layout.as_ref());
    // Names of folders are classes, whatever they are.
    let folders = found.kind == "audio" && layout.as_ref().and_then(|layout| layout.target_name()).is_none();
    let numeric =
        !folders && !found.classes.is_empty() && found.classes.iter().all(|(name, _)| name.parse::<f64>().is_ok());
    let fractions = found.classes.iter().any(|(name, _)| name.parse::<f64>().is_ok_and(|number| number.fract() != 0.0));
    let task = if train.targets.iter().any(|target| matches!(target, Target::Number(_)))
        || (numeric && (fractions || found.classes.len() > MOST_CLASSES))
    {
        TargetKind::Regress
    } else if train.targets.iter().any(|target| matches!(target, Target::Steps(_))) {
        TargetKind::Tag
    } else if transcripts {
        TargetKind::Transcribe
    } else if found.classes.len() < 2 || one_class_a_row {
        TargetKind::Unsupervised
    } else {
        TargetKind::Classify
    };
    let unspaced = written_without_spaces(&train);
    Ok(Found { unlabeled: found.unlabeled + pool, train: found, task, unspaced, vectors: None })
}
