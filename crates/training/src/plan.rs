//! What all stages of a run share: config, data, device, and with what each stage begins.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use burn::tensor::Device;
use semiseq_datasets::{Augmenter, Prepared, Target, TargetKind};
use semiseq_models::{SequenceModel, Taken, with_weights_of, with_word_vectors};
use semiseq_objectives::{ObjectiveConfig, Setting, SupervisedConfig, TargetSize};
use semiseq_schema::mix;

use crate::config::{CheckedConfig, LayersConfig, StageConfig};
use crate::error::Error;
use crate::initial_weights::InitialWeights;
use crate::learner::checkpoint::Checkpoints;
use crate::learner::layers::check_layers;
use crate::learner::progress::Progress;
use crate::learner::{Pace, StageOptions, check_stage, draw};
use crate::options::RunOptions;
use crate::recipe::{ModelSettings, ObjectiveSettings};
use crate::references::{Asked, References};
use crate::run_folder::FinishedRun;
use crate::run_folder::data_check::check_data;
use crate::run_folder::lock::FolderLock;
use crate::run_folder::record::{begun_with, check_folder, is_begun};
use crate::stoppable::unless_stopped;
use crate::tasks::{Purpose, head_size};
use crate::warnings;
use crate::word_vectors::Vectors;

/// What all stages of a run share.
pub(crate) struct Plan<'a, M, O> {
    pub(crate) config: CheckedConfig<'a, M, O>,
    pub(crate) options: &'a RunOptions,
    pub(crate) data: Arc<Prepared>,
    pub(crate) device: Device,
    pub(crate) purpose: Purpose,
    pub(crate) folder: PathBuf,
    pub(crate) began: Instant,
    pub(crate) references: References,
    /// Seconds that computing them took.
    pub(crate) references_seconds: f64,
    pub(crate) vectors: Option<Vectors>,
    pub(crate) initial: Option<InitialWeights>,
}

