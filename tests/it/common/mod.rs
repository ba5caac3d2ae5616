//! Runs the program as its user does.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A folder of its own for a test, also where another test of the program takes the same name.
pub fn folder(name: &str) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("semiseq-cli-{}-{number}-{name}", std::process::id()));
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

/// Runs `semiseq` with nobody who reads standard output, or standard error, or both; gives its status and what the other
/// said.
pub fn semiseq_unread(folder: &Path, arguments: &[&str], output: bool, errors: bool) -> Output {
    use std::process::Stdio;
    let closed = || {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        Stdio::from(writer)
    };
    Command::new(env!("CARGO_BIN_EXE_semiseq"))
        .current_dir(folder)
        .args(arguments)
        .stdout(if output { closed() } else { Stdio::piped() })
        .stderr(if errors { closed() } else { Stdio::piped() })
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .expect("the program starts")
}
