//! What `generate` needs beside the model: the last stage's objective with what it learned, and how long sequences of
//! the training part are and what they begin with.

use std::path::Path;

use burn::module::Module;
use burn::store::{ModuleSnapshot, SafetensorsStore};
use burn::tensor::{Device, TensorData};
use semiseq_datasets::{Dataset, Prepared, Processor, Sequence, Series, evaluation_batches};
use semiseq_models::{Input, InputSize, SequenceModel};
use semiseq_objectives::{Objective, RebalancingConfig, Request, Setting, TargetSize, sequences as upload};
use semiseq_schema::{Scores, mix, problem};
use serde::{Deserialize, Serialize};

use crate::config::limits;
use crate::error::Error;
use crate::files::write_atomic;
use crate::recipe::ObjectiveSettings;
use crate::run_folder::checksums::Checksums;
use crate::run_folder::json::{damaged, parse_json, refuse};
use crate::run_folder::weights::Weights;
use crate::tasks::evaluate::{EVALUATION_BATCH, device_of, measured_until};

/// Sequences that are answered at a time: a beam search follows several for each.
const ANSWER_BATCH: usize = 64;

/// Training sequences whose length and first token are kept.
const KEPT: usize = 1000;

/// Steps of what is made at most, unless `--length` asks for more.
const MOST_STEPS: usize = 100_000;
/// Tokens of an answer's half at most: a search keeps all that it has written, at each step.
const MOST_TOKENS: usize = 10_000;

pub(crate) const WEIGHTS: &str = "generator.safetensors";
pub(crate) const DESCRIPTION: &str = "generator.json";

/// `generator.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct GeneratorFile<O> {
    objective: O,
    /// What stood beside the objective.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rebalancing: Option<RebalancingConfig>,
    classes: usize,
    /// Sequences of the training part, on which the shape of what an objective remembers depends.
    train_size: usize,
    first_word: u32,
    /// What target sequences hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<TargetSize>,
    beginnings: Vec<Beginning>,
}

impl<O: ObjectiveSettings> GeneratorFile<O> {
    fn of(objective: &O, data: &Prepared) -> Self {
        Self {
            objective: objective.clone(),
            rebalancing: objective.rebalancing(),
            classes: data.train.classes.len(),
            train_size: data.train.len(),
            first_word: data.processor.first_word(),
            target: TargetSize::of(data)
                .map(|target| TargetSize { longest: target.longest.min(most_steps(&target)), ..target }),
            beginnings: beginnings(&data.train),
        }
    }

    /// Whether the file can be of a run whose data `processor` prepares.
    ///
    /// # Errors
    ///
    /// Names what cannot be.
    fn check(&self, path: &Path, processor: &Processor) -> Result<(), Error> {
        let mut problems = Vec::new();
        let (name, kind) = (self.objective.name(), self.objective.kind());
        self.objective.check("objective", &mut problems);
        if let Some(method) = &self.rebalancing {
            self.objective.check_rebalancing(method, "stage", &mut problems);
        }
        limits::check("objective", &self.objective, &mut problems);
        let mut note = |key: &str, message: String| problems.push(problem(key, message, None));
        let vocabulary = processor.input().vocabulary();
        if (kind.tokens && vocabulary.is_none()) || (kind.values && vocabulary.is_some()) {
            note("objective", format!("is `{name}`, which makes nothing of such data"));
        }
        if self.classes != processor.classes().len() {
            note("classes", format!("is {}, and the model has {}", self.classes, processor.classes().len()));
        }
        if self.train_size == 0 {
            note("train_size", "must be at least 1, got 0".into());
        }
        if self.first_word != processor.first_word() {
            note("first_word", format!("is {}, and that of the data is {}", self.first_word, processor.first_word()));
        }
        match &self.target {
            None if kind.answers => note("target", "is missing".into()),
            Some(target) => {
                let forecast = processor.forecast();
                let fits = match target.input {
                    InputSize::Tokens(tokens) => processor.target_vocabulary() == Some(tokens),
                    InputSize::Values(_) if kind.transcribes => false,
                    InputSize::Values(values) => forecast.is_some_and(|forecast| {
                        forecast.columns.len() == values && forecast.windows.horizon == target.longest
                    }),
                };
                if !fits {
                    note("target", "is not what the data have".into());
                }
                let most = most_steps(target);
                if !(1..=most).contains(&target.longest) {
                    note("target.longest", format!("must be in 1 to {most}, got {}", target.longest));
                }
            }
            None => {}
        }
        let strange = self.beginnings.iter().position(|beginning| {
            let known = match (beginning.token, vocabulary) {
                (Some(token), Some(vocabulary)) => (token as usize) < vocabulary,
                (None, None) => true,
                _ => false,
            };
            !known || !(1..=MOST_STEPS).contains(&beginning.length)
        });
        if let Some(place) = strange {
            note(&format!("beginnings.{place}"), "is of no sequence of the data".into());
        }
        refuse(path, &problems)
    }
}

