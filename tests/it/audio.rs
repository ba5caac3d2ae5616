//! Sound as its user meets it: folders of WAV files in, classes of new files out.

use std::path::Path;

use crate::common::{errors, folder, semiseq, write_wav};
use serde_json::Value;

/// A tone of 0.2 s at `rate` Hz, in 16 bits.
fn write_tone(path: &Path, rate: u32, hertz: f64) {
    let sample = |at: u32| (f64::from(at) * hertz / f64::from(rate) * std::f64::consts::TAU).sin() * 12_000.0;
    let samples: Vec<i16> = (0..rate / 5).map(|at| sample(at) as i16).collect();
    write_wav(path, rate, &samples);
}

/// Low and high tones: a few with a label, more without, and a test part.
fn write_tones(folder: &Path) {
    for row in 0..60 {
        let (class, hertz) = [("low", 300.0), ("high", 1_500.0)][row % 2];
        let hertz = hertz * (1.0 + 0.004 * (row % 15) as f64);
        let name = match row {
            0..8 => format!("labeled/{class}/{row}.wav"),
            8..40 => format!("pool/{row}.wav"),
            _ => format!("test/{class}/{row}.wav"),
        };
        write_tone(&folder.join(name), 8_000, hertz);
    }
}

#[test]
fn a_recipe_for_recordings_trains_and_reads_new_ones_as_the_same_frames() {
    let folder = folder("audio");
    write_tones(&folder);
    let parts = ["new", "labeled", "--unlabeled", "pool", "--test", "test", "--output", "c.toml"];
    let made = semiseq(&folder, &parts);
    assert!(made.status.success(), "{}", errors(&made));
    let config = std::fs::read_to_string(folder.join("c.toml")).expect("a config");
    assert!(config.contains("[data.transform.log-mel]") && config.contains("step = 0.01"), "{config}");
    let trained = semiseq(&folder, &["train", "c.toml", "--no-tui", "--set", "stage.0.steps=60", "--out", "run"]);
    assert!(trained.status.success(), "{}", errors(&trained));
    let summary = std::fs::read_to_string(folder.join("run/summary.json")).expect("a summary");
    let found: Value = serde_json::from_str(&summary).expect("JSON");
    assert!(found["test"]["accuracy"].as_f64().is_some_and(|accuracy| accuracy > 0.9), "{summary}");
    // References are made of the frames, as of any series.
    assert_eq!(found["references"].as_array().map(Vec::len), Some(8), "{summary}");
    // A new recording at twice the rate.
    write_tone(&folder.join("new.wav"), 16_000, 1_510.0);
    let predicted = semiseq(&folder, &["predict", "run", "new.wav"]);
    assert!(predicted.status.success(), "{}", errors(&predicted));
    assert!(errors(&predicted).contains("brought from 16000 to 8000 Hz"), "{}", errors(&predicted));
    let text = String::from_utf8_lossy(&predicted.stdout).into_owned();
    assert!(text.lines().nth(1).is_some_and(|line| line.starts_with("0,high,")), "{text}");
}

#[test]
fn a_folder_of_recordings_is_described_in_seconds() {
    let folder = folder("audio-info");
    write_tones(&folder);
    let told = semiseq(&folder, &["data", "info", "labeled", "--json"]);
    assert!(told.status.success(), "{}", errors(&told));
    let found: Value = serde_json::from_slice(&told.stdout).expect("JSON");
    assert_eq!(found["train"]["kind"].as_str(), Some("audio"), "{found}");
    assert_eq!(found["train"]["lengths"][1].as_u64(), Some(21), "{found}");
    let told = semiseq(&folder, &["data", "info", "pool"]);
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(text.contains("32 sequences of audio") && text.contains("median 0.21 s"), "{text}");
}
