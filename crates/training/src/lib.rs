#![doc = include_str!("../README.md")]

pub mod amounts;
mod attribution;
pub mod cells;
#[cfg(test)]
mod combinations;
pub mod config;
mod cross_validation;
mod ensemble;
pub mod error;
pub mod files;
#[cfg(test)]
mod fixtures;
mod initial_weights;
mod item_references;
pub mod learner;
pub mod memory;
pub mod observer;
mod options;
mod plan;
mod preview;
mod recipe;
mod references;
pub mod run;
pub mod run_folder;
mod session;
mod set_apart;
mod stoppable;
pub mod tasks;
pub mod terminal;
mod warnings;
mod word_vectors;

pub use semiseq_objectives as objectives;

pub use config::{CheckedConfig, RunConfig, StageConfig};
pub use error::{ConfigProblem, Error};
pub use observer::{Observer, SharedObserver, StageName};
pub use options::RunOptions;
pub use preview::{DataPreview, ModelPreview, Preview, StagePreview};
pub use recipe::{ModelKind, ModelSettings, ObjectiveSettings};
pub use run::{preview, run, run_on};
pub use run_folder::{
    BaselineSummary, CrossValidation, Environment, FinishedRun, FolderLock, Order, OutOfClass, Sampled, SavedRun,
    StageSummary, Summary, seed_folders,
};
pub use tasks::{Judge, Outputs, Prediction, Predictor, Purpose, Task, task_of};
