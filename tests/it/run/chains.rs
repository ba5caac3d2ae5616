//! Taggers whose tags are decided together: from lists of labels to the most probable paths and the F1 of spans.

use serde_json::Value;

use super::summary;
use crate::common::{errors, folder, semiseq, write_config};

const CONFIG: &str = r#"name = "chain"
[data]
source = "DATA"
test_fraction = 0.3
[model.tagger]
output = "crf"
[model.tagger.encoder.gru]
hidden = 12
[[stage]]
steps = 120
batch_size = 16
[stage.objective.supervised]
[stage.optimizer.adam]
lr = 2e-2
"#;

/// Rows of unequal length in which high values are a span; a row of ten is not labelled.
fn rows() -> Vec<Value> {
    let row = |row: usize| {
        let (time, begin, length) = (8 + row % 5, row % 4, 2 + row % 3);
        let inside = |step: usize| (begin..begin + length).contains(&step);
        let value = |step: usize| f64::from(u8::from(inside(step))) + ((row * 7 + step * 5) % 11) as f64 / 30.0;
        let tag = |step: usize| match inside(step) {
            true if step == begin => "B-high",
            true => "I-high",
            false => "O",
        };
        let values: Vec<f64> = (0..time).map(value).collect();
        let label: Option<Vec<&str>> = (row % 10 != 9).then(|| (0..time).map(tag).collect());
        serde_json::json!({"values": values, "label": label})
    };
    (0..120).map(row).collect()
}

fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

#[test]
fn tags_are_learned_decided_and_scored_as_spans() {
    let folder = folder("chain");
    std::fs::write(folder.join("t.jsonl"), lines(&rows())).expect("data");
    write_config(&folder, &CONFIG.replace("DATA", "t.jsonl"));
    let trained = semiseq(&folder, &["train", "c.toml", "--no-tui"]);
    assert!(trained.status.success(), "{}", errors(&trained));
    let test = &summary(&folder, "runs/chain")["test"];
    for name in ["accuracy", "span_f1", "span_precision", "span_recall"] {
        assert!(test[name].as_f64().is_some_and(|score| score > 0.9), "{name} in {test}");
    }
    let eval = semiseq(&folder, &["eval", "runs/chain", "--json"]);
    let scores: Value = serde_json::from_slice(&eval.stdout).expect("JSON");
    assert_eq!(scores["span_f1"], test["span_f1"], "the same model, read again");
    let predicted = semiseq(&folder, &["predict", "runs/chain", "t.jsonl", "--output", "p.jsonl"]);
    assert!(predicted.status.success(), "{}", errors(&predicted));
    let text = std::fs::read_to_string(folder.join("p.jsonl")).expect("lines");
    for (line, row) in text.lines().zip(rows()) {
        let one: Value = serde_json::from_str(line).expect("JSON");
        let tags: Vec<&str> =
            one["steps"].as_array().into_iter().flatten().filter_map(|step| step["prediction"].as_str()).collect();
        assert_eq!(Some(tags.len()), row["values"].as_array().map(Vec::len));
        assert_ne!(tags[0], "I-high", "nothing goes on that did not begin");
        assert!(tags.windows(2).all(|pair| pair != ["O", "I-high"]), "{tags:?}");
    }
    let onnx = semiseq(&folder, &["export", "runs/chain", "--format", "onnx", "--output", "m.onnx"]);
    assert_eq!(onnx.status.code(), Some(2), "{}", errors(&onnx));
    assert!(errors(&onnx).contains("`model.tagger.output` is `crf`"), "{}", errors(&onnx));
}

#[test]
fn what_goes_by_single_steps_is_refused_by_name() {
    let folder = folder("chain-refused");
    std::fs::write(folder.join("t.jsonl"), lines(&rows())).expect("data");
    let short = serde_json::json!({"values": [1.0, 2.0], "label": ["O"]});
    std::fs::write(folder.join("short.jsonl"), lines(&[short])).expect("data");
    let plain = CONFIG.replace("DATA", "t.jsonl");
    let supervised = "[stage.objective.supervised]\n";
    for (config, said) in [
        (plain.replace("supervised", "fixmatch"), "`stage.0.objective.fixmatch` needs a distribution for each step"),
        (
            plain.replace(supervised, "[stage.objective.supervised]\nclass_weights = \"balanced\"\n"),
            "`stage.0.objective.supervised.class_weights` changes what",
        ),
        (
            plain.replace(supervised, "[stage.objective.supervised]\nlabel_smoothing = 0.1\n"),
            "`stage.0.objective.supervised.label_smoothing`",
        ),
        (format!("{plain}[stage.rebalancing.focal]\n"), "`stage.0.rebalancing.focal` weighs single steps"),
        (format!("{plain}[calibrate]\nfrom = \"labels\"\n"), "`[calibrate]` is for the probabilities of single steps"),
        (CONFIG.replace("DATA", "short.jsonl"), "row 1: 1 labels for 2 steps"),
    ] {
        write_config(&folder, &config);
        let refused = semiseq(&folder, &["train", "c.toml", "--no-tui"]);
        assert_eq!(refused.status.code(), Some(2), "{config}\n{}", errors(&refused));
        assert!(errors(&refused).contains(said), "{said}: {}", errors(&refused));
    }
}
