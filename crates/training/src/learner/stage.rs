//! One stage: epochs of steps, validation, best weights, checkpoints.

use std::sync::Arc;
use std::time::Instant;

use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Device, Tensor};
use burn::train::Interrupter;
use semiseq_datasets::{Augmenter, Dataset, Loader, LoaderOptions};
use semiseq_models::SequenceModel;
use serde::{Deserialize, Serialize};

use super::Learned;
use super::average::{average, fresh_copy};
use super::checkpoint::{Files, damaged, parse};
use super::evaluate::{Kind, host, measured, outputs, score};
use super::layers::by_rate;
use super::optimizer::{build, clip};
use super::progress::{Progress, Split};
use crate::config::StageConfig;
use crate::error::Error;
use crate::metrics::{Scores, higher_is_better};
use crate::objectives::{Objective, Step, StepContext, Terms};

/// Steps between two readings of the losses from the device: reading waits for the device.
const READ_EVERY: usize = 10;

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

/// Where a stage stands between two epochs, beside the tensors.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Position {
    epoch: usize,
    step: usize,
    best: Option<f64>,
    best_epoch: usize,
    wall_seconds: f64,
    train_seconds: f64,
    samples: usize,
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
    let needs = objective.needs();
    let loader = Loader::new(
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
    );
    let batches_per_epoch = loader.steps_per_epoch().max(1);
    let accumulation = config.gradient_accumulation;
    let steps_per_epoch = batches_per_epoch.div_ceil(accumulation);
    let epochs = match options.pace.map(|pace| pace.steps).or(config.steps) {
        Some(steps) => steps.div_ceil(steps_per_epoch),
        None => config.epochs.unwrap_or(1),
    };
    let total_steps = options.pace.map(|pace| pace.steps).or(config.steps).unwrap_or(epochs * steps_per_epoch);

    let shadow = config.weight_average.map(|_| fresh_copy(&model));
    let mut learned = Learned { model, objective, average: shadow };
    let mut best: Option<ModuleRecord> = None;
    let mut optim = build(&config.optimizer);
    let (clip_norm, clip_value) = config.optimizer.clipping();
    let mut position =
        Position { epoch: 0, step: 0, best: None, best_epoch: 0, wall_seconds: 0.0, train_seconds: 0.0, samples: 0 };
    if let Some(files) = resume {
        position = parse(files, "stage.json")?;
        learned = learned
            .try_load_record(record(files, "learned.burnpack")?)
            .map_err(|error| damaged("learned.burnpack", &format!("{error:?}")))?;
        let bytes = files.get("optimizer.burnpack").ok_or_else(|| damaged("optimizer.burnpack", "is missing"))?;
        optim = optim
            .from_bytes(Bytes::from_bytes_vec(bytes.clone()))
            .map_err(|error| damaged("optimizer.burnpack", &error.to_string()))?;
        best = Some(record(files, "best.burnpack")?);
    }
    let (metric, higher) = selection(config, options.kind);
    let patience = config.early_stopping.as_ref().map(|stopping| stopping.patience);
    let mut stopped_by = "all epochs";
    let mut warned = false;
    progress.start_stage(&options.label, position.epoch + 1, epochs, steps_per_epoch);

    while position.epoch < epochs {
        if patience.is_some_and(|patience| position.epoch - position.best_epoch >= patience && position.best_epoch > 0)
        {
            stopped_by = "early stopping";
            break;
        }
        let epoch = position.epoch + 1;
        let began = Instant::now();
        // Dropout draws from the device's generator: seeded anew each epoch, so that a resumed run draws the same.
        options.device.seed(mix(options.seed, epoch as u64));
        progress.start_split(Split::Train, steps_per_epoch);
        let mut means = Means::default();
        let mut gathered = GradientsAccumulator::new();
        let mut batches: usize = 0;
        let mut step_in_epoch = 0;
        for batch in loader.epoch(epoch) {
            if interrupter.should_stop() {
                return Ok(Fit { model: learned.model, objective: learned.objective, outcome: None });
            }
            if position.step >= total_steps {
                break;
            }
            batches += 1;
            position.samples += batch.labeled.as_ref().map_or(0, |part| part.weak.size)
                + batch.unlabeled.as_ref().map_or(0, |part| part.weak.size);
            let context = StepContext { step: position.step, total_steps, epoch };
            let step = Step::upload(&batch, options.device);
            let terms = learned.objective.step(&learned.model, &step, &context);
            let Some(total) = terms.total() else { continue };
            means.push(&terms, &total);
            let loss = if accumulation > 1 { total / accumulation as f64 } else { total };
            let mut gradients = GradientsParams::from_grads(loss.backward(), &learned);
            if accumulation > 1 {
                gathered.accumulate(&learned, gradients);
                if !batches.is_multiple_of(accumulation) && batches != batches_per_epoch {
                    continue;
                }
                gradients = gathered.grads();
            }
            let gradients = clip(&learned, gradients, clip_norm, clip_value);
            let lr = config.optimizer.lr() * config.schedule.factor(position.step, total_steps);
            for (factor, gradients) in by_rate(&learned, gradients, &config.layers, epoch) {
                learned = optim.step(lr * factor, learned, gradients);
            }
            let Learned { model, objective, average: shadow } = learned;
            let objective = objective.after_update(&model, &context);
            let shadow = shadow.zip(config.weight_average).map(|(shadow, decay)| {
                let warm = (1.0 - 1.0 / (context.step as f64 + 1.0)).min(decay);
                average(shadow, &model, warm)
            });
            learned = Learned { model, objective, average: shadow };
            position.step += 1;
            step_in_epoch += 1;
            if position.step.is_multiple_of(READ_EVERY) {
                means.read();
                means.check(&options.label, epoch, position.step)?;
                progress.metrics(Split::Train, &means.scores());
            }
            progress.step(epoch, step_in_epoch);
        }
        means.read();
        means.check(&options.label, epoch, position.step)?;
        progress.end_split();
        position.train_seconds += began.elapsed().as_secs_f64();
        let mut train = means.scores();
        train.insert(
            "lr".into(),
            config.optimizer.lr() * config.schedule.factor(position.step.saturating_sub(1), total_steps),
        );
        train.insert("samples_per_second".into(), position.samples as f64 / position.train_seconds.max(1e-9));

        let evaluated = match &learned.average {
            Some(average) => average.clone(),
            None => learned.objective.evaluated(&learned.model),
        };
        let valid = validate(&learned.objective, &evaluated, options, position.step * 2 >= total_steps && epoch >= 3)?;
        progress.metrics(Split::Train, &train);
        progress.metrics(Split::Valid, &valid);
        position.epoch = epoch;
        // Without validation data the last weights are the best known.
        let value = valid.get(metric).copied();
        let better = match (value, position.best) {
            (Some(value), Some(best)) => {
                if higher {
                    value > best
                } else {
                    value < best
                }
            }
            _ => true,
        };
        if better {
            position.best = value;
            position.best_epoch = epoch;
            best = Some(
                Learned { model: evaluated, objective: learned.objective.clone(), average: None::<M> }.into_record(),
            );
        }
        let context = StepContext { step: position.step, total_steps, epoch };
        let warning = Objective::<M>::warning(&learned.objective, &train, &context).filter(|_| !warned);
        if let Some(warning) = &warning {
            warned = true;
            progress.note(&format!("warning: {}: {warning}", options.label));
        }
        position.wall_seconds += began.elapsed().as_secs_f64();
        progress.end_epoch(epoch, &train, &valid);
        let files = || checkpoint(&learned, &optim, best.as_ref(), &position);
        let last = epoch == epochs;
        each_epoch(Epoch { epoch, step: position.step, train: &train, valid: &valid, warning, last }, &files)?;
    }

    let Learned { model, objective, .. } = learned;
    let (model, objective) = match best {
        Some(best) => load_best(model, objective, best)?,
        None => (model, objective),
    };
    let outcome = Outcome {
        epochs: position.epoch,
        best_epoch: position.best_epoch,
        steps: position.step,
        wall_seconds: position.wall_seconds,
        samples_per_second: position.samples as f64 / position.train_seconds.max(1e-9),
        step_seconds: (position.step > 0).then(|| position.train_seconds / position.step as f64),
        stopped_by: stopped_by.into(),
    };
    Ok(Fit { model, objective, outcome: Some(outcome) })
}

