//! A run of a comparison, and what it came to.

use std::fs;
use std::path::Path;

use semiseq::prelude::*;
use semiseq::training::config::seen_from_folder;
use sha2::{Digest, Sha256};

/// A config that is run once, however often it is asked for.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The resolved config.
    pub config: RunConfig,
    /// Names the run folder.
    pub key: String,
}

/// Why a cell has no summary.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What the run said, in full.
    pub message: String,
    /// Whether the user's input was wrong.
    pub input: bool,
}

/// What a cell came to.
pub type Outcome = Result<Summary, Failure>;

impl Cell {
    /// A cell whose key begins the digest of its config: equal cells of any grid have equal names, wherever `folder`,
    /// which their paths are seen from, lies.
    ///
    /// # Errors
    ///
    /// Where the config cannot be written.
    pub fn new(config: RunConfig, folder: &Path) -> Result<Self, Error> {
        let written = toml::Table::try_from(&config).and_then(|mut table| {
            seen_from_folder(&mut table, folder);
            toml::to_string(&table)
        });
        let text = written.map_err(|error| {
            Error::runtime(
                format!("a cell cannot be written: {error}"),
                "this is a defect of semiseq; please report it",
            )
        })?;
        let digest = Sha256::digest(format!("{}\n{text}", env!("CARGO_PKG_VERSION")).as_bytes());
        let key = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { config, key })
    }

    /// The summary of a cell that is through.
    pub fn finished(&self, folder: &Path) -> Option<Summary> {
        let text = fs::read_to_string(folder.join(&self.key).join("summary.json")).ok()?;
        serde_json::from_str(&text).ok()
    }
}

impl Failure {
    /// As the error of a command; `hint` says how to go on.
    pub fn error(&self, what: &str, hint: &str) -> Error {
        let message = format!("{what}: {}", self.message);
        if self.input { Error::input(message, hint) } else { Error::runtime(message, hint) }
    }
}
