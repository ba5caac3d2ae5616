//! What a run will be, before it is: data, split, model and stages, and what a few real steps of each say of its time
//! and memory.

mod shown;

use std::path::PathBuf;

use burn::module::Module;
use semiseq_datasets::{Dataset, Processor, Sequence, Validation, describe};
use semiseq_objectives::ObjectiveConfig;
use serde::Serialize;

use crate::config::StageConfig;
use crate::error::Error;
use crate::learner::rehearsal::{Effort, Times, extent, rehearse};
use crate::memory;
use crate::plan::{BASELINE, Plan, class_counts};
use crate::recipe::{ModelSettings, ObjectiveSettings};
use crate::run_folder::record::is_begun;
use crate::terminal::{Verbosity, verbosity};

/// What a run will be.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Preview {
    /// The run's name.
    pub name: String,
    /// The run's seed.
    pub seed: u64,
    /// The backend.
    pub backend: String,
    /// What the model reads.
    pub data: DataPreview,
    /// Training sequences whose labels are seen.
    pub n_labeled: usize,
    /// Training sequences whose labels are not seen.
    pub n_unlabeled: usize,
    /// Validation sequences.
    pub n_valid: usize,
    /// Test sequences.
    pub n_test: usize,
    /// Labels to learn from and to choose by.
    pub n_labels_used: usize,
    /// The classes, each with the labels that training sees; of steps where each step has one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<(String, usize)>,
    /// The network.
    pub model: ModelPreview,
    /// The stages in their order.
    pub stages: Vec<StagePreview>,
    /// The same model on the labelled part alone, where that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<StagePreview>,
    /// Runs on folds of the labels, with `validation = "cross"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folds: Option<usize>,
    /// Models from as many seeds, whose answers are averaged.
    pub ensemble: usize,
    /// Plain methods that were computed on the same labels.
    pub n_references: usize,
    /// Seconds that they took.
    pub references_seconds: f64,
    /// Bytes of this process at its peak, with the data in it and after the measured steps; where the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_bytes: Option<u64>,
    /// An estimate of the seconds from start to end, without the report; absent where nothing was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Where the run is written.
    pub folder: PathBuf,
    /// Whether a run was begun there, which goes on.
    pub resumes: bool,
    /// What is probably not meant, a line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What the model reads.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DataPreview {
    /// The built-in name, the file or the folder.
    pub source: String,
    /// `series`, `audio`, or `text`, which the model reads as tokens.
    pub kind: &'static str,
    /// Channels of a series, or words of the vocabulary.
    pub width: usize,
    /// Training sequences.
    pub sequences: usize,
    /// Steps of the shortest, the median and the longest training sequence, as the model reads them.
    pub lengths: [usize; 3],
}

/// The network.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ModelPreview {
    /// The table of the config: `classifier` and so on.
    pub name: String,
    /// The encoder.
    pub encoder: String,
    /// Weights.
    pub parameters: usize,
}

/// A stage.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct StagePreview {
    /// What it minimises.
    pub objective: String,
    /// Epochs, at most.
    pub epochs: usize,
    /// Optimiser steps, at most.
    pub steps: usize,
    /// Optimiser steps of an epoch.
    pub steps_per_epoch: usize,
    /// Labelled and unlabelled sequences of a step; of the first one.
    pub batch: [usize; 2],
    /// Validations; 0 where there is no validation part.
    pub validations: usize,
    /// Whether early stopping may end it sooner.
    pub may_stop_early: bool,
    /// Steps that were measured.
    pub measured_steps: usize,
    /// Seconds of a step, batches included; absent where none was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_seconds: Option<f64>,
    /// An estimate of the seconds of all steps and validations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
}

impl Preview {
    /// Of a run that has all but begun. `effort` says how much is measured of each stage, if anything.
    ///
    /// # Errors
    ///
    /// A loss that is no number, or an interruption.
    pub(crate) fn of<M: ModelSettings, O: ObjectiveSettings>(
        plan: &Plan<'_, M, O>,
        initial: &M::Model,
        effort: Option<Effort>,
    ) -> Result<Self, Error> {
        let Plan { config, data, .. } = plan;
        let mut model = initial.clone();
        let (mut stages, mut looks) = (Vec::new(), Vec::new());
        for (index, stage) in config.stages.iter().enumerate() {
            let (next, preview, times) = of_stage(plan, index, stage, model, effort)?;
            (model, _) = (next, stages.push(preview));
            looks.extend(times.map(|times| times.look));
        }
        let baseline = plan.baseline_stage().map(|stage| of_baseline(plan, &stage, initial, &stages, effort));
        let baseline = baseline.transpose()?;
        let folds = (config.data.validation == Some(Validation::Cross)).then(|| data.fold_count()).transpose()?;
        let learning: Option<f64> = stages.iter().map(|stage| stage.seconds).sum();
        let others = baseline.as_ref().map_or(Some(0.0), |baseline| baseline.seconds);
        let scoring = looks.last().copied().unwrap_or_default() * (data.test.len() + data.valid.len()) as f64;
        let seconds = learning.zip(others).map(|(learning, others)| {
            let members = config.ensemble as f64;
            (learning + scoring) * members + learning * folds.unwrap_or(0) as f64 + others + plan.references_seconds
        });
        let names = data.processor.classes().iter().cloned();
        Ok(Self {
            name: config.name.clone(),
            seed: config.seed,
            backend: config.lead_backend().into(),
            data: DataPreview::of(&data.split.source, &data.train, &data.processor),
            n_labeled: data.labeled.len(),
            n_unlabeled: data.unlabeled.len(),
            n_valid: data.valid.len(),
            n_test: data.test.len(),
            n_labels_used: plan.labels_used(),
            classes: names.zip(class_counts(data)).collect(),
            model: ModelPreview {
                name: config.model.name().into(),
                encoder: config.model.encoder().into(),
                parameters: initial.num_params(),
            },
            stages,
            baseline,
            folds,
            ensemble: config.ensemble,
            n_references: plan.references.scored.len(),
            references_seconds: plan.references_seconds,
            peak_bytes: memory::peak(std::process::id()),
            seconds,
            folder: plan.folder.clone(),
            resumes: plan.options.resume && is_begun(&plan.folder),
            warnings: plan.warnings(),
        })
    }

