//! Every objective with every head, on values and on tokens, of equal and of unequal lengths: each trains two steps, or
//! is refused by name before.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::Arc;

use burn::module::{Module, ModuleVisitor, Param};
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Device, Tensor};
use burn::train::Interrupter;
use semiseq_datasets::{Augmenter, Dataset, Pool, Prepared, Sequence, Series, Source, Target};
use semiseq_models::AnyModel;
use semiseq_objectives::{AnyObjective, OBJECTIVES, Objective, REBALANCINGS, Setting, TargetSize, Teacher};

use crate::config::RunConfig;
use crate::error::Error;
use crate::fixtures::folder;
use crate::learner::checkpoint::CheckpointFiles;
use crate::learner::progress::Progress;
use crate::learner::{Learned, StageOptions, fit};
use crate::recipe::ModelSettings;
use crate::run_folder::Order;
use crate::run_folder::generator::Generator;
use crate::tasks::compatibility::check;
use crate::tasks::evaluate::{measured, outputs};
use crate::tasks::{head_size, task_of};

const ROWS: usize = 36;

/// What the targets are.
#[derive(Clone, Copy, PartialEq)]
enum Targets {
    Classes,
    Labels,
    Steps,
    Numbers,
}

fn sequences(kind: Targets, tokens: bool, equal: bool) -> Dataset {
    let length = |row: usize| if equal { 6 } else { 2 + row * 5 % 7 };
    let sequence = |row: usize| match tokens {
        true => Sequence::Tokens((0..length(row)).map(|step| (1 + (row * 3 + step * step) % 7) as u32).collect()),
        false => {
            let value = |place: usize| ((row * 7 + place * 13) % 11) as f32 / 5.0 - 1.0;
            Sequence::Series(Series { values: (0..2 * length(row)).map(value).collect(), channels: 2 })
        }
    };
    let target = |row: usize| match kind {
        // Some never had a label.
        _ if row % 9 == 4 => Target::Missing,
        Targets::Classes => Target::Class(row % 2),
        Targets::Labels => Target::Labels((0..2).filter(|label| (row >> label) % 2 == 1).collect()),
        Targets::Steps => Target::Steps((0..length(row)).map(|step| (row + step / 2) % 2).collect()),
        Targets::Numbers => Target::Number(2000.0 + row as f64),
    };
    Dataset {
        name: "memory".into(),
        sequences: (0..ROWS).map(sequence).collect(),
        targets: (0..ROWS).map(target).collect(),
        classes: if kind == Targets::Numbers { vec![] } else { vec!["a".into(), "b".into()] },
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

/// Beside every objective, which a file would not hold.
const RATIO: &str = "stage.0.unlabeled_ratio=2";

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
    let text = format!("{data}\n{model}\n[[stage]]\nsteps = 2\nbatch_size = 4\n{}", table(name, settings, tokens));
    RunConfig::parse("c.toml", &text, &[RATIO.into()])
}

/// The model and the objective of the first stage, as it begins.
fn begun(config: &RunConfig, data: &Prepared, device: &Device) -> (AnyModel, AnyObjective<AnyModel>) {
    device.seed(1);
    let head = head_size(ModelSettings::kind(&config.model), &data.processor);
    let model = config.model.init(data.processor.input(), head, device).materialize();
    let counts = vec![4; data.processor.classes().len()];
    let token_counts = data.token_counts();
    let target = TargetSize::of(data);
    let said = vec![vec![1.0; counts.len()]; data.train.len()];
    let teachers = [Teacher { name: "label spreading".into(), said, left_out: None }];
    let setting = Setting {
        model: &model,
        train_size: data.train.len(),
        class_counts: &counts,
        token_counts: &token_counts,
        target,
        teachers: &teachers,
        device,
    };
    let objective = config.stages[0].rebalanced().init(&setting);
    (model, objective)
}

/// Two steps, validation and what is shown at the end; the scores of both steps.
fn train(config: &RunConfig, data: &Prepared) -> Result<(), Error> {
    check(config, data)?;
    let device = Device::flex().autodiff();
    let task = task_of(config.targets());
    let (model, objective) = begun(config, data, &device);
    let (stage, train) = (&config.stages[0], Arc::clone(&data.train));
    let paired = Objective::<AnyModel>::needs(&objective).pool == Pool::Paired;
    assert_eq!(stage.objective.kind().unpaired, !paired, "`Kind` of {}", stage.objective.name());
    let augmenter = Augmenter::new(&config.data.augment, &data.processor, &train);
    let options = StageOptions { augmenter, train, seed: 1, ..StageOptions::new(stage, data, task, &device) };
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
        let (scores, _) = task.score(&outputs(&model, &data.test, task), &data.test);
        assert!(!scores.is_empty() && scores.values().all(|value| value.is_finite()), "{scores:?}");
    }
    if stage.objective.kind().shows {
        let generator = Generator::new(&stage.rebalanced(), objective, data);
        let rebuilt = generator.rebuild(&model, &data.test);
        let answers = generator.answer(&model, &data.test);
        let order = Order { count: 3, length: None, class: None, temperature: 1.0, seed: 1 };
        let made = generator.make(&model, &order);
        assert!(rebuilt.is_some() || answers.is_some() || made.is_ok_and(|made| made.len() == 3), "nothing is shown");
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
                let text = error.in_full();
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
fn all(head: &str, settings: &str, kind: Targets) -> [usize; 2] {
    all_of(DATA, head, settings, kind)
}

/// The same of a `[data]` table of one's own.
fn all_of(table: &str, head: &str, settings: &str, kind: Targets) -> [usize; 2] {
    let mut count = Count::default();
    for objective in objectives() {
        for (tokens, equal) in [(false, true), (false, false), (true, true), (true, false)] {
            let what = format!("{objective:?} with {head} {settings}, tokens: {tokens}, equal lengths: {equal}");
            let model = format!("[model.{head}]\n{settings}\n{ENCODER}");
            let data = |config: &RunConfig| {
                let source = Source::new(sequences(kind, tokens, equal));
                config.prepare_from(source)
            };
            count.note(objective.0, &what, || run(config(table, &model, objective, tokens), data));
        }
    }
    count.right()
}

/// An objective that is added, or that learns to work with more, changes the counts below: those that ran and those
/// that were refused are together the objectives times the kinds of data.
#[test]
fn every_objective_is_tried() {
    assert_eq!((OBJECTIVES.len(), objectives().count()), (45, 51));
}

#[test]
fn every_objective_trains_a_classifier_or_is_refused() {
    for output in ["softmax", "sigmoid"] {
        assert_eq!(all("classifier", &format!("output = \"{output}\""), Targets::Classes), [170, 34], "{output}");
    }
}

#[test]
fn every_objective_trains_ordered_classes_or_is_refused() {
    let table = format!("{DATA}\norder = [\"a\", \"b\"]");
    for output in ["cumulative-link", "corn"] {
        // One more than of classes without an order reads more from logits than the class.
        let found = all_of(&table, "classifier", &format!("output = \"{output}\""), Targets::Classes);
        assert_eq!(found, [168, 36], "{output}");
    }
}

#[test]
fn every_objective_trains_any_number_of_labels_or_is_refused() {
    assert_eq!(all("classifier", "output = \"multi-label\"", Targets::Labels), [66, 138]);
}

#[test]
fn every_objective_trains_a_tagger_or_is_refused() {
    assert_eq!(all("tagger", "", Targets::Steps), [110, 94]);
}

#[test]
fn every_objective_trains_tags_that_are_decided_together_or_is_refused() {
    assert_eq!(all("tagger", "output = \"crf\"", Targets::Steps), [42, 162]);
}

#[test]
fn every_objective_trains_a_regressor_or_is_refused() {
    // One more needs a variance.
    for (output, expected) in [("mean", [54, 150]), ("gaussian", [58, 146]), ("quantiles", [54, 150])] {
        assert_eq!(all("regressor", &format!("output = \"{output}\""), Targets::Numbers), expected, "{output}");
    }
}

#[test]
fn every_objective_trains_a_forecaster_or_is_refused() {
    let path = folder("combinations").join("recording.csv");
    let rows: String = (0..80).map(|row| format!("{},{}\n", row % 7, row % 5)).collect();
    std::fs::write(&path, format!("a,b\n{rows}")).expect("a recording");
    let mut count = Count::default();
    for objective in objectives() {
        for every_step in [false, true] {
            let data = format!("[data]\nsource = {path:?}\n[data.windows]\ninput = 6\nhorizon = 2\nstride = 6");
            let model = format!("[model.forecaster]\nevery_step = {every_step}\n{ENCODER}");
            let windows = |config: &RunConfig| config.prepare();
            let attempt = || run(config(&data, &model, objective, false), windows);
            count.note(objective.0, &format!("{objective:?} with a forecaster, every step: {every_step}"), attempt);
        }
    }
    assert_eq!(count.right(), [30, 72]);
}

/// All methods against imbalance beside some objectives, on values of equal lengths.
fn rebalanced(model: &str, kind: Targets, objectives: &[&str]) -> [usize; 2] {
    let mut count = Count::default();
    for objective in objectives {
        for (name, _) in REBALANCINGS {
            let attempt = || {
                let text = format!(
                    "{DATA}\n{model}\n{ENCODER}\n[[stage]]\nsteps = 2\nbatch_size = 4\n\
                     [stage.objective.{objective}]\n[stage.rebalancing.{name}]\n"
                );
                let config = RunConfig::parse("c.toml", &text, &[RATIO.into()])?;
                let source = Source::new(sequences(kind, false, true));
                train(&config, &config.prepare_from(source)?)
            };
            count.note(name, &format!("{name} beside {objective} with {model}"), attempt);
        }
    }
    count.right()
}

#[test]
fn every_method_against_imbalance_trains_beside_what_it_reaches_or_is_refused() {
    let reached = ["supervised", "pseudo-label", "entropy-minimisation", "fixmatch", "freematch", "softmatch", "uda"];
    let all = [&reached[..], &["flexmatch", "mixmatch"]].concat();
    // Four that change labels beside eight objectives, seven that change pseudo-labels beside five, two that set
    // thresholds beside one.
    for output in ["softmax", "sigmoid"] {
        let model = format!("[model.classifier]\noutput = \"{output}\"");
        assert_eq!(rebalanced(&model, Targets::Classes, &all), [32 + 35 + 2, 117 - 69], "{output}");
    }
    // Three of the first and one of the second kind work with a label per step.
    let some = [&reached[..], &["mixmatch"]].concat();
    assert_eq!(rebalanced("[model.tagger]", Targets::Steps, &some), [21 + 4, 104 - 25]);
}

/// Values one after the other.
#[derive(Default)]
struct Values(Vec<f32>);

impl ModuleVisitor for Values {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.extend(param.val().into_data().iter::<f32>());
    }
}

/// What a stage is made of at its end, and the checkpoints after each of its steps; from one of them, or from the
/// beginning.
fn stepped(config: &RunConfig, data: &Prepared, from: Option<&CheckpointFiles>) -> (Vec<f32>, Vec<CheckpointFiles>) {
    let device = Device::flex().autodiff();
    let (model, objective) = begun(config, data, &device);
    let augmenter = Augmenter::new(&config.data.augment, &data.processor, &data.train);
    let task = task_of(config.targets());
    let options = StageOptions { augmenter, seed: 1, ..StageOptions::new(&config.stages[0], data, task, &device) };
    let interrupter = Interrupter::new();
    let mut progress = Progress::new(false, true, interrupter.clone());
    let mut kept = Vec::new();
    let fitted = fit(model, objective, &options, from, &mut progress, &interrupter, |told, files| {
        if told.checkpoint {
            kept.push(files()?);
        }
        Ok(())
    });
    let fitted = fitted.expect("a stage");
    let mut values = Values::default();
    fitted.model.visit(&mut values);
    fitted.objective.visit(&mut values);
    (values.0, kept)
}

fn stepping(rebalancing: &str, stage: &str) -> (RunConfig, Prepared) {
    let text = format!(
        "{DATA}\n[model.classifier]\n{ENCODER}\n[[stage]]\nsteps = 12\nbatch_size = 4\nunlabeled_ratio = 2\n\
         checkpoint_every = 1\n{stage}\n[stage.objective.freematch]\n[stage.rebalancing.{rebalancing}\n"
    );
    let config = RunConfig::parse("c.toml", &text, &[]).expect("a config");
    let data = config.prepare_from(Source::new(sequences(Targets::Classes, false, false))).expect("data");
    (config, data)
}

/// Runs a test in a process of its own: Burn's generator belongs to the process, and the tests beside this one seed it
/// too.
fn alone(name: &str, test: impl FnOnce()) {
    const ALONE: &str = "SEMISEQ_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return test();
    }
    let program = std::env::current_exe().expect("this program");
    let child = Command::new(program).args(["--exact", name]).env(ALONE, "1").output().expect("a process");
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&child.stderr));
}

