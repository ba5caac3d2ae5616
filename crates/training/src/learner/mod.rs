//! The loop that every stage runs through.
//!
//! Burn's own learner follows one model through one loader for a number of epochs. A run here is a list
//! of stages, each with labelled and unlabelled batches side by side, state in its objective and a
//! checkpoint that a resumed run continues from bit for bit; so the loop is ours, and Burn's optimisers,
//! dashboard and interrupter do their part in it.

pub(crate) mod accumulation;
pub(crate) mod adam;
pub mod checkpoint;
pub(crate) mod draw;
pub mod evaluate;
pub(crate) mod layers;
pub(crate) mod length;
pub(crate) mod means;
pub mod optimizer;
pub(crate) mod position;
pub mod progress;
pub(crate) mod saving;
pub(crate) mod stage;
pub(crate) mod states;
#[cfg(test)]
pub(crate) mod teacher;
pub(crate) mod training;
pub(crate) mod validation;

pub use draw::draw;
pub use stage::{Fit, Milestone, Outcome, Pace, StageOptions, check_stage, fit};

use burn::module::Module;

/// What a stage trains and a checkpoint keeps: the model, and the objective with all that it remembers.
#[derive(Module, Debug)]
pub struct Learned<M: Module, O: Module> {
    /// The model.
    pub model: M,
    /// The objective.
    pub objective: O,
    /// Moving average of the model's weights, where asked for.
    pub average: Option<M>,
}
