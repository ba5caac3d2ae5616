//! From a config to a run folder and back: train, resume, eval, predict, embed.

mod calibration;
mod chains;
mod cross_validation;
mod devices;
mod ensemble;
mod initial_weights;
mod multi_label;
mod ordinal;
mod protocol;
mod quantiles;
mod resume;
mod stage;
mod tasks;
mod tracking;
mod uncertainty;

use crate::common::{errors, folder, semiseq, write_config};
use serde_json::Value;

/// The device's generator belongs to the process: whoever trains inside a test has it alone.
static DEVICE: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn alone() -> std::sync::MutexGuard<'static, ()> {
    DEVICE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A small config that trains in a second.
const SMALL: &str = include_str!("../common/small.toml");

fn summary(folder: &std::path::Path, run: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join(run).join("summary.json")).expect("a summary"))
        .expect("JSON")
}

#[test]
fn a_run_writes_its_folder_and_the_model_can_be_used() {
    let folder = folder("run");
    let config = write_config(&folder, SMALL);
    let output = semiseq(&folder, &["train", config, "--no-tui"]);
    assert!(output.status.success(), "{}", errors(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("labelled only (baseline)") && text.contains("autoencoder → mean-teacher"), "{text}");
    for file in [
        "config.toml",
        "split.json",
        "metrics.jsonl",
        "metrics.csv",
        "model.safetensors",
        "model.json",
        "confusion.csv",
        "confusion.svg",
        "curves.svg",
        "summary.json",
        "experiment.log",
        "tensorboard",
        "checkpoint",
    ] {
        assert!(folder.join("runs/small").join(file).exists(), "{file}");
    }
    let dry = semiseq(&folder, &["train", config, "--dry-run"]);
    assert!(dry.status.success(), "{}", errors(&dry));
    assert!(errors(&dry).contains("holds a finished run"), "{}", errors(&dry));
    let found = summary(&folder, "runs/small");
    assert_eq!(
        (&found["n_labeled"], &found["n_unlabeled"], &found["n_valid"], &found["n_test"]),
        (&12.into(), &60.into(), &18.into(), &900.into())
    );
    assert_eq!(found["stages"].as_array().expect("stages").len(), 2);
    assert_eq!(found["n_labels_used"], 30, "twelve to learn from, eighteen to choose by");
    let names: Vec<&str> =
        found["references"].as_array().expect("references").iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names.len(), 8, "{names:?}");
    assert!(names.contains(&"MiniRocket, 40 components: label spreading"), "{names:?}");
    for reference in found["references"].as_array().expect("references") {
        let accuracy = reference["test"]["accuracy"].as_f64().expect("an accuracy");
        // Chance is a third; the weakest of them, the nearest neighbour of raw values, is far above it.
        assert!(accuracy > 0.6 && reference["test"]["macro_f1"].is_f64(), "{reference}");
        assert!(text.contains(reference["name"].as_str().expect("a name")), "{text}");
    }

    // eval gives the summary's test scores again.
    let eval = semiseq(&folder, &["eval", "runs/small", "--json"]);
    let scores: Value = serde_json::from_slice(&eval.stdout).expect("JSON and nothing else");
    assert_eq!(scores["accuracy"], found["test"]["accuracy"]);

    // predict gives a row per sequence, whose probabilities sum to one.
    let predicted = semiseq(&folder, &["predict", "runs/small", "cbf"]);
    let text = String::from_utf8_lossy(&predicted.stdout).into_owned();
    assert_eq!(text.lines().count(), 901, "{}", errors(&predicted));
    let sum: f64 =
        text.lines().nth(5).expect("a row").split(',').skip(2).map(|cell| cell.parse::<f64>().expect("a number")).sum();
    assert!((sum - 1.0).abs() < 1e-5);

    let embedded = semiseq(&folder, &["embed", "runs/small", "cbf", "--output", "v.npy"]);
    assert!(embedded.status.success(), "{}", errors(&embedded));
    assert_eq!(std::fs::metadata(folder.join("v.npy")).expect("vectors").len(), 128 + 900 * 6 * 4);

    // The resolved config alone reproduces the run; a finished run is never overwritten.
    let again = semiseq(&folder, &["train", "runs/small/config.toml", "--no-tui"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(
        errors(&again).contains("holds a finished run") && errors(&again).contains("--force"),
        "{}",
        errors(&again)
    );
    let again = semiseq(&folder, &["train", "runs/small/config.toml", "--no-tui", "--out", "again"]);
    assert!(again.status.success(), "{}", errors(&again));
    assert_eq!(summary(&folder, "again")["test"], found["test"]);
    assert!(weights(&folder, "again") == weights(&folder, "runs/small"), "the same seed gives the same weights");
}

fn trained_in(folder: &std::path::Path, config: &str) {
    let output = semiseq(folder, &["train", write_config(folder, config), "--no-tui", "--force"]);
    assert!(output.status.success(), "{}", errors(&output));
}

fn weights(folder: &std::path::Path, run: &str) -> Vec<u8> {
    std::fs::read(folder.join(run).join("model.safetensors")).expect("weights")
}

/// Kills a run at several moments and resumes it: the weights are those of a run that was never stopped.
#[test]
fn a_killed_run_resumes_to_the_same_weights() {
    let folder = folder("resume");
    let config = write_config(&folder, &SMALL.replace("epochs = 4", "epochs = 40"));
    let began = std::time::Instant::now();
    let whole = semiseq(&folder, &["train", config, "--no-tui", "--out", "whole"]);
    assert!(whole.status.success(), "{}", errors(&whole));

    // Four kills, spread over the time that the whole run took on this machine.
    let part = began.elapsed() / 6;
    let mut kills = 0;
    for _ in 0..4 {
        let mut arguments = vec!["train", config, "--no-tui", "--out", "killed"];
        if folder.join("killed/config.toml").exists() {
            arguments.push("--resume");
        }
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_semiseq"))
            .current_dir(&folder)
            .args(&arguments)
            .stderr(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("the program starts");
        std::thread::sleep(part);
        if child.try_wait().expect("a status").is_some() {
            break;
        }
        child.kill().expect("the kill");
        child.wait().expect("the end");
        kills += 1;
    }
    assert!(kills > 0, "the run was over before it could be killed");
    if !folder.join("killed/summary.json").exists() {
        let mut arguments = vec!["train", config, "--no-tui", "--out", "killed"];
        if folder.join("killed/config.toml").exists() {
            arguments.push("--resume");
        }
        let resumed = semiseq(&folder, &arguments);
        assert!(resumed.status.success(), "{}", errors(&resumed));
    }
    assert!(weights(&folder, "killed") == weights(&folder, "whole"), "the weights differ");
    let lines =
        |run: &str| std::fs::read_to_string(folder.join(run).join("metrics.jsonl")).expect("metrics").lines().count();
    assert_eq!(lines("killed"), lines("whole"), "no epoch is missing and none is there twice");
}

#[test]
fn every_seed_of_the_field_trains_from_a_config() {
    let heads = [
        // LSTM with dropout, a sigmoid output, binary cross-entropy and an L1/L2 penalty.
        (
            "sigmoid",
            "[data]\nsource = \"two.csv\"\n",
            "[model.classifier]\ndropout = 0.5\noutput = \"sigmoid\"\n[model.classifier.encoder.lstm]\nhidden = 8\n",
            "[stage.objective.supervised]\nl1 = 1e-5\nl2 = 1e-4\n",
        ),
        // A plain tanh RNN on a regression with squared error.
        (
            "regression",
            "[data]\nsource = \"adding\"\nsize = 60\n[data.transform]\ntruncate = 20\n",
            "[model.regressor.encoder.rnn]\nhidden = 8\n",
            "[stage.objective.supervised]\n",
        ),
        // A class each step.
        (
            "tagger",
            "[data]\nsource = \"copy-memory\"\nsize = 40\n",
            "[model.tagger]\nembedding = { size = 4 }\n[model.tagger.encoder.gru]\nhidden = 8\n",
            "[stage.objective.entropy-minimisation]\n",
        ),
        // Unsupervised alone.
        (
            "autoencoder",
            "[data]\nsource = \"cbf\"\nsize = 30\n[data.transform]\nresample = 16\n",
            "[model.classifier.encoder.lstm]\nhidden = 8\n",
            "[stage.objective.autoencoder]\n",
        ),
    ];
    let folder = folder("seeds");
    let rows: String =
        (0..40).map(|row| format!("{},{},{},{}\n", row % 3, row % 5, row % 2 * 4, ["no", "yes"][row % 2])).collect();
    std::fs::write(folder.join("two.csv"), format!("a,b,c,label\n{rows}")).expect("data");
    for (name, data, model, objective) in heads {
        let config =
            write_config(&folder, &format!("name = \"{name}\"\n{data}{model}[[stage]]\nepochs = 1\n{objective}"));
        let output = semiseq(&folder, &["train", config, "--no-tui"]);
        assert!(output.status.success(), "{name}: {}", errors(&output));
        let test = &summary(&folder, &format!("runs/{name}"))["test"];
        let metric = match name {
            "regression" | "autoencoder" => "mse",
            _ => "accuracy",
        };
        assert!(test[metric].is_f64(), "{name}: {test}");
    }
}

/// One stage on all twelve labels, without dropout or views, for comparisons of what a step does.
const PLAIN: &str = r#"name = "plain"
[data]
source = "cbf"
size = 90
validation = 0.2
[data.labels]
per_class = 4
[data.transform]
resample = 16
normalize = "series"
[data.augment]
weak = []
[model.classifier.encoder.gru]
hidden = 6
[[stage]]
epochs = 12
batch_size = 12
[stage.objective.supervised]
[stage.optimizer.sgd]
lr = 0.1
"#;

fn trained(name: &str, config: &str) -> Value {
    let folder = folder(name);
    let config = write_config(&folder, config);
    let output = semiseq(&folder, &["train", config, "--no-tui"]);
    assert!(output.status.success(), "{name}: {}", errors(&output));
    summary(&folder, "runs/plain")
}

#[test]
fn half_batches_gathered_by_twos_are_whole_batches() {
    let whole = trained("whole", PLAIN);
    let gathered = trained("gathered", &PLAIN.replace("batch_size = 12", "batch_size = 6\ngradient_accumulation = 2"));
    assert_eq!(whole["stages"][0]["steps"], gathered["stages"][0]["steps"]);
    let loss = |summary: &Value| summary["test"]["loss"].as_f64().expect("a loss");
    assert!((loss(&whole) - loss(&gathered)).abs() < 1e-5, "{} against {}", loss(&whole), loss(&gathered));
}

#[test]
fn gradient_checkpointing_changes_no_number() {
    // Noise along a gradient brings a tensor of its own into the graph; two layers keep more than one does.
    let config = PLAIN
        .replace("supervised", "virtual-adversarial")
        .replace("hidden = 6", "hidden = 6\nlayers = 2")
        .replace("epochs = 12", "epochs = 2");
    let kept = trained("kept", &config);
    let again = trained("again", &config.replace("[data]\n", "gradient_checkpointing = true\n[data]\n"));
    assert_eq!(kept["test"], again["test"]);
}

#[test]
fn a_stage_that_gets_no_better_stops_early() {
    let config = PLAIN.replace("lr = 0.1", "lr = 1e-12").replace(
        "epochs = 12",
        "epochs = 30\nvalidate_every = 1\nearly_stopping = { metric = \"valid.accuracy\", patience = 3 }",
    );
    let stage = &trained("early", &config)["stages"][0];
    assert_eq!((&stage["epochs"], &stage["best_epoch"]), (&4.into(), &1.into()), "{stage}");
}

#[test]
fn tri_training_is_scored_by_the_vote_of_its_three_layers_before_and_after_it_is_saved() {
    let folder = folder("votes");
    let config = PLAIN.replace("supervised", "tri-training").replace("epochs = 12", "epochs = 2");
    let config = write_config(&folder, &config);
    let output = semiseq(&folder, &["train", config, "--no-tui"]);
    assert!(output.status.success(), "{}", errors(&output));
    let loss = |scores: &Value| scores["loss"].as_f64().expect("a loss");
    let scores = || {
        let eval = semiseq(&folder, &["eval", "runs/plain", "--json"]);
        serde_json::from_slice::<Value>(&eval.stdout).expect("JSON and nothing else")
    };
    let (trained, saved) = (summary(&folder, "runs/plain")["test"].clone(), scores());
    assert_eq!(trained["accuracy"], saved["accuracy"]);
    assert!((loss(&trained) - loss(&saved)).abs() < 1e-9, "{trained} against {saved}");
    // Without the two layers the model answers alone.
    for name in ["generator.json", "checksums.json"] {
        std::fs::remove_file(folder.join("runs/plain").join(name)).expect("the layers stand beside the model");
    }
    assert!((loss(&trained) - loss(&scores())).abs() > 1e-6, "the vote makes no difference");
}

/// 120 series whose mean, scaled and shifted, is the target; sixty more have none.
fn write_numbers(folder: &std::path::Path, scale: f64, shift: f64) {
    let value = |row: usize, step: usize| ((row * 37 + step * 53) % 101) as f64 / 50.0 - 1.0;
    let line = |row: usize| {
        let values: Vec<f64> = (0..6).map(|step| value(row, step) * (1 + row % 3) as f64).collect();
        let mean = values.iter().sum::<f64>() / 6.0;
        let label = if row < 120 { format!(", \"label\": {}", mean * scale + shift) } else { String::new() };
        format!("{{\"values\": {values:?}{label}}}\n")
    };
    std::fs::write(folder.join("numbers.jsonl"), (0..180).map(line).collect::<String>()).expect("data");
}

const NUMBERS: &str = r#"name = "numbers"
[data]
source = "numbers.jsonl"
[model.regressor]
pooling = "mean"
[model.regressor.encoder.gru]
hidden = 8
[[stage]]
epochs = 40
batch_size = 8
[stage.objective.supervised]
[stage.optimizer.adam]
lr = 2e-2
"#;

#[test]
fn numbers_of_any_size_are_learned_alike_and_told_in_their_units() {
    let mut all = Vec::new();
    // Of the last three single precision keeps next to nothing: dates in days, and numbers around a large one.
    let far = [(0.05, 2_459_000.5), (0.1, -1e7), (0.01, 1e9)];
    for (scale, shift) in [(1.0, 0.0), (1e-4, 0.0), (2e5, 3e5), (10.0, 2000.0)].into_iter().chain(far) {
        let folder = folder(&format!("numbers-{scale}-{shift}"));
        write_numbers(&folder, scale, shift);
        write_config(&folder, NUMBERS);
        let output = semiseq(&folder, &["train", "c.toml", "--no-tui"]);
        assert!(output.status.success(), "{}", errors(&output));
        let test = &summary(&folder, "runs/numbers")["test"];
        let [mse, mae, r2] = ["mse", "mae", "r2"].map(|name| test[name].as_f64().expect("a score"));
        assert!(r2 > 0.8, "targets around {shift} of size {scale}: {test}");
        all.push([mse / (scale * scale), mae / scale, r2]);

        let eval = semiseq(&folder, &["eval", "runs/numbers", "--json"]);
        let scores: Value = serde_json::from_slice(&eval.stdout).expect("JSON");
        assert_eq!(scores["mse"], test["mse"]);
        // The predictions of all rows that have a number are as far from these as `eval --data` says.
        let eval = semiseq(&folder, &["eval", "runs/numbers", "--data", "numbers.jsonl", "--json"]);
        let scores: Value = serde_json::from_slice(&eval.stdout).expect("JSON");
        let predicted = semiseq(&folder, &["predict", "runs/numbers", "numbers.jsonl", "--output", "p.jsonl"]);
        assert!(predicted.status.success(), "{}", errors(&predicted));
        let read = |name: &str, key: &str| -> Vec<Option<f64>> {
            let text = std::fs::read_to_string(folder.join(name)).expect("lines");
            text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")[key].as_f64()).collect()
        };
        let (truth, said) = (read("numbers.jsonl", "label"), read("p.jsonl", "prediction"));
        let errors: Vec<f64> = truth
            .iter()
            .zip(&said)
            .filter_map(|(truth, said)| Some((truth.as_ref()? - said.as_ref()?).abs()))
            .collect();
        assert_eq!(errors.len(), 120);
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        let expected = scores["mae"].as_f64().expect("an error");
        assert!((mean - expected).abs() < 1e-4 * scale, "{mean} against {expected}");
    }
    // The same model, but for the rounding of targets with an offset.
    for other in &all[1..] {
        assert!(all[0].iter().zip(other).all(|(one, other)| (one - other).abs() < 0.05 * one.abs()), "{all:?}");
    }
}
