//! What a stage trains, step by step, and keeps.

use std::time::Instant;

use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams, ModuleOptimizer};
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Tensor};
use burn::train::Interrupter;
use semiseq_datasets::{Loader, StepBatches};
use semiseq_models::SequenceModel;
use serde::{Deserialize, Serialize};

use super::Learned;
use super::average::{average, fresh_copy};
use super::checkpoint::{Files, damaged, parse};
use super::layers::by_rate;
use super::means::Means;
use super::optimizer::{build, clip};
use super::progress::{Progress, Split};
use super::stage::{Fit, Outcome, StageOptions, mix};
use crate::error::Error;
use crate::metrics::Scores;
use crate::objectives::{Objective, Step, StepContext};

/// Steps between two readings of the losses from the device: reading waits for the device.
const READ_EVERY: usize = 10;

/// How long a stage is.
#[derive(Clone, Copy)]
pub(super) struct Length {
    pub epochs: usize,
    /// Optimiser steps in all.
    pub steps: usize,
    pub steps_per_epoch: usize,
    batches_per_epoch: usize,
}

impl Length {
    pub fn of(options: &StageOptions<'_>, loader: &Loader) -> Self {
        let config = options.config;
        let batches_per_epoch = loader.steps_per_epoch().max(1);
        let steps_per_epoch = batches_per_epoch.div_ceil(config.gradient_accumulation);
        let wanted = options.pace.map(|pace| pace.steps).or(config.steps);
        let epochs = match wanted {
            Some(steps) => steps.div_ceil(steps_per_epoch),
            None => config.epochs.unwrap_or(1),
        };
        Self { epochs, steps: wanted.unwrap_or(epochs * steps_per_epoch), steps_per_epoch, batches_per_epoch }
    }
}

/// Where a stage stands between two epochs, beside the tensors.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Position {
    pub epoch: usize,
    pub step: usize,
    best: Option<f64>,
    best_epoch: usize,
    pub wall_seconds: f64,
    train_seconds: f64,
    samples: usize,
}

impl Position {
    /// Whether so many epochs have brought nothing better.
    pub fn waits(&self, patience: usize) -> bool {
        self.best_epoch > 0 && self.epoch - self.best_epoch >= patience
    }

    fn samples_per_second(&self) -> f64 {
        self.samples as f64 / self.train_seconds.max(1e-9)
    }
}

/// A stage under way.
pub(super) struct Training<'a, M: SequenceModel, O: Objective<M>> {
    options: &'a StageOptions<'a>,
    length: Length,
    pub learned: Learned<M, O>,
    optimizer: ModuleOptimizer,
    /// The best epoch's weights.
    best: Option<ModuleRecord>,
    pub position: Position,
}

impl<'a, M: SequenceModel, O: Objective<M>> Training<'a, M, O> {
    /// From the beginning, or from the files of a checkpoint.
    pub fn new(
        model: M,
        objective: O,
        options: &'a StageOptions<'a>,
        length: Length,
        resume: Option<&Files>,
    ) -> Result<Self, Error> {
        let average = options.config.weight_average.map(|_| fresh_copy(&model));
        let learned = Learned { model, objective, average };
        let optimizer = build(&options.config.optimizer, options.config.objective.kind().plays);
        let Some(files) = resume else {
            return Ok(Self { options, length, learned, optimizer, best: None, position: Position::default() });
        };
        let learned = learned
            .try_load_record(record(files, "learned.burnpack")?)
            .map_err(|error| damaged("learned.burnpack", &format!("{error:?}")))?;
        let bytes = files.get("optimizer.burnpack").ok_or_else(|| damaged("optimizer.burnpack", "is missing"))?;
        let optimizer = optimizer
            .from_bytes(Bytes::from_bytes_vec(bytes.clone()))
            .map_err(|error| damaged("optimizer.burnpack", &error.to_string()))?;
        let best = Some(record(files, "best.burnpack")?);
        Ok(Self { options, length, learned, optimizer, best, position: parse(files, "stage.json")? })
    }

