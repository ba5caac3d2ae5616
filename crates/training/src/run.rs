//! A run on one page: config → data → model → stages → baseline → run folder.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::Device;
use burn::train::Interrupter;
use semiseq_datasets::{Augmenter, Prepared, prepare};
use semiseq_models::{AnyModel, InputSize, ModelConfig, SequenceModel};

use crate::config::{LayersConfig, RunConfig, StageConfig};
use crate::error::Error;
use crate::generator;
use crate::learner::checkpoint::Files;
use crate::learner::evaluate::{Kind, measured, score, voted_outputs};
use crate::learner::progress::Progress;
use crate::learner::{Fit, Outcome, Pace, StageOptions, fit};
use crate::metrics::{Confusion, Scores};
use crate::naive;
use crate::objectives::{AnyObjective, Objective, ObjectiveConfig, Setting, SupervisedConfig, TargetSize};
use crate::output::report::Evidence;
use crate::record::{Done, RunRecord, head_size, input_size, load_model_bytes, model_bytes};
use crate::saved::ModelFile;
use crate::summary::{BaselineSummary, StageSummary, Summary};
use crate::task::{Judge, Purpose, check, task};

/// Between two checkpoints of a stage at least.
const CHECKPOINT_PAUSE: Duration = Duration::from_secs(2);
/// And so many times as long as the one before took.
const CHECKPOINT_SHARE: u32 = 20;

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
    /// Stops the run at the next step.
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
    run_on(config, prepare(&config.data, task(config))?, options)
}

/// As [`run`], on data that is prepared already.
///
/// # Errors
///
/// As [`run`].
pub fn run_on(config: &RunConfig, data: Prepared, options: &RunOptions) -> Result<(Summary, PathBuf), Error> {
    // As one of the pool's threads: a thread from outside would sleep through every operation that the pool shares
    // out, and be woken after it.
    rayon::scope(|_| run_here(config, data, options))
}

fn run_here(config: &RunConfig, data: Prepared, options: &RunOptions) -> Result<(Summary, PathBuf), Error> {
    let began = Instant::now();
    check(config, &data)?;
    let folder = options.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(&config.name));
    let (mut record, done) = RunRecord::open(&folder, config, &data.split, options.resume, options.force)?;

    let device = options.device.clone().autodiff();
    let device = if config.gradient_checkpointing { device.gradient_checkpointing() } else { device };
    let purpose = Purpose::of(config);
    let kind = purpose.kind();
    let workshop =
        Workshop { config, options, data: &data, device: &device, kind, train: Arc::new(data.train.clone()), began };
    let mut progress = Progress::new(options.dashboard, options.quiet, options.interrupter.clone());
    for warning in record.warnings().iter().chain(&data.warnings) {
        progress.note(&format!("warning: {warning}"));
    }
    let mut done = done.unwrap_or_default();

    let initial = workshop.initial_model();
    let mut model = initial.clone();
    let mut objective = None;
    for (index, stage) in config.stages.iter().enumerate() {
        let Some(fitted) = workshop.stage(index, stage, None, model, &mut done, &mut record, &mut progress)? else {
            progress.close();
            return Err(Error::Interrupted { folder });
        };
        (model, objective) = (fitted.model, Some(fitted.objective));
    }
    if let (Some(stage), Some(objective)) = (config.last_stage(), &objective)
        && (stage.objective.kind().speaks() || purpose.scored_by == Judge::Objective)
        && done.generator.is_none()
    {
        done.generator = Some(generator::weights(objective)?);
    }
    let mut baseline = None;
    if config.baseline.enabled {
        let index = config.stages.len();
        let pace = done.outcomes.get(index - 1).map(|outcome| Pace {
            steps: outcome.steps,
            steps_per_epoch: outcome.steps.div_ceil(outcome.epochs.max(1)),
        });
        if let (Some(last), Some(pace)) = (config.last_stage(), pace) {
            let stage =
                // From fresh weights: a layer that stood still because it was trained before has to learn here.
                StageConfig {
                    objective: ObjectiveConfig::Supervised(SupervisedConfig::default()),
                    layers: LayersConfig::default(),
                    ..last.clone()
                };
            done.result = Some(model_bytes(&model)?);
            let Some(fitted) =
                workshop.stage(index, &stage, Some(pace), initial, &mut done, &mut record, &mut progress)?
            else {
                progress.close();
                return Err(Error::Interrupted { folder });
            };
            baseline = Some(BaselineSummary { test: scores(None, &fitted.model, &data.test, kind).0 });
        }
    }
    progress.close();

    let unsupervised = config.last_stage().filter(|_| purpose.scored_by == Judge::Objective);
    let (valid, test, confusion) = if let Some(stage) = unsupervised {
        let scores = |dataset| own_scores(&stage.objective, objective.as_ref(), &model, dataset);
        (scores(&data.valid), scores(&data.test), None)
    } else {
        let scores = |dataset| scores(objective.as_ref(), &model, dataset, kind);
        let (test, confusion) = scores(&data.test);
        (scores(&data.valid).0, test, confusion)
    };
    let wall = done.wall_before + began.elapsed().as_secs_f64();
    let summary = workshop.summary(&done.outcomes, valid, test, baseline, wall);
    if let (Some(stage), Some(weights)) = (config.last_stage(), &done.generator) {
        record.generator(&stage.objective, weights, &data)?;
    }
    if let Some(objective) = &objective {
        record.tables(&Objective::<AnyModel>::tables(objective))?;
    }
    let shown = match (config.last_stage(), &objective) {
        (Some(stage), Some(objective)) if stage.objective.kind().shows => {
            generator::show(&stage.objective, &objective.valid(), &model.valid(), &data, config.seed)
        }
        _ => generator::Shown::default(),
    };
    record.pictures(&shown)?;
    let plain = objective.as_ref().map(Module::valid);
    let evidence = Evidence::gather(plain.as_ref(), &model.valid(), &data, purpose.shown_kind(), config.seed);
    let evidence = evidence.with(shown, &data.processor);
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

