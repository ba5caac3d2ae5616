//! A finished run: its model, ready to score, predict and embed.

use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::store::ModuleSnapshot;
use burn::tensor::Device;
use semiseq_analysis::nearest_class;
use semiseq_datasets::{Dataset, Prepared, Processor, Sequence, Target, Task, prepare};
use semiseq_models::{AnyModel, ModelConfig};
use semiseq_schema::{Scores, problem};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::checksums::Checksums;
use crate::config::{RunConfig, limits, read};
use crate::error::Error;
use crate::generator;
use crate::generator::{Generator, Order};
use crate::learner::evaluate::{Outputs, score_in_units, summaries, voted_outputs};
use crate::metrics::Confusion;
use crate::output::report::evidence::Evidence;
use crate::record::{check_data, head_size, parse_json, read_json, refuse};
use crate::summary::Summary;
use crate::task::{Judge, Predictor, Purpose};
use crate::weights::{Weights, damaged};

/// `model.json`: all that `predict` needs beside the weights.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ModelFile {
    pub(crate) semiseq: String,
    pub(crate) model: ModelConfig,
    pub(crate) outputs: usize,
    pub(crate) purpose: Purpose,
    pub(crate) processor: Processor,
}

impl ModelFile {
    /// From the text of `model.json`. An earlier version left the purpose to be derived each time.
    fn parse(folder: &Path, path: &Path, text: &[u8]) -> Result<Self, Error> {
        let mut fields: Map<String, Value> = parse_json(path, text)?;
        if !fields.contains_key("purpose") {
            let purpose = Purpose::of(&read(&folder.join("config.toml"), &[])?);
            let purpose = serde_json::to_value(purpose).map_err(|error| damaged(path, &error.to_string()))?;
            fields.insert("purpose".into(), purpose);
        }
        serde_json::from_value(Value::Object(fields)).map_err(|error| damaged(path, &error.to_string()))
    }

    /// Whether the settings are such as a config may hold, and fit each other and the tensors.
    ///
    /// # Errors
    ///
    /// Names what cannot be.
    fn check(&self, path: &Path, weights: &Weights) -> Result<(), Error> {
        let mut problems = Vec::new();
        self.model.check("model", &mut problems);
        limits::check("model", &self.model, &mut problems);
        self.processor.check("processor", &mut problems);
        let classes = self.processor.classes().len().max(2);
        let wanted = match &self.model {
            ModelConfig::Regressor(_) => Some(1),
            ModelConfig::Classifier(config) if config.sigmoid() => Some(1),
            ModelConfig::Forecaster(_) => self
                .processor
                .forecast()
                .and_then(|forecast| forecast.columns.len().checked_mul(forecast.windows.horizon)),
            _ => Some(classes),
        };
        if wanted != Some(self.outputs) {
            let wanted = wanted.map_or("no forecast".into(), |wanted| format!("{wanted}"));
            problems.push(problem("outputs", format!("is {}, and the data ask for {wanted}", self.outputs), None));
        }
        let Purpose { task, predictor, .. } = self.purpose;
        let fits = match &self.model {
            _ if task == Task::Unsupervised => true,
            ModelConfig::Forecaster(_) => task == Task::Forecast,
            _ if task == Task::SequenceToSequence => predictor == Predictor::Objective,
            ModelConfig::Tagger(_) => task == Task::Tag,
            ModelConfig::Regressor(_) => task == Task::Regress,
            _ => task == Task::Classify,
        };
        if !fits {
            problems.push(problem("purpose", format!("is none of a {}", self.model.name()), None));
        }
        refuse(path, &problems)?;
        weights.check_sizes(path, "model", &self.model)?;
        weights.check_sizes(path, "processor.input", &self.processor.input())?;
        weights.check_sizes(path, "outputs", &self.outputs)
    }
}

/// A finished run.
pub struct SavedRun {
    folder: PathBuf,
    file: ModelFile,
    model: AnyModel,
    /// The last stage's objective, where that makes, rebuilds or answers sequences, or has a say in what is predicted.
    generator: Option<Generator>,
}

