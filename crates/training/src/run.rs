//! A run on one page: config → data → model → stages → baseline → run folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use burn::module::Module;
use burn::tensor::Device;
use burn::train::Interrupter;
use semiseq_datasets::{Augmenter, Dataset, Pool, Prepared, prepare};
use semiseq_models::{AnyModel, InputSize, ModelConfig, SequenceModel};
use semiseq_objectives::{AnyObjective, Objective, ObjectiveConfig, Setting, SupervisedConfig, TargetSize};
use semiseq_schema::{Scores, mix};

use crate::config::RunConfig;
use crate::config::checked::CheckedConfig;
use crate::config::layers::LayersConfig;
use crate::config::stage::StageConfig;
use crate::error::Error;
use crate::generator;
use crate::learner::checkpoint::Files;
use crate::learner::draw;
use crate::learner::evaluate::{EVALUATION_BATCH, Kind, measured_until, score_in_units, voted_outputs_until};
use crate::learner::progress::Progress;
use crate::learner::stage::{Fit, Outcome, Pace, StageOptions, check_stage, fit};
use crate::metrics::Confusion;
use crate::naive;
use crate::output::confusion::PICTURED;
use crate::output::report::evidence::Evidence;
use crate::record::{Done, RunRecord, check_data, finished, head_size, learned_bytes, load_learned};
use crate::saved::ModelFile;
use crate::summary::{BaselineSummary, StageSummary, Summary};
use crate::task::{Judge, Purpose, check, task};
use crate::warnings;

/// What a run is told besides its config.
pub struct RunOptions {
    /// The run folder; default `runs/NAME`.
    pub out: Option<PathBuf>,
    /// Go on from the last checkpoint.
    pub resume: bool,
    /// Write over a finished run.
    pub force: bool,
    /// Show Burn's dashboard where there is a terminal.
    pub dashboard: bool,
    /// Print no progress.
    pub quiet: bool,
    /// Where to compute.
    pub device: Device,
    /// Stops the run at the next step, or at the next batch of the scoring behind the last stage.
    pub interrupter: Interrupter,
}

impl RunOptions {
    /// A new run in `runs/NAME`, without dashboard and progress lines.
    pub fn new(device: Device) -> Self {
        Self {
            out: None,
            resume: false,
            force: false,
            dashboard: false,
            quiet: true,
            device,
            interrupter: Interrupter::new(),
        }
    }
}

/// Runs a config's stages and its baseline, and writes the run folder.
///
/// # Errors
///
/// Whatever is wrong with config, data or run folder, before any training; later a loss that is not a
/// number, a full disk, or an interruption.
pub fn run(config: &RunConfig, options: &RunOptions) -> Result<(Summary, PathBuf), Error> {
    config.checked()?;
    run_on(config, prepare(&config.data, task(config))?, options)
}

/// As [`run`], on data that is prepared already.
///
/// # Errors
///
/// As [`run`].
pub fn run_on(config: &RunConfig, data: Prepared, options: &RunOptions) -> Result<(Summary, PathBuf), Error> {
    let config = config.checked()?;
    // As one of the pool's threads: a thread from outside would sleep through every operation that the pool shares
    // out, and be woken after it.
    rayon::scope(|_| run_here(config, data, options))
}

