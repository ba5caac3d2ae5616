//! What can go wrong between a config and a result, told apart by whose hand can mend it.

use std::error::Error as Source;
use std::fmt;
use std::path::{Path, PathBuf};

use semiseq_datasets::DataError;

/// A failure of a run. [`Error::is_input`] tells the user's mistakes (exit status 2) from failures
/// while running (exit status 1). `Display` says it in one line, [`Error::in_full`] adds further mistakes and hints.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The config holds mistakes; all of them are listed.
    Config(Vec<ConfigProblem>),
    /// The data cannot be used as it is.
    Data(DataError),
    /// Anything else that the user can mend: a missing run folder, a backend that is not compiled in.
    Input {
        /// What is wrong and with which file or value.
        message: String,
        /// How to mend it.
        hint: String,
    },
    /// A failure while running: a full disk, a loss that is not a number.
    Runtime {
        /// What failed, and on which file or step.
        message: String,
        /// The likely cause and the remedy.
        hint: String,
        /// What the system or another library said.
        source: Option<Box<dyn Source + Send + Sync>>,
    },
    /// The user stopped the run.
    Interrupted {
        /// The run folder.
        folder: PathBuf,
        /// Whether it holds a checkpoint, which `--resume` takes up again.
        begun: bool,
    },
}

/// One mistake in a config file, with the place where it stands.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ConfigProblem {
    /// `file:line`, or `--set` where the value came from the command line.
    pub place: String,
    /// What is wrong; names the key.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
}

impl Error {
    /// A mistake of the user's.
    pub fn input(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Input { message: message.into(), hint: hint.into() }
    }

    /// A failure while running.
    pub fn runtime(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Runtime { message: message.into(), hint: hint.into(), source: None }
    }

    /// A file that could not be written (a full disk, a missing permission).
    pub fn write(path: &Path, error: impl Into<Box<dyn Source + Send + Sync>>) -> Self {
        let source = error.into();
        Self::Runtime {
            message: format!("{}: cannot be written: {source}", path.display()),
            hint: "free some space or choose another folder with `--out`; the last checkpoint is kept, where one was \
                   written"
                .into(),
            source: Some(source),
        }
    }

    /// Whether the user's input caused it.
    pub fn is_input(&self) -> bool {
        matches!(self, Self::Config(_) | Self::Data(_) | Self::Input { .. })
    }

    /// How to mend it: of several mistakes, the first one's hint.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Config(problems) => problems.iter().find_map(|problem| problem.hint.as_deref()),
            Self::Data(error) => Some(error.hint()),
            Self::Input { hint, .. } | Self::Runtime { hint, .. } => Some(hint),
            Self::Interrupted { begun, .. } => begun.then_some("run the same command with `--resume` to go on"),
        }
    }

    /// All mistakes, each with its hint, in several lines, as the program prints them.
    pub fn in_full(&self) -> String {
        match self {
            Self::Config(problems) => {
                problems.iter().map(ConfigProblem::in_full).collect::<Vec<_>>().join("\n\nerror: ")
            }
            Self::Data(error) => error.in_full(),
            _ => with_hint(self, self.hint()),
        }
    }
}

impl ConfigProblem {
    fn in_full(&self) -> String {
        with_hint(self, self.hint.as_deref())
    }
}

fn with_hint(said: &impl fmt::Display, hint: Option<&str>) -> String {
    match hint {
        Some(hint) => format!("{said}\n\nhint: {hint}"),
        None => said.to_string(),
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl Source for ConfigProblem {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(problems) => match &problems[..] {
                [] => f.write_str("the config holds a mistake"),
                [one] => write!(f, "{one}"),
                [first, rest @ ..] => write!(f, "{first} (and {} more)", rest.len()),
            },
            Self::Data(error) => write!(f, "{error}"),
            Self::Input { message, .. } | Self::Runtime { message, .. } => f.write_str(message),
            Self::Interrupted { folder, begun: true } => {
                write!(f, "stopped; the checkpoint is kept in {}", folder.display())
            }
            Self::Interrupted { folder, begun: false } => {
                write!(f, "stopped before anything was trained; nothing is written to {}", folder.display())
            }
        }
    }
}

impl Source for Error {
    fn source(&self) -> Option<&(dyn Source + 'static)> {
        match self {
            Self::Data(error) => error.source(),
            Self::Runtime { source: Some(source), .. } => Some(&**source),
            _ => None,
        }
    }
}

impl From<DataError> for Error {
    fn from(error: DataError) -> Self {
        Self::Data(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(line: usize, hint: Option<&str>) -> ConfigProblem {
        let (place, message) = (format!("a.toml:{line}"), "`seed` is odd".into());
        ConfigProblem { place, message, hint: hint.map(Into::into) }
    }

    #[test]
    fn one_line_says_the_first_mistake_and_all_of_them_stand_in_the_full_text() {
        let error = Error::Config(vec![wrong(1, None), wrong(2, Some("make it even"))]);
        assert_eq!(error.to_string(), "a.toml:1: `seed` is odd (and 1 more)");
        assert_eq!(error.hint(), Some("make it even"));
        assert_eq!(error.in_full(), "a.toml:1: `seed` is odd\n\nerror: a.toml:2: `seed` is odd\n\nhint: make it even");
    }

    #[test]
    fn what_the_system_said_is_the_source() {
        let full = std::io::Error::new(std::io::ErrorKind::StorageFull, "no space left");
        let error = Error::write(Path::new("runs/a/model.json"), full);
        assert_eq!(error.to_string(), "runs/a/model.json: cannot be written: no space left");
        let source = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
        assert_eq!(source.map(std::io::Error::kind), Some(std::io::ErrorKind::StorageFull));
        assert!(error.hint().is_some_and(|hint| hint.starts_with("free some space")));
    }
}