/// The metric that chooses the best epoch, and whether more of it is better.
fn selection(config: &StageConfig, kind: Kind) -> (&str, bool) {
    let metric = match &config.early_stopping {
        Some(stopping) => stopping.metric.strip_prefix("valid.").unwrap_or(&stopping.metric),
        None if config.objective.unsupervised() => "loss",
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
    let own = measured(&objective.valid(), &plain, options.valid);
    if !own.is_empty() {
        return Ok(own);
    }
    let outputs = outputs(&plain, options.valid, options.kind);
    if late && outputs.constant() {
        return Err(Error::runtime(
            format!("{}: the model gives one and the same output for every sequence", options.label),
            "its units have died or saturated: lower the learning rate, set `grad_clip_norm = 1.0` in the stage's optimiser, or \
             scale the data with `data.transform.normalize`; the last good checkpoint is kept",
        ));
    }
    Ok(score(&outputs, options.valid).0)
}

/// Puts the best epoch's values in place, the model's under its own parameter identities: the record
/// may be of a teacher.
fn load_best<M: SequenceModel, O: Objective<M>>(model: M, objective: O, record: ModuleRecord) -> Result<(M, O), Error> {
    let recorded = Learned { model: model.clone(), objective, average: None::<M> };
    let recorded = recorded.try_load_record(record).map_err(|error| damaged("best.burnpack", &format!("{error:?}")))?;
    let model = average(model.no_grad(), &recorded.model, 0.0).set_require_grad(true);
    Ok((model, recorded.objective))
}

fn checkpoint<M: SequenceModel, O: Objective<M>>(
    learned: &Learned<M, O>,
    optim: &burn::optim::ModuleOptimizer,
    best: Option<&ModuleRecord>,
    position: &Position,
) -> Result<Files, Error> {
    let failed = |what: &str, error: String| {
        Error::runtime(format!("{what} cannot be recorded: {error}"), "this is a defect of semiseq; please report it")
    };
    let mut files = Files::new();
    files.insert(
        "learned.burnpack".into(),
        bytes(learned.clone().into_record()).map_err(|error| failed("the model", error))?,
    );
    let optimizer = optim.into_bytes().map_err(|error| failed("the optimiser", error.to_string()))?;
    files.insert("optimizer.burnpack".into(), optimizer.to_vec());
    if let Some(best) = best {
        files.insert("best.burnpack".into(), bytes(best.clone()).map_err(|error| failed("the best model", error))?);
    }
    files.insert(
        "stage.json".into(),
        serde_json::to_vec(position).map_err(|error| failed("the position", error.to_string()))?,
    );
    Ok(files)
}

fn bytes(record: ModuleRecord) -> Result<Vec<u8>, String> {
    record.into_bytes().map(|bytes| bytes.to_vec()).map_err(|error| error.to_string())
}

fn record(files: &Files, name: &str) -> Result<ModuleRecord, Error> {
    let bytes = files.get(name).ok_or_else(|| damaged(name, "is missing"))?;
    ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes.clone())).map_err(|error| damaged(name, &error.to_string()))
}

