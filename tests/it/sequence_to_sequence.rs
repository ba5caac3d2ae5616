//! Encoder-decoders as their user meets them: pairs of texts in a file, answers out.

use std::path::Path;

use crate::common::{errors, folder, semiseq, write_config};
use serde_json::Value;

const CONFIG: &str = r#"name = "digits"
[data]
source = "pairs.csv"
text = "words"
target = "digits"
[model.encoder-decoder]
embedding = { size = 16 }
[model.encoder-decoder.encoder.gru]
hidden = 24
bidirectional = true
[[stage]]
epochs = 40
batch_size = 16
[stage.objective.sequence-to-sequence]
hidden = 32
embedding = 16
[stage.optimizer.adam]
lr = 1e-2
grad_clip_norm = 1.0
[stage.schedule.cosine]
"#;
const WORDS: [&str; 5] = ["one", "two", "three", "four", "five"];

/// Numbers in words, one to four of them, and in digits.
fn write_pairs(folder: &Path) {
    let row = |row: usize| {
        let numbers: Vec<usize> = (0..1 + row % 4).map(|place| (row * 7 + place * (row / 5 + 3)) % 5).collect();
        let words: Vec<&str> = numbers.iter().map(|number| WORDS[*number]).collect();
        let digits: Vec<String> = numbers.iter().map(|number| (number + 1).to_string()).collect();
        format!("{},{}\n", words.join(" "), digits.join(" "))
    };
    let rows: String = (0..200).map(row).collect();
    std::fs::write(folder.join("pairs.csv"), format!("words,digits\n{rows}")).expect("data");
}

#[test]
fn texts_are_answered_with_texts() {
    let folder = folder("pairs");
    write_pairs(&folder);
    write_config(&folder, CONFIG);
    let trained = semiseq(&folder, &["train", "c.toml", "--no-tui"]);
    assert!(trained.status.success(), "{}", errors(&trained));
    let summary = std::fs::read_to_string(folder.join("runs/digits/summary.json")).expect("a summary");
    let summary: Value = serde_json::from_str(&summary).expect("JSON");
    assert!(summary["test"]["exact_match"].as_f64() > Some(0.8), "{summary}");
    assert!(summary["test"]["perplexity"].as_f64() < Some(1.5), "{summary}");

    std::fs::write(folder.join("new.jsonl"), "{\"words\": \"three one\"}\n{\"words\": \"five\"}\n").expect("data");
    for output in ["answers.csv", "answers.jsonl"] {
        let predicted = semiseq(&folder, &["predict", "runs/digits", "new.jsonl", "--output", output]);
        assert!(predicted.status.success(), "{}", errors(&predicted));
    }
    let answers = std::fs::read_to_string(folder.join("answers.csv")).expect("answers");
    assert_eq!(answers, "index,prediction\n0,3 1\n1,5\n");
    let answers = std::fs::read_to_string(folder.join("answers.jsonl")).expect("answers");
    assert_eq!(answers, "{\"prediction\":\"3 1\"}\n{\"prediction\":\"5\"}\n");

    let scored = semiseq(&folder, &["eval", "runs/digits", "--json"]);
    let scored: Value = serde_json::from_slice(&scored.stdout).expect("JSON");
    assert_eq!(scored["exact_match"], summary["test"]["exact_match"]);
    let report = std::fs::read_to_string(folder.join("runs/digits/report.html")).expect("a report");
    assert!(report.contains("Answers for the test part"), "the report shows answers");
}

#[test]
fn every_attention_and_scheduled_sampling_learn() {
    let folder = folder("attention");
    for (attention, more) in [("none", "reversed = true"), ("bahdanau", "scheduled_sampling = { least = 0.5 }")] {
        let config = CONFIG
            .replace(
                "source = \"pairs.csv\"\ntext = \"words\"\ntarget = \"digits\"",
                "source = \"reversal\"\nsize = 60",
            )
            .replace("epochs = 40", "epochs = 3")
            .replace("hidden = 32", &format!("hidden = 8\nattention = \"{attention}\"\n{more}"));
        write_config(&folder, &config);
        let trained = semiseq(&folder, &["train", "c.toml", "--no-tui", "--out", attention]);
        assert!(trained.status.success(), "{}", errors(&trained));
        let metrics = std::fs::read_to_string(folder.join(attention).join("metrics.jsonl")).expect("metrics");
        let losses: Vec<f64> = metrics
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
            .filter(|line| line["split"] == "train")
            .map(|line| line["loss"].as_f64().expect("a loss"))
            .collect();
        assert!(losses[2] < losses[0], "{attention}: {losses:?}");
        let summary = std::fs::read_to_string(folder.join(attention).join("summary.json")).expect("a summary");
        let summary: Value = serde_json::from_str(&summary).expect("JSON");
        // A decoder that writes nothing has a rate of exactly 1.
        assert!(summary["test"]["token_error_rate"].as_f64() != Some(1.0), "{attention}: {summary}");
        let predicted = semiseq(&folder, &["predict", attention, "reversal"]);
        assert_eq!(String::from_utf8_lossy(&predicted.stdout).lines().count(), 501, "{}", errors(&predicted));
    }
}

#[test]
fn what_cannot_be_is_refused_with_a_remedy() {
    let folder = folder("pairs-refused");
    write_pairs(&folder);
    let refused = |config: String| {
        write_config(&folder, &config);
        let output = semiseq(&folder, &["train", "c.toml", "--no-tui"]);
        assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
        errors(&output)
    };
    let classes =
        refused(CONFIG.replace("source = \"pairs.csv\"\ntext = \"words\"\ntarget = \"digits\"", "source = \"cbf\""));
    assert!(classes.contains("has no sequences as targets"), "{classes}");
    let baseline = refused(format!("{CONFIG}[baseline]\nenabled = true\n"));
    assert!(baseline.contains("leave `[baseline]` out"), "{baseline}");
    let head = refused(CONFIG.replace("sequence-to-sequence]\nhidden = 32\nembedding = 16", "supervised]"));
    assert!(head.contains("`[model.encoder-decoder]` has none"), "{head}");
    let beam = refused(CONFIG.replace("hidden = 32", "beam = 0"));
    assert!(beam.contains("sequence-to-sequence.beam") && beam.contains("at least 1"), "{beam}");
    let sampling = refused(CONFIG.replace("hidden = 32", "scheduled_sampling = { decay = \"exponential\", k = 3.0 }"));
    assert!(sampling.contains("scheduled_sampling.k"), "{sampling}");
}
