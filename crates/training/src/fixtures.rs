//! A folder of each test's own, which goes when the test ends.

use std::path::PathBuf;

use tempfile::TempDir;

thread_local! {
    // Each test runs in a thread of its own.
    static FOLDER: TempDir = tempfile::tempdir().expect("a temporary folder");
}

/// A folder of that name.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = FOLDER.with(|folder| folder.path().join(name));
    std::fs::create_dir_all(&path).expect("a folder");
    path
}