fn run_here(config: CheckedConfig<'_>, data: Prepared, options: &RunOptions) -> Result<(Summary, PathBuf), Error> {
    let began = Instant::now();
    check(&config, &data)?;
    let folder = options.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(&config.name));
    if options.resume
        && let Some(summary) = finished(&folder, &config)?
    {
        check_data(&folder, &data.split)?;
        let mut progress = Progress::new(false, options.quiet, options.interrupter.clone());
        progress.note(&format!("{} is finished already; nothing is left to do", folder.display()));
        return Ok((summary, folder));
    }
    let device = options.device.clone().autodiff();
    let device = if config.gradient_checkpointing { device.gradient_checkpointing() } else { device };
    let (purpose, train) = (Purpose::of(&config), Arc::new(data.train.clone()));
    let workshop = Workshop { config, options, data: &data, device: &device, purpose, train, folder: &folder, began };
    let initial = workshop.initial_model();
    workshop.check_stages(&initial)?;

    let (mut record, done) = RunRecord::open(&folder, &config, &data.split, options.resume, options.force)?;
    let mut progress = Progress::new(options.dashboard, options.quiet, options.interrupter.clone());
    for warning in record.warnings() {
        progress.note(&format!("warning: {warning}"));
    }
    for warning in data.warnings.iter().chain(&warnings::before(&config, &data, task(&config), &class_counts(&data))) {
        warn(warning, &mut record, &mut progress)?;
    }
    let mut done = done.unwrap_or_default();

    let mut model = initial.clone();
    let mut objective = None;
    for (index, stage) in config.stages.iter().enumerate() {
        let Some(fitted) = workshop.stage(index, stage, None, model, &mut done, &mut record, &mut progress)? else {
            progress.close();
            return Err(workshop.interrupted());
        };
        (model, objective) = (fitted.model, Some(fitted.objective));
    }
    let mut rival = None;
    if let Some((stage, pace)) = workshop.baseline(&done.outcomes) {
        if let Some(objective) = &objective {
            done.result = Some(learned_bytes(&model, objective)?);
        }
        let index = config.stages.len();
        let Some(fitted) = workshop.stage(index, &stage, Some(pace), initial, &mut done, &mut record, &mut progress)?
        else {
            progress.close();
            return Err(workshop.interrupted());
        };
        rival = Some(fitted.model);
    }
    progress.close();

    // The last stage left its checkpoint, from which `--resume` comes here at once; what follows may take long.
    workshop.go_on()?;
    let of_rival = |rival: AnyModel| workshop.predictions(None, &rival, "test", &data.test);
    let baseline = rival.map(of_rival).transpose()?.map(|(test, _)| BaselineSummary { test });
    let (valid, valid_confusion) = workshop.scores(&model, objective.as_ref(), "validation", &data.valid)?;
    let (test, confusion) = workshop.scores(&model, objective.as_ref(), "test", &data.test)?;
    if data.valid.is_empty() && data.test.is_empty() {
        let some: Vec<usize> = (0..data.train.len().min(EVALUATION_BATCH)).collect();
        workshop.scores(&model, objective.as_ref(), "training", &data.train.select(&some))?;
    }
    let judged =
        confusion.as_ref().map(|test| (test, "test")).or(valid_confusion.as_ref().map(|valid| (valid, "validation")));
    if let Some(warning) = judged.and_then(|(confusion, part)| warnings::single_answer(confusion, part)) {
        warn(&warning, &mut record, &mut progress)?;
    }
    if let Some(left_out) = confusion.as_ref().and_then(|confusion| confusion.shortened(PICTURED).left_out()) {
        progress.note(&format!("confusion.svg and report.html show {left_out}"));
    }
    let wall = done.wall_before + began.elapsed().as_secs_f64();
    let summary = Summary { warnings: record.told(), ..workshop.summary(&done.outcomes, valid, test, baseline, wall) };
    let mut shown = generator::Shown::default();
    if let (Some(stage), Some(objective)) = (config.last_stage(), &objective) {
        let shows = stage.objective.kind().shows;
        if stage.objective.kind().speaks() || purpose.scored_by == Judge::Objective {
            record.generator(&stage.objective, &generator::weights(objective)?, &data)?;
        }
        record.tables(&Objective::<AnyModel>::tables(objective))?;
        if shows {
            shown = generator::show(&stage.objective, &objective.valid(), &model.valid(), &data, config.seed);
        }
    }
    record.pictures(&shown)?;
    workshop.go_on()?;
    let (plain, kind, stop) = (objective.as_ref().map(Module::valid), purpose.shown_kind(), || workshop.stops());
    let evidence = Evidence::gather_until(plain.as_ref(), &model.valid(), &data, kind, config.seed, &stop);
    let evidence = evidence.ok_or_else(|| workshop.interrupted())?.with(shown, &data.processor);
    let file = ModelFile {
        semiseq: summary.semiseq.clone(),
        model: config.model.clone(),
        outputs: model.outputs(),
        purpose,
        processor: data.processor.clone(),
    };
    record.finish(&summary, &file, &model, confusion.as_ref(), &evidence)?;
    Ok((summary, folder))
}

/// Says a warning where the user looks while the run goes on, and where it is found afterwards.
fn warn(warning: &str, record: &mut RunRecord, progress: &mut Progress) -> Result<(), Error> {
    progress.note(&format!("warning: {warning}"));
    record.warn(warning)
}

/// What all stages of a run share.
struct Workshop<'a> {
    config: CheckedConfig<'a>,
    options: &'a RunOptions,
    data: &'a Prepared,
    device: &'a Device,
    purpose: Purpose,
    train: Arc<semiseq_datasets::Dataset>,
    folder: &'a Path,
    began: Instant,
}

