//! Runs the program as its user does.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

thread_local! {
    // Each test runs in a thread of its own, and its folders go when it ends.
    static FOLDER: TempDir = tempfile::tempdir().expect("a temporary folder");
}

/// A folder of its own for a test, also where it takes the same name twice.
pub fn folder(name: &str) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = FOLDER.with(|folder| folder.path().join(format!("{number}-{name}")));
    std::fs::create_dir_all(&path).expect("a folder");
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

/// Writes a recording of one channel in 16 bits.
pub fn write_wav(path: &Path, rate: u32, samples: &[i16]) {
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    bytes.extend(rate.to_le_bytes());
    bytes.extend((2 * rate).to_le_bytes());
    bytes.extend([2, 0, 16, 0]);
    bytes.extend(b"data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, bytes).expect("a recording");
}

/// Runs `semiseq` with nobody who reads standard output, or standard error, or both; gives its status and what the
/// other said.
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
