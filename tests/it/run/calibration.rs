//! `[calibrate]`, `--abstain`, and further scores to stop by.

use serde_json::Value;

use super::summary;
use crate::common::{errors, folder, semiseq, write_config};

/// Three classes, sixty of three hundred sequences for validation.
const CBF: &str = r#"name = "sure"
[data]
source = "cbf"
size = 300
validation = 0.2
[data.labels]
per_class = 8
[data.transform]
resample = 16
[model.classifier]
pooling = "mean"
[model.classifier.encoder.gru]
hidden = 8
[references]
enabled = false
[[stage]]
steps = 60
batch_size = 8
[stage.objective.supervised]
[stage.optimizer.adam]
lr = 1e-2
"#;

fn train(folder: &std::path::Path, config: &str) {
    let trained = semiseq(folder, &["train", write_config(folder, config), "--no-tui"]);
    assert!(trained.status.success(), "{}", errors(&trained));
}

fn json(folder: &std::path::Path, arguments: &[&str]) -> Value {
    let output = semiseq(folder, arguments);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{arguments:?}: {}", errors(&output)))
}

#[test]
fn probabilities_are_calibrated_on_labels_that_chose_nothing() {
    let folder = folder("calibrated");
    train(&folder, &format!("{CBF}[calibrate]\nconformal = 0.2\n"));
    let found = summary(&folder, "runs/sure");
    let counts = ["n_labeled", "n_valid", "n_calibration", "n_labels_used"].map(|key| found[key].as_u64());
    assert_eq!(counts, [24, 30, 30, 84].map(Some), "{found}");
    let split: Value =
        serde_json::from_slice(&std::fs::read(folder.join("runs/sure/split.json")).expect("a split")).expect("JSON");
    assert_eq!(split["calibration"].as_array().map(Vec::len), Some(30));
    let model: Value =
        serde_json::from_slice(&std::fs::read(folder.join("runs/sure/model.json")).expect("a model")).expect("JSON");
    let calibration = &model["calibration"];
    assert!(calibration["temperature"].as_f64().is_some_and(|by| by > 0.0), "{calibration}");
    let least = calibration["conformal"]["least"].as_f64().expect("a probability");
    // 900 test sequences: the promise of 0.8 is kept within what thirty labels can tell.
    let coverage = found["test"]["set_coverage"].as_f64().expect("a share");
    assert!((0.6..=1.0).contains(&coverage) && found["test_intervals"]["set_coverage"].is_array(), "{found}");

    // The saved run says the same, and so does whoever counts its sets.
    let scored = json(&folder, &["eval", "runs/sure", "--json", "--abstain", "0.9"]);
    for name in ["accuracy", "loss", "set_coverage", "set_size"] {
        let (again, first) = (scored[name].as_f64().expect("a score"), found["test"][name].as_f64().expect("a score"));
        assert!((again - first).abs() < 1e-9, "{name}: {again} {first}");
    }
    let predicted = semiseq(&folder, &["predict", "runs/sure", "cbf", "--abstain", "0.9"]);
    let text = String::from_utf8_lossy(&predicted.stdout).into_owned();
    assert!(
        text.starts_with("index,prediction,p_") && text.lines().next().expect("a header").ends_with(",set"),
        "{text}"
    );
    let (mut empty, mut sizes) = (0usize, 0usize);
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let probabilities: Vec<f64> = cells[2..5].iter().map(|cell| cell.parse().expect("a probability")).collect();
        empty += usize::from(cells[1].is_empty());
        assert_eq!(cells[1].is_empty(), probabilities.iter().all(|value| *value < 0.9), "{line}");
        let set: Vec<&str> = cells[5].split('|').filter(|name| !name.is_empty()).collect();
        let near = probabilities.iter().any(|value| (value - least).abs() < 1e-5);
        assert!(near || set.len() == probabilities.iter().filter(|value| **value >= least).count(), "{line} {least}");
        sizes += set.len();
    }
    assert!(
        errors(&predicted).contains(&format!("{empty} of 900 predictions are left empty")),
        "{}",
        errors(&predicted)
    );
    let (share, size) = (scored["coverage"].as_f64().expect("a share"), scored["set_size"].as_f64().expect("a size"));
    assert!((share - (900 - empty) as f64 / 900.0).abs() < 1e-9, "{share} {empty}");
    assert!((size - sizes as f64 / 900.0).abs() < 0.01, "{size} {sizes}");
    let said = semiseq(&folder, &["eval", "runs/sure"]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    for part in ["set_coverage", "cohen_kappa", "precision", "rows: truth", "95 % interval"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // The report asks the run again.
    std::fs::remove_file(folder.join("runs/sure/report.html")).expect("a report");
    assert!(semiseq(&folder, &["report", "runs/sure"]).status.success());
}

/// Rows of two classes of which the second is rare, with a label each.
fn write_rare(folder: &std::path::Path) {
    let row = |row: usize| {
        let rare = row.is_multiple_of(7);
        let values: Vec<f64> = (0..6)
            .map(|step| ((row * 31 + step * 17) % 23) as f64 / 11.5 - 1.0 + if rare { 0.8 } else { 0.0 })
            .collect();
        format!("{{\"values\": {values:?}, \"label\": \"{}\"}}\n", if rare { "rare" } else { "plain" })
    };
    std::fs::write(folder.join("rare.jsonl"), (0..420).map(row).collect::<String>()).expect("data");
}

#[test]
fn a_threshold_decides_and_a_ranking_stops() {
    let folder = folder("threshold");
    write_rare(&folder);
    let config = CBF
        .replace("source = \"cbf\"\nsize = 300\n", "source = \"rare.jsonl\"\n")
        .replace("per_class = 8", "total = 150")
        .replace("resample = 16", "")
        .replace(
            "steps = 60",
            "steps = 80\nvalidate_every = 10\nearly_stopping = { metric = \"valid.auroc\", patience = 3 }",
        );
    let table =
        "[calibrate]\nfrom = \"labels\"\nfraction = 0.4\ntemperature = false\nthreshold = \"balanced-accuracy\"\n";
    train(&folder, &format!("{config}{table}"));
    let found = summary(&folder, "runs/sure");
    assert_eq!(found["n_labeled"].as_u64().zip(found["n_calibration"].as_u64()).map(|(a, b)| a + b), Some(150));
    let metrics = std::fs::read_to_string(folder.join("runs/sure/metrics.jsonl")).expect("metrics");
    assert!(metrics.contains("\"auroc\"") && !metrics.contains("auprc"), "a validation measures what is gone by");
    let model: Value =
        serde_json::from_slice(&std::fs::read(folder.join("runs/sure/model.json")).expect("a model")).expect("JSON");
    let threshold = model["calibration"]["threshold"].as_f64().expect("a probability");
    let predicted = semiseq(&folder, &["predict", "runs/sure", "rare.jsonl"]);
    for line in String::from_utf8_lossy(&predicted.stdout).lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let second: f64 = cells[3].parse().expect("a probability");
        let near = (second - threshold).abs() < 1e-5;
        assert!(near || (cells[1] == "rare") == (second >= threshold), "{line} {threshold}");
    }
    // What is counted is what is predicted.
    let scored = json(&folder, &["eval", "runs/sure", "--data", "rare.jsonl", "--json", "--details"]);
    let rare = String::from_utf8_lossy(&predicted.stdout).lines().filter(|line| line.contains(",rare,")).count();
    assert_eq!(scored["per_class"][1]["predicted"].as_u64(), Some(rare as u64));
    assert_eq!(scored["balanced_accuracy"], scored["macro_recall"]);
}

