//! What tests read: files in a folder of each test's own, which goes when the test ends.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use crate::config::{DataConfig, Validation};
use crate::preparation::LabelsConfig;

thread_local! {
    // Each test runs in a thread of its own.
    static FOLDER: TempDir = tempfile::tempdir().expect("a temporary folder");
}

/// A folder of that name.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = FOLDER.with(|folder| folder.path().join(name));
    fs::create_dir_all(&path).expect("a folder");
    path
}

/// A file of that name in a folder of its own: a test may write several that are named alike.
pub(crate) fn file(name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    static FILES: AtomicUsize = AtomicUsize::new(0);
    let path = folder(&format!("files-{}", FILES.fetch_add(1, Ordering::Relaxed))).join(name);
    fs::write(&path, text).expect("a file");
    path
}

/// Bytes as gzip packs them.
pub(crate) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, bytes).expect("bytes in memory");
    encoder.finish().expect("bytes in memory")
}

/// Cylinder-bell-funnel with 5 labels per class and a fifth of the rows for validation.
pub(crate) fn cbf() -> DataConfig {
    DataConfig {
        source: "cbf".into(),
        validation: Some(Validation::Fraction(0.2)),
        labels: LabelsConfig { per_class: Some(5), ..Default::default() },
        ..Default::default()
    }
}
