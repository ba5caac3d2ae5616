//! Forecasting as its user meets it: from a recording to a forecast in the units of the data.

use std::path::Path;

use crate::common::{errors, folder, semiseq, write_config};
use serde_json::Value;

const CONFIG: &str = r#"name = "waves"
[data]
source = "waves.csv"
[data.windows]
input = 24
horizon = 6
season = 12
[model.forecaster.encoder.gru]
hidden = 16
[[stage]]
epochs = 8
batch_size = 32
[stage.objective.supervised]
[stage.optimizer.adam]
lr = 1e-2
grad_clip_norm = 1.0
"#;

/// Two waves around 100 and -5, with periods of 12 and 10 steps, and a column of times.
fn write_recording(folder: &Path, rows: usize) {
    let rows: String = (0..rows)
        .map(|row| {
            let angle = |period: f64| row as f64 * std::f64::consts::TAU / period;
            format!("2020-01-01 {row},{:.4},{:.4}\n", 100.0 + 5.0 * angle(12.0).sin(), -5.0 + angle(10.0).cos())
        })
        .collect();
    std::fs::write(folder.join("waves.csv"), format!("time,load,heat\n{rows}")).expect("data");
}

fn summary(folder: &Path, run: &str) -> Value {
    let text = std::fs::read_to_string(folder.join(run).join("summary.json")).expect("a summary");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn a_recording_is_forecast_in_its_own_units() {
    let folder = folder("forecast");
    write_recording(&folder, 400);
    write_config(&folder, CONFIG);
    let trained = semiseq(&folder, &["train", "c.toml", "--no-tui"]);
    assert!(trained.status.success(), "{}", errors(&trained));
    let table = String::from_utf8_lossy(&trained.stdout).into_owned();
    assert!(table.contains("naive") && table.contains("seasonal naive"), "{table}");

    let summary = summary(&folder, "runs/waves");
    let mse = |of: &Value| of["test"]["mse"].as_f64().expect("an error");
    assert!(mse(&summary) < 0.3 * mse(&summary["naive"]), "{summary}");
    // The first wave repeats itself after twelve steps, the second does not.
    assert!(mse(&summary["seasonal_naive"]) > 0.01, "{summary}");

    let predicted = semiseq(&folder, &["predict", "runs/waves", "waves.csv"]);
    assert!(predicted.status.success(), "{}", errors(&predicted));
    let rows: Vec<Vec<f64>> = String::from_utf8_lossy(&predicted.stdout)
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|cell| cell.parse().expect("a number")).collect())
        .collect();
    assert_eq!(rows.len(), 6);
    for (step, row) in rows.iter().enumerate() {
        let angle = |period: f64| (400 + step) as f64 * std::f64::consts::TAU / period;
        let truth = [100.0 + 5.0 * angle(12.0).sin(), -5.0 + angle(10.0).cos()];
        assert_eq!(row[1] as usize, step + 1);
        assert!((row[2] - truth[0]).abs() < 3.0 && (row[3] - truth[1]).abs() < 0.8, "step {step}: {row:?}, {truth:?}");
    }

    let scored = semiseq(&folder, &["eval", "runs/waves", "--json"]);
    let scored: Value = serde_json::from_slice(&scored.stdout).expect("JSON");
    assert!((scored["mse"].as_f64().expect("an error") - mse(&summary)).abs() < 1e-9);
    let others = semiseq(&folder, &["eval", "runs/waves", "--data", "waves.csv"]);
    assert!(String::from_utf8_lossy(&others.stdout).contains("371 sequences"), "{}", errors(&others));

    write_recording(&folder, 20);
    let short = semiseq(&folder, &["predict", "runs/waves", "waves.csv"]);
    assert_eq!(short.status.code(), Some(2));
    assert!(errors(&short).contains("has 20 steps, and a window 24"), "{}", errors(&short));
}

