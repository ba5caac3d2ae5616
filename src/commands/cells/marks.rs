//! Whether cells were run on the same data: a file that was changed in between would make a table of two data sets.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use semiseq::datasets::{DataMark, SplitRecord};
use semiseq::prelude::*;

use super::cell::Cell;

/// What a cell's data may differ in though the same files are read.
const CHOICES: [&str; 9] = [
    "per_class",
    "total",
    "fraction",
    "seed",
    "fold",
    "imbalance",
    "unlabeled_imbalance",
    "unlabeled_reversed",
    "unlabeled_per_class",
];

/// The data of the cells so far, by how they are read.
#[derive(Default)]
pub struct Marks {
    seen: Mutex<HashMap<String, (PathBuf, Vec<DataMark>)>>,
}

impl Marks {
    /// Notes the data of a cell that is through, whose run folder is `run`.
    ///
    /// # Errors
    ///
    /// Where another cell read the same files, and found others in them.
    pub fn note(&self, cell: &Cell, run: &Path) -> Result<(), Error> {
        let Ok(text) = fs::read_to_string(run.join("split.json")) else { return Ok(()) };
        let marks = serde_json::from_str::<SplitRecord>(&text).map(|split| split.data).unwrap_or_default();
        // What a formula makes is a matter of the config.
        let Some(key) = reading(&cell.config).filter(|_| !marks.is_empty()) else { return Ok(()) };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (other, known) = seen.entry(key).or_insert_with(|| (run.to_path_buf(), marks.clone()));
        let changed = known.iter().zip(&marks).find(|(known, mark)| known.sha256 != mark.sha256);
        let what = match changed {
            Some((known, mark)) if known.sequences != mark.sequences => {
                format!("{} has {} sequences in one and {} in the other", mark.source, known.sequences, mark.sequences)
            }
            Some((_, mark)) => format!("values, texts or labels of {} differ", mark.source),
            None if known.len() != marks.len() => {
                format!("one has {} parts and the other {}", known.len(), marks.len())
            }
            None => return Ok(()),
        };
        Err(Error::input(
            format!("{} and {} were run on different data: {what}", other.display(), run.display()),
            "they make no common table: bring the data back to what they were, or remove the run folders of the older \
             data (or choose another `--out`), and give the command again",
        ))
    }
}

/// The part of a config that says which files are read, and how.
fn reading(config: &RunConfig) -> Option<String> {
    let mut data = toml::Table::try_from(&config.data).ok()?;
    ["validation", "valid_fraction", "augment"].into_iter().for_each(|key| drop(data.remove(key)));
    if let Some(labels) = data.get_mut("labels").and_then(toml::Value::as_table_mut) {
        CHOICES.into_iter().for_each(|key| drop(labels.remove(key)));
        if labels.is_empty() {
            data.remove("labels");
        }
    }
    toml::to_string(&data).ok()
}
