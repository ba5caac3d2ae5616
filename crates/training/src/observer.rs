//! Whoever wants to hear of a run while it goes on.

use std::sync::{Arc, Mutex};

use crate::error::Error;
use crate::learner::Milestone;
use crate::run_folder::summary::Summary;

/// Which stage something is told of.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StageName<'a> {
    /// Its place, counted from 0; the baseline stands behind the last one.
    pub index: usize,
    /// The objective, or `baseline`.
    pub objective: &'a str,
}

impl<'a> StageName<'a> {
    pub(crate) fn new(index: usize, objective: &'a str) -> Self {
        Self { index, objective }
    }
}

/// Hears of the steps, epochs, validations and warnings of a run, and of its end. `metrics.jsonl` and TensorBoard's
/// events are observers; [`crate::RunOptions::observers`] takes more. An error ends the run as a full disk does:
/// `--resume` goes on.
pub trait Observer: Send {
    /// An optimiser step is through; `step` counts those of the stage.
    ///
    /// # Errors
    ///
    /// Whatever is to end the run.
    fn step(&mut self, _stage: StageName<'_>, _step: usize) -> Result<(), Error> {
        Ok(())
    }

    /// An epoch is through, the weights were validated, or both; or neither, where a checkpoint is written.
    ///
    /// # Errors
    ///
    /// Whatever is to end the run.
    fn milestone(&mut self, _stage: StageName<'_>, _told: &Milestone<'_>) -> Result<(), Error> {
        Ok(())
    }

    /// Something is probably not meant.
    ///
    /// # Errors
    ///
    /// Whatever is to end the run.
    fn warning(&mut self, _text: &str) -> Result<(), Error> {
        Ok(())
    }

    /// The run is finished, and its folder written.
    ///
    /// # Errors
    ///
    /// Whatever is to be told of it; the run is finished all the same.
    fn end(&mut self, _summary: &Summary) -> Result<(), Error> {
        Ok(())
    }
}

/// An observer that its owner can ask afterwards.
pub type SharedObserver = Arc<Mutex<dyn Observer>>;
