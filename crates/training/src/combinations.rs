//! Every objective with every head, on values and on tokens, of equal and of unequal lengths: each trains two steps, or is
//! refused by name before.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Device;
use burn::train::Interrupter;
use semiseq_datasets::{Augmenter, Dataset, Prepared, Sequence, Series, Source, Target, prepare, prepare_source};
use semiseq_models::ModelConfig;
use semiseq_objectives::{OBJECTIVES, Setting, TargetSize};

use crate::config::RunConfig;
use crate::config::read::read_str;
use crate::error::Error;
use crate::generator;
use crate::learner::evaluate::{Kind, measured, outputs, score};
use crate::learner::progress::Progress;
use crate::learner::stage::{StageOptions, fit};
use crate::record::head_size;
use crate::task::{check, task};

const ROWS: usize = 36;

/// What the targets are.
#[derive(Clone, Copy, PartialEq)]
enum Targets {
    Classes,
    Steps,
    Numbers,
}

fn sequences(targets: Targets, tokens: bool, equal: bool) -> Dataset {
    let length = |row: usize| if equal { 6 } else { 2 + row * 5 % 7 };
    let sequence = |row: usize| match tokens {
        true => Sequence::Tokens((0..length(row)).map(|step| (1 + (row * 3 + step * step) % 7) as u32).collect()),
        false => {
            let value = |place: usize| ((row * 7 + place * 13) % 11) as f32 / 5.0 - 1.0;
            Sequence::Series(Series { values: (0..2 * length(row)).map(value).collect(), channels: 2 })
        }
    };
    let target = |row: usize| match targets {
        // Some never had a label.
        _ if row % 9 == 4 => Target::Missing,
        Targets::Classes => Target::Class(row % 2),
        Targets::Steps => Target::Steps((0..length(row)).map(|step| (row + step / 2) % 2).collect()),
        Targets::Numbers => Target::Number(2000.0 + row as f32),
    };
    Dataset {
        name: "memory".into(),
        sequences: (0..ROWS).map(sequence).collect(),
        targets: (0..ROWS).map(target).collect(),
        classes: if targets == Targets::Numbers { vec![] } else { vec!["a".into(), "b".into()] },
        ..Dataset::default()
    }
}

/// Settings that make another method of an objective, or ask something else of the model.
const VARIANTS: [(&str, &str); 6] = [
    ("gan", "conditional = true"),
    ("gan", "loss = \"wgan-gp\""),
    ("semi-supervised-vae", "rebuild = \"summary\""),
    ("autoencoder", "decoder = \"bag-of-words\""),
    ("autoencoder", "denoising = true"),
    ("uda", "signal_annealing = \"linear\""),
];

/// All objectives with their defaults, and some with others.
fn objectives() -> impl Iterator<Item = (&'static str, &'static str)> {
    OBJECTIVES.iter().map(|(name, _)| (*name, "")).chain(VARIANTS)
}

/// `[stage.objective.NAME]`, with parts where those are asked for.
fn table(objective: &str, settings: &str, tokens: bool) -> String {
    let other = if tokens { "language-model" } else { "autoencoder" };
    match objective {
        "joint" => ["supervised", other]
            .map(|part| format!("[[stage.objective.joint.part]]\n[stage.objective.joint.part.objective.{part}]\n"))
            .concat(),
        _ => format!("[stage.objective.{objective}]\n{settings}\n"),
    }
}

fn config(data: &str, model: &str, (name, settings): (&str, &str), tokens: bool) -> Result<RunConfig, Error> {
    let text = format!(
        "{data}\n{model}\n[[stage]]\nsteps = 2\nbatch_size = 4\nunlabeled_ratio = 2\n{}",
        table(name, settings, tokens)
    );
    read_str("c.toml", &text, &[])
}

/// Two steps, validation and what is shown at the end; the scores of both steps.
fn train(config: &RunConfig, data: &Prepared) -> Result<(), Error> {
    check(config, data)?;
    let device = Device::flex().autodiff();
    device.seed(1);
    let kind = Kind::of(task(config));
    let logits = match &config.model {
        ModelConfig::Classifier(classifier) if classifier.sigmoid() => 1,
        _ if kind == Kind::Number => 1,
        _ => data.processor.classes().len().max(2),
    };
    let head = head_size(&config.model, &data.processor, logits);
    let model = config.model.init(data.processor.input(), head, &device).materialize();
    let train = Arc::new(data.train.clone());
    let counts = vec![4; data.processor.classes().len()];
    let target = TargetSize::of(data);
    let setting = Setting { model: &model, train_size: train.len(), class_counts: &counts, target, device: &device };
    let stage = &config.stages[0];
    let objective = stage.objective.init(&setting);
    let options = StageOptions {
        label: stage.objective.name().into(),
        config: stage,
        augmenter: Augmenter::new(&config.data.augment, &data.processor, &train),
        train,
        labeled: &data.labeled,
        unlabeled: &data.unlabeled,
        valid: &data.valid,
        processor: &data.processor,
        kind,
        seed: 1,
        device: &device,
        pace: None,
    };
    let interrupter = Interrupter::new();
    let mut progress = Progress::new(false, true, interrupter.clone());
    let fitted = fit(model, objective, &options, None, &mut progress, &interrupter, |told, files| {
        assert!(told.train.is_none_or(|train| train.contains_key("loss")), "no loss in {:?}", told.train);
        let mut scores = told.train.into_iter().chain(told.valid).flatten();
        assert!(scores.all(|(_, value)| value.is_finite()), "{:?}, {:?}", told.train, told.valid);
        files().map(|_| ())
    })?;
    assert_eq!(fitted.outcome.as_ref().map(|outcome| outcome.steps), Some(2));
    let (model, objective) = (fitted.model.valid(), fitted.objective.valid());
    let own = measured(&objective, &model, &data.test);
    assert!(own.values().all(|value| value.is_finite()), "{own:?}");
    if own.is_empty() {
        let (scores, _) = score(&outputs(&model, &data.test, kind), &data.test);
        assert!(!scores.is_empty() && scores.values().all(|value| value.is_finite()), "{scores:?}");
    }
    if stage.objective.kind().shows {
        generator::show(&stage.objective, &objective, &model, data, 1);
    }
    Ok(())
}