fn scores(
    objective: Option<&AnyObjective<AnyModel>>,
    model: &AnyModel,
    dataset: &semiseq_datasets::Dataset,
    kind: Kind,
) -> (Scores, Option<Confusion>) {
    let objective = objective.map(Module::valid);
    let (mut scores, confusion) = score(&voted_outputs(objective.as_ref(), &model.valid(), dataset, kind), dataset);
    if matches!(kind, Kind::Number | Kind::Forecast) {
        scores.remove("loss");
    }
    (scores, confusion)
}

/// What an unsupervised objective measures, under its users' names.
fn own_scores(
    config: &ObjectiveConfig,
    objective: Option<&AnyObjective<AnyModel>>,
    model: &AnyModel,
    dataset: &semiseq_datasets::Dataset,
) -> Scores {
    let measured = objective.map(|objective| measured(&objective.valid(), &model.valid(), dataset)).unwrap_or_default();
    config.scores(measured, matches!(model.input_size(), InputSize::Values(_)))
}

/// What all stages of a run share.
struct Workshop<'a> {
    config: &'a RunConfig,
    options: &'a RunOptions,
    data: &'a Prepared,
    device: &'a Device,
    kind: Kind,
    train: Arc<semiseq_datasets::Dataset>,
    began: Instant,
}

impl Workshop<'_> {
    fn initial_model(&self) -> AnyModel {
        self.device.seed(self.config.seed);
        let outputs = match (&self.config.model, self.kind) {
            (ModelConfig::Classifier(classifier), _) if classifier.sigmoid() => 1,
            (_, Kind::Number) => 1,
            _ => self.data.processor.classes().len().max(2),
        };
        let head = head_size(&self.config.model, &self.data.processor, outputs);
        self.config.model.init(input_size(&self.data.processor), head, self.device).materialize()
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
        let is_baseline = pace.is_some();
        let finished_earlier = index < done.outcomes.len();
        let name = if is_baseline { "baseline".to_string() } else { stage.objective.name().to_string() };
        let label =
            if is_baseline { name.clone() } else { format!("stage {}/{} {name}", index + 1, self.config.stages.len()) };
        let counts = class_counts(self.data);
        let setting = Setting {
            model: &model,
            train_size: self.train.sequences.len(),
            class_counts: &counts,
            target: TargetSize::of(self.data),
            device: self.device,
        };
        let objective = stage.objective.init(&setting);
        if finished_earlier {
            let model = match done.result.as_ref().filter(|_| index + 1 == self.config.stages.len()) {
                Some(bytes) => load_model_bytes(model, bytes)?,
                None => model,
            };
            return Ok(Some(Fit { model, objective, outcome: done.outcomes.get(index).cloned() }));
        }
        let options = StageOptions {
            label,
            config: stage,
            train: Arc::clone(&self.train),
            labeled: &self.data.labeled,
            unlabeled: &self.data.unlabeled,
            valid: &self.data.valid,
            augmenter: Augmenter::new(&self.config.data.augment, &self.data.processor, &self.train),
            kind: self.kind,
            seed: crate::learner::mix(self.config.seed, index as u64 + 1),
            device: self.device,
            pace,
        };
        let resume: Option<Files> = done.take_stage_files(index);
        let (mut saved, mut pause) = (Instant::now(), CHECKPOINT_PAUSE);
        let fitted =
            fit(model, objective, &options, resume.as_ref(), progress, &self.options.interrupter, |epoch, files| {
                record.epoch(index, &name, &epoch)?;
                // Often enough that little is lost, rarely enough that the disk does not slow the run.
                if epoch.last || saved.elapsed() > pause || epoch.epoch == 1 {
                    let (began, wall) = (Instant::now(), done.wall_before + self.began.elapsed().as_secs_f64());
                    record.checkpoint(index, done, wall, files()?)?;
                    saved = Instant::now();
                    pause = CHECKPOINT_PAUSE.max(began.elapsed() * CHECKPOINT_SHARE);
                }
                Ok(())
            })?;
        match &fitted.outcome {
            Some(outcome) => done.outcomes.push(outcome.clone()),
            None => return Ok(None),
        }
        Ok(Some(fitted))
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
            wall_seconds,
        }
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
