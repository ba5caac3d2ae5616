//! Classifiers of sequences with any number of labels: from cells and lists to probabilities and sets of labels.

use serde_json::Value;

use super::summary;
use crate::common::{errors, folder, semiseq, write_config};

const CONFIG: &str = r#"name = "several"
[data]
source = "DATA"
test_fraction = 0.3
[data.labels]
total = 40
[data.transform]
tokenize = "word"
[model.classifier]
output = "multi-label"
pooling = "max"
embedding = { size = 16 }
[model.classifier.encoder.gru]
hidden = 16
[[stage]]
steps = 120
batch_size = 16
unlabeled_ratio = 2
[stage.objective.OBJECTIVE]
weight = 1.0
[stage.optimizer.adam]
lr = 2e-2
"#;

const WORDS: [&str; 3] = ["ball", "vote", "rain"];
const NAMES: [&str; 3] = ["sports", "politics", "weather"];

/// Which of the three names a row has; all sets come again and again.
fn held(row: usize) -> Vec<&'static str> {
    (0..3).filter(|name| ((row * 5) >> name) % 2 == 1).map(|name| NAMES[name]).collect()
}

fn text(row: usize) -> String {
    let words = (0..3).filter(|name| ((row * 5) >> name) % 2 == 1).map(|name| WORDS[name]);
    words.chain(["the", ["old", "new", "last", "next"][row % 4], "day"]).collect::<Vec<_>>().join(" ")
}

/// A cell, or a list: of each fifth row nothing is known.
fn data(json: bool, separator: &str) -> String {
    let line = |row: usize| {
        let (text, held, known) = (text(row), held(row), row % 5 != 4);
        match json {
            true => format!("{}\n", serde_json::json!({"text": text, "label": known.then_some(held)})),
            false => {
                let cell = if held.is_empty() { "[]".into() } else { held.join(separator) };
                format!("{text},{}\n", if known { cell } else { String::new() })
            }
        }
    };
    let head = if json { "" } else { "text,label\n" };
    head.to_string() + &(0..160).map(line).collect::<String>()
}

fn config(data: &str, objective: &str) -> String {
    let config = CONFIG.replace("DATA", data).replace("OBJECTIVE", objective);
    // Labels alone pair with nothing.
    let alone = |config: String| config.replace("unlabeled_ratio = 2\n", "").replace("weight = 1.0\n", "");
    if objective == "supervised" { alone(config) } else { config }
}

#[test]
fn any_number_of_labels_is_learned_scored_and_predicted() {
    for (file, objective) in [("t.csv", "supervised"), ("t.jsonl", "mean-teacher"), ("t.csv", "pi-model")] {
        let folder = folder(&format!("several-{objective}"));
        std::fs::write(folder.join(file), data(file == "t.jsonl", ";")).expect("data");
        write_config(&folder, &config(file, objective));
        let trained = semiseq(&folder, &["train", "c.toml", "--no-tui"]);
        assert!(trained.status.success(), "{}", errors(&trained));
        let summary = summary(&folder, "runs/several");
        assert_eq!((summary["classes"].as_u64(), summary["n_labeled"].as_u64()), (Some(3), Some(40)));
        let test = &summary["test"];
        for name in ["micro_f1", "macro_f1", "subset_accuracy", "auroc", "auprc"] {
            assert!(test[name].as_f64().is_some_and(|score| score > 0.9), "{name} in {test}");
        }
        assert!(test["hamming_loss"].as_f64().is_some_and(|loss| loss < 0.1), "{test}");
        assert!(test.get("accuracy").is_none() && test.get("ece").is_none(), "{test}");

        let eval = semiseq(&folder, &["eval", "runs/several", "--json", "--details"]);
        let found: Value = serde_json::from_slice(&eval.stdout).expect("JSON");
        assert_eq!(found["micro_f1"], test["micro_f1"], "the same model, read again");
        let names: Vec<&str> =
            found["per_class"].as_array().into_iter().flatten().filter_map(|one| one["class"].as_str()).collect();
        assert_eq!(names, ["politics", "sports", "weather"]);
        assert!(found["intervals"]["subset_accuracy"].is_array(), "{found}");
        let shown = semiseq(&folder, &["eval", "runs/several"]);
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        assert!(shown.contains("weather") && shown.contains("hamming_loss"), "{shown}");

        let predicted = semiseq(&folder, &["predict", "runs/several", file, "--output", "p.csv"]);
        assert!(predicted.status.success(), "{}", errors(&predicted));
        let table = std::fs::read_to_string(folder.join("p.csv")).expect("a table");
        assert_eq!(table.lines().next(), Some("index,prediction,p_politics,p_sports,p_weather"));
        assert!(table.lines().any(|line| line.contains(",\"politics;sports\",")), "{table}");
        assert!(table.lines().any(|line| line.contains(",[],")), "none of the labels: {table}");
        let json = semiseq(&folder, &["predict", "runs/several", file, "--output", "p.jsonl"]);
        assert!(json.status.success(), "{}", errors(&json));
        let text = std::fs::read_to_string(folder.join("p.jsonl")).expect("lines");
        for line in text.lines() {
            let one: Value = serde_json::from_str(line).expect("JSON");
            for name in NAMES {
                let said = one["prediction"].as_array().into_iter().flatten().any(|label| label == name);
                assert_eq!(said, one["probabilities"][name].as_f64().is_some_and(|value| value >= 0.5), "{line}");
            }
        }
        let report = semiseq(&folder, &["report", "runs/several"]);
        assert!(report.status.success(), "{}", errors(&report));
        let page = std::fs::read_to_string(folder.join("runs/several/report.html")).expect("a page");
        assert!(page.contains("micro F1") && page.contains("Hamming loss"));
    }
}

