//! A finished run: what training hands back, and what a run folder is opened as. Scores, predictions, samples and the
//! material of a report are asked of it.

mod generate;
mod predict;
mod vectors;

pub(crate) use predict::scored;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::module::Module;
use burn::store::ModuleSnapshot;
use burn::tensor::Device;
use semiseq_datasets::{Dataset, Prepared, Processor, TargetKind, prepare};
use semiseq_models::{ModelConfig, SequenceModel};
use semiseq_objectives::ObjectiveConfig;
use semiseq_schema::Scores;

use crate::config::{CalibrateConfig, RunConfig, StageConfig};
use crate::error::Error;
use crate::files::write_atomic;
use crate::recipe::{ModelSettings, ObjectiveSettings};
use crate::run_folder::checksums::{Checksums, TOLD};
use crate::run_folder::data_check::check_data;
use crate::run_folder::generator::{self, Generator};
use crate::run_folder::json::{damaged, json, read_json};
use crate::run_folder::members;
use crate::run_folder::model_file::{self, ModelFile};
use crate::run_folder::seed_folders::seed_folders;
use crate::run_folder::summary::Summary;
use crate::run_folder::weights::Weights;
use crate::set_apart::set_apart;
use crate::tasks::measures::{ClassPredictions, Confusion};
use crate::tasks::{Calibrated, Calibration, Judge, Outputs, Predictor, Purpose, Task, head_size, labelled};

/// A finished run. Its model and its objective live off the autodiff device.
pub struct FinishedRun<M: ModelSettings = ModelConfig, O: ObjectiveSettings = ObjectiveConfig> {
    folder: PathBuf,
    file: ModelFile<M>,
    model: M::Model,
    /// The task, where the probabilities of classes were calibrated.
    calibrated: Option<Calibrated>,
    /// The last stage's objective; of a folder only where that makes, rebuilds or answers sequences, measures itself,
    /// or has a say in what is predicted.
    generator: Option<Generator<M::Model, O>>,
    /// The runs from other seeds, whose answers are averaged with this one's.
    members: Vec<Self>,
    /// Of a run of this very process.
    summary: Option<Summary>,
    data: Option<Arc<Prepared>>,
}

/// A finished run of semiseq's own models and objectives. One of others is opened by `FinishedRun::<M, O>::open`.
pub type SavedRun = FinishedRun<ModelConfig, ObjectiveConfig>;

/// Scores in the units of the data, and the confusion matrix of classes.
pub type Scored = (Scores, Option<Confusion>);

impl<M: ModelSettings, O: ObjectiveSettings> FinishedRun<M, O> {
    /// What a run has learned, before it is scored.
    pub(crate) fn new(
        folder: &Path,
        config: &RunConfig<M, O>,
        model: &M::Model,
        objective: &O::Objective<M::Model>,
        data: Arc<Prepared>,
    ) -> Self {
        let file = ModelFile {
            semiseq: env!("CARGO_PKG_VERSION").into(),
            model: config.model.clone(),
            outputs: model.outputs(),
            purpose: Purpose::of(config),
            processor: data.processor.clone(),
            calibration: None,
            members: 1,
        };
        let last = config.last_stage().map(StageConfig::rebalanced);
        let generator = last.map(|settings| Generator::new(&settings, objective.valid(), &data));
        let folder = folder.to_path_buf();
        Self {
            folder,
            file,
            model: model.valid(),
            calibrated: None,
            generator,
            members: Vec::new(),
            summary: None,
            data: Some(data),
        }
    }

    /// With runs from other seeds, whose answers are averaged with this one's.
    pub(crate) fn with_members(mut self, members: Vec<Self>) -> Self {
        self.file.members = 1 + members.len();
        Self { members, ..self }
    }

    /// With its probabilities calibrated on labels that chose nothing, and whether all of them are finite; given up
    /// where `stop` says so.
    pub(crate) fn calibrated_on(
        mut self,
        config: &CalibrateConfig,
        part: &Dataset,
        stop: &dyn Fn() -> bool,
    ) -> (Self, bool) {
        let outputs = self.outputs_until(part, stop);
        if stop() || !outputs.finite() {
            return (self, false);
        }
        let calibration = Calibration::fit(config, labelled(&outputs, part));
        self.calibrated = Some(Calibrated::new(self.file.purpose.task(), calibration.clone()));
        self.file.calibration = Some(calibration);
        (self, true)
    }

