//! The run folder: what a run writes, and what a finished run is opened from. A folder may come from anywhere: what its
//! files ask for is held to the rules of a config, and to the shapes of the tensors that are there.

pub(crate) mod checksums;
pub(crate) mod data_check;
pub(crate) mod environment;
mod exported;
pub(crate) mod finished;
mod fold_scores;
#[cfg(test)]
mod foreign;
pub(crate) mod generator;
pub(crate) mod json;
pub(crate) mod lock;
mod log;
pub(crate) mod members;
pub mod metrics_log;
pub(crate) mod model_file;
pub(crate) mod record;
pub(crate) mod result;
mod seed_folders;
pub(crate) mod summary;
mod tensorboard;
mod uncertainty;
pub(crate) mod weights;

pub use environment::Environment;
pub use finished::{FinishedRun, SavedRun, Scored};
pub use fold_scores::CrossValidation;
pub use generator::Order;
pub use lock::FolderLock;
pub use seed_folders::seed_folders;
pub use summary::{BaselineSummary, ReferenceSummary, StageSummary, Summary};
pub use uncertainty::{OutOfClass, Sampled};