    /// Where the objective stands.
    pub fn context(&self, epoch: usize) -> StepContext {
        StepContext { step: self.position.step, total_steps: self.length.steps, epoch }
    }

    /// An epoch of steps, and the means over it; none where the user interrupted it.
    pub fn epoch(
        mut self,
        epoch: usize,
        loader: &Loader,
        progress: &mut Progress,
        interrupter: &Interrupter,
    ) -> Result<(Self, Option<Scores>), Error> {
        let StageOptions { label, device, seed, .. } = self.options;
        let began = Instant::now();
        // Dropout draws from the device's generator: seeded anew each epoch, so that a resumed run draws the same.
        device.seed(mix(*seed, epoch as u64));
        progress.start_split(Split::Train, self.length.steps_per_epoch);
        let mut means = Means::default();
        let mut gathered = GradientsAccumulator::new();
        let mut step_in_epoch = 0;
        for (index, batch) in loader.epoch(epoch).enumerate() {
            if interrupter.should_stop() {
                return Ok((self, None));
            }
            if self.position.step >= self.length.steps {
                break;
            }
            let Some(loss) = self.loss(&batch, epoch, &mut means) else { continue };
            let Some(gradients) = self.gradients(loss, index + 1, &mut gathered) else { continue };
            self = self.update(gradients, epoch);
            step_in_epoch += 1;
            if self.position.step.is_multiple_of(READ_EVERY) {
                means.read();
                means.check(label, epoch, self.position.step)?;
                progress.metrics(Split::Train, &means.scores());
            }
            progress.step(epoch, step_in_epoch);
        }
        means.read();
        means.check(label, epoch, self.position.step)?;
        progress.end_split();
        self.position.train_seconds += began.elapsed().as_secs_f64();
        let mut scores = means.scores();
        scores.insert("lr".into(), self.rate(self.position.step.saturating_sub(1)));
        scores.insert("samples_per_second".into(), self.position.samples_per_second());
        Ok((self, Some(scores)))
    }

    /// The learning rate of a step.
    fn rate(&self, step: usize) -> f64 {
        let config = self.options.config;
        config.optimizer.lr() * config.schedule.factor(step, self.length.steps)
    }

    /// What a batch says, `[1]`; none where it has nothing to say.
    fn loss(&mut self, batch: &StepBatches, epoch: usize, means: &mut Means) -> Option<Tensor<1>> {
        let parts = [&batch.labeled, &batch.unlabeled].into_iter().flatten();
        self.position.samples += parts.map(|part| part.weak.size).sum::<usize>();
        let (step, context) = (Step::upload(batch, self.options.device), self.context(epoch));
        let terms = self.learned.objective.step(&self.learned.model, &step, &context);
        let total = terms.total()?;
        means.push(&terms, &total);
        Some(total)
    }

    /// Gradients for a step; none as long as further batches belong to it. Batches are counted from 1.
    fn gradients(
        &self,
        loss: Tensor<1>,
        batch: usize,
        gathered: &mut GradientsAccumulator<Learned<M, O>>,
    ) -> Option<GradientsParams> {
        let accumulation = self.options.config.gradient_accumulation;
        if accumulation == 1 {
            return Some(GradientsParams::from_grads(loss.backward(), &self.learned));
        }
        let gradients = GradientsParams::from_grads((loss / accumulation as f64).backward(), &self.learned);
        gathered.accumulate(&self.learned, gradients);
        let whole = batch.is_multiple_of(accumulation) || batch == self.length.batches_per_epoch;
        whole.then(|| gathered.grads())
    }

    /// A step of the optimiser, and of all that follows the model.
    fn update(mut self, gradients: GradientsParams, epoch: usize) -> Self {
        let (config, context) = (self.options.config, self.context(epoch));
        let (clip_norm, clip_value) = config.optimizer.clipping();
        let gradients = clip(&self.learned, gradients, clip_norm, clip_value);
        let rate = self.rate(self.position.step);
        for (factor, gradients) in by_rate(&self.learned, gradients, &config.layers, epoch) {
            self.learned = self.optimizer.step(rate * factor, self.learned, gradients);
        }
        let Learned { model, objective, average: shadow } = self.learned;
        let objective = objective.after_update(&model, &context);
        let shadow = shadow.zip(config.weight_average).map(|(shadow, decay)| {
            let warm = (1.0 - 1.0 / (context.step as f64 + 1.0)).min(decay);
            average(shadow, &model, warm)
        });
        self.learned = Learned { model, objective, average: shadow };
        self.position.step += 1;
        self
    }