/// One seed from two numbers (the finaliser of SplitMix64).
pub(crate) fn mix(seed: u64, number: u64) -> u64 {
    let mut value = seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Means over an epoch of what the steps said; values stay on the device until read.
#[derive(Default)]
struct Means {
    pending: Vec<(Vec<&'static str>, Tensor<1>)>,
    sums: Scores,
    counts: Scores,
}

impl Means {
    fn push(&mut self, terms: &Terms, total: &Tensor<1>) {
        let (names, values) = terms.watched(total);
        self.pending.push((names, Tensor::cat(values, 0)));
        for (name, value) in terms.constants() {
            self.add(name, *value);
        }
    }

    fn read(&mut self) {
        for (names, values) in std::mem::take(&mut self.pending) {
            for (name, value) in names.into_iter().zip(host(values)) {
                self.add(name, value);
            }
        }
    }

    fn add(&mut self, name: &str, value: f64) {
        *self.sums.entry(name.to_string()).or_default() += value;
        *self.counts.entry(name.to_string()).or_default() += 1.0;
    }

    fn scores(&self) -> Scores {
        self.sums.iter().map(|(name, sum)| (name.clone(), sum / self.counts[name])).collect()
    }

    fn check(&self, label: &str, epoch: usize, step: usize) -> Result<(), Error> {
        match self.sums.get("loss") {
            Some(loss) if !loss.is_finite() => Err(Error::runtime(
                format!("{label}: the loss is not a finite number any more (epoch {epoch}, by step {step})"),
                "lower the learning rate, or set `grad_clip_norm = 1.0` in the stage's optimiser; the last good checkpoint is kept",
            )),
            _ => Ok(()),
        }
    }
}
