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
