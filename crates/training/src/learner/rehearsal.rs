//! A few real steps of a stage, taken on copies: how long a step and a validation take on this machine and these data.

use std::time::{Duration, Instant};

use burn::train::Interrupter;
use semiseq_datasets::Dataset;
use semiseq_models::SequenceModel;
use semiseq_objectives::{Needs, Objective};

use crate::error::Error;
use crate::learner::checkpoint::CheckpointFiles;
use crate::learner::length::Length;
use crate::learner::options::StageOptions;
use crate::learner::outcome::{Listener, Milestone};
use crate::learner::progress::Progress;
use crate::learner::stage::{fit_heard, loader};
use crate::learner::validation::validate;

/// Sequences that a measured validation looks at, at most.
const SAMPLE: usize = 64;

/// How much is measured of a stage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Optimiser steps behind the first, at most.
    steps: usize,
    /// Time behind the first step, after which no further one begins.
    time: Duration,
}

impl Effort {
    /// Before a run, which is not to begin late.
    pub const GLANCE: Self = Self { steps: 4, time: Duration::from_millis(200) };
    /// Where nothing but the estimate is asked for.
    pub const CAREFUL: Self = Self { steps: 30, time: Duration::from_secs(2) };
}

/// How long a stage is, and of what batches.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    pub epochs: usize,
    pub steps: usize,
    pub steps_per_epoch: usize,
    pub validate_every: usize,
    /// Labelled and unlabelled sequences of the first step.
    pub batch: [usize; 2],
}

/// What the steps took.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    /// Steps that were measured.
    pub steps: usize,
    /// Seconds of one.
    pub step: f64,
    /// Seconds of a look at one sequence.
    pub look: f64,
}

/// How long a stage is, and of what batches: the first step's are made.
pub(crate) fn extent<M: SequenceModel, O: Objective<M>>(objective: &O, options: &StageOptions<'_>) -> Extent {
    let needs = objective.needs();
    let batches = loader(options, needs);
    let length = Length::of(options, needs.pool, |pool| loader(options, Needs { pool, ..needs }));
    let mut batch = [0; 2];
    for step in batches.epoch(1).take(options.config.gradient_accumulation) {
        for (count, part) in batch.iter_mut().zip([&step.labeled, &step.unlabeled]) {
            *count += part.as_ref().map_or(0, |part| part.weak.size);
        }
    }
    let Length { epochs, steps, steps_per_epoch, validate_every, .. } = length;
    Extent { epochs, steps, steps_per_epoch, validate_every, batch }
}

/// Takes some steps of a stage, and looks at some sequences of `part` as a validation does. Gives what became of the
/// model, so that the next stage can go on from there.
///
/// # Errors
///
/// As the stage itself: a loss that is no number.
pub(crate) fn rehearse<M: SequenceModel, O: Objective<M>>(
    model: M,
    objective: O,
    options: &StageOptions<'_>,
    part: &Dataset,
    effort: Effort,
    stopped: &dyn Fn() -> bool,
) -> Result<(M, Times), Error> {
    // Validations are measured apart.
    let nothing = Dataset::default();
    let mut unvalidated = StageOptions { valid: &nothing, ..options.clone() };
    unvalidated.config.early_stopping = None;
    let interrupter = Interrupter::new();
    let mut progress = Progress::new(false, true, interrupter.clone());
    let mut watch =
        Watch { began: Instant::now(), first: None, steps: 0, effort, interrupter: interrupter.clone(), stopped };
    let fitted = fit_heard(model, objective, &unvalidated, None, &mut progress, &interrupter, &mut watch)?;
    let (since, steps) = match watch.first {
        // The first step warms up: kernels are compiled, threads are started.
        Some(first) if watch.steps > 1 => (first, watch.steps - 1),
        _ => (watch.began, watch.steps.max(1)),
    };
    let step = since.elapsed().as_secs_f64() / steps as f64;
    let look = look(&fitted.model, &fitted.objective, options, part, stopped);
    Ok((fitted.model, Times { steps, step, look }))
}

/// Seconds of a validation's look at one sequence.
fn look<M: SequenceModel, O: Objective<M>>(
    model: &M,
    objective: &O,
    options: &StageOptions<'_>,
    part: &Dataset,
    stopped: &dyn Fn() -> bool,
) -> f64 {
    let count = part.len().min(SAMPLE);
    let rows: Vec<usize> = (0..count).map(|place| place * part.len() / count).collect();
    let sample = part.select(&rows);
    let (options, began) = (StageOptions { valid: &sample, ..options.clone() }, Instant::now());
    // What is wrong with the scores of a few steps is nobody's concern.
    let _ = validate(objective, model, &options, (0, usize::MAX), 0, stopped);
    began.elapsed().as_secs_f64() / count.max(1) as f64
}

/// Counts steps, and ends the stage when it has seen enough.
struct Watch<'a> {
    began: Instant,
    /// When the first step was through.
    first: Option<Instant>,
    steps: usize,
    effort: Effort,
    interrupter: Interrupter,
    stopped: &'a dyn Fn() -> bool,
}

impl Listener for Watch<'_> {
    fn step(&mut self, _step: usize) -> Result<(), Error> {
        self.steps += 1;
        let first = *self.first.get_or_insert_with(Instant::now);
        let enough = self.steps > self.effort.steps || (self.steps > 1 && first.elapsed() > self.effort.time);
        if enough || (self.stopped)() {
            self.interrupter.stop(None);
        }
        Ok(())
    }

    fn milestone(
        &mut self,
        _told: Milestone<'_>,
        _files: &dyn Fn() -> Result<CheckpointFiles, Error>,
    ) -> Result<(), Error> {
        Ok(())
    }
}
