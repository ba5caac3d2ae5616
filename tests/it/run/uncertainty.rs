//! How far predictions are to be trusted: passes with dropout, and sequences that belong to no class.

use serde_json::Value;

use super::{NUMBERS, SMALL, trained_in, write_numbers};
use crate::common::{errors, folder, semiseq, write_config};

fn table(output: &std::process::Output) -> Vec<Vec<String>> {
    assert!(output.status.success(), "{}", errors(output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(|line| line.split(',').map(String::from).collect()).collect()
}

#[test]
fn passes_with_dropout_say_how_far_they_are_apart() {
    let folder = folder("samples");
    trained_in(&folder, SMALL);
    let ask = |more: &[&str]| table(&semiseq(&folder, &[&["predict", "runs/small", "cbf"][..], more].concat()));
    let said = ask(&["--samples", "10"]);
    assert_eq!(said[0][said[0].len() - 2..], ["predictive_entropy", "mutual_information"]);
    let value = |row: &[String], behind: usize| row[row.len() - 1 - behind].parse::<f64>().expect("a number");
    for row in &said[1..] {
        let entropy: f64 = row[2..row.len() - 2]
            .iter()
            .map(|cell| cell.parse::<f64>().expect("a probability"))
            .map(|probability| if probability > 0.0 { -probability * probability.ln() } else { 0.0 })
            .sum();
        assert!((entropy - value(row, 1)).abs() < 1e-3, "{row:?}");
        assert!((0.0..=value(row, 1) + 1e-6).contains(&value(row, 0)), "{row:?}");
    }
    assert!(said[1..].iter().any(|row| value(row, 0) > 1e-4), "passes differ");
    assert_eq!(said, ask(&["--samples", "10"]), "the same each time");
}

#[test]
fn numbers_of_several_passes_deviate_and_a_model_without_dropout_is_refused() {
    let folder = folder("samples-numbers");
    write_numbers(&folder, 10.0, 2000.0);
    let dropping = NUMBERS.replace("pooling = \"mean\"\n", "pooling = \"mean\"\ndropout = 0.2\n");
    let output = semiseq(&folder, &["train", write_config(&folder, &dropping), "--no-tui"]);
    assert!(output.status.success(), "{}", errors(&output));
    let said = table(&semiseq(&folder, &["predict", "runs/numbers", "numbers.jsonl", "--samples", "5"]));
    assert_eq!(said[0][1..], ["prediction", "deviation"]);
    let deviations: Vec<f64> = said[1..].iter().map(|row| row[2].parse().expect("a number")).collect();
    assert!(deviations.iter().all(|deviation| *deviation > 0.0 && *deviation < 20.0), "{deviations:?}");

    write_config(&folder, &NUMBERS.replace("name = \"numbers\"", "name = \"plain\""));
    let output = semiseq(&folder, &["train", "c.toml", "--no-tui"]);
    assert!(output.status.success(), "{}", errors(&output));
    let refused = semiseq(&folder, &["predict", "runs/plain", "numbers.jsonl", "--samples", "5"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(errors(&refused).contains("the model has none"), "{}", errors(&refused));
    let refused = semiseq(&folder, &["predict", "runs/plain", "numbers.jsonl", "--out-of-class"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(errors(&refused).contains("learned no classes"), "{}", errors(&refused));
}

#[test]
fn sequences_of_no_class_are_scored_and_told_apart() {
    let folder = folder("out-of-class");
    trained_in(&folder, SMALL);
    let said = table(&semiseq(&folder, &["predict", "runs/small", "cbf", "--out-of-class"]));
    assert_eq!(said[0][said[0].len() - 3..], ["max_softmax", "energy", "mahalanobis"]);
    for row in &said[1..] {
        let probabilities = row[2..row.len() - 3].iter().map(|cell| cell.parse::<f64>().expect("a probability"));
        let largest = probabilities.fold(0.0, f64::max);
        let found: f64 = row[row.len() - 3].parse().expect("a number");
        assert!((1.0 - largest - found).abs() < 2e-6, "{row:?}");
    }
    // Shapes that no cylinder, bell or funnel has.
    let line = |row: usize| {
        let values: Vec<f64> =
            (0..128).map(|step| 30.0 * (((row * 37 + step * 53) % 101) as f64 / 50.0 - 1.0)).collect();
        format!("{{\"values\": {values:?}}}\n")
    };
    std::fs::write(folder.join("strange.jsonl"), (0..40).map(line).collect::<String>()).expect("data");
    let scored = semiseq(&folder, &["eval", "runs/small", "--out-of-class", "strange.jsonl", "--json"]);
    assert!(scored.status.success(), "{}", errors(&scored));
    let scores: Value = serde_json::from_slice(&scored.stdout).expect("JSON");
    for name in ["auroc_max_softmax", "auroc_energy", "auroc_mahalanobis"] {
        assert!(scores[name].as_f64().is_some_and(|area| (0.0..=1.0).contains(&area)), "{name} in {scores}");
    }
}
