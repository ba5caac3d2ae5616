//! Everything that learns: configs, objectives, the learner, and the run that ties them together.
//!
//! The way of the data is one page: [`run::run`].

mod checksums;
#[cfg(test)]
mod combinations;
pub mod config;
pub mod error;
#[cfg(test)]
mod foreign;
mod generator;
pub mod learner;
mod lock;
pub mod metrics;
mod naive;
pub mod output;
mod record;
pub mod run;
mod saved;
mod summary;
mod task;
mod warnings;
mod weights;

pub use semiseq_objectives as objectives;

pub use config::RunConfig;
pub use error::{ConfigProblem, Error};
pub use generator::Order;
pub use lock::FolderLock;
pub use run::{RunOptions, run, run_on};
pub use saved::SavedRun;
pub use summary::{BaselineSummary, StageSummary, Summary};
pub use task::{Judge, Predictor, Purpose, task};
