//! What `generate` needs beside the model: the last stage's objective with what it learned, and how long sequences of the
//! training part are and what they begin with.

use std::path::Path;

use burn::module::Module;
use burn::store::{ModuleSnapshot, SafetensorsStore};
use burn::tensor::{Device, TensorData};
use semiseq_datasets::{Batch, Dataset, Prepared, Processor, Sequence, Series, Target, evaluation_batches};
use semiseq_models::{AnyModel, Input, InputSize, SequenceModel};
use semiseq_objectives::{AnyObjective, Objective, ObjectiveConfig, Request, Setting, TargetSize, sequences as upload};
use semiseq_schema::{Scores, mix, problem};
use serde::{Deserialize, Serialize};

use crate::checksums::Checksums;
use crate::config::limits;
use crate::error::Error;
use crate::learner::evaluate::{EVALUATION_BATCH, measured};
use crate::output::files::write_atomic;
use crate::output::pictures::of_one_size;
use crate::record::{parse_json, refuse};
use crate::weights::{Weights, damaged};

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
struct GeneratorFile {
    objective: ObjectiveConfig,
    classes: usize,
    /// Sequences of the training part, on which the shape of what an objective remembers depends.
    train_size: usize,
    first_word: u32,
    /// What target sequences hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<TargetSize>,
    beginnings: Vec<Beginning>,
}

impl GeneratorFile {
    fn of(objective: &ObjectiveConfig, data: &Prepared) -> Self {
        Self {
            objective: objective.clone(),
            classes: data.train.classes.len(),
            train_size: data.train.len(),
            first_word: data.processor.first_word(),
            target: TargetSize::of(data)
                .map(|target| TargetSize { longest: target.longest.min(most_steps(&target)), ..target }),
            beginnings: beginnings(&data.train),
        }
    }
}

impl GeneratorFile {
    /// Whether the file can be of a run whose data `processor` prepares.
    ///
    /// # Errors
    ///
    /// Names what cannot be.
    fn check(&self, path: &Path, processor: &Processor) -> Result<(), Error> {
        let mut problems = Vec::new();
        let (name, kind) = (self.objective.name(), self.objective.kind());
        self.objective.check(&format!("objective.{name}"), &mut problems);
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

/// What an objective makes, for people to see.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    /// Test sequences, and what is made of their vectors.
    pub(crate) rebuilt: Vec<(Sequence, Sequence)>,
    /// Test sequences, what should answer them, and what does.
    pub(crate) answered: Vec<[Sequence; 3]>,
    /// Samples from noise.
    pub(crate) made: Vec<Sequence>,
    /// Test sequences to hold them against.
    pub(crate) real: Vec<Sequence>,
}

/// Sequences of each kind that a report shows.
pub(crate) const SHOWN: usize = 8;
/// And a PNG, where they are pictures.
const PICTURED: usize = 40;

/// Asks an objective for samples and for rebuilt sequences of the test part. Both modules live off the autodiff device.
pub(crate) fn show(
    config: &ObjectiveConfig,
    objective: &AnyObjective<AnyModel>,
    model: &AnyModel,
    data: &Prepared,
    seed: u64,
) -> Shown {
    // What is shown has values of its own.
    let first: Vec<Sequence> = data.test.sequences.iter().take(1).cloned().map(Sequence::owned).collect();
    let pictures = !of_one_size(&first).is_empty();
    let count = data.test.len().min(if pictures { PICTURED } else { SHOWN });
    let Some(device) = model.devices().into_iter().next().filter(|_| count > 0) else { return Shown::default() };
    let chosen: Vec<usize> = (0..count).map(|place| place * data.test.len() / count).collect();
    let real: Vec<Sequence> = data.test.select(&chosen).sequences.into_iter().map(Sequence::owned).collect();
    let mut shown = Shown::default();
    let batch = Batch::collate(&data.test, &chosen, &real);
    let lengths: Vec<usize> = real.iter().map(Sequence::len).collect();
    if let Some(rebuilt) = objective.rebuild(model, &upload(&batch, &device)) {
        shown.rebuilt = real.iter().cloned().zip(sequences(rebuilt, &lengths)).collect();
    }
    if let Some(answers) = objective.answer(model, &upload(&batch, &device)) {
        let pairs = real.iter().zip(&batch.targets).zip(answers);
        shown.answered = pairs
            .filter_map(|((source, target), answer)| match target {
                Target::Sequence(truth) => Some([source.clone(), truth.clone().owned(), answer]),
                _ => None,
            })
            .collect();
    }
    let generator = GeneratorFile::of(config, data);
    let order = Order { count, length: None, class: None, temperature: 1.0, seed };
    shown.made = make(&generator, objective, model, &order, &device);
    if !shown.made.is_empty() {
        shown.real = real;
    }
    shown
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

/// A trained objective that makes samples.
pub struct Generator {
    file: GeneratorFile,
    objective: AnyObjective<AnyModel>,
}

/// The weights of an objective, as safetensors.
pub(crate) fn weights(objective: &AnyObjective<AnyModel>) -> Result<Vec<u8>, Error> {
    // Burn writes its metadata in the order of a hash map; without it equal weights are equal files.
    let mut store = SafetensorsStore::from_bytes(None).clear_metadata();
    let failed = |error: String| {
        Error::runtime(
            format!("the generator cannot be written as safetensors: {error}"),
            "this is a defect of semiseq; please report it",
        )
    };
    objective.valid().save_into(&mut store).map_err(|error| failed(error.to_string()))?;
    Ok(store.get_bytes().map_err(|error| failed(error.to_string()))?.to_vec())
}

/// Writes both files.
pub(crate) fn write(folder: &Path, objective: &ObjectiveConfig, weights: &[u8], data: &Prepared) -> Result<(), Error> {
    let file = GeneratorFile::of(objective, data);
    let text = serde_json::to_vec(&file).map_err(|error| {
        Error::runtime(
            format!("the generator cannot be written: {error}"),
            "this is a defect of semiseq; please report it",
        )
    })?;
    write_atomic(&folder.join(WEIGHTS), weights)?;
    write_atomic(&folder.join(DESCRIPTION), &text)
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
        token: if let Sequence::Tokens(tokens) = sequence { tokens.first().copied() } else { None },
    })
    .collect()
}

