//! One stage: epochs, validations, checkpoints, and when to end.

use std::sync::Arc;
use std::time::Instant;

use burn::tensor::Device;
use burn::train::Interrupter;
use semiseq_datasets::{Augmenter, Dataset, Loader, LoaderOptions, Processor, StepBatches};
use semiseq_models::SequenceModel;
use semiseq_objectives::{Needs, Objective, Step, StepContext};
use semiseq_schema::{Scores, mix};
use serde::{Deserialize, Serialize};

use crate::config::stage::StageConfig;
use crate::error::Error;
use crate::learner::Learned;
use crate::learner::accumulation::rows;
use crate::learner::checkpoint::Files;
use crate::learner::evaluate::Kind;
use crate::learner::length::Length;
use crate::learner::progress::Progress;
use crate::learner::saving::Saving;
use crate::learner::training::{Due, Training};
use crate::learner::validation::{check_stopping, selection};

/// Everything a stage works on.
pub struct StageOptions<'a> {
    /// Named on the dashboard and in the metrics.
    pub label: String,
    /// The stage's settings.
    pub config: &'a StageConfig,
    /// The training part, with the positions of labelled and unlabelled sequences.
    pub train: Arc<Dataset>,
    /// Positions whose labels may be seen.
    pub labeled: &'a [usize],
    /// Positions whose labels may not be seen.
    pub unlabeled: &'a [usize],
    /// The validation part.
    pub valid: &'a Dataset,
    /// How it was prepared.
    pub processor: &'a Processor,
    /// Makes the views.
    pub augmenter: Augmenter,
    /// What the model's numbers mean.
    pub kind: Kind,
    /// Seeds batches, views and dropout of this stage.
    pub seed: u64,
    /// The autodiff device.
    pub device: &'a Device,
    /// Runs exactly so long, whatever the config says (the baseline).
    pub pace: Option<Pace>,
}

/// How long a baseline runs: as long as the stage that it is compared with, validated as often.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Optimiser steps in all.
    pub steps: usize,
    /// Optimiser steps of an epoch.
    pub steps_per_epoch: usize,
    /// Optimiser steps between two validations.
    pub validate_every: usize,
}

/// A moment of a stage that something is told of: an epoch is through, or the weights were validated, or both; or a checkpoint
/// is to be written.
#[derive(Clone, Debug)]
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
    /// Seconds, validation included; over all sessions where the stage was resumed.
    pub wall_seconds: f64,
    /// Training sequences a second, validation not counted.
    pub samples_per_second: f64,
    /// Seconds of an optimiser step, batches included and validation not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub step_seconds: Option<f64>,
    /// Why the stage ended: `all epochs`, or `early stopping`.
    pub stopped_by: String,
}

const THROUGH: &str = "all epochs";
const STOPPED_EARLY: &str = "early stopping";

impl Outcome {
    /// Whether early stopping ended the stage.
    pub fn stopped_early(&self) -> bool {
        self.stopped_by == STOPPED_EARLY
    }
}

/// What a stage hands back.
pub struct Fit<M, O> {
    /// The model with the best validation's weights, on the autodiff device.
    pub model: M,
    /// The objective as it was then.
    pub objective: O,
    /// How it ended; `None` where the user interrupted it.
    pub outcome: Option<Outcome>,
}

/// Whether a stage has something to learn from, and its early stopping something to go by. A run asks of all stages before the
/// first begins. A copy of the objective takes steps without moving the model, as a rule one.
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
    let teaches = |(place, batch): (usize, StepBatches)| {
        options.device.seed(mix(mix(options.seed, 1), place as u64));
        let step = Step::upload(&batch, model.per_step(), options.device);
        objective.clone().step(model, &step, &context).any(|over| rows(over, &batch, model.per_step()))
    };
    if loader(options, needs).epoch(1).enumerate().any(teaches) {
        Ok(())
    } else {
        Err(nothing_to_learn(&options.label))
    }
}

/// None of an epoch's batches gives the objective a term.
pub(super) fn nothing_to_learn(label: &str) -> Error {
    Error::input(
        format!("{label}: no batch of the first epoch has anything to learn from"),
        "its sequences are too short for the objective, or none of its labels is known or weighs anything; `data info` tells of \
         sequences and labels",
    )
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
/// `resume` holds the files of a checkpoint of this very stage. `tell` gets each [`Milestone`] and a way to make the files of a
/// checkpoint; an error from it ends the stage. A user who interrupts gets a last milestone that asks for a checkpoint, between
/// two optimiser steps wherever that is.
///
/// # Errors
///
/// A loss, an output or a weight that is not a number, a stage with nothing to learn from, a damaged checkpoint, or what `tell`
/// returns.
pub fn fit<M: SequenceModel, O: Objective<M>>(
    model: M,
    objective: O,
    options: &StageOptions<'_>,
    resume: Option<&Files>,
    progress: &mut Progress,
    interrupter: &Interrupter,
    mut tell: impl FnMut(Milestone<'_>, &dyn Fn() -> Result<Files, Error>) -> Result<(), Error>,
) -> Result<Fit<M, O>, Error> {
    check_parts(&model, &objective, options)?;
    let config = options.config;
    let needs = objective.needs();
    let batches = loader(options, needs);
    let length = Length::of(options, needs.pool, |pool| loader(options, Needs { pool, ..needs }));
    let mut training = Training::new(model, objective, options, length, resume)?;
    let (metric, higher) = selection(config, options.kind);
    let patience = config.early_stopping.as_ref().map(|stopping| stopping.patience);
    let stops = |training: &Training<'_, M, O>| patience.is_some_and(|patience| training.position.waits(patience));
    let mut saving = Saving::new(config.checkpoint_every);
    progress.start_stage(&options.label, length.epochs, length.steps_per_epoch, training.position.step);

    while !training.through() && !stops(&training) {
        let epoch = training.position.epoch + 1;
        let mut steps = batches.epoch_from(epoch, training.position.batch);
        progress.start_epoch(training.position.step_in_epoch);
        // An epoch goes on from one milestone to the next.
        while training.position.epoch < epoch {
            let (began, mut due) = (Instant::now(), Due::default());
            (training, due) = training.advance(due, &mut steps, &saving, progress, interrupter)?;
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
                progress.note(&format!("warning: {}: {warning}", options.label));
            }
            training.position.wall_seconds += began.elapsed().as_secs_f64();
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
            tell(milestone, &|| training.files())?;
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
fn loader(options: &StageOptions<'_>, needs: Needs) -> Loader {
    let config = options.config;
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
            steps_per_epoch: options.pace.map(|pace| pace.steps_per_epoch * config.gradient_accumulation),
        },
    )
}
