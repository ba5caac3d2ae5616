//! One session of a run: what its stages share, and what an earlier session got done.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use burn::module::Module;
use burn::tensor::Device;
use semiseq_datasets::{Augmenter, Dataset, Pool, Prepared, Target, Task as Targets};
use semiseq_models::{Taken, with_weights_of, with_word_vectors};
use semiseq_objectives::{Objective, ObjectiveConfig, Setting, SupervisedConfig, TargetSize};
use semiseq_schema::{Scores, mix};

use crate::config::{CheckedConfig, LayersConfig, StageConfig};
use crate::error::Error;
use crate::initial_weights::InitialWeights;
use crate::learner::checkpoint::Files;
use crate::learner::progress::Progress;
use crate::learner::{Fit, Listener, Milestone, Pace, StageOptions, check_stage, draw, fit_heard};
use crate::observer::StageName;
use crate::options::RunOptions;
use crate::recipe::{ModelSettings, ObjectiveSettings};
use crate::references::References;
use crate::run_folder::data_check::check_data;
use crate::run_folder::finished::{Scored, scored};
use crate::run_folder::lock::FolderLock;
use crate::run_folder::record::{Done, RunRecord, begun_with, check_folder, is_begun};
use crate::run_folder::result::{learned_bytes, load_learned};
use crate::run_folder::{BaselineSummary, FinishedRun, ReferenceSummary, StageSummary, Summary};
use crate::stoppable::unless_stopped;
use crate::tasks::evaluate::{EVALUATION_BATCH, voted_outputs_until};
use crate::tasks::{Purpose, head_size};
use crate::warnings;
use crate::word_vectors::Vectors;

/// What the stages have made of a model, and the last one's objective.
pub(crate) type Learned<M, O> =
    (<M as ModelSettings>::Model, <O as ObjectiveSettings>::Objective<<M as ModelSettings>::Model>);

/// What one stage has made of a model and its objective.
type Fitted<M, P> = Fit<<M as ModelSettings>::Model, <P as ObjectiveSettings>::Objective<<M as ModelSettings>::Model>>;

/// What all stages of a run share.
pub(crate) struct Plan<'a, M, O> {
    config: CheckedConfig<'a, M, O>,
    options: &'a RunOptions,
    data: Arc<Prepared>,
    train: Arc<Dataset>,
    device: Device,
    purpose: Purpose,
    folder: PathBuf,
    began: Instant,
    references: References,
    vectors: Option<Vectors>,
    initial: Option<InitialWeights>,
}

