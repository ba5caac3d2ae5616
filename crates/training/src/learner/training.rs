//! What a stage trains, step by step, and keeps.

use std::time::Instant;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Device, Tensor};
use burn::train::Interrupter;
use semiseq_datasets::StepBatches;
use semiseq_models::SequenceModel;
use semiseq_objectives::{
    Objective, StepContext,
    weight_average::{average, fresh_copy},
};
use semiseq_schema::{Scores, mix};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::learner::accumulation::{Gathered, gradients};
use crate::learner::checkpoint::{CheckpointFiles, damaged, parse};
use crate::learner::layers::by_rate;
use crate::learner::learned::Learned;
use crate::learner::length::Length;
use crate::learner::means::Means;
use crate::learner::optimizer::{build, clip};
use crate::learner::options::StageOptions;
use crate::learner::outcome::{Fit, Listener, Outcome};
use crate::learner::position::Position;
use crate::learner::progress::{Progress, Split};
use crate::learner::saving::Saving;
use crate::learner::states::SavedState;
use crate::learner::survey::survey;
use crate::learner::validation::{selection, validate};

/// Steps between two readings of the losses from the device: reading waits for the device.
const READ_EVERY: usize = 10;

/// What there is to do between two optimiser steps.
#[derive(Clone, Copy, Default)]
pub(super) struct Due {
    /// The epoch is through.
    pub epoch: bool,
    pub validation: bool,
    pub checkpoint: bool,
    /// The next generation begins.
    pub generation: bool,
    /// The user wants to stop.
    pub interrupted: bool,
}

impl Due {
    fn any(self) -> bool {
        self.epoch || self.validation || self.checkpoint || self.generation || self.interrupted
    }

    /// The user wants to stop: with a checkpoint.
    pub fn interrupt(&mut self) {
        (self.interrupted, self.checkpoint) = (true, true);
    }
}

/// A stage under way.
pub(super) struct Training<'a, M: SequenceModel, O: Objective<M>> {
    options: &'a StageOptions<'a>,
    length: Length,
    pub learned: Learned<M, O>,
    optimizer: ModuleOptimizer,
    /// All as the stage began, where it begins anew with each generation.
    start: Option<ModuleRecord>,
    /// The weights of the best validation.
    best: Option<ModuleRecord>,
    /// Of the epoch under way.
    means: Means,
    pub position: Position,
}

impl<'a, M: SequenceModel, O: Objective<M>> Training<'a, M, O> {
    /// From the beginning, or from the files of a checkpoint.
    pub fn new(
        model: M,
        objective: O,
        options: &'a StageOptions<'a>,
        length: Length,
        resume: Option<&CheckpointFiles>,
    ) -> Result<Self, Error> {
        let average = options.config.weight_average.map(|_| fresh_copy(&model));
        let learned = Learned { model, objective, average };
        let optimizer = build(&options.config.optimizer, options.objective.plays);
        let Some(files) = resume else {
            let (means, position) = Default::default();
            let start = (Objective::<M>::generations(&learned.objective) > 1).then(|| learned.clone().into_record());
            return Ok(Self { options, length, learned, optimizer, start, best: None, means, position });
        };
        let mut learned = learned
            .try_load_record(record(files, "learned.burnpack")?)
            .map_err(|error| damaged("learned.burnpack", &format!("{error:?}")))?;
        let bytes = files.get("optimizer.burnpack").ok_or_else(|| damaged("optimizer.burnpack", "is missing"))?;
        let optimizer = optimizer
            .from_bytes(Bytes::from_bytes_vec(bytes.clone()))
            .map_err(|error| damaged("optimizer.burnpack", &error.to_string()))?;
        let kept = |name: &str| files.contains_key(name).then(|| record(files, name)).transpose();
        let (start, best) = (kept("start.burnpack")?, kept("best.burnpack")?);
        let Carried { means, states } = parse(files, "epoch.json")?;
        let position: Position = parse(files, "stage.json")?;
        let states = states.into_iter().map(|state| state.load(options.device)).collect();
        Objective::<M>::take_states(&mut learned.objective, states, position.epoch + 1);
        Ok(Self { options, length, learned, optimizer, start, best, means, position })
    }

    /// Where the objective stands.
    pub fn context(&self, epoch: usize) -> StepContext {
        let (step, total_steps) = self.in_generation(self.position.step);
        StepContext { step, total_steps, epoch }
    }

