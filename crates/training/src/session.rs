//! One session of a run: its stages one after the other, what an earlier session got done of them, and how it ends.

use std::sync::Arc;
use std::time::Instant;

use burn::module::Module;
use semiseq_datasets::{Dataset, Pool, Validation};
use semiseq_models::Taken;
use semiseq_objectives::Objective;
use semiseq_schema::{Intervals, Metric, Scores, headline};

use crate::config::StageConfig;
use crate::cross_validation::{Run, cross_validated};
use crate::ensemble;
use crate::error::Error;
use crate::learner::checkpoint::CheckpointFiles;
use crate::learner::progress::Progress;
use crate::learner::{Fit, Listener, Milestone, Pace, fit_heard};
use crate::observer::StageName;
use crate::options::RunOptions;
use crate::plan::{BASELINE, Plan};
use crate::preview::Preview;
use crate::recipe::{ModelSettings, ObjectiveSettings};
use crate::references::References;
use crate::run_folder::finished::{Scored, scored};
use crate::run_folder::record::{Done, RunRecord};
use crate::run_folder::result::{learned_bytes, load_learned};
use crate::run_folder::{BaselineSummary, CrossValidation, FinishedRun, ReferenceSummary, StageSummary, Summary};
use crate::tasks::Evaluation;
use crate::tasks::evaluate::{EVALUATION_BATCH, voted_outputs_until};
use crate::terminal::{Verbosity, detail, verbosity};
use crate::warnings;

/// What the stages have made of a model, and the last one's objective.
pub(crate) type Learned<M, O> =
    (<M as ModelSettings>::Model, <O as ObjectiveSettings>::Objective<<M as ModelSettings>::Model>);

