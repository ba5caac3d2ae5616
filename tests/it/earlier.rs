//! What was made before still works: a config and a run folder that semiseq 0.1 wrote on 27 November 2026
//! (`tests/fixtures/earlier_run`, the files that are read later), with the predictions that it gave then.

use std::fs;
use std::path::{Path, PathBuf};

use semiseq::prelude::*;

use crate::common::{errors, folder, semiseq};

const FIXTURES: &str = "tests/fixtures/earlier_run";

/// A copy of the run, since reports are written into a run's folder.
fn run_folder() -> PathBuf {
    let folder = folder("earlier");
    fs::create_dir_all(folder.join("run")).expect("a folder");
    for file in fs::read_dir(FIXTURES).expect("the fixture").flatten() {
        fs::copy(file.path(), folder.join("run").join(file.file_name())).expect("a copy");
    }
    folder
}

/// The rows of a table of predictions: the class, and the probabilities.
fn rows(table: &str) -> Vec<(String, Vec<f64>)> {
    let row = |line: &str| {
        let mut cells = line.split(',').skip(1);
        let class = cells.next().expect("a class").to_string();
        (class, cells.map(|cell| cell.parse().expect("a probability")).collect())
    };
    table.lines().skip(1).map(row).collect()
}

#[test]
fn a_config_made_before_is_read_as_it_was() {
    let written = RunConfig::read(format!("{FIXTURES}.toml")).expect("the config as its user wrote it");
    let resolved = RunConfig::read(Path::new(FIXTURES).join("config.toml")).expect("the config as the run kept it");
    assert_eq!(written, resolved);
    assert_eq!((written.data.validation_fraction(), written.stages.len()), (0.2, 2));
}

#[test]
fn a_run_made_before_predicts_scores_and_reports_as_it_did() {
    let folder = run_folder();
    let new = fs::canonicalize(format!("{FIXTURES}.jsonl")).expect("the fixture");
    let output = semiseq(&folder, &["predict", "run", new.to_str().expect("a path")]);
    assert!(output.status.success(), "{}", errors(&output));
    let (found, expected) = (
        rows(&String::from_utf8_lossy(&output.stdout)),
        rows(&fs::read_to_string(format!("{FIXTURES}.csv")).expect("the fixture")),
    );
    assert_eq!(found.len(), 6);
    for ((class, found), (expected_class, expected)) in found.iter().zip(&expected) {
        assert_eq!(class, expected_class);
        assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-4), "{found:?}");
    }

    let output = semiseq(&folder, &["eval", "run", "--json"]);
    assert!(output.status.success(), "{}", errors(&output));
    let scores: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let run = SavedRun::open(&folder.join("run"), &Device::flex()).expect("the run");
    let summary = run.summary().expect("its summary");
    for (name, value) in &summary.test {
        assert!((scores[name].as_f64().expect("a score") - value).abs() < 1e-4, "{name}: {scores}");
    }

    let output = semiseq(&folder, &["report", "run"]);
    assert!(output.status.success(), "{}", errors(&output));
    let page = fs::read_to_string(folder.join("run/report.html")).expect("a page");
    assert!(page.contains("earlier") && page.contains("mean-teacher"));

    let output = semiseq(&folder, &["train", "run/config.toml", "--out", "run", "--no-tui", "--resume"]);
    assert!(output.status.success(), "{}", errors(&output));
    assert!(errors(&output).contains("is finished already"), "{}", errors(&output));
}

/// A run can be shared between threads, as a server does.
#[test]
fn runs_and_errors_go_between_threads() {
    fn is<T: Send + Sync>() {}
    is::<SavedRun>();
    is::<Error>();
    is::<RunConfig>();
    is::<Prediction>();
}