#[test]
fn a_separator_is_a_key_and_predictions_are_read_by_it() {
    let folder = folder("several-separator");
    std::fs::write(folder.join("t.csv"), data(false, "|")).expect("data");
    let text = config("t.csv", "supervised");
    write_config(&folder, &text.replace("total = 40", "total = 40\nseparator = \"|\""));
    let trained = semiseq(&folder, &["train", "c.toml", "--no-tui"]);
    assert!(trained.status.success(), "{}", errors(&trained));
    assert_eq!(summary(&folder, "runs/several")["classes"], 3);
    let predicted = semiseq(&folder, &["predict", "runs/several", "t.csv"]);
    assert!(String::from_utf8_lossy(&predicted.stdout).contains("politics|sports"));
}

#[test]
fn what_needs_one_class_is_refused_by_name() {
    let folder = folder("several-refused");
    std::fs::write(folder.join("t.csv"), data(false, ";")).expect("data");
    std::fs::write(folder.join("t.jsonl"), data(true, ";")).expect("data");
    std::fs::write(folder.join("bad.csv"), "text,label\na b,\"['x', 'y']\"\nc d,x\n").expect("data");
    let plain = config("t.csv", "supervised");
    let bare = |objective: &str| config("t.csv", objective).replace("weight = 1.0\n", "");
    let with = |table: &str| format!("{plain}{table}");
    for (config, said) in [
        (bare("mixmatch"), "`stage.0.objective.mixmatch` needs one class for each sequence"),
        (
            bare("mean-teacher]\nconsistency = \"kl\"\n[stage.objective.mean-teacher.supervised"),
            "mean-teacher` needs one",
        ),
        (
            plain.replace("[stage.objective.supervised]", "[stage.objective.supervised]\nclass_weights = \"balanced\""),
            "`stage.0.objective.supervised.class_weights` weighs the one class",
        ),
        (with("[stage.rebalancing.focal]\n"), "`stage.0.rebalancing.focal` works with one class"),
        (with("[calibrate]\nfrom = \"labels\"\n"), "`[calibrate]` is for the probabilities"),
        (plain.replace("total = 40", "per_class = 5"), "`data.labels.per_class` needs classes"),
        (plain.replace("total = 40", "separator = \"\""), "data.labels.separator"),
        (plain.replace("output = \"multi-label\"\n", "").replace("t.csv", "t.jsonl"), "the label is a list"),
        (plain.replace("t.csv", "bad.csv"), "the label `['x', 'y']` is no list of JSON"),
    ] {
        write_config(&folder, &config);
        let refused = semiseq(&folder, &["train", "c.toml", "--no-tui"]);
        assert_eq!(refused.status.code(), Some(2), "{config}\n{}", errors(&refused));
        assert!(errors(&refused).contains(said), "{said}: {}", errors(&refused));
    }
}
