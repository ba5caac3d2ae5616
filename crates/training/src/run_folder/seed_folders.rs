//! Folders of one run for several seeds: `seed-0`, `seed-1` and so on, each a run folder.

use std::fs;
use std::path::{Path, PathBuf};

/// The run folders of the seeds that were begun in a folder, by their numbers; empty where it is none of several seeds.
pub fn seed_folders(folder: &Path) -> Vec<PathBuf> {
    let number = |path: &Path| path.file_name()?.to_str()?.strip_prefix("seed-")?.parse::<u64>().ok();
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let begun = entries.filter(|path| path.join("config.toml").exists());
    let mut found: Vec<(u64, PathBuf)> = begun.filter_map(|path| Some((number(&path)?, path))).collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}
