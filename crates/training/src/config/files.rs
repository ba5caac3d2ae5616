//! A config's file, laid over those that it extends.

use std::io::Read;
use std::path::{Path, PathBuf};

use semiseq_datasets::formats::text_of;
use semiseq_datasets::{formats, is_built_in, shown};
use semiseq_schema::{Problem, is_pipe, open};
use toml::{Table, Value};

use crate::config::paths::{Misplaced, make_whole};
use crate::config::spans::{Places, join, line_of};
use crate::error::{ConfigProblem, Error};

/// Files that may extend each other in a row.
pub(super) const DEEPEST: usize = 32;
/// Bytes of a config: what is larger is no config.
const LARGEST: u64 = 16 << 20;

/// A file's table laid over those that it extends.
pub(super) struct Loaded {
    pub(super) table: Table,
    pub(super) places: Places,
    pub(super) misplaced: Vec<Misplaced>,
}

/// The table of a file laid over the tables that it extends.
pub(super) fn load(path: &Path) -> Result<Loaded, Error> {
    let bytes = read_bytes(path).map_err(|error| {
        let file = path.display().to_string();
        let hint = match is_data(path) {
            _ if path.join("config.toml").is_file() => format!("a run folder holds its config: `{file}/config.toml`"),
            true => write_one(&file),
            false => "give the path of a TOML config, for example `configs/quickstart.toml`".into(),
        };
        Error::input(format!("{file}: cannot be read: {error}"), hint)
    })?;
    laid_over(path, bytes, &mut Vec::new())
}

/// The table in the bytes of a file, laid over the tables that it extends; `seen` are the files above it.
fn laid_over(path: &Path, bytes: Vec<u8>, seen: &mut Vec<PathBuf>) -> Result<Loaded, Error> {
    let file = path.display().to_string();
    let no_config = |error: Error| match is_data(path) {
        true => Error::input(format!("{file}: this is data, and no config"), write_one(&file)),
        false => error,
    };
    let text = text_of(bytes, &file).map_err(|error| no_config(error.into()))?;
    // One file has many names: `a.toml`, `x/../a.toml`, a link.
    let itself = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if seen.contains(&itself) {
        return Err(Error::input(
            format!("{file}: `extends` leads back to this file"),
            "remove one of the `extends` keys",
        ));
    }
    if seen.len() == DEEPEST {
        return Err(Error::input(
            format!("{file}: more than {DEEPEST} configs extend each other"),
            "put what they share into one",
        ));
    }
    seen.push(itself);
    let mut table = parse(&file, &text).map_err(no_config)?;
    let places = Places::of(&file, &text);
    let base = table.remove("extends");
    let folder = path.parent().unwrap_or(Path::new(""));
    let misplaced = make_whole(&mut table, folder);
    let mut places = places;
    lift_weights(&mut table, &mut places);
    let above = Loaded { table, places, misplaced };
    let Some(base) = base else {
        return Ok(above);
    };
    let wrong = |message: String, hint: Option<String>| {
        Error::Config(vec![placed(Problem { key: "extends".into(), message, hint }, &above.places)])
    };
    let Value::String(base) = base else { return Err(wrong("must be the path of another config".into(), None)) };
    let base = folder.join(base);
    let bytes = read_bytes(&base).map_err(|error| {
        let hint = "name a TOML config; its path is seen from the folder of this one".to_string();
        wrong(format!("names `{}`, which cannot be read: {error}", base.display()), Some(hint))
    })?;
    let mut below = laid_over(&base, bytes, seen)?;
    merge(&mut below.table, above.table);
    below.places.overlay(above.places);
    below.misplaced.extend(above.misplaced);
    Ok(below)
}

/// Keys of `[model]` that are about any model: the table itself holds one table, the choice.
pub(super) const OF_ANY_MODEL: [&str; 2] = ["weights", "weights_part"];

/// Takes the keys that are about any model out of `[model]`, to where [`RunConfig`] has them.
pub(super) fn lift_weights(table: &mut Table, places: &mut Places) {
    for key in OF_ANY_MODEL {
        let Some(Value::Table(model)) = table.get_mut("model") else { return };
        if let Some(value) = model.remove(key) {
            places.rename(&join("model", key), key);
            table.insert(key.into(), value);
        }
    }
    if matches!(table.get("model"), Some(Value::Table(model)) if model.is_empty()) {
        table.remove("model");
    }
}

fn read_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > LARGEST {
        true => Err(std::io::Error::other(format!("it is larger than {} MiB, and no config", LARGEST >> 20))),
        false => Ok(bytes),
    }
}

/// Whether a path in place of a config is data by its name: a table, a folder, a built-in set.
fn is_data(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    if ending.is_some_and(|ending| ending == "toml") {
        return false;
    }
    path.to_str().is_some_and(|name| is_built_in(name).is_some()) || (!is_pipe(path) && formats::guess(path).is_some())
}

/// How data becomes a config.
fn write_one(data: &str) -> String {
    format!("`semiseq new {data} --output mine.toml` writes a config for this data; then `semiseq train mine.toml`")
}

pub(super) fn parse(file: &str, text: &str) -> Result<Table, Error> {
    text.parse::<Table>().map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        Error::Config(vec![ConfigProblem {
            place: format!("{file}:{line}"),
            message: error.message().to_string(),
            hint: Some("strings stand in quotes, tables in [brackets], lists of stages in [[stage]]".into()),
        }])
    })
}

/// Tables that hold one table, the choice.
pub(super) const CHOICES: [&str; 5] = ["model", "encoder", "objective", "optimizer", "schedule"];

/// Tables merge key by key; everything else, lists too, is replaced. A table of choices (one key
/// that names the choice) is replaced when the choice differs.
fn merge(below: &mut Table, above: Table) {
    for (key, value) in above {
        let other_choice = match (below.get(&key), &value) {
            (Some(Value::Table(old)), Value::Table(new)) => {
                CHOICES.contains(&key.as_str()) && new.keys().any(|name| !old.contains_key(name))
            }
            _ => false,
        };
        match (below.get_mut(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) if !other_choice => merge(old, new),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

pub(super) fn placed(problem: Problem, places: &Places) -> ConfigProblem {
    let message =
        if problem.key.is_empty() { problem.message } else { format!("`{}` {}", shown(&problem.key), problem.message) };
    ConfigProblem { place: places.find(&problem.key), message, hint: problem.hint }
}
