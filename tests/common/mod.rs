//! Runs the program as its user does.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder of its own for a test.
pub fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("semiseq-cli-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a temporary folder");
    path
}

/// Runs `semiseq` with these arguments in a folder.
pub fn semiseq(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_semiseq"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("the program starts")
}

/// Standard error as text.
pub fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A small config that trains in a second.
#[allow(dead_code, reason = "tests of other kinds of data bring their own")]
pub const SMALL: &str = r#"name = "small"
[data]
source = "cbf"
size = 90
[data.labels]
per_class = 4
[data.transform]
resample = 16
normalize = "series"
[model.classifier]
pooling = "mean"
dropout = 0.2
[model.classifier.encoder.gru]
hidden = 6
[[stage]]
epochs = 2
[stage.objective.autoencoder]
hidden = 6
[[stage]]
epochs = 4
batch_size = 6
[stage.objective.mean-teacher]
[stage.optimizer.adam]
lr = 1e-2
grad_clip_norm = 1.0
[stage.schedule.cosine]
warmup = 0.1
[baseline]
enabled = true
"#;

/// Writes a config and gives its name.
pub fn write_config(folder: &Path, text: &str) -> &'static str {
    std::fs::write(folder.join("c.toml"), text).expect("the config is written");
    "c.toml"
}