    /// A step's place in its generation, and the steps of that.
    fn in_generation(&self, step: usize) -> (usize, usize) {
        let steps = self.generation_steps();
        let first = (self.position.generation * steps).min(step);
        (step - first, steps.min(self.length.steps.saturating_sub(first)).max(1))
    }

    /// Steps of each generation; the last may have fewer.
    fn generation_steps(&self) -> usize {
        self.length.steps.div_ceil(Objective::<M>::generations(&self.learned.objective).max(1)).max(1)
    }

    /// Sequences without a label that stand among the labelled ones, each with a class.
    pub fn given(&self) -> Vec<(usize, usize)> {
        Objective::<M>::given(&self.learned.objective)
    }

    /// Begins the next generation: as the stage began, but for what a survey tells the objective. False, and nothing
    /// has changed, where the user interrupts it.
    pub fn begin_generation(mut self, interrupter: &Interrupter) -> Result<(Self, bool), Error> {
        let start = self.start.clone().ok_or_else(|| damaged("start.burnpack", "is missing"))?;
        let generation = self.position.generation + 1;
        let stop = || interrupter.should_stop();
        let Some(survey) = survey(&self.evaluated(), self.options, generation, &stop) else {
            return Ok((self, false));
        };
        self.options.train.sound()?;
        let learned = self.learned.try_load_record(start);
        let Learned { model, objective, average } =
            learned.map_err(|error| damaged("start.burnpack", &format!("{error:?}")))?;
        self.learned = Learned { model, objective: Objective::<M>::survey(objective, &survey), average };
        self.optimizer = build(&self.options.config.optimizer, self.options.objective.plays);
        self.position.generation = generation;
        Ok((self, true))
    }

    /// Whether no step can follow.
    pub fn through(&self) -> bool {
        let position = &self.position;
        !position.unvalidated && (position.step >= self.length.steps || position.epoch >= self.length.epochs)
    }

    /// Whether the epoch under way has no further batch to take.
    fn epoch_is_through(&self) -> bool {
        self.position.batch >= self.length.batches_per_epoch || self.position.step >= self.length.steps
    }

    /// Takes optimiser steps until something is due.
    pub fn advance(
        mut self,
        mut due: Due,
        batches: &mut impl Iterator<Item = StepBatches>,
        saving: &Saving,
        progress: &mut Progress,
        interrupter: &Interrupter,
        listener: &mut impl Listener,
    ) -> Result<(Self, Due), Error> {
        let StageOptions { label, device, seed, config, .. } = self.options;
        let (epoch, began) = (self.position.epoch + 1, Instant::now());
        if self.position.unvalidated {
            due.validation = true;
            due.epoch = self.epoch_is_through();
        }
        while !due.any() {
            if interrupter.should_stop() {
                due.interrupt();
                break;
            }
            if self.position.step >= (self.position.generation + 1) * self.generation_steps() {
                due.generation = true;
                break;
            }
            // Dropout and views of values draw from the device's generator: seeded anew each step, so that a run that
            // is resumed inside an epoch draws the same.
            device.seed(mix(mix(*seed, epoch as u64), self.position.batch as u64));
            if Objective::<M>::surveys(&self.learned.objective, &self.context(epoch)) {
                let generation = self.position.generation;
                match survey(&self.evaluated(), self.options, generation, &|| interrupter.should_stop()) {
                    Some(survey) => {
                        let Learned { model, objective, average } = self.learned;
                        let objective = Objective::<M>::survey(objective, &survey);
                        self.learned = Learned { model, objective, average };
                    }
                    None => {
                        due.interrupt();
                        break;
                    }
                }
            }
            let stop = || interrupter.should_stop();
            let group = group(batches, config.gradient_accumulation, &stop);
            // No step is made of rows that could not be read.
            self.options.train.sound()?;
            let Some(mut group) = group else {
                due.interrupt();
                break;
            };
            let before = self.position.step;
            let found = self.gradients(&mut group, &self.context(epoch), device, &stop);
            if let Gathered::Stopped = found {
                due.interrupt();
                break;
            }
            self.take(&group);
            if let Gathered::Gradients(gradients) = found {
                self = self.update(gradients, epoch);
            }
            let step = self.position.step;
            if step > before && step.is_multiple_of(READ_EVERY) {
                self.means.read();
                self.means.check(label, epoch, step)?;
                progress.metrics(Split::Train, &self.means.scores());
            }
            if step > before {
                listener.step(step)?;
            }
            progress.step(epoch, step, self.position.step_in_epoch);
            due.epoch = group.is_empty() || self.epoch_is_through();
            let last = due.epoch && (step >= self.length.steps || epoch >= self.length.epochs);
            due.validation = last || (step > before && step.is_multiple_of(self.length.validate_every));
            due.checkpoint = step > before && saving.due(step);
        }
        self.means.read();
        self.means.check(label, epoch, self.position.step)?;
        self.position.train_seconds += began.elapsed().as_secs_f64();
        Ok((self, due))
    }

