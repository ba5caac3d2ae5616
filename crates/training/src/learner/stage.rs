//! One stage: epochs, validations, checkpoints, and when to end.

use std::sync::Arc;
use std::time::Instant;

use burn::train::Interrupter;
use semiseq_datasets::{Loader, LoaderOptions, StepBatches};
use semiseq_models::SequenceModel;
use semiseq_objectives::{Needs, Objective, Step, StepContext};
use semiseq_schema::mix;

use crate::error::Error;
use crate::learner::accumulation::rows;
use crate::learner::checkpoint::CheckpointFiles;
use crate::learner::learned::Learned;
use crate::learner::length::Length;
use crate::learner::options::StageOptions;
use crate::learner::outcome::{Fit, Listener, Milestone, OfMilestones, STOPPED_EARLY, THROUGH};
use crate::learner::progress::{Progress, StageShown};
use crate::learner::saving::Saving;
use crate::learner::training::{Due, Training};
use crate::learner::validation::{check_stopping, selection};

/// Whether a stage has something to learn from, and its early stopping something to go by. A run asks of all stages
/// before the first begins. A copy of the objective takes steps without moving the model, as a rule one.
///
/// # Errors
///
/// What is missing, and what to do.
pub fn check_stage<M: SequenceModel, O: Objective<M>>(
    model: &M,
    objective: &O,
    options: &StageOptions<'_>,
) -> Result<(), Error> {
    check_parts(model, objective, options)?;
    let needs = objective.needs();
    let total_steps = Length::of(options, needs.pool, |pool| loader(options, Needs { pool, ..needs })).steps;
    let context = StepContext { step: 0, total_steps, epoch: 1 };
    let teaches = |(place, mut batch): (usize, StepBatches)| {
        options.device.seed(mix(mix(options.seed, 1), place as u64));
        let step = Step::upload(&mut batch, model.per_step(), options.device);
        objective.clone().step(model, &step, &context).any(|over| rows(over, &batch, model.per_step()))
    };
    if loader(options, needs).epoch(1).enumerate().any(teaches) { Ok(()) } else { Err(options.nothing_to_learn()) }
}

/// Whether a stage has batches, and its early stopping something to go by.
fn check_parts<M: SequenceModel, O: Objective<M>>(
    model: &M,
    objective: &O,
    options: &StageOptions<'_>,
) -> Result<(), Error> {
    if loader(options, objective.needs()).steps_per_epoch() == 0 {
        return Err(Error::input(
            format!("{}: there is no training sequence for it to learn from", options.label),
            "give the training part labels, or use an objective that needs none",
        ));
    }
    check_stopping(objective, model, options)
}

