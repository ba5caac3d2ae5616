//! A finished run: what training hands back, and what a run folder is opened as. Scores, predictions, samples and the
//! material of a report are asked of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::module::Module;
use burn::store::ModuleSnapshot;
use burn::tensor::Device;
use semiseq_analysis::nearest_class;
use semiseq_datasets::{Batch, Dataset, Prepared, Processor, Sequence, Target, TargetKind, prepare};
use semiseq_models::{ModelConfig, SequenceModel, State};
use semiseq_objectives::{ObjectiveConfig, sequences as upload};
use semiseq_schema::Scores;

use crate::attribution::{Asked, normalised};
use crate::config::{CalibrateConfig, RunConfig, StageConfig};
use crate::error::Error;
use crate::files::write_atomic;
use crate::recipe::{ModelSettings, ObjectiveSettings};
use crate::run_folder::checksums::{Checksums, TOLD};
use crate::run_folder::data_check::check_data;
use crate::run_folder::generator::{self, Generator, Order};
use crate::run_folder::json::{damaged, json, read_json};
use crate::run_folder::members;
use crate::run_folder::model_file::{self, ModelFile};
use crate::run_folder::seed_folders::seed_folders;
use crate::run_folder::summary::Summary;
use crate::run_folder::weights::Weights;
use crate::set_apart::set_apart;
use crate::tasks::evaluate::{device_of, pooled, score, states, voted_outputs_until};
use crate::tasks::measures::{ClassPredictions, Confusion};
use crate::tasks::{
    Calibrated, Calibration, Evaluation, Judge, Outputs, Prediction, Predictor, Purpose, Task, further, head_size,
    intervals, labelled,
};

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

    /// Whether there is something to predict with.
    ///
    /// # Errors
    ///
    /// Where no stage trained the model's head.
    pub fn check_predicts(&self) -> Result<(), Error> {
        match self.file.purpose.predictor {
            Predictor::Head | Predictor::Objective | Predictor::Clusters => Ok(()),
            Predictor::Nothing => Err(Error::input(
                format!(
                    "{}: no stage of this run trained the head of `[model.{}]`, so there is nothing to predict with",
                    self.folder.display(),
                    self.file.model.name()
                ),
                "`embed` gives the encoder's vectors, `eval` what the objective measures; to predict, add a stage with \
                 labels and a `[model.classifier]`",
            )),
        }
    }

    /// What the run predicts of prepared sequences, in their order; numbers and forecasts in the units of the data.
    ///
    /// # Errors
    ///
    /// Where no stage trained the model's head, or a prediction is no number.
    pub fn predict(&self, dataset: &Dataset) -> Result<Outputs, Error> {
        self.check_predicts()?;
        self.finite_in_units(self.outputs_until(dataset, &|| false), dataset)
    }

    /// Outputs in the units of the data.
    ///
    /// # Errors
    ///
    /// Where one of them is no number.
    pub(crate) fn finite_in_units(&self, outputs: Outputs, dataset: &Dataset) -> Result<Outputs, Error> {
        if outputs.finite() {
            return Ok(self.task().in_units(outputs, &self.file.processor));
        }
        Err(Error::runtime(
            format!("{}: what the model predicts of {} is not finite", self.folder.display(), dataset.name),
            "look for values far out of range with `data check`, and train with a lower learning rate if there are \
             none",
        ))
    }

    /// What the run predicts of one sequence as it was read: the class with all probabilities, a number or a forecast
    /// in the units of the data, or the text of an answer.
    ///
    /// # Errors
    ///
    /// As [`FinishedRun::predict`], or where the sequence is none that the run can read.
    pub fn predict_one(&self, sequence: Sequence) -> Result<Prediction, Error> {
        let raw = Dataset { sequences: vec![sequence], targets: vec![Target::Missing], ..Dataset::default() };
        let outputs = self.predict(&self.processor().apply(raw)?)?;
        Ok(self.prediction(&outputs, 0))
    }

    /// What a tagger says of each step of a sequence as it was read that goes on where an earlier one ended: from the
    /// states that that left, and with those after it.
    ///
    /// # Errors
    ///
    /// As [`FinishedRun::predict_one`], or where the model carries no states, or a step's preparation depends on
    /// others.
    pub fn predict_on(
        &self,
        sequence: Sequence,
        states: Option<Vec<State>>,
    ) -> Result<(Prediction, Vec<State>), Error> {
        self.check_predicts()?;
        let carries_none = |why: &str| {
            Err(Error::input(format!("{}: {why}", self.folder.display()), "give whole sequences, without a session"))
        };
        if !self.members.is_empty() {
            return carries_none("the members of an ensemble each have states of their own");
        }
        if self.targets() != TargetKind::Tag || !self.processor().keeps_steps() {
            return carries_none("this run does not tell of a step what it is by that and the earlier ones alone");
        }
        if self.model.crf().is_some() {
            return carries_none("its tags are decided over a whole sequence (`output = \"crf\"`)");
        }
        let raw = Dataset { sequences: vec![sequence], targets: vec![Target::Missing], ..Dataset::default() };
        let data = self.processor().apply(raw)?;
        let mut batch = Batch::of(&data.sequences);
        let read = upload(&mut batch, &device_of(&self.model));
        let Some((logits, states)) = self.model.forward_from(read, states) else {
            return carries_none("its encoder carries no state from one sequence to the next, or reads backwards too");
        };
        let task = self.file.purpose.task();
        let mut outputs = task.outputs(1, self.model.numbers());
        task.take(&mut outputs, &batch, logits);
        match outputs.finite() {
            true => Ok((self.prediction(&outputs, 0), states)),
            false => Err(Error::runtime("what the model predicts is not finite", "look at the values of the sequence")),
        }
    }

    /// One of the outputs of [`FinishedRun::predict`], in words.
    pub fn prediction(&self, outputs: &Outputs, index: usize) -> Prediction {
        self.task().prediction(outputs, index, &self.file.processor)
    }

    /// What the run says of prepared sequences, in the units of prepared targets; given up where `stop` says so. Of an
    /// ensemble it is the mean of what its members say, and then calibrated.
    pub fn outputs_until(&self, dataset: &Dataset, stop: &dyn Fn() -> bool) -> Outputs {
        if self.members.is_empty() {
            return self.own_outputs(dataset, self.task(), stop);
        }
        let all = self.each_member();
        self.mean_of(all.map(|member| member.own_outputs(dataset, member.file.purpose.task(), stop)).collect())
    }

    /// The mean of what several models or passes say, before calibration, and then calibrated.
    pub(crate) fn mean_of(&self, all: Vec<Outputs>) -> Outputs {
        let mean = Outputs::mean(all);
        match self.calibration() {
            Some(calibration) => mean.with_distributions(|row| calibration.tempered(row)),
            None => mean,
        }
    }

    /// What mattered to a class of each prepared sequence: for each step gradient × input of the class's logit, of
    /// which the strongest is 1 or -1, above 0 where the step speaks for the class. The members of an ensemble add up.
    /// `None` where the model's head alone does not say a class of the whole sequence.
    pub fn attributions(&self, sequences: &[Sequence], classes: &[usize]) -> Option<Vec<Vec<f64>>> {
        let says = self.targets() == TargetKind::Classify && self.file.purpose.predictor == Predictor::Head;
        if !says || self.votes() {
            return None;
        }
        let all: Vec<Asked<M::Model>> =
            std::iter::once(self).chain(&self.members).map(|member| Asked::new(&member.model)).collect();
        let one = |(sequence, class): (&Sequence, &usize)| {
            let mut sum = vec![0.0; sequence.len()];
            for asked in &all {
                let shares = asked.attributions(sequence, *class);
                sum.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share);
            }
            normalised(sum)
        };
        Some(sequences.iter().zip(classes).map(one).collect())
    }

    /// What this model says, without other members.
    pub(crate) fn own_outputs(&self, dataset: &Dataset, task: &dyn Task, stop: &dyn Fn() -> bool) -> Outputs {
        let answers = match self.file.purpose.predictor {
            Predictor::Objective => self.answers(dataset),
            Predictor::Head | Predictor::Clusters | Predictor::Nothing => None,
        };
        let Some(answers) = answers else {
            let objective = self.generator.as_ref().map(Generator::objective);
            return voted_outputs_until(objective, &self.model, dataset, task, stop);
        };
        if self.targets() == TargetKind::Forecast {
            let values = answers.into_iter().map(|answer| match answer {
                Sequence::Series(series) => series.values.into_iter().map(f64::from).collect(),
                _ => Vec::new(),
            });
            return Outputs::Forecasts(values.collect());
        }
        let tokens = answers.into_iter().map(|answer| match answer {
            Sequence::Tokens(tokens) => tokens,
            _ => Vec::new(),
        });
        Outputs::Answers(tokens.collect())
    }

    /// Scores against the targets of a prepared data set: of numbers in the units of the data, of forecasts in those of
    /// the prepared series.
    pub fn score(&self, dataset: &Dataset) -> Scored {
        self.score_until(dataset, &|| false).0
    }

    /// As [`FinishedRun::score`], and whether all outputs are finite; given up where `stop` says so.
    pub(crate) fn score_until(&self, dataset: &Dataset, stop: &dyn Fn() -> bool) -> (Scored, bool) {
        let judges = self.file.purpose.scored_by == Judge::Objective;
        if let Some(generator) = self.generator.as_ref().filter(|_| judges) {
            return ((generator.scores(&self.model, dataset, stop), None), true);
        }
        let outputs = self.outputs_until(dataset, stop);
        if stop() {
            return (Scored::default(), false);
        }
        (scored(self.task(), &outputs, dataset, &self.file.processor), outputs.finite())
    }

    /// As [`FinishedRun::score`], with 95 % intervals and each class by itself.
    pub fn evaluate(&self, dataset: &Dataset) -> Evaluation {
        self.evaluate_until(dataset, &|| false).0
    }

    /// As [`FinishedRun::evaluate`], and whether all outputs are finite; given up where `stop` says so.
    pub(crate) fn evaluate_until(&self, dataset: &Dataset, stop: &dyn Fn() -> bool) -> (Evaluation, bool) {
        if self.file.purpose.scored_by == Judge::Objective {
            let ((scores, confusion), finite) = self.score_until(dataset, stop);
            return (Evaluation { scores, confusion, ..Evaluation::default() }, finite);
        }
        let outputs = self.outputs_until(dataset, stop);
        if stop() {
            return (Evaluation::default(), false);
        }
        let (scores, confusion) = scored(self.task(), &outputs, dataset, &self.file.processor);
        let finite = outputs.finite();
        if !finite {
            return (Evaluation { scores, confusion, ..Evaluation::default() }, finite);
        }
        let (mut intervals, classes) = intervals(self.task(), &outputs, dataset, &self.file.processor);
        intervals.retain(|name, _| scores.contains_key(name));
        (Evaluation { scores, intervals, classes, confusion }, finite)
    }

    /// Samples of the run's last stage, as sequences in the model's units.
    ///
    /// # Errors
    ///
    /// Where that stage makes no samples.
    pub fn generate(&self, order: &Order) -> Result<Vec<Sequence>, Error> {
        self.maker()?.make(&self.model, order)
    }

    /// The sequence that answers each prepared sequence; `None` where the run's last stage writes none.
    pub fn answers(&self, dataset: &Dataset) -> Option<Vec<Sequence>> {
        self.generator.as_ref()?.answer(&self.model, dataset)
    }

    /// Each prepared sequence as it is rebuilt from its vector alone; `None` where the run's last stage rebuilds none.
    pub fn rebuilt(&self, dataset: &Dataset) -> Option<Vec<Sequence>> {
        self.maker().ok()?.rebuild(&self.model, dataset)
    }

    /// How badly each prepared sequence is rebuilt from its vector: the mean squared error of values, or the share of
    /// wrong words.
    ///
    /// # Errors
    ///
    /// Where the run's last stage rebuilds nothing.
    pub fn reconstruction_errors(&self, dataset: &Dataset) -> Result<Vec<f64>, Error> {
        self.maker()?.errors(&self.model, dataset)
    }

    /// Accuracy on the test part of the class of the `k` nearest labelled training sequences, by their vectors.
    ///
    /// # Errors
    ///
    /// Where there are no classes, or fewer vectors than that takes.
    pub fn nearest_accuracy(&self, data: &Prepared, k: usize) -> Result<f64, Error> {
        let wrong =
            |message: String| Error::input(message, "it needs a class for each sequence, and labelled sequences");
        let of_class = |dataset: &Dataset| -> (Vec<usize>, Vec<usize>) {
            let classes = dataset.targets.iter().enumerate();
            let classes = classes.filter_map(|(row, target)| match target {
                Target::Class(class) => Some((row, *class)),
                _ => None,
            });
            classes.unzip()
        };
        let labeled = data.train.select(&data.labeled);
        let (rows, classes) = of_class(&labeled);
        let (test_rows, truth) = of_class(&data.test);
        if rows.is_empty() || truth.is_empty() {
            return Err(wrong("there are no labelled sequences to be near to, or none to test".into()));
        }
        let known = self.embed(&labeled.select(&rows));
        let found = nearest_class(&known, &classes, &self.embed(&data.test.select(&test_rows)), k)
            .map_err(|error| wrong(error.to_string()))?;
        let right = found.iter().zip(&truth).filter(|(found, truth)| found == truth).count();
        Ok(right as f64 / truth.len() as f64)
    }

    /// The last stage's objective, where there is something to see of it.
    fn maker(&self) -> Result<&Generator<M::Model, O>, Error> {
        let shows = self.generator.as_ref().filter(|generator| generator.shows());
        shows.ok_or_else(|| generator::missing(&self.folder))
    }

    /// Whether samples can be asked for by class.
    pub fn generates_by_class(&self) -> bool {
        self.generator.as_ref().is_some_and(|generator| generator.by_class())
    }

    /// The pooled representation of each prepared sequence.
    pub fn embed(&self, dataset: &Dataset) -> Vec<Vec<f64>> {
        pooled(&self.model, dataset)
    }

    /// Values of the vector of a step, and of the pooled representation.
    pub fn width(&self) -> usize {
        self.model.pooled_size()
    }

    /// The encoder's vector of each step of each prepared sequence, `[sequences][time][width]`. `None` where the
    /// encoder reads a sequence at once and has none.
    pub fn states(&self, dataset: &Dataset) -> Option<Vec<Vec<Vec<f64>>>> {
        self.model.image().is_none().then(|| states(&self.model, dataset))
    }
}

/// Scores of outputs as a finished run tells them.
pub(crate) fn scored(task: &dyn Task, outputs: &Outputs, dataset: &Dataset, processor: &Processor) -> Scored {
    let (mut scores, confusion) = score(task, outputs, dataset, processor);
    let more = further(task, outputs, dataset, processor, &|name| !scores.contains_key(name));
    scores.extend(more);
    if !task.tells_loss() {
        scores.remove("loss");
    }
    (scores, confusion)
}