    /// Gradients of a step, of which nothing stays where the user stops it: it is the first to be taken when the run
    /// goes on.
    fn gradients(
        &mut self,
        group: &mut [StepBatches],
        context: &StepContext,
        device: &Device,
        stop: &dyn Fn() -> bool,
    ) -> Gathered {
        let before = (group.len() > 1).then(|| (self.learned.clone(), self.means.clone()));
        let found = gradients(&mut self.learned, group, context, device, &mut self.means, stop);
        if let (Gathered::Stopped, Some((learned, means))) = (&found, before) {
            (self.learned, self.means) = (learned, means);
        }
        found
    }

    /// Counts the batches of a step.
    fn take(&mut self, group: &[StepBatches]) {
        self.position.batch += group.len();
        let parts = group.iter().flat_map(|batch| [&batch.labeled, &batch.unlabeled]).flatten();
        self.position.samples += parts.map(|part| part.weak.size).sum::<usize>();
    }

    /// Scores of the validation part, by which the weights are kept where they are the best so far. None where the user
    /// interrupts it: it is the first thing to do when the run goes on.
    pub fn validate(&mut self, metric: &str, higher: bool, interrupter: &Interrupter) -> Result<Option<Scores>, Error> {
        let (evaluated, position) = (self.evaluated(), &mut self.position);
        let progress = (position.step, self.length.steps);
        let stop = || interrupter.should_stop();
        let objective = &self.learned.objective;
        let scores = validate(objective, &evaluated, self.options, progress, position.validations, &stop)?;
        self.options.valid.sound()?;
        position.unvalidated = scores.is_none();
        let Some(scores) = scores else { return Ok(None) };
        if position.validated(scores.get(metric).copied(), higher) {
            let objective = self.learned.objective.clone();
            self.best = Some(Learned { model: evaluated, objective, average: None::<M> }.into_record());
        }
        Ok(Some(scores))
    }

    /// Ends the epoch under way, and gives the means over it.
    pub fn end_epoch(&mut self) -> Result<Scores, Error> {
        let position = &mut self.position;
        if position.step == 0 {
            return Err(self.options.nothing_to_learn());
        }
        position.epoch += 1;
        (position.batch, position.step_in_epoch) = (0, 0);
        let mut scores = std::mem::take(&mut self.means).scores();
        scores.insert("lr".into(), self.rate(self.position.step.saturating_sub(1)));
        scores.insert("samples_per_second".into(), self.position.samples_per_second());
        Ok(scores)
    }

    /// The learning rate of a step.
    fn rate(&self, step: usize) -> f64 {
        let config = &self.options.config;
        let (step, steps) = self.in_generation(step);
        config.optimizer.lr() * config.schedule.factor(step, steps)
    }

    /// A step of the optimiser, and of all that follows the model.
    fn update(mut self, gradients: GradientsParams, epoch: usize) -> Self {
        let (config, context) = (&self.options.config, self.context(epoch));
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
        self.position.step_in_epoch += 1;
        self
    }

    /// The model that validation and the result use.
    fn evaluated(&self) -> M {
        match &self.learned.average {
            Some(average) => average.clone(),
            None => self.learned.objective.evaluated(&self.learned.model),
        }
    }

    /// Whether all weights are in range: a step may throw them out of it though its loss was still a number.
    pub fn check_weights(&self) -> Result<(), Error> {
        let Learned { model, average, .. } = &self.learned;
        if in_range(model) && average.as_ref().is_none_or(in_range) {
            return Ok(());
        }
        Err(Error::runtime(
            format!(
                "{}: the norm of the weights is not finite any more (by step {})",
                self.options.label, self.position.step
            ),
            "lower the learning rate, or set `grad_clip_norm = 1.0` in the stage's optimiser; the last checkpoint is \
             kept, where one was written",
        ))
    }

