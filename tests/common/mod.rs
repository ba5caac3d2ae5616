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

/// Writes a config and gives its name.
pub fn write_config(folder: &Path, text: &str) -> &'static str {
    std::fs::write(folder.join("c.toml"), text).expect("the config is written");
    "c.toml"
}
