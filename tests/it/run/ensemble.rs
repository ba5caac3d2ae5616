//! `ensemble = 3`: answers of models from several seeds, averaged.

use std::path::Path;

use semiseq::prelude::*;

use super::{SMALL, summary, trained_in, weights};
use crate::common::{errors, folder, semiseq, write_config};

fn config() -> String {
    SMALL.replace("name = \"small\"", "name = \"small\"\nensemble = 3")
}

/// Probabilities of each class for each test sequence.
fn predicted(folder: &Path, run: &str) -> Vec<Vec<f64>> {
    let output = semiseq(folder, &["predict", run, "cbf"]);
    assert!(output.status.success(), "{}", errors(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let row = |line: &str| line.split(',').skip(2).map(|cell| cell.parse().expect("a probability")).collect();
    text.lines().skip(1).map(row).collect()
}

#[test]
fn the_run_answers_with_the_mean_of_its_members_and_resumes() {
    let folder = folder("ensemble");
    trained_in(&folder, &SMALL.replace("name = \"small\"", "name = \"alone\""));
    let output = semiseq(&folder, &["train", write_config(&folder, &config()), "--no-tui"]);
    assert!(output.status.success(), "{}", errors(&output));
    assert!(errors(&output).contains("member 3 of 3: accuracy"), "{}", errors(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("the test row is of 3 models"));
    let told = errors(&output);
    assert!(told.contains("member 2 of 3, stage 1/") && told.contains("member 3 of 3, stage 2/"), "{told}");
    let found = summary(&folder, "runs/small");
    assert_eq!(found["ensemble"], 3);
    assert!(weights(&folder, "runs/small") == weights(&folder, "runs/alone"), "members come beside the run");
    assert_eq!(found["n_labels_used"], summary(&folder, "runs/alone")["n_labels_used"]);

    let whole = predicted(&folder, "runs/small");
    let members = ["runs/alone", "runs/small/members/2", "runs/small/members/3"].map(|run| predicted(&folder, run));
    assert!(members[1] != members[0] && members[2] != members[1], "each has a seed of its own");
    for (row, said) in whole.iter().enumerate() {
        for (class, said) in said.iter().enumerate() {
            let mean = members.iter().map(|member| member[row][class]).sum::<f64>() / 3.0;
            assert!((said - mean).abs() < 2e-6, "{row}: {said} {mean}");
        }
    }
    let evaluated = semiseq(&folder, &["eval", "runs/small", "--json"]);
    let evaluated: serde_json::Value = serde_json::from_slice(&evaluated.stdout).expect("JSON");
    assert_eq!(evaluated["accuracy"], found["test"]["accuracy"]);

    // Which rows the members dispute is asked of them, and not of one model with its dropout.
    let run = SavedRun::open(&folder.join("runs/small"), &Device::flex()).expect("a run");
    let raw = Dataset {
        sequences: vec![Sequence::Series(Series { values: vec![0.5; 40], channels: 1 })],
        ..Dataset::default()
    };
    let data = run.processor().apply(Dataset { targets: vec![Target::Missing], ..raw }).expect("prepared");
    let said = run.sampled_outputs(&data, 20, 0);
    assert!(said.len() == 3 && said[0] != said[1], "{said:?}");

    // Stopped between two members, it goes on with the third.
    std::fs::remove_file(folder.join("runs/small/summary.json")).expect("a summary");
    std::fs::remove_dir_all(folder.join("runs/small/members/3")).expect("a member");
    let second = folder.join("runs/small/members/2/summary.json");
    let written = || std::fs::metadata(&second).and_then(|file| file.modified()).expect("a time");
    let before = written();
    let again = semiseq(&folder, &["train", "c.toml", "--no-tui", "--resume"]);
    assert!(again.status.success(), "{}", errors(&again));
    assert_eq!((summary(&folder, "runs/small")["test"].clone(), written()), (found["test"].clone(), before));
    assert_eq!(predicted(&folder, "runs/small"), whole);

    // One that is gone is missed by name.
    std::fs::remove_dir_all(folder.join("runs/small/members/3")).expect("a member");
    let output = semiseq(&folder, &["predict", "runs/small", "cbf"]);
    assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
    assert!(errors(&output).contains("members/3"), "{}", errors(&output));
}

#[test]
fn an_ensemble_is_calibrated_as_a_whole() {
    let folder = folder("ensemble-calibrated");
    let config = config().replace("validation = 0.2", "validation = 0.4") + "[calibrate]\n";
    trained_in(&folder, &config);
    let text = std::fs::read_to_string(folder.join("runs/small/model.json")).expect("a model");
    let model: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let by = model["calibration"]["temperature"].as_f64().expect("a temperature");
    let whole = predicted(&folder, "runs/small");
    let apart = ["runs/small/members/2", "runs/small/members/3"].map(|run| predicted(&folder, run));
    // Members are not calibrated. Two of three are known here; the third is what is left of the mean before its
    // temperature.
    for (row, said) in whole.iter().enumerate() {
        let powers: Vec<f64> = said.iter().map(|said| said.powf(by)).collect();
        let all: f64 = powers.iter().sum();
        for (class, power) in powers.iter().enumerate() {
            let own = 3.0 * power / all - apart[0][row][class] - apart[1][row][class];
            assert!((-1e-4..=1.0 + 1e-4).contains(&own), "{row}: {own}");
        }
    }
}

#[test]
fn what_has_no_mean_is_refused() {
    let told = |count: &str, objective: &str| {
        let text = format!(
            "ensemble = {count}\n[data]\nsource = \"cbf\"\n[model.classifier.encoder.gru]\nhidden = 4\n[[stage]]\nsteps = \
             2\n[stage.objective.{objective}]\n"
        );
        RunConfig::parse("c.toml", &text, &[]).map(|_| ()).map_err(|error| error.in_full())
    };
    assert_eq!(told("5", "supervised"), Ok(()));
    assert!(told("0", "supervised").unwrap_err().contains("must be 1 to 100, got 0"));
    assert!(told("101", "supervised").unwrap_err().contains("must be 1 to 100, got 101"));
    let nothing = told("3", "autoencoder").unwrap_err();
    assert!(nothing.contains("`ensemble`") && nothing.contains("predicts nothing by itself"), "{nothing}");
}