    /// With what the run came to.
    pub(crate) fn with_summary(self, summary: Summary) -> Self {
        Self { summary: Some(summary), ..self }
    }

    /// With the data that it was trained on.
    pub(crate) fn with_data(self, data: Arc<Prepared>) -> Self {
        Self { data: Some(data), ..self }
    }

    /// Loads the model of a run folder onto a device.
    ///
    /// # Errors
    ///
    /// Where the folder holds no finished run, or its files are damaged.
    pub fn open(folder: &Path, device: &Device) -> Result<Self, Error> {
        let path = folder.join(model_file::DESCRIPTION);
        if !path.exists() {
            let seeds = seed_folders(folder);
            if let Some(first) = seeds.first() {
                let names: Vec<String> = seeds.iter().map(|seed| seed.display().to_string()).collect();
                return Err(Error::input(
                    format!("{}: holds runs of several seeds: {}", folder.display(), names.join(", ")),
                    format!("name one of them, such as `{}`", first.display()),
                ));
            }
            let (message, hint) = if folder.join("config.toml").exists() {
                (format!("{}: the run is not finished", folder.display()), "finish it with `train CONFIG --resume`")
            } else {
                (
                    format!("{}: no run folder", folder.display()),
                    "give the folder that `train` printed, for example `runs/quickstart`",
                )
            };
            return Err(Error::input(message, hint));
        }
        let sums = Checksums::read(folder)?;
        let file = ModelFile::<M>::parse::<O>(folder, &path, &sums.file(folder, model_file::DESCRIPTION)?)?;
        let weights_path = folder.join(model_file::WEIGHTS);
        let weights = Weights::parse(&weights_path, sums.file(folder, model_file::WEIGHTS)?)?;
        file.check(&path, &weights)?;
        let device = device.clone().without_autodiff();
        let head = head_size(file.model.kind(), &file.processor);
        let mut model = file.model.init(file.processor.input(), head, &device);
        weights.check_fits(&model, &path)?;
        let mut store = weights.into_store().skip_enum_variants(true);
        model.load_from(&mut store).map_err(|error| damaged(&weights_path, &error.to_string()))?;
        let model = model.valid();
        let generator = Generator::open(folder, &sums, &file.processor, &model, &device)?;
        let Purpose { predictor, scored_by, .. } = file.purpose;
        let asked = matches!(predictor, Predictor::Objective | Predictor::Clusters) || scored_by == Judge::Objective;
        if asked && generator.is_none() {
            return Err(Error::input(
                format!("{}: the last stage's objective is missing, {}", folder.display(), generator::DESCRIPTION),
                "train the run again, or restore the file",
            ));
        }
        let calibrated = file.calibration.clone().map(|calibration| Calibrated::new(file.purpose.task(), calibration));
        let members = (2..=file.members).map(|number| Self::open(&members::folder_of(folder, number), &device));
        let members = members.collect::<Result<Vec<Self>, Error>>()?;
        if let Some(other) = members.iter().find(|member| member.file.processor != file.processor) {
            return Err(damaged(&other.folder.join(model_file::DESCRIPTION), "its preprocessing is not the run's"));
        }
        Ok(Self {
            folder: folder.to_path_buf(),
            file,
            model,
            calibrated,
            generator,
            members,
            summary: None,
            data: None,
        })
    }

    /// Writes the model and, where it is asked anything after training, the last stage's objective.
    ///
    /// # Errors
    ///
    /// Where the disk is full.
    pub(crate) fn write_model(&self) -> Result<(), Error> {
        let bytes = self.weights()?;
        write_atomic(&self.folder.join(model_file::WEIGHTS), &bytes)?;
        write_atomic(&self.folder.join(model_file::DESCRIPTION), &json(&self.file)?)?;
        let judges = self.file.purpose.scored_by == Judge::Objective;
        match self.generator.as_ref().filter(|generator| judges || generator.speaks()) {
            Some(generator) => generator.write(&self.folder),
            None => Ok(()),
        }
    }