impl<'a, M: ModelSettings, O: ObjectiveSettings> Plan<'a, M, O> {
    pub(crate) fn new(config: CheckedConfig<'a, M, O>, data: Arc<Prepared>, options: &'a RunOptions) -> Self {
        let device = options.device.clone().autodiff();
        let device = if config.gradient_checkpointing { device.gradient_checkpointing() } else { device };
        let folder = options.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(&config.name));
        let (purpose, train) = (Purpose::of(&config), Arc::new(data.train.clone()));
        Self {
            config,
            options,
            data,
            train,
            device,
            purpose,
            folder,
            began: Instant::now(),
            references: References::default(),
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
    /// Where the folder holds a run already and the options do not say what to do with it, or another process is at work in it.
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
        let found = unless_stopped(self.options, move || References::of(&config, taught, &data, known.as_deref()));
        self.references = found.ok_or_else(|| self.interrupted())?;
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

    fn progress(&self, dashboard: bool) -> Progress {
        Progress::new(dashboard, self.options.quiet, self.options.interrupter.clone())
    }

    pub(crate) fn initial_model(&self) -> M::Model {
        self.initial_model_and_what_it_took().0
    }

    /// The model as it begins, and which of its parameters other weights gave.
    fn initial_model_and_what_it_took(&self) -> (M::Model, Taken) {
        self.device.seed(self.config.seed);
        let head = head_size(self.config.model.kind(), &self.data.processor);
        let model = self.config.model.init(self.data.processor.input(), head, &self.device);
        draw(&model);
        let model = match &self.vectors {
            Some(vectors) => with_word_vectors(model, &vectors.table),
            None => model,
        };
        match &self.initial {
            Some(InitialWeights { tensors, rows }) => {
                with_weights_of(model, tensors, self.config.weights_part, rows.as_deref())
            }
            None => (model, Taken::default()),
        }
    }

    /// Whether each stage has something to learn from and to be judged by, before the first begins.
    ///
    /// # Errors
    ///
    /// What is missing, and what to do.
    pub(crate) fn check_stages(&self, model: &M::Model) -> Result<(), Error> {
        self.config.stages.iter().enumerate().try_for_each(|(index, stage)| {
            check_stage(model, &self.objective(index, stage, model), &self.stage_options(index, stage, None))
        })?;
        let Some(stage) = self.baseline_stage() else { return Ok(()) };
        let index = self.config.stages.len();
        check_stage(model, &self.objective(index, &stage, model), &self.stage_options(index, &stage, None))
    }

    /// The objective of a stage. What it draws is a function of the run's seed and the stage's place alone.
    fn objective<P: ObjectiveSettings>(
        &self,
        index: usize,
        stage: &StageConfig<P>,
        model: &M::Model,
    ) -> P::Objective<M::Model> {
        self.device.seed(mix(self.seed(index), 0));
        let counts = class_counts(&self.data);
        let setting = Setting {
            model,
            train_size: self.train.sequences.len(),
            class_counts: &counts,
            target: TargetSize::of(&self.data),
            teachers: &self.references.teachers,
            device: &self.device,
        };
        let objective = stage.objective.init(&setting);
        draw(&objective);
        objective
    }

    /// Seeds a stage.
    fn seed(&self, index: usize) -> u64 {
        mix(self.config.seed, index as u64 + 1)
    }

    fn stage_options<P: ObjectiveSettings>(
        &self,
        index: usize,
        stage: &StageConfig<P>,
        pace: Option<Pace>,
    ) -> StageOptions<'_> {
        let stages = self.config.stages.len();
        let label = match index < stages {
            true => format!("stage {}/{stages} {}", index + 1, stage.objective.name()),
            false => BASELINE.to_string(),
        };
        StageOptions {
            label,
            config: stage.without_objective(),
            objective: stage.objective.kind(),
            metrics: stage.objective.metrics(),
            train: Arc::clone(&self.train),
            labeled: &self.data.labeled,
            unlabeled: &self.data.unlabeled,
            valid: &self.data.valid,
            processor: &self.data.processor,
            augmenter: Augmenter::new(&self.config.data.augment, &self.data.processor, &self.train),
            task: self.purpose.task(),
            seed: self.seed(index),
            device: &self.device,
            pace,
        }
    }

    /// The stage of the baseline, where one is asked for: on the labels alone, with the last stage's settings.
    fn baseline_stage(&self) -> Option<StageConfig> {
        let last = self.config.last_stage().filter(|_| self.config.baseline.enabled)?;
        let stage = last.with_objective(ObjectiveConfig::Supervised(SupervisedConfig::default()));
        // A layer that stood still because it was trained before has to learn here.
        Some(StageConfig { layers: LayersConfig::default(), ..stage })
    }

    fn interrupted(&self) -> Error {
        Error::Interrupted { folder: self.folder.clone(), begun: is_begun(&self.folder) }
    }

    /// An error where the user has interrupted the run.
    fn go_on(&self) -> Result<(), Error> {
        if self.options.stopped() { Err(self.interrupted()) } else { Ok(()) }
    }
}

/// The objective's name in a baseline's metrics.
const BASELINE: &str = "baseline";

/// A session under way: the folder that is written, what is shown, and what earlier sessions got done.
pub(crate) struct Session<'a, M, O> {
    plan: &'a Plan<'a, M, O>,
    record: RunRecord,
    progress: Progress,
    done: Done,
}

