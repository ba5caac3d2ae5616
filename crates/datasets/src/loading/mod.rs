//! From prepared sequences to batches in views.

pub(crate) mod batch;
pub(crate) mod loader;
pub(crate) mod options;
mod sampler;
pub(crate) mod views;

pub use batch::{Batch, BatchInputs, evaluation_batches};
pub use loader::Loader;
pub use options::LoaderOptions;
pub use views::{Pool, StepBatches, ViewBatches, Views};
