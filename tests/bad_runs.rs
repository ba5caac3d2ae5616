//! Training that comes to nothing is noticed, named with its likely cause and a remedy, and leaves the last good checkpoint.

mod common;

use std::path::Path;
use std::process::Output;

use common::{errors, folder, semiseq, write_config};

/// A small config that trains in a second.
const SMALL: &str = include_str!("common/small.toml");

fn train(folder: &Path, model: &str, stage: &str) -> Output {
    let data = SMALL.split("[model.classifier]").next().expect("what stands before the model");
    let config = write_config(folder, &format!("{data}{model}\n[[stage]]\n{stage}\n[baseline]\nenabled = false\n"));
    semiseq(folder, &["train", config, "--no-tui", "--out", "run"])
}

#[test]
fn one_output_for_every_sequence_stops_the_run() {
    let folder = folder("dead");
    let model = "[model.classifier.encoder.rnn]\nhidden = 6\nactivation = \"relu\"";
    // A step of 300 along the first gradient leaves no rectifier alive.
    let stage = "epochs = 8\nbatch_size = 6\n[stage.objective.supervised]\n[stage.optimizer.sgd]\nlr = 300.0\ngrad_clip_norm = 1.0";
    let output = train(&folder, model, stage);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    let told = errors(&output);
    assert!(told.contains("one and the same output") && told.contains("hint: its units have died"), "{told}");
    assert!(folder.join("run/checkpoint").exists() && !folder.join("run/summary.json").exists());
}

#[test]
fn a_loss_that_is_no_number_stops_the_run() {
    let folder = folder("nan");
    let model = "[model.classifier.encoder.rnn]\nhidden = 6\nactivation = \"relu\"";
    let stage = "epochs = 8\nbatch_size = 6\n[stage.objective.supervised]\n[stage.optimizer.sgd]\nlr = 1e30";
    let output = train(&folder, model, stage);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    let told = errors(&output);
    assert!(told.contains("not a finite number any more") && told.contains("hint: lower the learning rate"), "{told}");
}

#[test]
fn a_posterior_that_says_nothing_is_named_and_the_run_goes_on() {
    let folder = folder("collapse");
    let stage = "epochs = 6\n[stage.objective.vae]\nlatent = 2\nhidden = 6\nword_drop = 0.0\nbeta = 100.0\nwarm_up = 0.2\n\
                 [stage.optimizer.adam]\nlr = 1e-2";
    let output = train(&folder, "[model.classifier.encoder.gru]\nhidden = 6", stage);
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(errors(&output).matches("the posterior has collapsed").count(), 1, "{}", errors(&output));
    let log = std::fs::read_to_string(folder.join("run/experiment.log")).expect("a log");
    assert!(log.contains("the posterior has collapsed") && log.contains("raise `word_drop`"), "{log}");
}

/// Values in the hundreds are out of a generator's reach: for any noise it makes about the same.
#[test]
fn a_generator_that_makes_one_sample_is_named_and_the_run_goes_on() {
    let folder = folder("one-sample");
    let rows: String = (0..60)
        .map(|row| {
            let value = |step: usize| 400.0 * (row as f64 + step as f64 * (1.0 + row as f64 / 30.0)).sin();
            (0..12).map(|step| format!("{:.1}", value(step))).collect::<Vec<_>>().join(",") + ",a\n"
        })
        .collect();
    std::fs::write(folder.join("large.csv"), rows).expect("data");
    let config = "[data]\nsource = \"large.csv\"\n[data.transform]\nnormalize = \"none\"\n[model.gan.encoder.gru]\nhidden = 6\n\
                  [[stage]]\nepochs = 8\n[stage.objective.gan]\nhidden = 6\n[stage.optimizer.adam]\nlr = 1e-3\n";
    let output = semiseq(&folder, &["train", write_config(&folder, config), "--no-tui", "--out", "run"]);
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(errors(&output).matches("the generator has collapsed").count(), 1, "{}", errors(&output));
    assert!(folder.join("run/summary.json").exists(), "the run goes on");
}

