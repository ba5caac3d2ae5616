//! One stage: epochs, validation, and when to end.

use std::sync::Arc;
use std::time::Instant;

use burn::tensor::Device;
use burn::train::Interrupter;
use semiseq_datasets::{Augmenter, Dataset, Loader, LoaderOptions};
use semiseq_models::SequenceModel;
use serde::{Deserialize, Serialize};

use super::Learned;
use super::checkpoint::Files;
use super::evaluate::{Kind, measured, score, voted_outputs};
use super::progress::{Progress, Split};
use super::training::{Length, Training};
use crate::config::StageConfig;
use crate::error::Error;
use crate::metrics::{Scores, higher_is_better};
use crate::objectives::{Needs, Objective};

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

/// How long a baseline runs: as long as the stage that it is compared with.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Optimiser steps in all.
    pub steps: usize,
    /// Optimiser steps between two validations.
    pub steps_per_epoch: usize,
}

/// What is told of each epoch.
#[derive(Clone, Debug)]
pub struct Epoch<'a> {
    /// Counted from 1.
    pub epoch: usize,
    /// Optimiser steps so far.
    pub step: usize,
    /// Means over the epoch.
    pub train: &'a Scores,
    /// Scores on the validation part.
    pub valid: &'a Scores,
    /// What is wrong with the stage, once, where something is.
    pub warning: Option<String>,
    /// Whether no epoch can follow.
    pub last: bool,
}

/// How a stage ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Epochs that were run.
    pub epochs: usize,
    /// The epoch whose weights were kept.
    pub best_epoch: usize,
    /// Optimiser steps.
    pub steps: usize,
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

/// What a stage hands back.
pub struct Fit<M, O> {
    /// The model with the best epoch's weights, on the autodiff device.
    pub model: M,
    /// The objective as it was at the best epoch.
    pub objective: O,
    /// How it ended; `None` where the user interrupted it.
    pub outcome: Option<Outcome>,
}

/// Trains `model` through one stage.
///
/// `resume` holds the files of a checkpoint of this very stage. `each_epoch` gets the scores and a way to
/// make the files of a checkpoint; an error from it ends the stage.
///
/// # Errors
///
/// A loss that is not a number, a damaged checkpoint, or what `each_epoch` returns.
pub fn fit<M: SequenceModel, O: Objective<M>>(
    model: M,
    objective: O,
    options: &StageOptions<'_>,
    resume: Option<&Files>,
    progress: &mut Progress,
    interrupter: &Interrupter,
    mut each_epoch: impl FnMut(Epoch<'_>, &dyn Fn() -> Result<Files, Error>) -> Result<(), Error>,
) -> Result<Fit<M, O>, Error> {
    let config = options.config;
    let loader = loader(options, objective.needs());
    let length = Length::of(options, &loader);
    let mut training = Training::new(model, objective, options, length, resume)?;
    let (metric, higher) = selection(config, options.kind);
    let patience = config.early_stopping.as_ref().map(|stopping| stopping.patience);
    let mut stopped_by = "all epochs";
    let mut warned = false;
    progress.start_stage(&options.label, training.position.epoch + 1, length.epochs, length.steps_per_epoch);

    while training.position.epoch < length.epochs {
        if patience.is_some_and(|patience| training.position.waits(patience)) {
            stopped_by = "early stopping";
            break;
        }
        let (epoch, began) = (training.position.epoch + 1, Instant::now());
        let train;
        (training, train) = training.epoch(epoch, &loader, progress, interrupter)?;
        let Some(train) = train else {
            let Learned { model, objective, .. } = training.learned;
            return Ok(Fit { model, objective, outcome: None });
        };
        let evaluated = training.evaluated();
        let late = training.position.step * 2 >= length.steps && epoch >= 3;
        let valid = validate(&training.learned.objective, &evaluated, options, late)?;
        progress.metrics(Split::Train, &train);
        progress.metrics(Split::Valid, &valid);
        training.position.epoch = epoch;
        training.keep_if_best(evaluated, valid.get(metric).copied(), higher);
        let context = training.context(epoch);
        let warning = Objective::<M>::warning(&training.learned.objective, &train, &context).filter(|_| !warned);
        if let Some(warning) = &warning {
            warned = true;
            progress.note(&format!("warning: {}: {warning}", options.label));
        }
        training.position.wall_seconds += began.elapsed().as_secs_f64();
        progress.end_epoch(epoch, &train, &valid);
        let (step, last) = (training.position.step, epoch == length.epochs);
        each_epoch(Epoch { epoch, step, train: &train, valid: &valid, warning, last }, &|| training.files())?;
    }
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

/// The metric that chooses the best epoch, and whether more of it is better.
fn selection(config: &StageConfig, kind: Kind) -> (&str, bool) {
    let metric = match &config.early_stopping {
        Some(stopping) => stopping.metric.strip_prefix("valid.").unwrap_or(&stopping.metric),
        None if config.objective.kind().unsupervised => "loss",
        None if matches!(kind, Kind::Number | Kind::Forecast) => "mse",
        None => "accuracy",
    };
    (metric, higher_is_better(metric))
}

/// Scores of the validation part. Where the stage is `late`, a model that says the same of every sequence is a failure.
fn validate<M: SequenceModel, O: Objective<M>>(
    objective: &O,
    model: &M,
    options: &StageOptions<'_>,
    late: bool,
) -> Result<Scores, Error> {
    if options.valid.sequences.is_empty() {
        return Ok(Scores::new());
    }
    let plain = model.valid();
    let objective = objective.valid();
    let own = measured(&objective, &plain, options.valid);
    if !own.is_empty() {
        return Ok(own);
    }
    let outputs = voted_outputs(Some(&objective), &plain, options.valid, options.kind);
    if late && outputs.constant() {
        return Err(Error::runtime(
            format!("{}: the model gives one and the same output for every sequence", options.label),
            "its units have died or saturated: lower the learning rate, set `grad_clip_norm = 1.0` in the stage's optimiser, or \
             scale the data with `data.transform.normalize`; the last good checkpoint is kept",
        ));
    }
    Ok(score(&outputs, options.valid).0)
}

/// One seed from two numbers (the finaliser of SplitMix64).
pub(crate) fn mix(seed: u64, number: u64) -> u64 {
    let mut value = seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