/// What one stage has made of a model and its objective.
type Fitted<M, P> = Fit<<M as ModelSettings>::Model, <P as ObjectiveSettings>::Objective<<M as ModelSettings>::Model>>;

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
        record.found.iter().for_each(|warning| progress.warn(warning));
        Ok(Self { plan, record, progress, done })
    }

    /// Says what can be seen before any training.
    ///
    /// # Errors
    ///
    /// Where the log cannot be written.
    pub(crate) fn warn_before(&mut self) -> Result<(), Error> {
        self.plan.warnings().iter().try_for_each(|warning| self.warn(warning))
    }

    /// Says what the run will be, where it was looked at.
    pub(crate) fn tell_preview(&mut self, preview: Option<&Preview>) {
        if let Some(preview) = preview {
            let expected = preview.expected(|index, objective| self.plan.label(index, objective));
            self.progress.expect(expected, preview.facts());
        }
        match (preview, verbosity()) {
            (None, _) => {}
            (Some(preview), Verbosity::Verbose) => self.progress.note(&preview.to_string()),
            (Some(preview), _) => self.progress.note(&preview.short()),
        }
    }

    /// Says how many devices there are, what was found of word vectors, and what plain methods give on the same labels.
    pub(crate) fn tell_references(&mut self) {
        let Plan { config, data, vectors, .. } = self.plan;
        let devices = self.plan.crew().len();
        if devices > 1 {
            self.progress.note(&format!("{devices} devices share the passes of each batch"));
        }
        if let (Some(vectors), Some((path, _))) = (vectors, config.model.word_vectors()) {
            self.progress.note(&vectors.coverage(path, data));
        }
        if let Some(path) = &config.weights {
            let (_, Taken { taken, left, .. }) = self.plan.initial_model_and_what_it_took();
            let rest = match left.is_empty() {
                true => String::new(),
                false => format!("; drawn, as it says none of their name, shape and words: {}", left.join(", ")),
            };
            self.progress.note(&format!("{}: the weights of {} tensors{rest}", path.display(), taken.len()));
        }
        let References { scored, .. } = &self.plan.references;
        if let Some((best, metric, value)) = best_reference(scored) {
            let (count, title) = (scored.len(), metric.title);
            self.progress.note(&format!("best of {count} references on the test part: {best}, {title} {value:.4}"));
        }
    }

    /// Says a warning where the user looks while the run goes on, and where it is found afterwards.
    fn warn(&mut self, warning: &str) -> Result<(), Error> {
        self.progress.warn(warning);
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
            // Not yet counted by a build that wrote an older checkpoint.
            batches_per_epoch: match outcome.batches_per_epoch {
                0 => outcome.steps.div_ceil(outcome.epochs.max(1)) * stage.gradient_accumulation,
                batches => batches,
            },
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

    /// How the run does on folds of the labels that it leaves out, where that is asked for.
    ///
    /// # Errors
    ///
    /// What ends a run.
    pub(crate) fn folds(&mut self, run: Run<'_, M, O>) -> Result<Option<CrossValidation>, Error> {
        let plan = self.plan;
        if plan.config.data.validation != Some(Validation::Cross) {
            return Ok(None);
        }
        plan.go_on()?;
        self.progress.close();
        let options = RunOptions { out: Some(plan.folder.clone()), ..plan.options.clone() };
        let progress = &mut self.progress;
        let found = cross_validated(&plan.config, &plan.data, &options, run, &mut |text| progress.note(text));
        found.map(Some).map_err(|error| if plan.options.stopped() { plan.interrupted() } else { error })
    }

    /// The same run from other seeds, where their answers are averaged.
    ///
    /// # Errors
    ///
    /// What ends a run.
    pub(crate) fn members(&mut self, run: ensemble::Run<'_, M, O>) -> Result<Vec<FinishedRun<M, O>>, Error> {
        let plan = self.plan;
        plan.go_on()?;
        self.progress.close();
        let options = RunOptions { out: Some(plan.folder.clone()), ..plan.options.clone() };
        let progress = &mut self.progress;
        let found = ensemble::trained(&plan.config, &plan.data, &options, run, &mut |text| progress.note(text));
        found.map_err(|error| if plan.options.stopped() { plan.interrupted() } else { error })
    }

    /// Scores what was learned, and writes the run folder to its end.
    ///
    /// # Errors
    ///
    /// A score that is no number, a full disk, or an interruption. The last stage left its checkpoint, from which
    /// `--resume` comes here at once.
    pub(crate) fn finish(
        mut self,
        (model, objective): &Learned<M, O>,
        rival: Option<M::Model>,
        cross: Option<CrossValidation>,
        members: Vec<FinishedRun<M, O>>,
    ) -> Result<FinishedRun<M, O>, Error> {
        let plan = self.plan;
        let Plan { data, config, .. } = plan;
        self.progress.close();
        plan.go_on()?;
        let baseline = rival.map(|rival| self.score_rival(&rival)).transpose()?;
        let run = FinishedRun::new(&plan.folder, config, model, objective, Arc::clone(data)).with_members(members);
        let stop = || plan.options.stopped();
        let run = match &config.calibrate {
            Some(calibrate) => {
                let (run, finite) = run.calibrated_on(calibrate, &data.calibration, &stop);
                plan.go_on()?;
                check_finite(&Scores::new(), finite, "calibration")?;
                run
            }
            None => run,
        };
        let (valid, valid_confusion) = self.scores(&run, "validation", &data.valid)?;
        let (tested, finite) = run.evaluate_until(&data.test, &stop);
        plan.go_on()?;
        check_finite(&tested.scores, finite, "test")?;
        if data.valid.is_empty() && data.test.is_empty() {
            let some: Vec<usize> = (0..data.train.len().min(EVALUATION_BATCH)).collect();
            self.scores(&run, "training", &data.train.select(&some))?;
        }
        let judged = tested.confusion.as_ref().map(|test| (test, "test"));
        let judged = judged.or(valid_confusion.as_ref().map(|valid| (valid, "validation")));
        if let Some(warning) = judged.and_then(|(confusion, part)| warnings::single_answer(confusion, part)) {
            self.warn(&warning)?;
        }
        [&data.train, &data.valid, &data.test].into_iter().try_for_each(|part| part.sound())?;
        self.record.tables(&Objective::<M::Model>::tables(objective))?;
        plan.go_on()?;
        let Evaluation { scores: test, intervals: test_intervals, confusion, .. } = tested;
        let summary = Summary { cross_validation: cross, test_intervals, ..self.summary(valid, test, baseline) };
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
        let (test, _) = scored(purpose.task(), &outputs, &data.test, &data.processor);
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
            backend: config.lead_backend().into(),
            seed: config.seed,
            semiseq: env!("CARGO_PKG_VERSION").into(),
            n_labeled: data.labeled.len(),
            n_unlabeled: data.unlabeled.len(),
            n_valid: data.valid.sequences.len(),
            n_test: data.test.sequences.len(),
            ensemble: config.ensemble,
            classes: Some(data.processor.classes().len()).filter(|count| *count > 0),
            stages: stages.collect(),
            valid,
            test,
            test_intervals: Intervals::new(),
            cross_validation: None,
            n_calibration: data.calibration.len(),
            n_labels_used: self.plan.labels_used(),
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

    fn milestone(
        &mut self,
        told: Milestone<'_>,
        files: &dyn Fn() -> Result<CheckpointFiles, Error>,
    ) -> Result<(), Error> {
        self.record.milestone(self.stage, &told)?;
        if told.checkpoint {
            let wall = self.wall_before + self.began.elapsed().as_secs_f64();
            self.record.checkpoint(self.stage.index, self.done, wall, files()?)?;
            detail(format!("{}: checkpoint at step {}", self.stage.objective, told.step));
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
            "lower the learning rate, or set `grad_clip_norm = 1.0` in the stage's optimiser; where values of that \
             part are far out of range (`data check`), mend them or scale the data with `data.transform.normalize`",
        )),
    }
}

/// The reference with the highest accuracy or recall on the test part.
fn best_reference(found: &[ReferenceSummary]) -> Option<(&str, &'static Metric, f64)> {
    let known = found.iter().filter_map(|reference| {
        let (metric, value) = headline(&reference.test)?;
        Some((reference.name.as_str(), metric, value))
    });
    known.max_by(|left, right| left.2.total_cmp(&right.2))
}