impl<'a, M: ModelSettings, O: ObjectiveSettings> Session<'a, M, O> {
    /// Makes or reopens the run folder.
    ///
    /// # Errors
    ///
    /// Where it holds a run already and the options do not say what to do with it.
    pub(crate) fn open(plan: &'a Plan<'a, M, O>) -> Result<Self, Error> {
        let (record, done) = RunRecord::open(&plan.folder, &plan.config, &plan.data.split, plan.options)?;
        let mut progress = plan.progress(plan.options.dashboard);
        record.found.iter().for_each(|warning| progress.note(&format!("warning: {warning}")));
        Ok(Self { plan, record, progress, done })
    }

    /// Says what can be seen before any training.
    ///
    /// # Errors
    ///
    /// Where the log cannot be written.
    pub(crate) fn warn_before(&mut self) -> Result<(), Error> {
        let Plan { config, data, purpose, .. } = self.plan;
        let told = warnings::before(&config.model, data, purpose.targets, &class_counts(data));
        data.warnings.iter().chain(&told).try_for_each(|warning| self.warn(warning))
    }

    /// Says what was found of word vectors, and what plain methods give on the same labels.
    ///
    /// # Errors
    ///
    /// Where the log cannot be written.
    pub(crate) fn tell_references(&mut self) -> Result<(), Error> {
        let Plan { config, data, vectors, .. } = self.plan;
        if let (Some(vectors), Some((path, _))) = (vectors, config.model.word_vectors()) {
            self.progress.note(&vectors.coverage(path, data));
        }
        if let Some(path) = &config.weights {
            let (_, Taken { taken, left }) = self.plan.initial_model_and_what_it_took();
            let rest = match left.is_empty() {
                true => String::new(),
                false => format!("; drawn, as it says none of their name, shape and words: {}", left.join(", ")),
            };
            self.progress.note(&format!("{}: the weights of {} tensors{rest}", path.display(), taken.len()));
        }
        let References { scored, missing, .. } = &self.plan.references;
        if let Some((best, value)) = best_reference(scored) {
            let count = scored.len();
            self.progress.note(&format!("best of {count} references on the test part: {best}, accuracy {value:.4}"));
        }
        missing.as_ref().map_or(Ok(()), |why| self.warn(&format!("no references: {why}")))
    }

    /// Says a warning where the user looks while the run goes on, and where it is found afterwards.
    fn warn(&mut self, warning: &str) -> Result<(), Error> {
        self.progress.note(&format!("warning: {warning}"));
        self.record.warn(warning)
    }

    /// Runs all stages, each on the weights of the one before.
    ///
    /// # Errors
    ///
    /// What ends a stage.
    pub(crate) fn stages(&mut self, initial: M::Model) -> Result<Learned<M, O>, Error> {
        let (mut model, mut objective) = (initial, None);
        for (index, stage) in self.plan.config.stages.iter().enumerate() {
            let fitted = self.stage(index, stage, None, model)?;
            (model, objective) = (fitted.model, Some(fitted.objective));
        }
        let objective = objective.ok_or_else(|| Error::input("a run needs a stage", "add a `[[stage]]`"))?;
        Ok((model, objective))
    }

    /// Trains the model on the labels alone, where that is asked for, for as many steps as the last stage took.
    ///
    /// # Errors
    ///
    /// What ends a stage.
    pub(crate) fn baseline(&mut self, initial: M::Model, learned: &Learned<M, O>) -> Result<Option<M::Model>, Error> {
        let index = self.plan.config.stages.len();
        let (Some(stage), Some(outcome)) = (self.plan.baseline_stage(), self.done.outcomes.get(index - 1)) else {
            return Ok(None);
        };
        let pace = Pace {
            steps: outcome.steps,
            steps_per_epoch: outcome.steps.div_ceil(outcome.epochs.max(1)),
            validate_every: outcome.validate_every,
        };
        self.done.result = Some(learned_bytes(&learned.0, &learned.1)?);
        self.stage(index, &stage, Some(pace), initial).map(|fitted| Some(fitted.model))
    }