#[test]
fn what_a_method_remembers_goes_on_from_any_step_bit_by_bit() {
    alone("combinations::what_a_method_remembers_goes_on_from_any_step_bit_by_bit", methods_go_on);
}

fn methods_go_on() {
    for (method, stage) in [
        ("crest]\ngenerations = 3", ""),
        ("crest]\ngenerations = 5\nmemory = 2", "weight_average = 0.6\ngradient_accumulation = 2"),
        ("daso]\nstart = 0.1\nevery = 2\nqueue = 3", ""),
        ("cossl]\nstart = 0.4\nwarm_up = 40", ""),
        ("cossl]\nstart = 0.0\nwarm_up = 40", "weight_average = 0.6"),
    ] {
        let (config, data) = stepping(method, stage);
        let (whole, checkpoints) = stepped(&config, &data, None);
        assert_eq!(checkpoints.len(), 12, "{method}");
        assert!(whole.iter().all(|value| value.is_finite()));
        for (step, files) in checkpoints.iter().enumerate().filter(|(step, _)| step % 2 == 1 || *step < 4) {
            assert!(stepped(&config, &data, Some(files)).0 == whole, "{method}: the checkpoint of step {step}");
        }
    }
}

#[test]
fn clusters_go_on_from_any_step_bit_by_bit() {
    alone("combinations::clusters_go_on_from_any_step_bit_by_bit", clusters_go_on);
}