impl Generator {
    /// Loads the generator of a finished run; `None` where its last stage has none. `processor` and `model` are the run's.
    ///
    /// # Errors
    ///
    /// Where the files are damaged, or not of this run.
    pub(crate) fn open(
        folder: &Path,
        sums: &Checksums,
        processor: &Processor,
        model: &AnyModel,
        device: &Device,
    ) -> Result<Option<Self>, Error> {
        let path = folder.join(DESCRIPTION);
        if !path.exists() && !sums.lists(DESCRIPTION) {
            return Ok(None);
        }
        let file: GeneratorFile = parse_json(&path, &sums.file(folder, DESCRIPTION)?)?;
        file.check(&path, processor)?;
        let weights = Weights::parse(&folder.join(WEIGHTS), sums.file(folder, WEIGHTS)?)?;
        weights.check_sizes(&path, "objective", &file.objective)?;
        let counts = vec![1; file.classes];
        // What an objective remembers of each sequence is in its tensors; where it remembers none, their number is nothing to
        // it, and no reason to reserve memory.
        let train_size = file.train_size.min(weights.longest());
        let setting = Setting { model, train_size, class_counts: &counts, target: file.target, device };
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
    pub(crate) fn make(&self, model: &AnyModel, order: &Order, device: &Device) -> Result<Vec<Sequence>, Error> {
        if !self.file.objective.kind().generates {
            return Err(Error::input(
                format!("`{}` makes no samples", self.file.objective.name()),
                "train with `vae`, `semi-supervised-vae`, `gan`, `semi-supervised-gan` or `language-model` as the last stage",
            ));
        }
        Ok(make(&self.file, &self.objective, model, order, device))
    }

    /// The objective, off the autodiff device.
    pub(crate) fn objective(&self) -> &AnyObjective<AnyModel> {
        &self.objective
    }

    /// Whether there is something to see: samples, or sequences rebuilt. Others are kept for what they measure.
    pub(crate) fn shows(&self) -> bool {
        self.file.objective.kind().shows
    }

    /// The sequence that answers each sequence, in the order of the data set; empty where the objective writes none.
    pub(crate) fn answer(&self, model: &AnyModel, dataset: &Dataset, device: &Device) -> Vec<Sequence> {
        let mut answers = vec![Sequence::Tokens(Vec::new()); dataset.len()];
        for batch in evaluation_batches(dataset, ANSWER_BATCH) {
            let made = self.objective.answer(model, &upload(&batch, device)).unwrap_or_default();
            for (index, answer) in batch.indices.iter().zip(made) {
                answers[*index] = answer;
            }
        }
        answers
    }

    /// What the objective measures of a data set, under its users' names.
    pub(crate) fn scores(&self, model: &AnyModel, dataset: &Dataset) -> Scores {
        let values = matches!(model.input_size(), InputSize::Values(_));
        self.file.objective.scores(measured(&self.objective, model, dataset), values)
    }

    /// How badly each sequence is rebuilt, in the order of the data set.
    ///
    /// # Errors
    ///
    /// Where the objective rebuilds nothing.
    pub(crate) fn errors(&self, model: &AnyModel, dataset: &Dataset, device: &Device) -> Result<Vec<f64>, Error> {
        let mut errors = vec![0.0; dataset.len()];
        for batch in evaluation_batches(dataset, EVALUATION_BATCH) {
            let Some(made) = self.objective.rebuild(model, &upload(&batch, device)) else {
                return Err(Error::input(
                    format!("`{}` rebuilds no sequences", self.file.objective.name()),
                    "train with `vae`, or with `autoencoder` and its recurrent decoder, as the last stage",
                ));
            };
            for (index, rebuilt) in batch.indices.iter().zip(sequences(made, &batch.lengths)) {
                errors[*index] = error(&dataset.sequences[*index], &rebuilt);
            }
        }
        Ok(errors)
    }

    /// See [`show`].
    pub(crate) fn show(&self, model: &AnyModel, data: &Prepared, seed: u64) -> Shown {
        show(&self.file.objective, &self.objective, model, data, seed)
    }
}

fn make(
    file: &GeneratorFile,
    objective: &AnyObjective<AnyModel>,
    model: &AnyModel,
    order: &Order,
    device: &Device,
) -> Vec<Sequence> {
    let source = &file.beginnings;
    if source.is_empty() || order.count == 0 {
        return Vec::new();
    }
    let chosen: Vec<Beginning> = (0..order.count)
        .map(|number| source[(mix(order.seed, number as u64) % source.len() as u64) as usize])
        .collect();
    let lengths: Vec<usize> = chosen.iter().map(|beginning| order.length.unwrap_or(beginning.length)).collect();
    let openings: Vec<i32> = chosen.iter().filter_map(|beginning| beginning.token.map(|token| token as i32)).collect();
    let request = Request {
        lengths: &lengths,
        openings: &openings,
        class: order.class,
        first_word: file.first_word as usize,
        temperature: order.temperature,
        seed: order.seed,
        device,
    };
    objective.generate(model, &request).map(|made| sequences(made, &lengths)).unwrap_or_default()
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