/// How many ran, how many were refused, and what went wrong with the others.
#[derive(Debug, Default)]
struct Count {
    ran: usize,
    refused: usize,
    wrong: Vec<String>,
}

impl Count {
    fn note(&mut self, name: &str, what: &str, attempt: impl FnOnce() -> Result<(), Error>) {
        match catch_unwind(AssertUnwindSafe(attempt)) {
            Ok(Ok(())) => self.ran += 1,
            Ok(Err(error)) => {
                let text = error.to_string();
                if error.is_input() && text.contains(name) && text.contains("hint") {
                    self.refused += 1;
                } else {
                    self.wrong.push(format!("{what}: not refused by name: {text}"));
                }
            }
            Err(panic) => {
                let said = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                self.wrong.push(format!("{what}: {said}"));
            }
        }
    }

    /// How many ran and were refused, where nothing went wrong.
    #[track_caller]
    fn right(self) -> [usize; 2] {
        assert!(self.wrong.is_empty(), "{} went wrong:\n{}", self.wrong.len(), self.wrong.join("\n"));
        [self.ran, self.refused]
    }
}

fn run(
    config: Result<RunConfig, Error>,
    data: impl FnOnce(&RunConfig) -> Result<Prepared, Error>,
) -> Result<(), Error> {
    let config = config?;
    train(&config, &data(&config)?)
}

const DATA: &str = "[data]\nsource = \"memory\"\nvalid_fraction = 0.2\n[data.labels]\nfraction = 0.5";
const ENCODER: &str = "encoder.gru.hidden = 4";

/// All objectives with a head, on values and tokens of equal and unequal lengths.
fn all(head: &str, settings: &str, targets: Targets) -> [usize; 2] {
    let mut count = Count::default();
    for objective in objectives() {
        for (tokens, equal) in [(false, true), (false, false), (true, true), (true, false)] {
            let what = format!("{objective:?} with {head} {settings}, tokens: {tokens}, equal lengths: {equal}");
            let model = format!("[model.{head}]\n{settings}\n{ENCODER}");
            let data = |config: &RunConfig| {
                let source = Source::new(sequences(targets, tokens, equal));
                Ok(prepare_source(source, &config.data, task(config))?)
            };
            count.note(objective.0, &what, || run(config(DATA, &model, objective, tokens), data));
        }
    }
    count.right()
}

/// An objective that is added, or that learns to work with more, changes the counts below: those that ran and those that were
/// refused are together the objectives times the kinds of data.
#[test]
fn every_objective_is_tried() {
    assert_eq!((OBJECTIVES.len(), objectives().count()), (39, 45));
}

#[test]
fn every_objective_trains_a_classifier_or_is_refused() {
    for output in ["softmax", "sigmoid"] {
        assert_eq!(all("classifier", &format!("output = \"{output}\""), Targets::Classes), [156, 24], "{output}");
    }
}

#[test]
fn every_objective_trains_a_tagger_or_is_refused() {
    assert_eq!(all("tagger", "", Targets::Steps), [104, 76]);
}

#[test]
fn every_objective_trains_a_regressor_or_is_refused() {
    assert_eq!(all("regressor", "", Targets::Numbers), [36, 144]);
}

#[test]
fn every_objective_trains_a_forecaster_or_is_refused() {
    let path = std::env::temp_dir().join(format!("semiseq-combinations-{}.csv", std::process::id()));
    let rows: String = (0..80).map(|row| format!("{},{}\n", row % 7, row % 5)).collect();
    std::fs::write(&path, format!("a,b\n{rows}")).expect("a recording");
    let mut count = Count::default();
    for objective in objectives() {
        for every_step in [false, true] {
            let data = format!("[data]\nsource = {path:?}\n[data.windows]\ninput = 6\nhorizon = 2\nstride = 6");
            let model = format!("[model.forecaster]\nevery_step = {every_step}\n{ENCODER}");
            let windows = |config: &RunConfig| Ok(prepare(&config.data, task(config))?);
            let attempt = || run(config(&data, &model, objective, false), windows);
            count.note(objective.0, &format!("{objective:?} with a forecaster, every step: {every_step}"), attempt);
        }
    }
    let _ = std::fs::remove_file(&path);
    assert_eq!(count.right(), [23, 67]);
}
