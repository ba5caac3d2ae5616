//! `environment.json`: the command of a run, and the machine that it ran on.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::files::write_atomic;
use crate::run_folder::json::{json, read_json};

pub(crate) const NAME: &str = "environment.json";

/// The command of a run's last session, and the machine that it ran on. What a report shows of it can be taken out of
/// the folder with the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Environment {
    /// As it was given, arguments with blanks in quotes.
    pub command: String,
    /// The machine's name, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// System and processor.
    pub system: String,
    /// Threads that operations share.
    pub threads: usize,
    /// The commit that the program was built from, where it was built in its repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

impl Environment {
    /// Of this process.
    pub fn here(commit: Option<&str>) -> Self {
        let quoted = |argument: std::ffi::OsString| {
            let text = argument.to_string_lossy().into_owned();
            let plain =
                !text.is_empty() && !text.contains(|letter: char| letter.is_whitespace() || "\"'\\".contains(letter));
            if plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
        };
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
        let host = host.or_else(|| ["HOSTNAME", "COMPUTERNAME"].iter().find_map(|name| std::env::var(name).ok()));
        Self {
            command: std::env::args_os().map(quoted).collect::<Vec<_>>().join(" "),
            host: host.map(|host| host.trim().to_string()).filter(|host| !host.is_empty()),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            threads: rayon::current_num_threads(),
            commit: commit.map(ToString::to_string),
        }
    }

    /// Writes it into a run folder.
    ///
    /// # Errors
    ///
    /// Where the disk is full.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        write_atomic(&folder.join(NAME), &json(self)?)
    }

    /// Of a run folder; `None` where it does not tell.
    pub fn read(folder: &Path) -> Option<Self> {
        read_json(&folder.join(NAME)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let folder = crate::fixtures::folder("environment");
        assert_eq!(Environment::read(&folder), None);
        let here = Environment::here(Some("abc"));
        here.write(&folder).expect("a file");
        assert_eq!(Environment::read(&folder), Some(here.clone()));
        assert!(here.threads > 0 && !here.command.is_empty() && here.commit.as_deref() == Some("abc"));
    }
}