    /// The files of a checkpoint.
    pub fn files(&self) -> Result<CheckpointFiles, Error> {
        let failed = |what: &str, error: String| {
            Error::runtime(
                format!("{what} cannot be recorded: {error}"),
                "this is a defect of semiseq; please report it",
            )
        };
        let mut files = CheckpointFiles::new();
        files.insert(
            "learned.burnpack".into(),
            bytes(self.learned.clone().into_record()).map_err(|error| failed("the model", error))?,
        );
        let optimizer = self.optimizer.into_bytes().map_err(|error| failed("the optimiser", error.to_string()))?;
        files.insert("optimizer.burnpack".into(), optimizer.to_vec());
        if let Some(start) = &self.start {
            let start = bytes(start.clone()).map_err(|error| failed("the model as it began", error))?;
            files.insert("start.burnpack".into(), start);
        }
        if let Some(best) = &self.best {
            files.insert("best.burnpack".into(), bytes(best.clone()).map_err(|error| failed("the best model", error))?);
        }
        // An epoch begins without states of the one before.
        let inside = self.position.batch > 0;
        let states = if inside { Objective::<M>::states(&self.learned.objective) } else { Vec::new() };
        let carried = Carrying { means: &self.means, states: states.iter().map(SavedState::of).collect() };
        for (name, json) in
            [("stage.json", serde_json::to_vec(&self.position)), ("epoch.json", serde_json::to_vec(&carried))]
        {
            files.insert(name.into(), json.map_err(|error| failed("the position", error.to_string()))?);
        }
        Ok(files)
    }

    /// The weights of the best validation, and how the stage ended.
    pub fn finish(self, stopped_by: &str) -> Result<Fit<M, O>, Error> {
        self.check_weights()?;
        let Self { options, learned: Learned { model, objective, .. }, best, position, length, .. } = self;
        let (model, objective) = match best {
            Some(best) => load_best(model, objective, best)?,
            None => (model, objective),
        };
        let outcome = Outcome {
            epochs: position.epoch,
            best_epoch: position.best_epoch,
            best_step: position.best_step,
            steps: position.step,
            validate_every: length.validate_every,
            batches_per_epoch: length.batches_per_epoch,
            wall_seconds: position.wall_seconds,
            samples_per_second: position.samples_per_second(),
            step_seconds: (position.step > 0).then(|| position.train_seconds / position.step as f64),
            stopped_by: stopped_by.into(),
            chosen_by: position.best().map(|_| selection(options).0.to_string()),
            chosen_score: position.best().map(|best| best.value),
            averaged: options.config.weight_average.is_some(),
        };
        Ok(Fit { model, objective, outcome: Some(outcome) })
    }
}

/// The batches of a step; none where the user stops the run before all are there.
fn group(
    batches: &mut impl Iterator<Item = StepBatches>,
    size: usize,
    stop: &dyn Fn() -> bool,
) -> Option<Vec<StepBatches>> {
    let mut group = Vec::new();
    while group.len() < size {
        if !group.is_empty() && stop() {
            return None;
        }
        match batches.next() {
            Some(batch) => group.push(batch),
            None => break,
        }
    }
    Some(group)
}

/// What an epoch under way carries along beside weights.
#[derive(Deserialize)]
struct Carried {
    means: Means,
    states: Vec<SavedState>,
}

/// [`Carried`], on its way into a checkpoint.
#[derive(Serialize)]
struct Carrying<'a> {
    means: &'a Means,
    states: Vec<SavedState>,
}

/// Whether the norm of each of a module's weights is a number in single precision. Weights beyond give infinite
/// products, of some inputs if not of all.
fn in_range<M: Module>(module: &M) -> bool {
    struct InRange(bool);
    impl ModuleVisitor for InRange {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let squares: f32 = param.val().into_data().iter::<f32>().map(|weight| weight * weight).sum();
            self.0 = self.0 && squares.is_finite();
        }
    }
    let mut all = InRange(true);
    module.visit(&mut all);
    all.0
}

/// Puts the best validation's values in place, the model's under its own parameter identities: the record
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

fn record(files: &CheckpointFiles, name: &str) -> Result<ModuleRecord, Error> {
    let bytes = files.get(name).ok_or_else(|| damaged(name, "is missing"))?;
    ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes.clone())).map_err(|error| damaged(name, &error.to_string()))
}