    /// The run folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The config that the run was trained with.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub fn config(&self) -> Result<RunConfig<M, O>, Error> {
        RunConfig::read_as(&self.folder.join("config.toml"), &[])
    }

    /// Files that tell of the run (its config, split, metrics and summary) and are no longer what it wrote.
    ///
    /// # Errors
    ///
    /// Where the checksums are damaged.
    pub fn changed_files(&self) -> Result<Vec<String>, Error> {
        Ok(Checksums::read(&self.folder)?.changed(&self.folder, &TOLD))
    }

    /// What the run came to.
    ///
    /// # Errors
    ///
    /// Where `summary.json` cannot be read.
    pub fn summary(&self) -> Result<Summary, Error> {
        match &self.summary {
            Some(summary) => Ok(summary.clone()),
            None => read_json(&self.folder.join("summary.json")),
        }
    }

    /// The data that the run was trained on, split as it was then.
    ///
    /// # Errors
    ///
    /// Where the data is gone or has changed.
    pub fn data(&self) -> Result<Arc<Prepared>, Error> {
        match &self.data {
            Some(data) => Ok(Arc::clone(data)),
            None => self.data_for(self.targets()),
        }
    }

    fn data_for(&self, targets: TargetKind) -> Result<Arc<Prepared>, Error> {
        let config = self.config()?;
        let data = Arc::new(prepare(&config.data, targets)?);
        check_data(&self.folder, &data.split)?;
        set_apart(&config, data)
    }

    /// As [`FinishedRun::data`], with classes for labels where the run itself looked at none.
    ///
    /// # Errors
    ///
    /// As [`FinishedRun::data`], or where there are no classes.
    pub fn labeled_data(&self) -> Result<Arc<Prepared>, Error> {
        if self.targets() == TargetKind::Unsupervised { self.data_for(TargetKind::Classify) } else { self.data() }
    }

    /// How the run reads targets.
    pub fn targets(&self) -> TargetKind {
        self.file.purpose.targets
    }

    /// What the run predicts, calibrated where it is.
    fn task(&self) -> &dyn Task {
        self.calibrated.as_ref().map_or_else(|| self.file.purpose.task(), |calibrated| calibrated as &dyn Task)
    }

    /// What the calibration of its probabilities found, where there was one.
    pub fn calibration(&self) -> Option<&Calibration> {
        self.file.calibration.as_ref()
    }

    /// Distributions over classes beside the truth, of those sequences or steps whose class is known, with the
    /// threshold that decides.
    pub fn class_predictions(&self, outputs: &Outputs, dataset: &Dataset) -> ClassPredictions {
        let threshold = self.calibration().and_then(|calibration| calibration.threshold);
        ClassPredictions { threshold, ..labelled(outputs, dataset) }
    }

    /// What the run predicts, and what it is scored by.
    pub fn purpose(&self) -> Purpose {
        self.file.purpose
    }

    /// Models whose answers are averaged, the first among them.
    pub fn member_count(&self) -> usize {
        1 + self.members.len()
    }

    /// This run, and those whose answers are averaged with its own.
    pub(crate) fn each_member(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.members)
    }

    /// The last stage's objective, where it is kept.
    pub(crate) fn objective(&self) -> Option<&O::Objective<M::Model>> {
        self.generator.as_ref().map(Generator::objective)
    }

    /// The settings that the model was built with.
    pub fn settings(&self) -> &M {
        &self.file.model
    }

    /// Whether layers of the last stage's objective have a say in what is predicted.
    pub fn votes(&self) -> bool {
        self.generator.as_ref().is_some_and(Generator::votes)
    }

    /// The preprocessing.
    pub fn processor(&self) -> &Processor {
        &self.file.processor
    }

    /// The model, off the autodiff device.
    pub fn model(&self) -> &M::Model {
        &self.model
    }
}