/// The loss of the only step is a number, and what it leaves is none: with and without a part to validate on.
#[test]
fn a_last_step_that_throws_the_weights_out_of_range_stops_the_run() {
    for (name, lr, valid) in [
        ("validated", "1e30", "0.2"),
        ("not-validated", "1e30", "0.0"),
        ("far-out", "1e22", "0.0"),
        ("infinite-rate", "1e39", "0.0"),
    ] {
        let folder = folder(name);
        let stage =
            format!("epochs = 1\nbatch_size = 60\n[stage.objective.supervised]\n[stage.optimizer.sgd]\nlr = {lr}");
        let data = SMALL.split("[model.classifier]").next().expect("what stands before the model");
        let data = data.replace("size = 90", &format!("size = 90\nvalid_fraction = {valid}"));
        let model = "[model.classifier.encoder.rnn]\nhidden = 4\nactivation = \"relu\"";
        let config = write_config(&folder, &format!("{data}{model}\n[[stage]]\n{stage}\n"));
        let output = semiseq(&folder, &["train", config, "--no-tui", "--out", "run"]);
        let told = errors(&output);
        assert_eq!(output.status.code(), Some(1), "{name}: {told}");
        assert!(told.contains("not finite") && told.contains("hint: lower the learning rate"), "{name}: {told}");
        assert!(!folder.join("run/summary.json").exists());
    }
}

/// One value of the validation part is so large that its squared error is infinite in single precision.
#[test]
fn an_infinite_validation_loss_stops_the_run_and_names_values_out_of_range() {
    let folder = folder("infinite");
    let row = |row: usize, first: f64| {
        format!("{{\"values\": [{first}, {}, {}], \"label\": \"{}\"}}\n", row % 5, row % 3, row % 2)
    };
    let rows: String = (0..40).map(|number| row(number, number as f64 / 7.0)).collect();
    let wrong: String = (0..20).map(|number| row(number, if number == 3 { 3e20 } else { 1.0 })).collect();
    std::fs::write(folder.join("train.jsonl"), rows).expect("data");
    std::fs::write(folder.join("valid.jsonl"), wrong).expect("data");
    let config = "[data]\ntrain = \"train.jsonl\"\nvalid = \"valid.jsonl\"\n[model.classifier.encoder.gru]\nhidden = 4\n\
                  [[stage]]\nepochs = 3\n[stage.objective.autoencoder]\n";
    let output = semiseq(&folder, &["train", write_config(&folder, config), "--no-tui", "--out", "run"]);
    let told = errors(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("on the validation part `loss` is not finite") && told.contains("`data check`"), "{told}");
}

/// What can never happen is said before anything is trained or written.
#[test]
fn early_stopping_by_what_is_never_measured_is_refused() {
    for (name, metric, keys, objective, needles) in [
        ("other-task", "mse", "", "supervised", ["`valid.mse`, which this stage never measures", "`valid.accuracy`"]),
        (
            "no-labels",
            "accuracy",
            "",
            "autoencoder",
            ["`valid.accuracy`, which this stage never measures", "`valid.loss`"],
        ),
        (
            "no-validation",
            "accuracy",
            "\nvalid_fraction = 0.0",
            "supervised",
            ["needs validation data", "data.valid_fraction"],
        ),
    ] {
        let folder = folder(&format!("never-{name}"));
        let data = SMALL.split("[model.classifier]").next().expect("what stands before the model");
        let data = data.replace("size = 90", &format!("size = 90{keys}"));
        let stage =
            format!("early_stopping = {{ metric = \"valid.{metric}\", patience = 1 }}\n[stage.objective.{objective}]");
        let model = "[model.classifier.encoder.gru]\nhidden = 4";
        // The second stage is at fault, and the first is not trained for nothing.
        let first = "[[stage]]\nepochs = 1\n[stage.objective.autoencoder]";
        let config = write_config(&folder, &format!("{data}{model}\n{first}\n[[stage]]\nepochs = 4\n{stage}\n"));
        let output = semiseq(&folder, &["train", config, "--no-tui", "--out", "run"]);
        let told = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {told}");
        assert!(needles.iter().all(|needle| told.contains(needle)), "{name}: {told}");
        assert!(!folder.join("run").exists(), "{name}: nothing is begun");
    }
}

#[test]
fn a_stage_with_nothing_to_learn_from_is_refused() {
    let folder = folder("nothing");
    let rows: String =
        (0..30).map(|row| format!("{{\"values\": [{}], \"label\": \"{}\"}}\n", row % 7, row % 2)).collect();
    std::fs::write(folder.join("one.jsonl"), rows).expect("data");
    // Of a sequence of one step nothing can be foretold.
    let config = "[data]\nsource = \"one.jsonl\"\n[model.classifier.encoder.gru]\nhidden = 4\n[[stage]]\nepochs = 2\n\
                  [stage.objective.next-step]\n";
    let output = semiseq(&folder, &["train", write_config(&folder, config), "--no-tui", "--out", "run"]);
    let told = errors(&output);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.contains("no batch of the first epoch has anything to learn from") && told.contains("hint:"),
        "{told}"
    );
}