#[test]
fn what_cannot_be_calibrated_is_refused_with_a_remedy() {
    let folder = folder("uncalibrated");
    write_rare(&folder);
    let refused = |config: &str| {
        let output = semiseq(&folder, &["train", write_config(&folder, config), "--no-tui"]);
        assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
        errors(&output)
    };
    for (config, said) in [
        (CBF.replace("validation = 0.2\n", "") + "[calibrate]\n", "there is none"),
        (CBF.replace("validation = 0.2", "validation = \"cross\"") + "[calibrate]\n", "leave one of them out"),
        (CBF.to_string() + "[calibrate]\nconformal = 0.01\n", "needs 99 labels, and there are 30"),
        (CBF.to_string() + "[calibrate]\nthreshold = \"f1\"\n", "there are 3 classes here"),
        (CBF.to_string() + "[calibrate]\nfraction = 1.5\n", "`calibrate.fraction` must lie between 0 and 1"),
        (CBF.to_string() + "[calibrate]\ntemperature = false\n", "does nothing with them"),
        (CBF.replace("supervised", "autoencoder") + "[calibrate]\n", "is for the probabilities of a classifier"),
        (
            CBF.replace("steps = 60", "steps = 60\nearly_stopping = { metric = \"valid.top_5_accuracy\" }"),
            "which this stage never measures",
        ),
    ] {
        let told = refused(&config);
        assert!(told.contains(said), "{said}: {told}");
    }
    let output = semiseq(&folder, &["predict", "nowhere", "cbf", "--abstain", "1.5"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("must be a probability"), "{}", errors(&output));
}
