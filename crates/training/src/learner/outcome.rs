//! What a stage tells on its way, and what it hands back.

use semiseq_schema::Scores;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::learner::checkpoint::CheckpointFiles;

/// Hears of a stage while it runs. An error ends the stage.
pub trait Listener {
    /// An optimiser step is through; `step` counts those of the stage.
    ///
    /// # Errors
    ///
    /// Whatever is to end the stage.
    fn step(&mut self, _step: usize) -> Result<(), Error> {
        Ok(())
    }

    /// Something is to be told, or to be kept; `files` makes the files of a checkpoint.
    ///
    /// # Errors
    ///
    /// Whatever is to end the stage.
    fn milestone(
        &mut self,
        told: Milestone<'_>,
        files: &dyn Fn() -> Result<CheckpointFiles, Error>,
    ) -> Result<(), Error>;
}

/// A function that hears of milestones alone.
pub(super) struct OfMilestones<F>(pub F);

impl<F: FnMut(Milestone<'_>, &dyn Fn() -> Result<CheckpointFiles, Error>) -> Result<(), Error>> Listener
    for OfMilestones<F>
{
    fn milestone(
        &mut self,
        told: Milestone<'_>,
        files: &dyn Fn() -> Result<CheckpointFiles, Error>,
    ) -> Result<(), Error> {
        self.0(told, files)
    }
}

/// A moment of a stage that something is told of: an epoch is through, or the weights were validated, or both; or a
/// checkpoint is to be written.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Milestone<'a> {
    /// The epoch under way, or the one that ends here; counted from 1.
    pub epoch: usize,
    /// Epochs that are through.
    pub epochs: usize,
    /// Optimiser steps so far.
    pub step: usize,
    /// Means over the epoch, where it is through.
    pub train: Option<&'a Scores>,
    /// Scores on the validation part, where it was looked at and has some.
    pub valid: Option<&'a Scores>,
    /// What is wrong with the stage, once, where something is.
    pub warning: Option<String>,
    /// Whether to write a checkpoint.
    pub checkpoint: bool,
}

/// How a stage ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Outcome {
    /// Epochs that were run, be it in part.
    pub epochs: usize,
    /// The epoch whose weights were kept, or in which they stood.
    pub best_epoch: usize,
    /// Optimiser steps after which they were validated.
    #[serde(default)]
    pub best_step: usize,
    /// Optimiser steps.
    pub steps: usize,
    /// Optimiser steps between two validations.
    #[serde(default)]
    pub validate_every: usize,
    /// Batches of an epoch.
    #[serde(default)]
    pub batches_per_epoch: usize,
    /// Seconds, validation included; over all sessions where the stage was resumed.
    pub wall_seconds: f64,
    /// Training sequences per second, validation not counted.
    pub samples_per_second: f64,
    /// Seconds of an optimiser step, batches included and validation not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub step_seconds: Option<f64>,
    /// Why the stage ended: `all epochs`, or `early stopping`.
    pub stopped_by: String,
    /// The metric of the validation part that chose the weights; absent where nothing chose, and the last are kept.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub chosen_by: Option<String>,
    /// Its value with the weights that were kept.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub chosen_score: Option<f64>,
    /// Whether the weights are a running average over steps (`weight_average`).
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub averaged: bool,
}

pub(super) const THROUGH: &str = "all epochs";
pub(super) const STOPPED_EARLY: &str = "early stopping";

impl Outcome {
    /// Which weights were kept, and why.
    pub fn kept(&self) -> String {
        let averaged = if self.averaged { ", averaged over the steps before" } else { "" };
        match (&self.chosen_by, self.chosen_score) {
            (Some(metric), Some(score)) => format!(
                "kept epoch {} (step {} of {}){averaged}, the best by validation {metric} ({score:.4})",
                self.best_epoch, self.best_step, self.steps
            ),
            _ => format!("kept the last step ({}){averaged}, since no validation label chooses", self.steps),
        }
    }

    /// Whether early stopping ended the stage.
    pub fn stopped_early(&self) -> bool {
        self.stopped_by == STOPPED_EARLY
    }
}

/// What a stage hands back.
#[non_exhaustive]
pub struct Fit<M, O> {
    /// The model with the best validation's weights, on the autodiff device.
    pub model: M,
    /// The objective as it was then.
    pub objective: O,
    /// How it ended; `None` where the user interrupted it.
    pub outcome: Option<Outcome>,
}