    /// Runs one stage, or takes over what an earlier session finished of it.
    fn stage<P: ObjectiveSettings>(
        &mut self,
        index: usize,
        stage: &StageConfig<P>,
        pace: Option<Pace>,
        model: M::Model,
    ) -> Result<Fitted<M, P>, Error> {
        let plan = self.plan;
        let objective = plan.objective(index, stage, &model);
        if let Some(outcome) = self.done.outcomes.get(index).cloned() {
            let (model, objective) = match &self.done.result {
                Some(bytes) if index + 1 == plan.config.stages.len() => load_learned(model, objective, bytes)?,
                _ => (model, objective),
            };
            return Ok(Fit { model, objective, outcome: Some(outcome) });
        }
        let options = plan.stage_options(index, stage, pace);
        if plan.data.unlabeled.is_empty() && Objective::<M::Model>::needs(&objective).pool == Pool::Paired {
            self.warn(&warnings::no_unlabeled(&options.label))?;
        }
        let objective_name = if pace.is_some() { BASELINE } else { stage.objective.name() };
        let resume = self.done.take_stage_files(index);
        let Self { record, progress, done, .. } = self;
        let mut writing = Writing {
            stage: StageName::new(index, objective_name),
            wall_before: done.wall_before,
            began: plan.began,
            record,
            done,
        };
        let fitted =
            fit_heard(model, objective, &options, resume.as_ref(), progress, &plan.options.interrupter, &mut writing)?;
        let Some(outcome) = &fitted.outcome else {
            self.progress.close();
            return Err(plan.interrupted());
        };
        self.done.outcomes.push(outcome.clone());
        Ok(fitted)
    }

    /// Scores what was learned, and writes the run folder to its end.
    ///
    /// # Errors
    ///
    /// A score that is no number, a full disk, or an interruption. The last stage left its checkpoint, from which `--resume`
    /// comes here at once.
    pub(crate) fn finish(
        mut self,
        (model, objective): &Learned<M, O>,
        rival: Option<M::Model>,
    ) -> Result<FinishedRun<M, O>, Error> {
        let plan = self.plan;
        let Plan { data, config, .. } = plan;
        self.progress.close();
        plan.go_on()?;
        let baseline = rival.map(|rival| self.score_rival(&rival)).transpose()?;
        let run = FinishedRun::new(&plan.folder, config, model, objective, Arc::clone(data));
        let (valid, valid_confusion) = self.scores(&run, "validation", &data.valid)?;
        let (test, confusion) = self.scores(&run, "test", &data.test)?;
        if data.valid.is_empty() && data.test.is_empty() {
            let some: Vec<usize> = (0..data.train.len().min(EVALUATION_BATCH)).collect();
            self.scores(&run, "training", &data.train.select(&some))?;
        }
        let judged = confusion.as_ref().map(|test| (test, "test"));
        let judged = judged.or(valid_confusion.as_ref().map(|valid| (valid, "validation")));
        if let Some(warning) = judged.and_then(|(confusion, part)| warnings::single_answer(confusion, part)) {
            self.warn(&warning)?;
        }
        self.record.tables(&Objective::<M::Model>::tables(objective))?;
        plan.go_on()?;
        let summary = self.summary(valid, test, baseline);
        self.record.finish(&run, &summary, confusion.as_ref())?;
        Ok(run.with_summary(summary))
    }

    /// Scores of the run on a part of the data.
    fn scores(&self, run: &FinishedRun<M, O>, part: &str, dataset: &Dataset) -> Result<Scored, Error> {
        let (scored, finite) = run.score_until(dataset, &|| self.plan.options.stopped());
        self.plan.go_on()?;
        check_finite(&scored.0, finite, part)?;
        Ok(scored)
    }

    /// Scores of the model that learned from the labels alone.
    fn score_rival(&self, rival: &M::Model) -> Result<BaselineSummary, Error> {
        let Plan { data, purpose, options, .. } = self.plan;
        let (none, model) = (None::<&O::Objective<M::Model>>, rival.valid());
        let outputs = voted_outputs_until(none, &model, &data.test, purpose.task(), &|| options.stopped());
        self.plan.go_on()?;
        let (test, _) = scored(*purpose, &outputs, &data.test, &data.processor);
        check_finite(&test, outputs.finite(), "test")?;
        Ok(BaselineSummary { test })
    }

