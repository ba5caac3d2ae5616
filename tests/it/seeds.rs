//! `train --seeds`: one run for several seeds, and what they come to.

use std::path::Path;

use serde_json::Value;

use crate::common::{errors, folder, semiseq, write_config};

const SMALL: &str = include_str!("common/small.toml");

fn json(folder: &Path, file: &str) -> Value {
    let text = std::fs::read_to_string(folder.join(file)).expect("a file");
    serde_json::from_str(&text).expect("JSON")
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = semiseq(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", errors(&output));
    errors(&output)
}

#[test]
fn seeds_have_a_folder_each_and_one_summary_and_finished_ones_are_not_run_again() {
    let folder = folder("seeds-of-a-run");
    let config = write_config(&folder, SMALL);
    let first = semiseq(&folder, &["train", config, "--seeds", "0..1"]);
    assert!(first.status.success(), "{}", errors(&first));
    let said = String::from_utf8_lossy(&first.stdout).into_owned();
    assert!(said.contains("2 seeds (0, 1)") && said.contains("over the baseline, seed by seed"), "{said}");
    // Each is the run that its config alone gives.
    let alone =
        semiseq(&folder, &["train", config, "--out", "alone", "--set", "seed=1", "--set", "data.labels.seed=1"]);
    assert!(alone.status.success(), "{}", errors(&alone));
    let weights = |run: &str| std::fs::read(folder.join(run).join("model.safetensors")).expect("weights");
    assert!(weights("runs/small/seed-1") == weights("alone"));

    // More seeds are run beside those that are finished.
    let written = || std::fs::metadata(folder.join("runs/small/seed-0/summary.json")).and_then(|file| file.modified());
    let before = written().expect("a time");
    let second = semiseq(&folder, &["train", config, "--seeds", "0,1,5", "--resume", "--json"]);
    assert!(second.status.success(), "{}", errors(&second));
    let found: Value = serde_json::from_slice(&second.stdout).expect("one JSON object");
    assert_eq!((before, &found), (written().expect("a time"), &json(&folder, "runs/small/summary.json")));
    let each = [0, 1, 5].map(|seed| json(&folder, &format!("runs/small/seed-{seed}/summary.json")));
    assert_eq!(each[2]["seed"], 5);
    let score = |summary: &Value| summary["test"]["loss"].as_f64().expect("a loss");
    let values = each.each_ref().map(score);
    let mean = values.iter().sum::<f64>() / 3.0;
    let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 2.0).sqrt();
    let loss = &found["test"]["loss"];
    let near = |value: &Value, expected: f64| (value.as_f64().expect("a number") - expected).abs() < 1e-9;
    assert!(near(&loss["mean"], mean) && near(&loss["deviation"], deviation), "{loss}");
    // Student's t with two degrees of freedom.
    assert!(
        (loss["interval"][1].as_f64().expect("an end") - mean - 4.302_652_7 * deviation / 3f64.sqrt()).abs() < 1e-6
    );
    assert_eq!(found["references"].as_array().map(Vec::len), Some(8));
    assert!(found["baseline"]["test"]["loss"]["values"].as_array().is_some_and(|values| values.len() == 3), "{found}");
    let page = std::fs::read_to_string(folder.join("runs/small/report.html")).expect("a report");
    assert!(page.contains("href=\"seed-5/report.html\"") && page.contains("95 % interval"));

    // What is there is never written over, and is no single run.
    assert!(refused(&folder, &["train", config, "--seeds", "0..1"]).contains("holds runs of seed-0, seed-1, seed-5"));
    assert!(refused(&folder, &["train", config]).contains("holds runs of seed-0, seed-1, seed-5"));
    let other = ["train", config, "--seeds", "0", "--resume", "--set", "stage.0.epochs=1"];
    assert!(refused(&folder, &other).contains("the config is not the one that runs/small/seed-0 was started with"));
    let told = refused(&folder, &["train", config, "--seeds", "0", "--out", "alone"]);
    assert!(told.contains("alone holds a single run"), "{told}");
    for command in [vec!["eval", "runs/small"], vec!["predict", "runs/small", "cbf"]] {
        let told = refused(&folder, &command);
        assert!(told.contains("holds runs of several seeds") && told.contains("`runs/small/seed-0`"), "{told}");
    }
}

#[test]
fn what_is_wrong_with_seeds_is_told() {
    let folder = folder("wrong-seeds");
    let config = write_config(&folder, SMALL);
    for (seeds, told) in [("4..0", "ends before it begins"), ("a", "`a` is no seed"), ("1,1", "seed 1 stands twice")] {
        assert!(refused(&folder, &["train", config, "--seeds", seeds]).contains(told), "{seeds}");
    }
    assert!(refused(&folder, &["train", config, "--seeds", "0..1", "--resume"]).contains("no seed to resume"));
    // A mistake in the data is the user's, though a process of its own finds it.
    let lost = ["train", config, "--seeds", "0", "--set", "data.size=3"];
    let told = refused(&folder, &lost);
    assert!(told.contains("seed 0: error"), "{told}");
}

