//! The JSON files of a run folder, and what is said of files that no run wrote.

use std::fs;
use std::path::Path;

use semiseq_schema::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;

/// A JSON file of a run folder.
///
/// # Errors
///
/// Names the file, and the line where it is damaged.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = fs::read_to_string(path).map_err(|error| {
        Error::input(format!("{}: cannot be read: {error}", path.display()), "check the run folder")
    })?;
    parse_json(path, text.as_bytes())
}

/// What a JSON file of a run folder holds; `path` names it in messages.
///
/// # Errors
///
/// Names the line where it is damaged.
pub(crate) fn parse_json<T: DeserializeOwned>(path: &Path, text: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(text).map_err(|error| {
        Error::input(
            format!("{}:{}: damaged, or of another version of semiseq: {error}", path.display(), error.line()),
            "restore the file, or train the run again",
        )
    })
}

/// An error with all problems of a file of a run folder, where there are some.
///
/// # Errors
///
/// The problems, each with its key.
pub(crate) fn refuse(path: &Path, problems: &[Problem]) -> Result<(), Error> {
    if problems.is_empty() {
        return Ok(());
    }
    let told: Vec<String> = problems.iter().map(|problem| format!("`{}` {}", problem.key, problem.message)).collect();
    Err(damaged(path, &told.join("; ")))
}

/// A value as the text of a JSON file.
///
/// # Errors
///
/// Where the value cannot be JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec_pretty(value).map_err(|error| {
        Error::runtime(format!("cannot be written as JSON: {error}"), "this is a defect of semiseq; please report it")
    })
}

/// A file of a run folder that cannot be what a run wrote.
pub(crate) fn damaged(path: &Path, reason: &str) -> Error {
    Error::input(
        format!("{}: damaged, or of another version of semiseq: {reason}", path.display()),
        "restore the file, or train the run again",
    )
}