    /// Of a run that is about to begin, where somebody reads it. How long it takes is measured unless it goes on from a
    /// checkpoint; what is wrong with the measured steps, the run itself will say.
    ///
    /// # Errors
    ///
    /// An interruption.
    pub(crate) fn glance<M: ModelSettings, O: ObjectiveSettings>(
        plan: &Plan<'_, M, O>,
        initial: &M::Model,
    ) -> Result<Option<Self>, Error> {
        if plan.options.quiet || verbosity() == Verbosity::Quiet {
            return Ok(None);
        }
        let effort = (!is_begun(&plan.folder) || plan.options.force).then_some(Effort::GLANCE);
        let preview = Self::of(plan, initial, effort);
        plan.go_on()?;
        Ok(preview.ok())
    }
}

impl DataPreview {
    fn of(source: &str, train: &Dataset, processor: &Processor) -> Self {
        let input = processor.input();
        // One row tells the kind; a packed part is not read for it.
        let described = describe(&train.select(&[0][..train.len().min(1)])).read_by(processor.layout());
        let mut lengths: Vec<usize> = train.sequences.iter().map(Sequence::len).collect();
        lengths.sort_unstable();
        let at = |place: usize| lengths.get(place).copied().unwrap_or_default();
        Self {
            source: source.into(),
            kind: if input.vocabulary().is_some() { "text" } else { described.kind },
            width: input.channels().or(input.vocabulary()).unwrap_or_default(),
            sequences: train.len(),
            lengths: [at(0), at(lengths.len() / 2), at(lengths.len().saturating_sub(1))],
        }
    }
}

/// A stage, what becomes of the model in the measured steps, and what they took.
fn of_stage<M: ModelSettings, O: ObjectiveSettings, P: ObjectiveSettings>(
    plan: &Plan<'_, M, O>,
    index: usize,
    stage: &StageConfig<P>,
    model: M::Model,
    effort: Option<Effort>,
) -> Result<(M::Model, StagePreview, Option<Times>), Error> {
    let (objective, options) = (plan.objective(index, stage, &model), plan.stage_options(index, stage, None));
    let extent = extent::<M::Model, _>(&objective, &options);
    let looked_at = if plan.data.valid.is_empty() { &plan.data.test } else { &plan.data.valid };
    let (model, times) = match effort {
        Some(effort) => {
            let stopped = || plan.options.stopped();
            let (model, times) = rehearse(model, objective, &options, looked_at, effort, &stopped)?;
            plan.go_on()?;
            (model, Some(times))
        }
        None => (model, None),
    };
    let validations = match plan.data.valid.is_empty() {
        true => 0,
        false => extent.steps.div_ceil(extent.validate_every.max(1)),
    };
    let validating = |times: Times| times.look * (validations * plan.data.valid.len()) as f64;
    let preview = StagePreview {
        objective: stage.objective.name().into(),
        epochs: extent.epochs,
        steps: extent.steps,
        steps_per_epoch: extent.steps_per_epoch,
        batch: extent.batch,
        validations,
        may_stop_early: stage.early_stopping.is_some(),
        measured_steps: times.map_or(0, |times| times.steps),
        step_seconds: times.map(|times| times.step),
        seconds: times.map(|times| times.step * extent.steps as f64 + validating(times)),
    };
    Ok((model, preview, times))
}

/// The baseline, which takes as many steps as the last stage.
fn of_baseline<M: ModelSettings, O: ObjectiveSettings>(
    plan: &Plan<'_, M, O>,
    stage: &StageConfig<ObjectiveConfig>,
    initial: &M::Model,
    stages: &[StagePreview],
    effort: Option<Effort>,
) -> Result<StagePreview, Error> {
    let (_, own, _) = of_stage(plan, plan.config.stages.len(), stage, initial.clone(), effort)?;
    let Some(last) = stages.last() else { return Ok(own) };
    let scale = last.steps as f64 / own.steps.max(1) as f64;
    Ok(StagePreview {
        objective: BASELINE.into(),
        epochs: last.epochs,
        steps: last.steps,
        steps_per_epoch: last.steps_per_epoch,
        validations: last.validations,
        seconds: own.seconds.map(|seconds| seconds * scale),
        ..own
    })
}
