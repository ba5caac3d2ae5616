//! Transcripts as their user meets them: recordings and series with the text that they say, in files of several kinds.

use std::path::Path;

use crate::common::{errors, folder, semiseq, write_config, write_wav};
use serde_json::Value;

const CONFIG: &str = r#"name = "words"
[data]
source = "DATA"
target = "transcript"
validation = 0.2
[model.transcriber.encoder.gru]
hidden = 32
bidirectional = true
[[stage]]
epochs = 40
batch_size = 16
[stage.objective.ctc]
[stage.optimizer.adam]
lr = 1e-2
grad_clip_norm = 1.0
[stage.schedule.cosine]
"#;
const WORDS: [&str; 5] = ["go", "no", "on", "good", "dog"];
const RATE: u32 = 8_000;
/// Rows, of which each fourth has no transcript.
const ROWS: usize = 175;

/// Two to four words; no two rows have the same.
fn text(row: usize) -> String {
    let words: Vec<&str> = match row {
        0..25 => vec![WORDS[row % 5], WORDS[row / 5]],
        25..150 => vec![WORDS[row % 5], WORDS[row / 5 % 5], WORDS[(row / 25 - 1) % 5]],
        _ => vec![WORDS[row % 5], WORDS[row / 5 % 5], WORDS[row / 5 % 3], WORDS[row % 3]],
    };
    words.join(" ")
}

fn transcript(row: usize) -> Option<String> {
    (row % 4 != 3).then(|| text(row))
}

/// Letters as numbers; a space has none.
fn letter(character: char) -> Option<usize> {
    "gond".find(character)
}

/// A tone for each letter, of 60 to 110 ms, and a hiss throughout.
fn write_recordings(folder: &Path) {
    let mut table = String::from("path,transcript\n");
    for row in 0..ROWS {
        let mut samples = vec![0.0; 400];
        for (place, character) in text(row).chars().enumerate() {
            let count = 480 + (row * 5 + place * 3) % 6 * 80;
            let hertz = letter(character).map(|letter| 300.0 * 1.3f64.powi(letter as i32));
            samples.extend((0..count).map(|at| {
                let along = at as f64 / count as f64;
                let tone = |hertz: f64| (at as f64 * hertz / f64::from(RATE) * std::f64::consts::TAU).sin();
                hertz.map_or(0.0, tone) * (along * std::f64::consts::PI).sin() * 12_000.0
            }));
        }
        samples.extend([0.0; 400]);
        let hissing =
            |(at, sample): (usize, &f64)| (sample + ((at * 7919 + at * at % 61 * 37) % 401) as f64 - 200.0) as i16;
        let samples: Vec<i16> = samples.iter().enumerate().map(hissing).collect();
        write_wav(&folder.join(format!("clips/{row}.wav")), RATE, &samples);
        table += &format!("clips/{row}.wav,{}\n", transcript(row).unwrap_or_default());
    }
    std::fs::write(folder.join("clips.csv"), table).expect("a table");
}

/// A channel for each letter: three to five steps of half a wave.
fn series(row: usize) -> Vec<[f64; 4]> {
    let mut steps = Vec::new();
    for (place, character) in text(row).chars().enumerate() {
        let count = 3 + (row * 5 + place * 3) % 3;
        for step in 0..count {
            let mut values = [0.0; 4];
            if let Some(letter) = letter(character) {
                values[letter] = ((step as f64 + 0.5) / count as f64 * std::f64::consts::PI).sin();
            }
            steps.push(values);
        }
    }
    steps
}

/// The same series as JSON lines and as a long table.
fn write_series(folder: &Path) {
    let (mut lines, mut long) = (String::new(), String::from("id,time,a,b,c,d,transcript\n"));
    for row in 0..ROWS {
        let label = transcript(row).map(|text| format!(", \"transcript\": \"{text}\"")).unwrap_or_default();
        lines += &format!("{{\"values\": {:?}{label}}}\n", series(row));
        for (time, [a, b, c, d]) in series(row).into_iter().enumerate() {
            long += &format!("{row},{time},{a},{b},{c},{d},{}\n", transcript(row).unwrap_or_default());
        }
    }
    std::fs::write(folder.join("series.jsonl"), lines).expect("data");
    std::fs::write(folder.join("long.csv"), long).expect("data");
}

fn trained(folder: &Path, config: &str, out: &str) -> Value {
    let output = semiseq(folder, &["train", write_config(folder, config), "--no-tui", "--out", out]);
    assert!(output.status.success(), "{}", errors(&output));
    let summary = std::fs::read_to_string(folder.join(out).join("summary.json")).expect("a summary");
    serde_json::from_str(&summary).expect("JSON")
}