/// How a training sequence begins and how long it is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Beginning {
    length: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<u32>,
}

/// What is asked of a generator.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// Samples.
    pub count: usize,
    /// Steps of each; otherwise lengths are those of training sequences.
    pub length: Option<usize>,
    /// The class, where the objective knows classes.
    pub class: Option<usize>,
    /// Divides the logits of tokens.
    pub temperature: f64,
    /// Seeds all draws.
    pub seed: u64,
}

/// What a run without a generator is told.
pub(crate) fn missing(folder: &Path) -> Error {
    Error::input(
        format!("{}: the last stage of this run neither makes samples nor rebuilds sequences", folder.display()),
        "`vae`, `semi-supervised-vae`, `gan`, `semi-supervised-gan` and `language-model` make samples, `vae` and \
         `autoencoder` rebuild; train with one of them as the last stage",
    )
}

fn most_steps(target: &TargetSize) -> usize {
    if matches!(target.input, InputSize::Tokens(_)) { MOST_TOKENS } else { MOST_STEPS }
}

fn beginnings(train: &Dataset) -> Vec<Beginning> {
    let step = train.sequences.len().div_ceil(KEPT).max(1);
    let some = train.sequences.iter().step_by(step).filter(|sequence| !sequence.is_empty());
    some.map(|sequence| Beginning {
        length: sequence.len().min(MOST_STEPS),
        token: if let Sequence::Tokens(tokens) = &*sequence.loaded() { tokens.first().copied() } else { None },
    })
    .collect()
}

/// The last stage's objective, which may make samples, rebuild or answer sequences, or have a say in what is predicted.
pub(crate) struct Generator<M: SequenceModel, O: ObjectiveSettings> {
    file: GeneratorFile<O>,
    objective: O::Objective<M>,
}

impl<M: SequenceModel, O: ObjectiveSettings> Generator<M, O> {
    /// The last stage's objective, off the autodiff device, of a run on these data.
    pub(crate) fn new(settings: &O, objective: O::Objective<M>, data: &Prepared) -> Self {
        Self { file: GeneratorFile::of(settings, data), objective }
    }