    fn summary(&self, valid: Scores, test: Scores, baseline: Option<BaselineSummary>) -> Summary {
        let Plan { config, data, purpose, began, .. } = self.plan;
        let stages = config.stages.iter().zip(&self.done.outcomes).map(|(stage, outcome)| StageSummary {
            objective: stage.objective.name().into(),
            outcome: outcome.clone(),
        });
        let season = config.data.windows.as_ref().and_then(|windows| windows.season);
        let mut naive = purpose.task().naive(data, season).into_iter();
        let mut of = |name: &str| naive.find(|(known, _)| *known == name).map(|(_, test)| BaselineSummary { test });
        Summary {
            name: config.name.clone(),
            objective: config.last_stage().map_or(String::new(), |stage| stage.objective.name().into()),
            encoder: config.model.encoder().into(),
            backend: config.backend.clone(),
            seed: config.seed,
            semiseq: env!("CARGO_PKG_VERSION").into(),
            n_labeled: data.labeled.len(),
            n_unlabeled: data.unlabeled.len(),
            n_valid: data.valid.sequences.len(),
            n_test: data.test.sequences.len(),
            classes: Some(data.processor.classes().len()).filter(|count| *count > 0),
            stages: stages.collect(),
            valid,
            test,
            n_labels_used: data.labeled.len() + labels_chosen_by(data, *purpose),
            references: self.plan.references.scored.clone(),
            baseline,
            naive: of("naive"),
            seasonal_naive: of("seasonal_naive"),
            warnings: self.record.warnings(),
            wall_seconds: self.done.wall_before + began.elapsed().as_secs_f64(),
        }
    }
}

/// Writes what a stage tells into the run folder.
struct Writing<'a> {
    stage: StageName<'a>,
    wall_before: f64,
    began: Instant,
    record: &'a mut RunRecord,
    done: &'a Done,
}

impl Listener for Writing<'_> {
    fn step(&mut self, step: usize) -> Result<(), Error> {
        self.record.step(self.stage, step)
    }

    fn milestone(&mut self, told: Milestone<'_>, files: &dyn Fn() -> Result<Files, Error>) -> Result<(), Error> {
        self.record.milestone(self.stage, &told)?;
        if told.checkpoint {
            let wall = self.wall_before + self.began.elapsed().as_secs_f64();
            self.record.checkpoint(self.stage.index, self.done, wall, files()?)?;
        }
        Ok(())
    }
}

/// A result that is no number is none.
fn check_finite(scores: &Scores, outputs: bool, part: &str) -> Result<(), Error> {
    let name = scores.iter().find(|(_, value)| !value.is_finite()).map(|(name, _)| format!("`{name}` is"));
    match name.or_else(|| (!outputs).then(|| "the model's outputs are".to_string())) {
        None => Ok(()),
        Some(what) => Err(Error::runtime(
            format!("on the {part} part {what} not finite after training"),
            "lower the learning rate, or set `grad_clip_norm = 1.0` in the stage's optimiser; where values of that part are far out \
             of range (`data check`), mend them or scale the data with `data.transform.normalize`",
        )),
    }
}

/// Labels of the validation part; the future of a window costs nothing.
fn labels_chosen_by(data: &Prepared, purpose: Purpose) -> usize {
    match purpose.targets {
        Targets::Unsupervised | Targets::Forecast => 0,
        _ => data.valid.targets.iter().filter(|target| **target != Target::Missing).count(),
    }
}

/// The reference with the highest accuracy on the test part.
fn best_reference(found: &[ReferenceSummary]) -> Option<(&str, f64)> {
    let accuracy = |reference: &ReferenceSummary| reference.test.get("accuracy").copied();
    let known = found.iter().filter_map(|reference| Some((reference.name.as_str(), accuracy(reference)?)));
    known.max_by(|left, right| left.1.total_cmp(&right.1))
}

/// How often each class stands among the labels that training sees.
fn class_counts(data: &Prepared) -> Vec<usize> {
    let mut counts = vec![0; data.processor.classes().len()];
    for index in &data.labeled {
        match &data.train.targets[*index] {
            Target::Class(class) => counts[*class] += 1,
            Target::Steps(steps) => steps.iter().for_each(|class| counts[*class] += 1),
            _ => {}
        }
    }
    counts
}