impl Workshop<'_> {
    /// Whether the user has interrupted the run.
    fn stops(&self) -> bool {
        self.options.interrupter.should_stop()
    }

    fn interrupted(&self) -> Error {
        Error::Interrupted { folder: self.folder.to_path_buf() }
    }

    /// An error where the user has interrupted the run.
    fn go_on(&self) -> Result<(), Error> {
        if self.stops() { Err(self.interrupted()) } else { Ok(()) }
    }

    fn initial_model(&self) -> AnyModel {
        self.device.seed(self.config.seed);
        let outputs = match (&self.config.model, self.purpose.kind()) {
            (ModelConfig::Classifier(classifier), _) if classifier.sigmoid() => 1,
            (_, Kind::Number) => 1,
            _ => self.data.processor.classes().len().max(2),
        };
        let head = head_size(&self.config.model, &self.data.processor, outputs);
        let model = self.config.model.init(self.data.processor.input(), head, self.device);
        draw(&model);
        model
    }

    /// The objective of a stage. What it draws is a function of the run's seed and the stage's place alone.
    fn objective(&self, index: usize, stage: &StageConfig, model: &AnyModel) -> AnyObjective<AnyModel> {
        self.device.seed(mix(self.seed(index), 0));
        let counts = class_counts(self.data);
        let setting = Setting {
            model,
            train_size: self.train.sequences.len(),
            class_counts: &counts,
            target: TargetSize::of(self.data),
            device: self.device,
        };
        let objective = stage.objective.init(&setting);
        draw(&objective);
        objective
    }

    /// Seeds a stage.
    fn seed(&self, index: usize) -> u64 {
        mix(self.config.seed, index as u64 + 1)
    }

    fn stage_options<'a>(&'a self, index: usize, stage: &'a StageConfig, pace: Option<Pace>) -> StageOptions<'a> {
        let label = match index < self.config.stages.len() {
            true => format!("stage {}/{} {}", index + 1, self.config.stages.len(), stage.objective.name()),
            false => "baseline".to_string(),
        };
        StageOptions {
            label,
            config: stage,
            train: Arc::clone(&self.train),
            labeled: &self.data.labeled,
            unlabeled: &self.data.unlabeled,
            valid: &self.data.valid,
            processor: &self.data.processor,
            augmenter: Augmenter::new(&self.config.data.augment, &self.data.processor, &self.train),
            kind: self.purpose.kind(),
            seed: self.seed(index),
            device: self.device,
            pace,
        }
    }

    /// Whether each stage has something to learn from and to be judged by, before the first begins.
    fn check_stages(&self, model: &AnyModel) -> Result<(), Error> {
        self.config.stages.iter().enumerate().try_for_each(|(index, stage)| {
            check_stage(model, &self.objective(index, stage, model), &self.stage_options(index, stage, None))
        })?;
        let Some(stage) = self.baseline_stage() else { return Ok(()) };
        let index = self.config.stages.len();
        check_stage(model, &self.objective(index, &stage, model), &self.stage_options(index, &stage, None))
    }

    /// The stage of the baseline, where one is asked for: on the labels alone, with the last stage's settings.
    fn baseline_stage(&self) -> Option<StageConfig> {
        let last = self.config.last_stage().filter(|_| self.config.baseline.enabled)?;
        // A layer that stood still because it was trained before has to learn here.
        let layers = LayersConfig::default();
        let objective = ObjectiveConfig::Supervised(SupervisedConfig::default());
        Some(StageConfig { objective, layers, ..last.clone() })
    }

    /// The stage of the baseline and how long it is, once the last stage is through: as many steps.
    fn baseline(&self, outcomes: &[Outcome]) -> Option<(StageConfig, Pace)> {
        let stage = self.baseline_stage()?;
        let outcome = outcomes.get(self.config.stages.len() - 1)?;
        let pace = Pace {
            steps: outcome.steps,
            steps_per_epoch: outcome.steps.div_ceil(outcome.epochs.max(1)),
            validate_every: outcome.validate_every,
        };
        Some((stage, pace))
    }

    /// Runs one stage, or takes over what an earlier session finished of it. `None`: interrupted.
    #[expect(clippy::too_many_arguments, reason = "the page's own state, spelled out")]
    fn stage(
        &self,
        index: usize,
        stage: &StageConfig,
        pace: Option<Pace>,
        model: AnyModel,
        done: &mut Done,
        record: &mut RunRecord,
        progress: &mut Progress,
    ) -> Result<Option<Fit<AnyModel, AnyObjective<AnyModel>>>, Error> {
        let name = if pace.is_some() { "baseline".to_string() } else { stage.objective.name().to_string() };
        let objective = self.objective(index, stage, &model);
        if index < done.outcomes.len() {
            let (model, objective) = match done.result.as_ref().filter(|_| index + 1 == self.config.stages.len()) {
                Some(bytes) => load_learned(model, objective, bytes)?,
                None => (model, objective),
            };
            return Ok(Some(Fit { model, objective, outcome: done.outcomes.get(index).cloned() }));
        }
        let options = self.stage_options(index, stage, pace);
        if self.data.unlabeled.is_empty() && Objective::<AnyModel>::needs(&objective).pool == Pool::Paired {
            warn(&warnings::no_unlabeled(&options.label), record, progress)?;
        }
        let resume: Option<Files> = done.take_stage_files(index);
        let fitted =
            fit(model, objective, &options, resume.as_ref(), progress, &self.options.interrupter, |told, files| {
                record.milestone(index, &name, &told)?;
                if told.checkpoint {
                    let wall = done.wall_before + self.began.elapsed().as_secs_f64();
                    record.checkpoint(index, done, wall, files()?)?;
                }
                Ok(())
            })?;
        match &fitted.outcome {
            Some(outcome) => done.outcomes.push(outcome.clone()),
            None => return Ok(None),
        }
        Ok(Some(fitted))
    }

    /// What tells how good the run is on a part of the data.
    fn scores(
        &self,
        model: &AnyModel,
        objective: Option<&AnyObjective<AnyModel>>,
        part: &str,
        dataset: &Dataset,
    ) -> Result<(Scores, Option<Confusion>), Error> {
        let (Some(stage), Judge::Objective) = (self.config.last_stage(), self.purpose.scored_by) else {
            return self.predictions(objective, model, part, dataset);
        };
        let stop = || self.stops();
        let measured = objective.map(|objective| measured_until(&objective.valid(), &model.valid(), dataset, &stop));
        self.go_on()?;
        let values = matches!(model.input_size(), InputSize::Values(_));
        let scores = stage.objective.scores(measured.unwrap_or_default(), values);
        check_finite(&scores, true, part)?;
        Ok((scores, None))
    }

    /// Scores of the model's outputs, with what the objective has to say.
    fn predictions(
        &self,
        objective: Option<&AnyObjective<AnyModel>>,
        model: &AnyModel,
        part: &str,
        dataset: &Dataset,
    ) -> Result<(Scores, Option<Confusion>), Error> {
        let kind = self.purpose.kind();
        let objective = objective.map(Module::valid);
        let outputs = voted_outputs_until(objective.as_ref(), &model.valid(), dataset, kind, &|| self.stops());
        self.go_on()?;
        let (mut scores, confusion) = score_in_units(&outputs, dataset, &self.data.processor);
        if matches!(kind, Kind::Number | Kind::Forecast) {
            scores.remove("loss");
        }
        check_finite(&scores, outputs.finite(), part)?;
        Ok((scores, confusion))
    }

    fn summary(
        &self,
        outcomes: &[Outcome],
        valid: Scores,
        test: Scores,
        baseline: Option<BaselineSummary>,
        wall_seconds: f64,
    ) -> Summary {
        let config = self.config;
        let season = config.data.windows.as_ref().and_then(|windows| windows.season);
        let stages = config.stages.iter().zip(outcomes).map(|(stage, outcome)| StageSummary {
            objective: stage.objective.name().into(),
            outcome: outcome.clone(),
        });
        Summary {
            name: config.name.clone(),
            objective: config.last_stage().map_or(String::new(), |stage| stage.objective.name().into()),
            encoder: config.model.encoder().name().into(),
            backend: config.backend.clone(),
            seed: config.seed,
            semiseq: env!("CARGO_PKG_VERSION").into(),
            n_labeled: self.data.labeled.len(),
            n_unlabeled: self.data.unlabeled.len(),
            n_valid: self.data.valid.sequences.len(),
            n_test: self.data.test.sequences.len(),
            classes: Some(self.data.processor.classes().len()).filter(|count| *count > 0),
            stages: stages.collect(),
            valid,
            test,
            baseline,
            naive: naive::scores(self.data, 1),
            seasonal_naive: season.and_then(|season| naive::scores(self.data, season)),
            warnings: Vec::new(),
            wall_seconds,
        }
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

fn class_counts(data: &Prepared) -> Vec<usize> {
    let mut counts = vec![0; data.processor.classes().len()];
    for index in &data.labeled {
        match &data.train.targets[*index] {
            semiseq_datasets::Target::Class(class) => counts[*class] += 1,
            semiseq_datasets::Target::Steps(steps) => steps.iter().for_each(|class| counts[*class] += 1),
            _ => {}
        }
    }
    counts
}