impl<'a, M: ModelSettings, O: ObjectiveSettings> Plan<'a, M, O> {
    pub(crate) fn new(config: CheckedConfig<'a, M, O>, data: Arc<Prepared>, options: &'a RunOptions) -> Self {
        let device = options.device.clone().autodiff();
        let device = if config.gradient_checkpointing { device.gradient_checkpointing() } else { device };
        let folder = options.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(&config.name));
        let purpose = Purpose::of(&config);
        Self {
            config,
            options,
            data,
            device,
            purpose,
            folder,
            began: Instant::now(),
            references: References::default(),
            references_seconds: 0.0,
            vectors: None,
            initial: None,
        }
    }

    /// The run of the folder, where it is to be resumed and nothing is left to do.
    ///
    /// # Errors
    ///
    /// Where the folder's files are damaged, or the data have changed.
    pub(crate) fn finished_already(&self) -> Result<Option<FinishedRun<M, O>>, Error> {
        let finished = self.folder.join("summary.json").exists();
        if !self.options.resume || !finished || !begun_with(&self.folder, &self.config) {
            return Ok(None);
        }
        check_data(&self.folder, &self.data.split)?;
        let run = FinishedRun::open(&self.folder, &self.options.device)?;
        let summary = run.summary()?;
        self.progress(false).note(&format!("{} is finished already; nothing is left to do", self.folder.display()));
        Ok(Some(run.with_data(Arc::clone(&self.data)).with_summary(summary)))
    }

    /// Whether the run may be written where it is to go: before anything that takes time.
    ///
    /// # Errors
    ///
    /// Where the folder holds a run already and the options do not say what to do with it, or another process is at
    /// work in it.
    pub(crate) fn check_folder(&self) -> Result<(), Error> {
        let _lock = is_begun(&self.folder).then(|| FolderLock::take(&self.folder)).transpose()?;
        check_folder(&self.folder, self.options)
    }

    /// Reads the word vectors that the model begins with.
    ///
    /// # Errors
    ///
    /// Where their file cannot be read, or does not go with the model or the data.
    pub(crate) fn with_vectors(mut self) -> Result<Self, Error> {
        if let Some((path, width)) = self.config.model.word_vectors() {
            self.vectors = Some(Vectors::read(path, width, &self.data)?);
        }
        Ok(self)
    }

    /// Reads the weights that the model begins with, and tells what becomes of each.
    ///
    /// # Errors
    ///
    /// Where they cannot be read, or none of them goes with the model.
    pub(crate) fn with_initial_weights(mut self) -> Result<Self, Error> {
        let Some(path) = &self.config.weights else { return Ok(self) };
        self.initial = Some(InitialWeights::read(path, self.config.weights_part, &self.data.processor)?);
        let (_, taken) = self.initial_model_and_what_it_took();
        if taken.taken.is_empty() {
            return Err(Error::input(
                format!("`weights`: no tensor of {} has the name and shape of one of the model's", path.display()),
                "write the same `[model]` table as the run that they come from has; its `config.toml` holds it",
            ));
        }
        Ok(self)
    }

    /// Computes what plain methods give on the same labels, for the summary and for objectives that learn from it.
    ///
    /// # Errors
    ///
    /// Where an objective cannot be taught by them, or the user interrupts them.
    pub(crate) fn with_references(mut self) -> Result<Self, Error> {
        let taught = self.config.stages.iter().any(|stage| stage.objective.kind().taught);
        let (config, data) = (self.config.references.clone(), Arc::clone(&self.data));
        let known = self.vectors.as_ref().map(|vectors| Arc::clone(&vectors.known));
        let recommends = self.config.last_stage().is_some_and(|stage| stage.objective.kind().recommends);
        let asked = Asked { taught, recommends };
        let began = Instant::now();
        let found = unless_stopped(self.options, move || References::of(&config, asked, &data, known.as_deref()));
        self.references = found.ok_or_else(|| self.interrupted())?;
        self.references_seconds = began.elapsed().as_secs_f64();
        for (index, stage) in self.config.stages.iter().enumerate().filter(|(_, stage)| stage.objective.kind().taught) {
            let key = format!("stage.{index}.objective");
            if let Some(why) = &self.references.missing {
                return Err(Error::input(
                    format!("`{key}` learns from the references of the data, and there are none: {why}"),
                    "use another objective",
                ));
            }
            stage.objective.check_teachers(&key, &self.references.teachers)?;
        }
        Ok(self)
    }

    /// What can be seen before any training, and is probably not meant.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let Self { config, data, purpose, references, .. } = self;
        let told = warnings::before(&config.model, data, purpose.targets, &class_counts(data));
        let missing = references.missing.as_ref().map(|why| format!("no references: {why}"));
        let of_nothing = |(index, stage): (usize, &StageConfig<O>)| {
            let asked = stage.validate_every.filter(|_| data.valid.is_empty())?;
            Some(format!(
                "`stage.{index}.validate_every = {asked}` does nothing: nothing is kept for validation; write \
                 `validation = 0.2` in `[data]`"
            ))
        };
        let idle = config.stages.iter().enumerate().filter_map(of_nothing);
        let ratios = config
            .stages
            .iter()
            .enumerate()
            .filter_map(|(index, stage)| warnings::idle_ratio(index, stage.unlabeled_ratio, &stage.objective));
        data.warnings.iter().cloned().chain(told).chain(idle).chain(ratios).chain(missing).collect()
    }

    /// Labels to learn from, those of the validation part to choose by, and those that calibrate; the future of a
    /// window costs nothing.
    pub(crate) fn labels_used(&self) -> usize {
        let chosen = match self.purpose.targets {
            TargetKind::Unsupervised | TargetKind::Forecast => 0,
            _ => self.data.valid.targets.iter().filter(|target| **target != Target::Missing).count(),
        };
        self.data.labeled.len() + chosen + self.data.calibration.len()
    }

    pub(crate) fn progress(&self, dashboard: bool) -> Progress {
        let interrupter = self.options.interrupter.clone();
        match &self.options.one_of {
            Some(name) => Progress::of_one(name, interrupter),
            None => Progress::new(dashboard, self.options.quiet, interrupter),
        }
    }

    pub(crate) fn initial_model(&self) -> M::Model {
        self.initial_model_and_what_it_took().0
    }

    /// The model as it begins, and which of its parameters other weights gave.
    pub(crate) fn initial_model_and_what_it_took(&self) -> (M::Model, Taken) {
        self.device.seed(self.config.seed);
        let head = head_size(self.config.model.kind(), &self.data.processor);
        let model = self.config.model.init(self.data.processor.input(), head, &self.device);
        draw(&model);
        let model = match &self.vectors {
            Some(vectors) => with_word_vectors(model, &vectors.table),
            None => model,
        };
        let (mut model, taken) = match &self.initial {
            Some(InitialWeights { tensors, rows }) => {
                with_weights_of(model, tensors, self.config.weights_part, rows.as_deref())
            }
            None => (model, Taken::default()),
        };
        if !self.options.crew.is_empty() {
            // One that cannot be shared is refused with the stages.
            model.share_with(&self.crew());
        }
        (model, taken)
    }

    /// All devices that make passes of the model.
    pub(crate) fn crew(&self) -> Vec<Device> {
        let RunOptions { device, crew, .. } = self.options;
        std::iter::once(device).chain(crew).cloned().collect()
    }

    /// Whether each stage has something to learn from and to be judged by, before the first begins.
    ///
    /// # Errors
    ///
    /// What is missing, and what to do.
    pub(crate) fn check_stages(&self, model: &M::Model) -> Result<(), Error> {
        if !self.options.crew.is_empty() && !model.clone().share_with(&self.crew()) {
            return Err(Error::input(
                format!("`devices`: the model `{}` cannot be shared by several devices", self.config.model.name()),
                "name one device, or give the model a `Crew` (`SequenceModel::crew` and `share_with`)",
            ));
        }
        self.config.stages.iter().enumerate().try_for_each(|(index, stage)| {
            let objective = self.objective(index, stage, model);
            check_layers(model, &objective, &stage.layers, &format!("stage.{index}.layers"))?;
            check_stage(model, &objective, &self.stage_options(index, stage, None))
        })?;
        let Some(stage) = self.baseline_stage() else { return Ok(()) };
        let index = self.config.stages.len();
        check_stage(model, &self.objective(index, &stage, model), &self.stage_options(index, &stage, None))
    }

    /// The objective of a stage. What it draws is a function of the run's seed and the stage's place alone.
    pub(crate) fn objective<P: ObjectiveSettings>(
        &self,
        index: usize,
        stage: &StageConfig<P>,
        model: &M::Model,
    ) -> P::Objective<M::Model> {
        self.device.seed(mix(self.seed(index), 0));
        let counts = class_counts(&self.data);
        let token_counts = self.data.token_counts();
        let setting = Setting {
            model,
            train_size: self.data.train.sequences.len(),
            class_counts: &counts,
            token_counts: &token_counts,
            target: TargetSize::of(&self.data),
            teachers: &self.references.teachers,
            device: &self.device,
        };
        let objective = stage.rebalanced().init(&setting);
        draw(&objective);
        objective
    }

    /// Seeds a stage.
    fn seed(&self, index: usize) -> u64 {
        mix(self.config.seed, index as u64 + 1)
    }

    pub(crate) fn stage_options<P: ObjectiveSettings>(
        &self,
        index: usize,
        stage: &StageConfig<P>,
        pace: Option<Pace>,
    ) -> StageOptions<'_> {
        StageOptions {
            label: self.label(index, stage.objective.name()),
            config: stage.without_objective(),
            objective: stage.rebalanced().kind(),
            metrics: stage.objective.metrics(),
            train: Arc::clone(&self.data.train),
            labeled: &self.data.labeled,
            unlabeled: &self.data.unlabeled,
            valid: &self.data.valid,
            processor: &self.data.processor,
            augmenter: Augmenter::new(&self.config.data.augment, &self.data.processor, &self.data.train),
            task: self.purpose.task(),
            seed: self.seed(index),
            device: &self.device,
            pace,
        }
    }

    /// What a stage is called on the dashboard and in messages.
    pub(crate) fn label(&self, index: usize, objective: &str) -> String {
        let stages = self.config.stages.len();
        if index < stages { format!("stage {}/{stages} {objective}", index + 1) } else { BASELINE.to_string() }
    }

    /// The stage of the baseline, where one is asked for: on the labels alone, with the last stage's settings.
    pub(crate) fn baseline_stage(&self) -> Option<StageConfig> {
        let last = self.config.last_stage().filter(|_| self.config.baseline.enabled)?;
        let stage = last.with_objective(ObjectiveConfig::Supervised(SupervisedConfig::default()));
        // A layer that stood still because it was trained before has to learn here.
        // The labels as they are: what a method against imbalance wins is part of the comparison.
        Some(StageConfig { layers: LayersConfig::default(), rebalancing: None, ..stage })
    }

    pub(crate) fn interrupted(&self) -> Error {
        Error::Interrupted { folder: self.folder.clone(), begun: Checkpoints::new(&self.folder).exist() }
    }

    /// An error where the user has interrupted the run.
    pub(crate) fn go_on(&self) -> Result<(), Error> {
        if self.options.stopped() { Err(self.interrupted()) } else { Ok(()) }
    }
}

/// The objective's name in a baseline's metrics.
pub(crate) const BASELINE: &str = "baseline";

/// How often each class stands among the labels that training sees.
pub(crate) fn class_counts(data: &Prepared) -> Vec<usize> {
    let mut counts = vec![0; data.processor.classes().len()];
    for index in &data.labeled {
        match &data.train.targets[*index] {
            Target::Steps(steps) => steps.iter().for_each(|class| counts[*class] += 1),
            whole => whole.classes().iter().for_each(|class| counts[*class] += 1),
        }
    }
    counts
}