    /// The model that validation and the result use.
    pub fn evaluated(&self) -> M {
        match &self.learned.average {
            Some(average) => average.clone(),
            None => self.learned.objective.evaluated(&self.learned.model),
        }
    }

    /// Keeps the weights of an epoch that is better than all before. Without a value, as without validation data, the last
    /// weights are the best known.
    pub fn keep_if_best(&mut self, evaluated: M, value: Option<f64>, higher: bool) {
        let better = match (value, self.position.best) {
            (Some(value), Some(best)) if higher => value > best,
            (Some(value), Some(best)) => value < best,
            _ => true,
        };
        if better {
            self.position.best = value;
            self.position.best_epoch = self.position.epoch;
            let objective = self.learned.objective.clone();
            self.best = Some(Learned { model: evaluated, objective, average: None::<M> }.into_record());
        }
    }

    /// The files of a checkpoint.
    pub fn files(&self) -> Result<Files, Error> {
        let failed = |what: &str, error: String| {
            Error::runtime(
                format!("{what} cannot be recorded: {error}"),
                "this is a defect of semiseq; please report it",
            )
        };
        let mut files = Files::new();
        files.insert(
            "learned.burnpack".into(),
            bytes(self.learned.clone().into_record()).map_err(|error| failed("the model", error))?,
        );
        let optimizer = self.optimizer.into_bytes().map_err(|error| failed("the optimiser", error.to_string()))?;
        files.insert("optimizer.burnpack".into(), optimizer.to_vec());
        if let Some(best) = &self.best {
            files.insert("best.burnpack".into(), bytes(best.clone()).map_err(|error| failed("the best model", error))?);
        }
        files.insert(
            "stage.json".into(),
            serde_json::to_vec(&self.position).map_err(|error| failed("the position", error.to_string()))?,
        );
        Ok(files)
    }

    /// The best epoch's weights, and how the stage ended.
    pub fn finish(self, stopped_by: &str) -> Result<Fit<M, O>, Error> {
        let Self { learned: Learned { model, objective, .. }, best, position, .. } = self;
        let (model, objective) = match best {
            Some(best) => load_best(model, objective, best)?,
            None => (model, objective),
        };
        let outcome = Outcome {
            epochs: position.epoch,
            best_epoch: position.best_epoch,
            steps: position.step,
            wall_seconds: position.wall_seconds,
            samples_per_second: position.samples_per_second(),
            step_seconds: (position.step > 0).then(|| position.train_seconds / position.step as f64),
            stopped_by: stopped_by.into(),
        };
        Ok(Fit { model, objective, outcome: Some(outcome) })
    }
}

/// Puts the best epoch's values in place, the model's under its own parameter identities: the record
/// may be of a teacher.
fn load_best<M: SequenceModel, O: Objective<M>>(model: M, objective: O, record: ModuleRecord) -> Result<(M, O), Error> {
    let recorded = Learned { model: model.clone(), objective, average: None::<M> };
    let recorded = recorded.try_load_record(record).map_err(|error| damaged("best.burnpack", &format!("{error:?}")))?;
    let model = average(model.no_grad(), &recorded.model, 0.0).set_require_grad(true);
    Ok((model, recorded.objective))
}

fn bytes(record: ModuleRecord) -> Result<Vec<u8>, String> {
    record.into_bytes().map(|bytes| bytes.to_vec()).map_err(|error| error.to_string())
}

fn record(files: &Files, name: &str) -> Result<ModuleRecord, Error> {
    let bytes = files.get(name).ok_or_else(|| damaged(name, "is missing"))?;
    ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes.clone())).map_err(|error| damaged(name, &error.to_string()))
}