    /// Writes both files.
    ///
    /// # Errors
    ///
    /// Where the disk is full.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Error> {
        let failed = |error: String| {
            Error::runtime(
                format!("the last stage's objective cannot be written: {error}"),
                "this is a defect of semiseq; please report it",
            )
        };
        // Burn writes its metadata in the order of a hash map; without it equal weights are equal files.
        let mut store = SafetensorsStore::from_bytes(None).clear_metadata();
        self.objective.save_into(&mut store).map_err(|error| failed(error.to_string()))?;
        let weights = store.get_bytes().map_err(|error| failed(error.to_string()))?;
        let text = serde_json::to_vec(&self.file).map_err(|error| failed(error.to_string()))?;
        write_atomic(&folder.join(WEIGHTS), &weights)?;
        write_atomic(&folder.join(DESCRIPTION), &text)
    }

    /// Loads the objective of a finished run; `None` where it was not kept. `processor` and `model` are the run's.
    ///
    /// # Errors
    ///
    /// Where the files are damaged, or not of this run.
    pub(crate) fn open(
        folder: &Path,
        sums: &Checksums,
        processor: &Processor,
        model: &M,
        device: &Device,
    ) -> Result<Option<Self>, Error> {
        let path = folder.join(DESCRIPTION);
        if !path.exists() && !sums.lists(DESCRIPTION) {
            return Ok(None);
        }
        let mut file: GeneratorFile<O> = parse_json(&path, &sums.file(folder, DESCRIPTION)?)?;
        file.check(&path, processor)?;
        if let Some(method) = &file.rebalancing {
            file.objective = file.objective.rebalanced(method);
        }
        let weights = Weights::parse(&folder.join(WEIGHTS), sums.file(folder, WEIGHTS)?)?;
        weights.check_sizes(&path, "objective", &file.objective)?;
        let counts = vec![1; file.classes];
        // What an objective remembers of each sequence is in its tensors; where it remembers none, their number is
        // nothing to it, and no reason to reserve memory.
        let train_size = file.train_size.min(weights.longest());
        let setting = Setting {
            model,
            train_size,
            class_counts: &counts,
            token_counts: &[],
            target: file.target,
            teachers: &[],
            device,
        };
        let mut objective = file.objective.init(&setting);
        weights.check_fits(&objective, &path)?;
        objective
            .load_from(&mut weights.into_store())
            .map_err(|error| damaged(&folder.join(WEIGHTS), &error.to_string()))?;
        Ok(Some(Self { file, objective: objective.valid() }))
    }

    /// Makes samples, as prepared sequences.
    ///
    /// # Errors
    ///
    /// Where the objective only rebuilds.
    pub(crate) fn make(&self, model: &M, order: &Order) -> Result<Vec<Sequence>, Error> {
        if !self.file.objective.kind().generates {
            return Err(Error::input(
                format!("`{}` makes no samples", self.file.objective.name()),
                "train with `vae`, `semi-supervised-vae`, `gan`, `semi-supervised-gan` or `language-model` as the last \
                 stage",
            ));
        }
        Ok(self.samples(model, order))
    }

    /// Samples; none where the objective makes none.
    fn samples(&self, model: &M, order: &Order) -> Vec<Sequence> {
        let source = &self.file.beginnings;
        if source.is_empty() || order.count == 0 {
            return Vec::new();
        }
        let device = device_of(model);
        let chosen: Vec<Beginning> = (0..order.count)
            .map(|number| source[(mix(order.seed, number as u64) % source.len() as u64) as usize])
            .collect();
        let lengths: Vec<usize> = chosen.iter().map(|beginning| order.length.unwrap_or(beginning.length)).collect();
        let openings: Vec<i32> =
            chosen.iter().filter_map(|beginning| beginning.token.map(|token| token as i32)).collect();
        let request = Request {
            lengths: &lengths,
            openings: &openings,
            class: order.class,
            first_word: self.file.first_word as usize,
            temperature: order.temperature,
            seed: order.seed,
            device: &device,
        };
        self.objective.generate(model, &request).map(|made| sequences(made, &lengths)).unwrap_or_default()
    }

    /// The objective, off the autodiff device.
    pub(crate) fn objective(&self) -> &O::Objective<M> {
        &self.objective
    }

    /// Whether there is something to see: samples, or sequences rebuilt. Others are kept for what they measure.
    pub(crate) fn shows(&self) -> bool {
        self.file.objective.kind().shows
    }

    /// Whether it is asked anything after training, and so has to be kept beside the model.
    pub(crate) fn speaks(&self) -> bool {
        self.file.objective.kind().speaks()
    }

    /// Whether its layers have a say in what is predicted.
    pub(crate) fn votes(&self) -> bool {
        self.file.objective.kind().votes
    }

    /// Whether samples can be asked for by class.
    pub(crate) fn by_class(&self) -> bool {
        self.file.objective.kind().by_class
    }

    /// The sequence that answers each sequence, in the order of the data set; `None` where the objective writes none.
    pub(crate) fn answer(&self, model: &M, dataset: &Dataset) -> Option<Vec<Sequence>> {
        let device = device_of(model);
        let mut answers = vec![Sequence::Tokens(Vec::new()); dataset.len()];
        for mut batch in evaluation_batches(dataset, ANSWER_BATCH) {
            let made = self.objective.answer(model, &upload(&mut batch, &device))?;
            for (index, answer) in batch.indices.iter().zip(made) {
                answers[*index] = answer;
            }
        }
        Some(answers)
    }

    /// Each sequence as it is rebuilt from its vector, in the order of the data set; `None` where the objective
    /// rebuilds none.
    pub(crate) fn rebuild(&self, model: &M, dataset: &Dataset) -> Option<Vec<Sequence>> {
        let device = device_of(model);
        let mut rebuilt = vec![Sequence::Tokens(Vec::new()); dataset.len()];
        for mut batch in evaluation_batches(dataset, EVALUATION_BATCH) {
            let made = self.objective.rebuild(model, &upload(&mut batch, &device))?;
            for (index, sequence) in batch.indices.iter().zip(sequences(made, &batch.lengths)) {
                rebuilt[*index] = sequence;
            }
        }
        Some(rebuilt)
    }

    /// What the objective measures of a data set, under its users' names; given up where `stop` says so.
    pub(crate) fn scores(&self, model: &M, dataset: &Dataset, stop: &dyn Fn() -> bool) -> Scores {
        let values = matches!(model.input_size(), InputSize::Values(_));
        self.file.objective.scores(measured_until(&self.objective, model, dataset, stop), values)
    }

    /// How badly each sequence is rebuilt, in the order of the data set.
    ///
    /// # Errors
    ///
    /// Where the objective rebuilds nothing.
    pub(crate) fn errors(&self, model: &M, dataset: &Dataset) -> Result<Vec<f64>, Error> {
        let Some(rebuilt) = self.rebuild(model, dataset) else {
            return Err(Error::input(
                format!("`{}` rebuilds no sequences", self.file.objective.name()),
                "train with `vae`, or with `autoencoder` and its recurrent decoder, as the last stage",
            ));
        };
        Ok(dataset.sequences.iter().zip(&rebuilt).map(|(real, rebuilt)| error(&real.loaded(), rebuilt)).collect())
    }
}