#[test]
fn a_dry_run_says_what_will_be_and_writes_nothing() {
    let folder = folder("dry");
    let config = write_config(&folder, SMALL);
    let dry = semiseq(&folder, &["train", config, "--dry-run"]);
    assert!(dry.status.success(), "{}", errors(&dry));
    let said = String::from_utf8_lossy(&dry.stdout).into_owned();
    for part in [
        "cbf, 72 training sequences of series, 16 steps, 1 channel",
        "12 labelled, 60 unlabelled, 18 validation and 900 test sequences; labels used: 30",
        "3, with the labels of each: cylinder 4, bell 4, funnel 4",
        "classifier with gru, 183 parameters",
        "mean-teacher: 12 steps (4 epochs of 3 steps), 6 labelled and 24 unlabelled sequences each, 6 validations",
        "an estimate from",
        "runs/small: config.toml",
    ] {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
    assert!(errors(&dry).contains("18 validation labels choose"), "{}", errors(&dry));
    let dry = semiseq(&folder, &["train", config, "--dry-run", "--json"]);
    let found: Value = serde_json::from_slice(&dry.stdout).expect("one JSON object");
    assert_eq!((&found["n_labels_used"], &found["model"]["parameters"]), (&30.into(), &183.into()));
    let (stage, baseline) = (&found["stages"][1], &found["baseline"]);
    assert_eq!((&stage["steps"], &stage["batch"]), (&12.into(), &serde_json::json!([6, 24])));
    assert_eq!((&baseline["steps"], &baseline["batch"]), (&12.into(), &serde_json::json!([6, 0])));
    assert!(stage["step_seconds"].as_f64().is_some_and(|seconds| seconds > 0.0 && seconds < 1.0), "{stage}");
    assert!(found["seconds"].as_f64().is_some_and(|seconds| seconds < 60.0), "{found}");
    let seeds = semiseq(&folder, &["train", config, "--dry-run", "--seeds", "3..4"]);
    let said = String::from_utf8_lossy(&seeds.stdout).into_owned();
    assert!(said.contains("seed 3, on flex") && said.contains("seeds      3, 4: each like this one"), "{said}");
    assert!(!folder.join("runs").exists(), "nothing is written");

    // What a run would refuse, a dry run refuses.
    assert!(refused(&folder, &["train", config, "--dry-run", "--resume"]).contains("holds no run to resume"));
    assert!(refused(&folder, &["train", config, "--dry-run", "--set", "sede=1"]).contains("sede"));
    let stage = "stage.0.early_stopping={ metric = \"valid.mae\", patience = 1 }";
    assert!(refused(&folder, &["train", config, "--dry-run", "--set", stage]).contains("never measures"));
}

/// The start says what will be, the end what was kept; and how much of it is said is the user's choice. None of it
/// changes a weight.
#[test]
fn a_run_says_as_much_as_it_is_asked_to() {
    let folder = folder("said");
    let config = write_config(&folder, SMALL);
    let run = |out: &str, more: &[&str]| {
        let output = semiseq(&folder, &[&["train", config, "--out", out], more].concat());
        assert!(output.status.success(), "{}", errors(&output));
        let weights = std::fs::read(folder.join(out).join("model.safetensors")).expect("weights");
        (String::from_utf8_lossy(&output.stdout).into_owned(), errors(&output), weights)
    };
    let (result, told, weights) = run("normal", &[]);
    for part in [
        "data: cbf, 72",
        "split: 12 labelled",
        "183 parameters",
        "steps: autoencoder 6, mean-teacher 12",
        "one seed cannot",
    ] {
        assert!(told.contains(part), "{part} is not in:\n{told}");
    }
    assert!(
        result.contains("mean-teacher: kept epoch") && result.contains("the best by validation accuracy"),
        "{result}"
    );
    assert!(result.contains("report: normal/report.html"), "{result}");
    let (result, told, quiet) = run("quiet", &["-q"]);
    assert!(told.lines().all(|line| line.starts_with("warning: ")) && told.contains("18 validation labels"), "{told}");
    assert!(result.contains("autoencoder → mean-teacher"), "{result}");
    let (_, told, verbose) = run("verbose", &["--verbose"]);
    assert!(told.contains("threads") && told.contains("an estimate from"), "{told}");
    let (_, told, json) = run("json", &["--json"]);
    assert!(told.lines().all(|line| line.starts_with("warning: ")), "{told}");
    assert!([quiet, verbose, json].iter().all(|other| *other == weights));
    let last = ["--set", "data.validation=\"none\"", "--set", "stage.1.weight_average=0.9"];
    let (result, _, _) = run("last", &last);
    assert!(result.contains("kept the last step (16), averaged over the steps before"), "{result}");
    // An error is told however quiet it is to be.
    assert!(refused(&folder, &["-q", "train", "lost.toml"]).contains("lost.toml"));
    assert!(refused(&folder, &["train", config, "-q", "-v"]).contains("cannot be used with"));
}
