//! Classes in an order: from `data.labels.order` to scores and heads that go by it.

use serde_json::Value;

use super::summary;
use crate::common::{errors, folder, semiseq, write_config};

const CONFIG: &str = r#"name = "graded"
[data]
source = "grades.csv"
test_fraction = 0.3
[data.labels]
order = ["mild", "moderate", "severe"]
[model.classifier]
output = "OUTPUT"
pooling = "mean"
[model.classifier.encoder.gru]
hidden = 8
[[stage]]
steps = 150
batch_size = 16
[stage.objective.supervised]
[stage.optimizer.adam]
lr = 2e-2
"#;

const GRADES: [&str; 3] = ["mild", "moderate", "severe"];

/// Series whose size is their grade.
fn grades(names: [&str; 3]) -> String {
    let row = |row: usize| {
        let value = |step: usize| (row % 3) as f64 + ((row * 7 + step * 5) % 11) as f64 / 12.0;
        format!(
            "{},{}\n",
            (0..6).map(|step| format!("{:.3}", value(step))).collect::<Vec<_>>().join(","),
            names[row % 3]
        )
    };
    format!("a,b,c,d,e,f,label\n{}", (0..120).map(row).collect::<String>())
}

#[test]
fn ordered_classes_are_learned_and_scored_by_their_order() {
    for output in ["cumulative-link", "corn", "softmax"] {
        let folder = folder(&format!("graded-{output}"));
        std::fs::write(folder.join("grades.csv"), grades(GRADES)).expect("data");
        write_config(&folder, &CONFIG.replace("OUTPUT", output));
        let trained = semiseq(&folder, &["train", "c.toml", "--no-tui"]);
        assert!(trained.status.success(), "{}", errors(&trained));
        let test = &summary(&folder, "runs/graded")["test"];
        assert!(test["accuracy"].as_f64().is_some_and(|score| score > 0.8), "{test}");
        assert!(test["quadratic_kappa"].as_f64().is_some_and(|score| score > 0.8), "{test}");
        assert!(test["level_mae"].as_f64().is_some_and(|score| score < 0.2), "{test}");
        let eval = semiseq(&folder, &["eval", "runs/graded", "--json"]);
        let scores: Value = serde_json::from_slice(&eval.stdout).expect("JSON");
        assert_eq!(scores["quadratic_kappa"], test["quadratic_kappa"], "the same model, read again");
        let predicted = semiseq(&folder, &["predict", "runs/graded", "grades.csv"]);
        let table = String::from_utf8_lossy(&predicted.stdout).into_owned();
        assert_eq!(table.lines().next(), Some("index,prediction,p_mild,p_moderate,p_severe"));
        for row in table.lines().skip(1) {
            let cells: Vec<&str> = row.split(',').collect();
            let sum: f64 = cells[2..].iter().map(|cell| cell.parse::<f64>().expect("a number")).sum();
            assert!((sum - 1.0).abs() < 1e-4, "{row}");
        }
    }
}

#[test]
fn an_order_that_does_not_fit_is_refused() {
    let folder = folder("graded-refused");
    std::fs::write(folder.join("grades.csv"), grades(GRADES)).expect("data");
    let config = CONFIG.replace("OUTPUT", "corn");
    let order = |order: &str| config.replace("[\"mild\", \"moderate\", \"severe\"]", order);
    for (config, said) in [
        (order("[\"mild\", \"severe\"]"), "grades.csv: `moderate`"),
        (order("[\"mild\", \"moderate\", \"severe\", \"mild\"]"), "holds `mild` twice"),
        (order("\"ascending\""), "are no numbers: `mild`, `moderate`, `severe`"),
        (order("\"downwards\""), "must be a list of classes or \"ascending\", got \"downwards\""),
        (config.replace("order = [\"mild\", \"moderate\", \"severe\"]\n", ""), "takes classes in their order"),
        (config.replace("\"corn\"", "\"multi-label\""), "`data.labels.order` puts classes in an order"),
    ] {
        write_config(&folder, &config);
        let refused = semiseq(&folder, &["train", "c.toml", "--no-tui"]);
        assert_eq!(refused.status.code(), Some(2), "{config}\n{}", errors(&refused));
        assert!(errors(&refused).contains(said), "{said}: {}", errors(&refused));
    }
}