/// Trains `model` through one stage.
///
/// `resume` holds the files of a checkpoint of this very stage. `tell` gets each [`Milestone`] and a way to make the
/// files of a checkpoint; an error from it ends the stage. A user who interrupts gets a last milestone that asks for a
/// checkpoint, between two optimiser steps wherever that is.
///
/// # Errors
///
/// A loss, an output or a weight that is not a number, a stage with nothing to learn from, a damaged checkpoint, or
/// what `tell` returns.
pub fn fit<M: SequenceModel, O: Objective<M>>(
    model: M,
    objective: O,
    options: &StageOptions<'_>,
    resume: Option<&CheckpointFiles>,
    progress: &mut Progress,
    interrupter: &Interrupter,
    tell: impl FnMut(Milestone<'_>, &dyn Fn() -> Result<CheckpointFiles, Error>) -> Result<(), Error>,
) -> Result<Fit<M, O>, Error> {
    fit_heard(model, objective, options, resume, progress, interrupter, &mut OfMilestones(tell))
}

/// As [`fit`], with a listener that hears of each step too.
///
/// # Errors
///
/// As [`fit`].
pub fn fit_heard<M: SequenceModel, O: Objective<M>>(
    model: M,
    objective: O,
    options: &StageOptions<'_>,
    resume: Option<&CheckpointFiles>,
    progress: &mut Progress,
    interrupter: &Interrupter,
    listener: &mut impl Listener,
) -> Result<Fit<M, O>, Error> {
    check_parts(&model, &objective, options)?;
    let config = &options.config;
    let needs = objective.needs();
    let plain = loader(options, needs);
    let length = Length::of(options, needs.pool, |pool| loader(options, Needs { pool, ..needs }));
    let mut training = Training::new(model, objective, options, length, resume)?;
    let mut batches = plain.with_given(&training.given());
    let (metric, higher) = selection(options);
    let patience = config.early_stopping.as_ref().map(|stopping| stopping.patience);
    let stops = |training: &Training<'_, M, O>| patience.is_some_and(|patience| training.position.waits(patience));
    let mut saving = Saving::new(config.checkpoint_every);
    progress.start_stage(&StageShown {
        label: &options.label,
        epochs: length.epochs,
        steps_per_epoch: length.steps_per_epoch,
        steps: length.steps,
        done: training.position.step,
        chosen_by: (!options.valid.is_empty()).then_some(metric),
        patience,
    });
    progress.best(training.position.best());

    while !training.through() && !stops(&training) {
        let epoch = training.position.epoch + 1;
        let mut steps = batches.epoch_from(epoch, training.position.batch);
        // An epoch goes on from one milestone to the next.
        while training.position.epoch < epoch {
            let (began, mut due) = (Instant::now(), Due::default());
            (training, due) = training.advance(due, &mut steps, &saving, progress, interrupter, listener)?;
            if due.generation {
                let begun;
                (training, begun) = training.begin_generation(interrupter)?;
                if begun {
                    batches = plain.with_given(&training.given());
                    steps = batches.epoch_from(epoch, training.position.batch);
                    continue;
                }
                due.interrupt();
            }
            let valid = match due.validation {
                true => training.validate(metric, higher, interrupter)?,
                false => None,
            };
            if due.validation && valid.is_none() {
                due = Due { interrupted: true, checkpoint: true, ..Due::default() };
            }
            due.epoch |= stops(&training);
            let train = due.epoch.then(|| training.end_epoch()).transpose()?;
            due.checkpoint |= due.epoch && (training.through() || stops(&training) || saving.due_after_epoch(epoch));
            let context = training.context(epoch);
            let warning = train.as_ref().filter(|_| !training.position.warned);
            let warning =
                warning.and_then(|train| Objective::<M>::warning(&training.learned.objective, train, &context));
            if let Some(warning) = &warning {
                training.position.warned = true;
                progress.warn(&format!("{}: {warning}", options.label));
            }
            training.position.wall_seconds += began.elapsed().as_secs_f64();
            progress.best(training.position.best());
            progress.milestone(epoch, training.position.step, train.as_ref(), valid.as_ref());
            if due.checkpoint {
                training.check_weights()?;
            }
            let began = Instant::now();
            let position = &training.position;
            let milestone = Milestone {
                epoch,
                epochs: position.epoch,
                step: position.step,
                train: train.as_ref(),
                valid: valid.as_ref().filter(|scores| !scores.is_empty()),
                warning,
                checkpoint: due.checkpoint,
            };
            listener.milestone(milestone, &|| training.files())?;
            if due.checkpoint {
                saving.saved(began);
            }
            if due.interrupted {
                let Learned { model, objective, .. } = training.learned;
                return Ok(Fit { model, objective, outcome: None });
            }
        }
    }
    let stopped_by = if training.through() { THROUGH } else { STOPPED_EARLY };
    training.finish(stopped_by)
}

/// Batches as the objective asks for them.
pub(super) fn loader(options: &StageOptions<'_>, needs: Needs) -> Loader {
    let config = &options.config;
    let rebalancing = config.rebalancing.as_ref().map(|method| method.kind());
    Loader::new(
        Arc::clone(&options.train),
        options.labeled.to_vec(),
        options.unlabeled.to_vec(),
        options.augmenter.clone(),
        LoaderOptions {
            batch_size: config.batch_size,
            unlabeled_ratio: config.unlabeled_ratio,
            views: needs.views,
            pool: needs.pool,
            seed: options.seed,
            workers: 1,
            balanced: rebalancing.and_then(|kind| kind.drawn_by),
            beside: rebalancing.is_some_and(|kind| kind.beside),
            steps_per_epoch: options.pace.map(|pace| pace.batches_per_epoch),
        },
    )
}