impl SavedRun {
    /// Loads the model of a run folder onto a device.
    ///
    /// # Errors
    ///
    /// Where the folder holds no finished run, or its files are damaged.
    pub fn open(folder: &Path, device: &Device) -> Result<Self, Error> {
        if !folder.join("model.json").exists() {
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
        let path = folder.join("model.json");
        let file = ModelFile::parse(folder, &path, &sums.file(folder, "model.json")?)?;
        let weights_path = folder.join("model.safetensors");
        let weights = Weights::parse(&weights_path, sums.file(folder, "model.safetensors")?)?;
        file.check(&path, &weights)?;
        let device = device.clone().without_autodiff();
        let head = head_size(&file.model, &file.processor, file.outputs);
        let mut model = file.model.init(file.processor.input(), head, &device);
        weights.check_fits(&model, &path)?;
        let mut store = weights.into_store().skip_enum_variants(true);
        model.load_from(&mut store).map_err(|error| damaged(&weights_path, &error.to_string()))?;
        let model = model.valid();
        let generator = Generator::open(folder, &sums, &file.processor, &model, &device)?;
        let Purpose { predictor, scored_by, .. } = file.purpose;
        if (predictor == Predictor::Objective || scored_by == Judge::Objective) && generator.is_none() {
            return Err(Error::input(
                format!("{}: the last stage's objective is missing, {}", folder.display(), generator::DESCRIPTION),
                "train the run again, or restore the file",
            ));
        }
        Ok(Self { folder: folder.to_path_buf(), file, model, generator })
    }

    /// The config that the run was trained with.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub fn config(&self) -> Result<RunConfig, Error> {
        read(&self.folder.join("config.toml"), &[])
    }

    /// The data that the run was trained on, split as it was then.
    ///
    /// # Errors
    ///
    /// Where the data is gone or has changed.
    pub fn data(&self) -> Result<Prepared, Error> {
        self.data_for(self.task())
    }

    fn data_for(&self, task: Task) -> Result<Prepared, Error> {
        let data = prepare(&self.config()?.data, task)?;
        check_data(&self.folder, &data.split)?;
        Ok(data)
    }

    /// As [`SavedRun::data`], with classes for labels where the run itself looked at none.
    ///
    /// # Errors
    ///
    /// As [`SavedRun::data`], or where there are no classes.
    pub fn labeled_data(&self) -> Result<Prepared, Error> {
        let task = if self.task() == Task::Unsupervised { Task::Classify } else { self.task() };
        self.data_for(task)
    }

    /// How the run reads targets.
    pub fn task(&self) -> Task {
        self.file.purpose.task
    }

    /// What the run predicts, and what it is scored by.
    pub fn purpose(&self) -> Purpose {
        self.file.purpose
    }

    /// The preprocessing.
    pub fn processor(&self) -> &Processor {
        &self.file.processor
    }

    /// The model, off the autodiff device.
    pub fn model(&self) -> &AnyModel {
        &self.model
    }

    /// Whether there is something to predict with.
    ///
    /// # Errors
    ///
    /// Where no stage trained the model's head.
    pub fn check_predicts(&self) -> Result<(), Error> {
        match self.file.purpose.predictor {
            Predictor::Head | Predictor::Objective => Ok(()),
            Predictor::Nothing => Err(Error::input(
                format!(
                    "{}: no stage of this run trained the head of `[model.{}]`, so there is nothing to predict with",
                    self.folder.display(),
                    self.file.model.name()
                ),
                "`embed` gives the encoder's vectors, `eval` what the objective measures; to predict, add a stage with labels \
                 and a `[model.classifier]`",
            )),
        }
    }