#[test]
fn a_recording_is_read_on_and_on_with_its_state() {
    let folder = folder("streams");
    write_recording(&folder, 400);
    let config = CONFIG
        .replace("season = 12", "stride = 24")
        .replace("[model.forecaster.enc", "[model.forecaster]\nevery_step = true\n[model.forecaster.enc")
        .replace("supervised", "truncated-backpropagation")
        .replace("epochs = 8", "epochs = 60")
        .replace("batch_size = 32", "batch_size = 2");
    write_config(&folder, &config);
    let trained = semiseq(&folder, &["train", "c.toml", "--no-tui"]);
    assert!(trained.status.success(), "{}", errors(&trained));
    let summary = summary(&folder, "runs/waves");
    assert!(summary["test"]["mse"].as_f64() < summary["naive"]["test"]["mse"].as_f64(), "{summary}");

    write_config(&folder, &config.replace("stride = 24", "stride = 1"));
    let refused = semiseq(&folder, &["train", "c.toml", "--no-tui", "--out", "other"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(errors(&refused).contains("a `stride` as long as `input`"), "{}", errors(&refused));

    write_config(&folder, &config.replace("batch_size = 2", "batch_size = 2\ngradient_accumulation = 3"));
    let refused = semiseq(&folder, &["train", "c.toml", "--no-tui", "--out", "gathered"]);
    let told = errors(&refused);
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(told.contains("gradient_accumulation` is 3") && told.contains("write a larger `batch_size`"), "{told}");
    assert!(!folder.join("gathered").exists(), "nothing is begun");
}

#[test]
fn a_table_with_times_gets_a_config_that_forecasts_it() {
    let folder = folder("new-forecast");
    let rows: String =
        (0..300).map(|hour| format!("2020-01-01 {hour}:00,{:.3}\n", (hour as f64 / 4.0).sin())).collect();
    std::fs::write(folder.join("load.csv"), format!("time,load\n{rows}")).expect("data");
    let info = semiseq(&folder, &["data", "info", "load.csv"]);
    assert!(String::from_utf8_lossy(&info.stdout).contains("a recording of 300 steps"), "{}", errors(&info));
    let made = semiseq(&folder, &["new", "load.csv", "--output", "load.toml"]);
    assert!(made.status.success(), "{}", errors(&made));
    let trained = semiseq(&folder, &["train", "load.toml", "--no-tui"]);
    assert!(trained.status.success(), "{}", errors(&trained));
    assert!(summary(&folder, "runs/load")["test"]["mse"].as_f64().is_some());
}

#[test]
fn what_does_not_go_together_is_refused_with_a_remedy() {
    let folder = folder("windows");
    write_recording(&folder, 400);
    let refused = |config: String| {
        write_config(&folder, &config);
        let output = semiseq(&folder, &["train", "c.toml", "--no-tui"]);
        assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
        errors(&output)
    };
    let season = refused(CONFIG.replace("season = 12", "season = 30"));
    assert!(season.contains("data.windows.season") && season.contains("make `input` longer"), "{season}");
    let series = refused(CONFIG.replace("[data.windows]", "transform = { normalize = \"series\" }\n[data.windows]"));
    assert!(series.contains("instance_norm = true"), "{series}");
    let last = refused(CONFIG.replace("[data.windows]", "test_last = 50\n[data.windows]"));
    assert!(last.contains("data.test_last") && last.contains("use `data.windows.split`"), "{last}");
    let joint = "joint]\n[[stage.objective.joint.part]]\n[stage.objective.joint.part.objective.truncated-backpropagation]\n\
                 [[stage.objective.joint.part]]\n[stage.objective.joint.part.objective.supervised]";
    let joint = refused(CONFIG.replace("supervised]", joint));
    assert!(joint.contains("give it a stage of its own"), "{joint}");
    let classifier = refused(CONFIG.replace("forecaster", "classifier"));
    assert!(classifier.contains("use `[model.forecaster]`"), "{classifier}");
    let classes = refused(
        CONFIG
            .replace("source = \"waves.csv\"", "source = \"cbf\"")
            .replace("[data.windows]\ninput = 24\nhorizon = 6\nseason = 12", ""),
    );
    assert!(classes.contains("add a `[data.windows]` table"), "{classes}");
    let fixmatch = refused(CONFIG.replace("supervised", "fixmatch"));
    assert!(fixmatch.contains("a forecaster has none"), "{fixmatch}");
    let both = refused(CONFIG.replace(
        "[model.forecaster.enc",
        "[model.forecaster]\nevery_step = true\ninstance_norm = true\n[model.forecaster.enc",
    ));
    assert!(both.contains("model.forecaster.instance_norm"), "{both}");
}