#[test]
fn recordings_are_transcribed() {
    let folder = folder("transcripts");
    write_recordings(&folder);
    let summary = trained(&folder, &CONFIG.replace("DATA", "clips.csv"), "run");
    let test = &summary["test"];
    for (metric, most) in [("character_error_rate", 0.1), ("word_error_rate", 0.3)] {
        assert!(test[metric].as_f64().is_some_and(|rate| rate < most), "{summary}");
    }
    assert!(test["perplexity"].is_null() && summary["n_unlabeled"].as_u64() > Some(20), "{summary}");

    let scored = semiseq(&folder, &["eval", "run", "--json"]);
    let scores: Value = serde_json::from_slice(&scored.stdout).expect("JSON");
    assert_eq!(&scores, test);
    let shown = semiseq(&folder, &["eval", "run"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert_eq!((shown.matches("reference  ").count(), shown.matches("written    ").count()), (5, 5), "{shown}");
    let report = std::fs::read_to_string(folder.join("run/report.html")).expect("a report");
    assert!(report.contains("Answers for the test part") && report.contains("<small>written</small>"));

    // New recordings need no transcript.
    std::fs::write(folder.join("new.csv"), "path\nclips/0.wav\nclips/2.wav\n").expect("a table");
    let predicted = semiseq(&folder, &["predict", "run", "new.csv"]);
    let rows = String::from_utf8_lossy(&predicted.stdout).into_owned();
    assert!(rows.starts_with("index,prediction\n0,") && rows.lines().count() == 3, "{rows}{}", errors(&predicted));
}

#[test]
fn series_of_any_format_are_transcribed_after_a_stage_without_labels_and_in_part_frozen() {
    let folder = folder("series-transcripts");
    write_series(&folder);
    let first = "[[stage]]\nsteps = 60\n[stage.objective.masked-reconstruction]\n[[stage]]\nlayers = {\
                 encoder = {frozen_epochs = 1, lr_factor = 0.8 } }\n";
    for source in ["series.jsonl", "long.csv"] {
        let config = CONFIG.replace("DATA", source).replace("[[stage]]\n", first);
        let summary = trained(&folder, &config, &format!("of-{source}"));
        assert!(summary["test"]["character_error_rate"].as_f64() < Some(0.1), "{source}: {summary}");
    }
}

#[test]
fn a_config_for_transcripts_is_written_where_labels_are_texts() {
    let folder = folder("new-transcripts");
    write_series(&folder);
    let made = semiseq(&folder, &["new", "series.jsonl", "--target", "transcript", "--output", "mine.toml"]);
    assert!(made.status.success() && !errors(&made).contains("is it the label?"), "{}", errors(&made));
    let config = std::fs::read_to_string(folder.join("mine.toml")).expect("a config");
    // A fourth has no transcript: they are learned from beside the others.
    for part in ["[model.transcriber.", "part.objective.ctc]", "part.objective.masked-reconstruction]"] {
        assert!(config.contains(part), "{config}");
    }
    let summary = trained(&folder, &config, "mine");
    assert!(summary["test"]["character_error_rate"].as_f64() < Some(0.1), "{summary}");
}

#[test]
fn words_may_be_the_unit_and_the_best_path_what_is_written() {
    let folder = folder("word-transcripts");
    write_series(&folder);
    let config = CONFIG
        .replace("DATA", "series.jsonl")
        .replace("[model.", "[data.transform]\ntokenize_target = \"word\"\n[model.")
        .replace("[stage.objective.ctc]", "[stage.objective.ctc]\nbeam = 1");
    let summary = trained(&folder, &config, "run");
    let test = summary["test"].as_object().expect("scores");
    let names: Vec<&str> = test.keys().map(String::as_str).collect();
    assert_eq!(names, ["exact_match", "loss", "word_error_rate"], "{summary}");
    assert!(test["word_error_rate"].as_f64() < Some(0.5), "{summary}");
}

#[test]
fn what_cannot_be_transcribed_is_refused_with_a_remedy() {
    let folder = folder("no-transcripts");
    write_series(&folder);
    let refused = |config: String, words: &[&str]| {
        let output = semiseq(&folder, &["train", write_config(&folder, &config), "--no-tui"]);
        let told = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(words.iter().all(|word| told.contains(word)), "{words:?} in {told}");
    };
    let config = CONFIG.replace("DATA", "series.jsonl");
    refused(
        config.replace("transcriber", "classifier").replace("objective.ctc", "objective.supervised"),
        &["as many classes as rows", "`[stage.objective.ctc]`"],
    );
    refused(
        CONFIG.replace("source = \"DATA\"\ntarget = \"transcript\"", "source = \"cbf\""),
        &["has no transcripts", "`data.target`"],
    );
    refused(config.replace("target = \"transcript\"\n", ""), &["`data.target`"]);
    refused(format!("{config}[baseline]\nenabled = true\n"), &["`ctc` has none", "leave `[baseline]` out"]);
    refused(config.replace("[stage.objective.ctc]", "[stage.objective.ctc]\nbeam = 0"), &["ctc.beam", "at least 1"]);
    let transform = |keys: &str| config.replace("[model.", &format!("[data.transform]\n{keys}\n[model."));
    refused(transform("tokenize_target = \"sentence\""), &["`data.transform.tokenize_target`", "sentence"]);
    refused(transform("tokenize = \"character\""), &["`data.transform.tokenize`", "`data.transform.tokenize_target`"]);
    refused(transform("truncate = 20"), &["`data.transform.truncate`", "remove the key"]);
    refused(transform("resample = 2"), &["transcripts are too long", "needs", "hint: make more steps"]);
    let crop = config.replace("[model.", "[data.augment]\nweak = [{ crop = {} }]\n[model.");
    refused(crop, &["`data.augment.weak.0.crop`", "`stage.objective.ctc`"]);
    let head = config.replace("[[stage]]", "[[stage]]\nepochs = 1\n[stage.objective.supervised]\n[[stage]]");
    refused(head, &["`stage.objective.supervised` trains a head"]);
    refused(
        config.replace("encoder.gru", "encoder.dense").replace("hidden = 32\nbidirectional = true", "steps = 80"),
        &["needs a vector for each step"],
    );
}