    /// What the run predicts for prepared sequences, in their order; numbers and forecasts in the units of the data.
    ///
    /// # Errors
    ///
    /// Where no stage trained the model's head, or a prediction is no number.
    pub fn predict(&self, dataset: &Dataset) -> Result<Outputs, Error> {
        self.check_predicts()?;
        let outputs = self.outputs(dataset);
        if outputs.finite() {
            return Ok(outputs.in_units(&self.file.processor));
        }
        Err(Error::runtime(
            format!("{}: what the model predicts of {} is not finite", self.folder.display(), dataset.name),
            "look for values far out of range with `data check`, and train with a lower learning rate if there are none",
        ))
    }

    /// The same in the units of prepared targets.
    fn outputs(&self, dataset: &Dataset) -> Outputs {
        let Some(answering) = self.answering() else {
            let objective = self.generator.as_ref().map(Generator::objective);
            return voted_outputs(objective, &self.model, dataset, self.file.purpose.kind());
        };
        let answers = answering.answer(&self.model, dataset, &self.device());
        if self.task() == Task::Forecast {
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

    /// Scores against the targets of a prepared data set: of numbers in the units of the data, of forecasts in those of the
    /// prepared series.
    pub fn score(&self, dataset: &Dataset) -> (Scores, Option<Confusion>) {
        let judges = self.file.purpose.scored_by == Judge::Objective;
        if let Some(generator) = self.generator.as_ref().filter(|_| judges) {
            return (generator.scores(&self.model, dataset), None);
        }
        let (mut scores, confusion) = score_in_units(&self.outputs(dataset), dataset, &self.file.processor);
        if matches!(self.task(), Task::Regress | Task::Forecast) {
            scores.remove("loss");
        }
        (scores, confusion)
    }

    /// What the run came to.
    ///
    /// # Errors
    ///
    /// Where `summary.json` cannot be read.
    pub fn summary(&self) -> Result<Summary, Error> {
        read_json(&self.folder.join("summary.json"))
    }

    /// What a report shows beside the scores.
    pub fn evidence(&self, data: &Prepared) -> Evidence {
        let seed = self.config().map_or(0, |config| config.seed);
        let shown = self.generator.as_ref().map(|generator| generator.show(&self.model, data, seed));
        let shown = shown.unwrap_or_default();
        let objective = self.generator.as_ref().map(Generator::objective);
        Evidence::gather(objective, &self.model, data, self.file.purpose.shown_kind(), seed)
            .with(shown, &data.processor)
    }

    /// Samples of the run's last stage, as sequences in the model's units.
    ///
    /// # Errors
    ///
    /// Where that stage makes no samples.
    pub fn generate(&self, order: &Order) -> Result<Vec<Sequence>, Error> {
        self.generator()?.make(&self.model, order, &self.device())
    }

    /// How badly each prepared sequence is rebuilt from its vector: the mean squared error of values, or the share of wrong
    /// words.
    ///
    /// # Errors
    ///
    /// Where the run's last stage rebuilds nothing.
    pub fn reconstruction_errors(&self, dataset: &Dataset) -> Result<Vec<f64>, Error> {
        self.generator()?.errors(&self.model, dataset, &self.device())
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

    fn generator(&self) -> Result<&Generator, Error> {
        let shows = self.generator.as_ref().filter(|generator| generator.shows());
        shows.ok_or_else(|| generator::missing(&self.folder))
    }

    /// The last stage's objective, where that writes a sequence for a sequence.
    fn answering(&self) -> Option<&Generator> {
        let answers = self.file.purpose.predictor == Predictor::Objective;
        self.generator.as_ref().filter(|_| answers)
    }

    fn device(&self) -> Device {
        self.model.devices().into_iter().next().unwrap_or_default()
    }

    /// Whether samples can be asked for by class.
    pub fn generates_by_class(&self) -> bool {
        let stage = self.config().ok().and_then(|config| config.last_stage().cloned());
        stage.is_some_and(|stage| stage.objective.kind().by_class)
    }

    /// The pooled vector of each prepared sequence.
    pub fn embed(&self, dataset: &Dataset) -> Vec<Vec<f64>> {
        summaries(&self.model, dataset)
    }
}