fn clusters_go_on() {
    let text = format!(
        "{DATA}\n[model.classifier]\n{ENCODER}\n[[stage]]\nsteps = 12\nbatch_size = 6\ncheckpoint_every = 1\n\
         [stage.objective.deep-clustering]\nclusters = 3\nwarm_up = 0.3\nrenewals = 4\nhidden = 3\n"
    );
    let config = RunConfig::parse("c.toml", &text, &[]).expect("a config");
    let data = config.prepare_from(Source::new(sequences(Targets::Classes, false, false))).expect("data");
    let (whole, checkpoints) = stepped(&config, &data, None);
    assert!(checkpoints.len() == 12 && whole.iter().all(|value| value.is_finite()));
    for (step, files) in checkpoints.iter().enumerate() {
        assert!(stepped(&config, &data, Some(files)).0 == whole, "the checkpoint of step {step}");
    }
}

#[test]
fn a_generation_begins_where_the_stage_began_with_labels_that_the_last_one_chose() {
    let (config, data) = stepping("crest]\ngenerations = 3", "[stage.optimizer.sgd]\nlr = 1.0\ngrad_clip_norm = 0.01");
    let device = Device::flex().autodiff();
    let weights = |model: &AnyModel| {
        let mut values = Values::default();
        model.visit(&mut values);
        values.0
    };
    let start = weights(&begun(&config, &data, &device).0);
    let (_, checkpoints) = stepped(&config, &data, None);
    let away: Vec<f32> = checkpoints
        .iter()
        .map(|files| {
            let (model, objective) = begun(&config, &data, &device);
            let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(files["learned.burnpack"].clone()));
            let learned = Learned { model, objective, average: None::<AnyModel> };
            let found = weights(&learned.load_record(record.expect("a record")).model);
            found.iter().zip(&start).map(|(found, start)| (found - start).powi(2)).sum::<f32>().sqrt()
        })
        .collect();
    // Generations of four steps, each of a length of 0.01.
    for (step, away) in away.iter().enumerate() {
        let first = (away - 0.01).abs() < 1e-5;
        assert_eq!(first, step % 4 == 0, "{away} away from the start after step {step}");
    }
}
