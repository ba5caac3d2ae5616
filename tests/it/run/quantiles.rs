//! Regressors that say how sure they are: from the config to quantiles in `predict` and their coverage in `eval`.

use serde_json::Value;

use super::summary;
use crate::common::{errors, folder, semiseq, write_config};

const CONFIG: &str = r#"name = "sure"
[data]
source = "spectra"
size = 60
[data.labels]
total = 24
[data.transform]
resample = 20
[model.regressor]
dropout = 0.1
output = "OUTPUT"
quantiles = [0.1, 0.5, 0.8]
[model.regressor.encoder.gru]
hidden = 8
[[stage]]
steps = 30
batch_size = 8
unlabeled_ratio = 2
[stage.objective.OBJECTIVE]
[stage.optimizer.adam]
lr = 1e-2
"#;

#[test]
fn quantiles_are_predicted_and_scored() {
    for (output, objective) in [("gaussian", "ucvme"), ("quantiles", "mean-teacher"), ("gaussian", "supervised")] {
        let folder = folder(&format!("quantiles-{output}-{objective}"));
        let config = CONFIG.replace("OUTPUT", output).replace("OBJECTIVE", objective);
        // Labels alone pair with nothing.
        let config = if objective == "supervised" { config.replace("unlabeled_ratio = 2\n", "") } else { config };
        write_config(&folder, &config);
        let trained = semiseq(&folder, &["train", "c.toml", "--no-tui"]);
        assert!(trained.status.success(), "{}", errors(&trained));
        let test = &summary(&folder, "runs/sure")["test"];
        for name in ["mse", "mae", "r2", "interval_coverage", "interval_width", "pinball"] {
            assert!(test[name].as_f64().is_some_and(f64::is_finite), "{name} in {test}");
        }
        let references = summary(&folder, "runs/sure")["references"].clone();
        let names: Vec<&str> =
            references.as_array().into_iter().flatten().filter_map(|one| one["name"].as_str()).collect();
        assert_eq!(names, ["raw values: nearest neighbours", "raw values: COREG"]);
        assert!(references[1]["test"]["r2"].as_f64().is_some_and(f64::is_finite), "{references}");
        let eval = semiseq(&folder, &["eval", "runs/sure", "--json"]);
        let scores: Value = serde_json::from_slice(&eval.stdout).expect("JSON");
        assert_eq!(scores["pinball"], test["pinball"], "the same model, read again");

        let line = |row: usize| {
            let values: Vec<f64> = (0..100).map(|step| ((row * 37 + step * 53) % 101) as f64 / 50.0).collect();
            format!("{{\"values\": {values:?}}}\n")
        };
        std::fs::write(folder.join("new.jsonl"), (0..5).map(line).collect::<String>()).expect("data");
        let predicted = semiseq(&folder, &["predict", "runs/sure", "new.jsonl"]);
        assert!(predicted.status.success(), "{}", errors(&predicted));
        let table = String::from_utf8_lossy(&predicted.stdout).into_owned();
        assert_eq!(table.lines().next(), Some("index,prediction,q0.1,q0.5,q0.8"));
        for row in table.lines().skip(1) {
            let cells: Vec<f64> = row.split(',').map(|cell| cell.parse().expect("a number")).collect();
            assert!(cells[2] <= cells[3] && cells[3] <= cells[4] && cells[1] == cells[3], "{row}");
        }
        assert_eq!(table.lines().count(), 6);
        let json = semiseq(&folder, &["predict", "runs/sure", "new.jsonl", "--output", "p.jsonl"]);
        assert!(json.status.success(), "{}", errors(&json));
        let text = std::fs::read_to_string(folder.join("p.jsonl")).expect("lines");
        let first: Value = serde_json::from_str(text.lines().next().expect("a row")).expect("JSON");
        assert_eq!(first["quantiles"]["0.5"], first["prediction"]);
    }
}

#[test]
fn heads_and_objectives_that_do_not_go_together_are_refused_by_name() {
    let folder = folder("quantiles-refused");
    let plain = CONFIG.replace("quantiles = [0.1, 0.5, 0.8]\n", "");
    let kl = "mean-teacher]\nconsistency = \"kl\"";
    for (config, said) in [
        (plain.replace("OUTPUT", "mean").replace("OBJECTIVE", "ucvme"), "output = \"gaussian\""),
        (plain.replace("OUTPUT", "mean").replace("OBJECTIVE]", kl), "`stage.objective.mean-teacher` needs classes"),
        (
            plain.replace("OUTPUT", "mean").replace("OBJECTIVE]", "mean-teacher.supervised]\nlabel_smoothing = 0.1"),
            "`stage.0.objective.mean-teacher.supervised.label_smoothing` is for classes, and a regressor has none",
        ),
        (
            plain.replace("OUTPUT", "mean").replace("OBJECTIVE]", "pi-model.supervised]\nclass_weights = \"balanced\""),
            "`stage.0.objective.pi-model.supervised.class_weights` is for classes",
        ),
        (CONFIG.replace("OUTPUT", "mean").replace("OBJECTIVE", "supervised"), "model.regressor.quantiles"),
        (
            CONFIG.replace("OUTPUT", "quantiles").replace("OBJECTIVE", "supervised").replace("0.5, 0.8", "0.8, 0.5"),
            "model.regressor.quantiles",
        ),
    ] {
        write_config(&folder, &config);
        let refused = semiseq(&folder, &["train", "c.toml", "--no-tui"]);
        assert_eq!(refused.status.code(), Some(2), "{config}");
        assert!(errors(&refused).contains(said), "{}", errors(&refused));
    }
}
