//! What can go wrong between a config and a result, told apart by whose hand can mend it.

use std::fmt;
use std::path::{Path, PathBuf};

use semiseq_datasets::DataError;

/// A failure of a run. [`Error::is_input`] tells the user's mistakes (exit status 2) from failures
/// while running (exit status 1).
#[derive(Debug)]
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
        hint: Option<String>,
    },
    /// A failure while running: a full disk, a loss that is not a number.
    Runtime {
        /// What failed, and on which file or step.
        message: String,
        /// The likely cause and the remedy.
        hint: Option<String>,
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
        Self::Input { message: message.into(), hint: Some(hint.into()) }
    }

    /// A failure while running.
    pub fn runtime(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Runtime { message: message.into(), hint: Some(hint.into()) }
    }

    /// A file that could not be written (a full disk, a missing permission).
    pub fn write(path: &Path, error: impl fmt::Display) -> Self {
        Self::runtime(
            format!("{}: cannot be written: {error}", path.display()),
            "free some space or choose another folder with `--out`; the last checkpoint is kept, where one was written",
        )
    }

    /// Whether the user's input caused it.
    pub fn is_input(&self) -> bool {
        matches!(self, Self::Config(_) | Self::Data(_) | Self::Input { .. })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(problems) => {
                for (index, problem) in problems.iter().enumerate() {
                    if index > 0 {
                        write!(f, "\n\nerror: ")?;
                    }
                    write!(f, "{}: {}", problem.place, problem.message)?;
                    if let Some(hint) = &problem.hint {
                        write!(f, "\n\nhint: {hint}")?;
                    }
                }
                Ok(())
            }
            Self::Data(error) => write!(f, "{error}"),
            Self::Input { message, hint } | Self::Runtime { message, hint } => {
                write!(f, "{message}")?;
                match hint {
                    Some(hint) => write!(f, "\n\nhint: {hint}"),
                    None => Ok(()),
                }
            }
            Self::Interrupted { folder, begun: true } => write!(
                f,
                "stopped; the checkpoint is kept in {0}\n\nhint: run the same command with `--resume` to go on",
                folder.display()
            ),
            Self::Interrupted { folder, begun: false } => {
                write!(f, "stopped before anything was trained; nothing is written to {}", folder.display())
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<DataError> for Error {
    fn from(error: DataError) -> Self {
        Self::Data(error)
    }
}