/// Mean squared error of values, or share of wrong tokens.
fn error(real: &Sequence, rebuilt: &Sequence) -> f64 {
    let sum = |pairs: &mut dyn Iterator<Item = f64>, count: usize| pairs.sum::<f64>() / count.max(1) as f64;
    if let (Some((real, _)), Some((rebuilt, _))) = (real.values(), rebuilt.values()) {
        let mut squares = real.iter().zip(rebuilt).map(|(real, made)| f64::from(real - made).powi(2));
        return sum(&mut squares, real.len());
    }
    match (real, rebuilt) {
        (Sequence::Tokens(real), Sequence::Tokens(rebuilt)) => {
            let mut wrong = real.iter().zip(rebuilt).map(|(real, made)| f64::from(u8::from(real != made)));
            sum(&mut wrong, real.len())
        }
        _ => 0.0,
    }
}

/// Rows of a batch as sequences, each cut to its length.
fn sequences(made: Input, lengths: &[usize]) -> Vec<Sequence> {
    let host = |data: TensorData| data.iter::<f32>().collect::<Vec<f32>>();
    match made {
        Input::Values(values) => {
            let [_, time, channels] = values.dims();
            let values = host(values.into_data());
            let rows = values.chunks((time * channels).max(1)).zip(lengths);
            rows.map(|(row, length)| Sequence::Series(Series { values: row[..length * channels].to_vec(), channels }))
                .collect()
        }
        Input::Tokens(tokens) => {
            let [_, time] = tokens.dims();
            let tokens: Vec<u32> = tokens.into_data().iter::<i64>().map(|token| token as u32).collect();
            let rows = tokens.chunks(time.max(1)).zip(lengths);
            rows.map(|(row, length)| Sequence::Tokens(row[..*length].to_vec())).collect()
        }
    }
}
