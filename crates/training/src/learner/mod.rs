//! The loop that every stage runs through.
//!
//! Burn's own learner follows one model through one loader for a number of epochs. A run here is a list
//! of stages, each with labelled and unlabelled batches side by side, state in its objective and a
//! checkpoint that a resumed run continues from bit for bit; so the loop is ours, and Burn's optimisers
//! and interrupter do their part in it.

pub(crate) mod accumulation;
pub(crate) mod adam;
pub mod checkpoint;
mod dashboard;
pub(crate) mod draw;
pub(crate) mod layers;
mod learned;
pub(crate) mod length;
pub(crate) mod means;
pub mod optimizer;
mod options;
mod outcome;
pub(crate) mod position;
pub mod progress;
pub(crate) mod rehearsal;
pub(crate) mod saving;
pub(crate) mod stage;
pub(crate) mod states;
mod survey;
#[cfg(test)]
pub(crate) mod teacher;
pub(crate) mod training;
pub(crate) mod validation;

pub use draw::draw;
pub use learned::Learned;
pub use options::{Pace, StageOptions};
pub use outcome::{Fit, Listener, Milestone, Outcome};
pub use stage::{check_stage, fit, fit_heard};
