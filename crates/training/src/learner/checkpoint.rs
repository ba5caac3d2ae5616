//! Checkpoints that survive a kill at any moment.
//!
//! A checkpoint is a folder, `checkpoint/NUMBER/`. It is written under another name, flushed, and then
//! renamed, so that a folder with a number is always whole; `files.json` inside holds each file's length
//! and checksum, so that a damaged one is noticed. The newest two are kept: the older one is the way
//! back where the newest was damaged afterwards.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::Error;

const KEPT: usize = 2;
const MANIFEST: &str = "files.json";
const UNFINISHED: &str = "unfinished";

/// The checkpoints of a run folder.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
}

/// The files of one checkpoint, by name.
pub type CheckpointFiles = BTreeMap<String, Vec<u8>>;

#[derive(Serialize, Deserialize)]
struct Manifest {
    files: BTreeMap<String, FileMark>,
}

#[derive(PartialEq, Serialize, Deserialize)]
struct FileMark {
    bytes: usize,
    checksum: u64,
}

impl Checkpoints {
    /// The checkpoints under `RUN/checkpoint`.
    pub fn new(run_folder: &Path) -> Self {
        Self { folder: run_folder.join("checkpoint") }
    }

    /// Whether there is one.
    pub fn exist(&self) -> bool {
        self.folder.exists()
    }

    /// Writes the next checkpoint and drops all but the newest two.
    ///
    /// # Errors
    ///
    /// Names the file that could not be written; earlier checkpoints stay as they are.
    pub fn save(&self, files: &CheckpointFiles) -> Result<(), Error> {
        let number = self.numbers().last().map_or(1, |number| number + 1);
        let unfinished = self.folder.join(UNFINISHED);
        let written = self.write(&unfinished, files).and_then(|()| {
            let target = self.folder.join(number.to_string());
            fs::rename(&unfinished, &target).map_err(|error| Error::write(&target, error))?;
            sync_folder(&self.folder)
        });
        if written.is_err() {
            // Best effort: the error to report is the one that stopped the writing.
            let _ = fs::remove_dir_all(&unfinished);
        }
        written?;
        let numbers = self.numbers();
        for old in &numbers[..numbers.len().saturating_sub(KEPT)] {
            let path = self.folder.join(old.to_string());
            fs::remove_dir_all(&path).map_err(|error| Error::write(&path, error))?;
        }
        Ok(())
    }

    fn write(&self, unfinished: &Path, files: &CheckpointFiles) -> Result<(), Error> {
        if unfinished.exists() {
            fs::remove_dir_all(unfinished).map_err(|error| Error::write(unfinished, error))?;
        }
        fs::create_dir_all(unfinished).map_err(|error| Error::write(unfinished, error))?;
        let marks = files
            .iter()
            .map(|(name, bytes)| (name.clone(), FileMark { bytes: bytes.len(), checksum: checksum(bytes) }))
            .collect();
        let manifest =
            serde_json::to_vec(&Manifest { files: marks }).map_err(|error| Error::write(unfinished, error))?;
        for (name, bytes) in files.iter().map(|(name, bytes)| (name.as_str(), bytes)).chain([(MANIFEST, &manifest)]) {
            let path = unfinished.join(name);
            let mut file = File::create(&path).map_err(|error| Error::write(&path, error))?;
            file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| Error::write(&path, error))?;
        }
        sync_folder(unfinished)
    }

    /// The newest checkpoint that is whole, and a warning for each newer one that is not.
    ///
    /// # Errors
    ///
    /// Where checkpoints exist and none is whole.
    pub fn load(&self) -> Result<(Option<CheckpointFiles>, Vec<String>), Error> {
        let mut warnings = Vec::new();
        let numbers = self.numbers();
        for number in numbers.iter().rev() {
            let path = self.folder.join(number.to_string());
            match read(&path) {
                Ok(files) => return Ok((Some(files), warnings)),
                Err(reason) => warnings.push(format!("{}: {reason}; using the checkpoint before it", path.display())),
            }
        }
        if numbers.is_empty() {
            return Ok((None, warnings));
        }
        Err(Error::input(
            format!("{}: no checkpoint is whole ({})", self.folder.display(), warnings.join("; ")),
            "start the run again with `--force` in place of `--resume`",
        ))
    }

    /// Removes all checkpoints, once the run is finished.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be removed.
    pub fn clear(&self) -> Result<(), Error> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder).map_err(|error| Error::write(&self.folder, error))?;
        }
        Ok(())
    }

    fn numbers(&self) -> Vec<u64> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        // One more can follow each.
        let number = |name: &str| name.parse().ok().filter(|number| *number < u64::MAX);
        let mut numbers: Vec<u64> = entries.filter_map(|entry| number(entry.file_name().to_str()?)).collect();
        numbers.sort_unstable();
        numbers
    }
}

/// Reads a JSON file of a checkpoint.
///
/// # Errors
///
/// Where it is missing or of another version of semiseq.
pub fn parse<T: DeserializeOwned>(files: &CheckpointFiles, name: &str) -> Result<T, Error> {
    let bytes = files.get(name).ok_or_else(|| damaged(name, "is missing"))?;
    serde_json::from_slice(bytes).map_err(|error| damaged(name, &error.to_string()))
}

pub(crate) fn damaged(name: &str, reason: &str) -> Error {
    Error::input(
        format!("checkpoint file {name}: {reason}"),
        "the checkpoint is from another version of semiseq or another config; start again with `--force`",
    )
}

fn read(path: &Path) -> Result<CheckpointFiles, String> {
    let manifest = fs::read(path.join(MANIFEST)).map_err(|error| format!("{MANIFEST} cannot be read: {error}"))?;
    let manifest: Manifest =
        serde_json::from_slice(&manifest).map_err(|error| format!("{MANIFEST} is damaged: {error}"))?;
    let mut files = CheckpointFiles::new();
    for (name, mark) in manifest.files {
        let bytes = fs::read(path.join(&name)).map_err(|error| format!("{name} cannot be read: {error}"))?;
        if bytes.len() != mark.bytes {
            return Err(format!("{name} is cut short ({} of {} bytes)", bytes.len(), mark.bytes));
        }
        if checksum(&bytes) != mark.checksum {
            return Err(format!("{name} is damaged (wrong checksum)"));
        }
        files.insert(name, bytes);
    }
    Ok(files)
}

/// FNV-1a over 64-bit words: enough to notice damage, and no dependency.
fn checksum(bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x0100_0000_01b3;
    let chunks = bytes.chunks(8).map(|chunk| {
        let mut word = [0u8; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(word)
    });
    chunks.fold(0xcbf2_9ce4_8422_2325 ^ bytes.len() as u64, |hash, word| {
        (hash ^ word).wrapping_mul(PRIME).rotate_left(23)
    })
}

fn sync_folder(folder: &Path) -> Result<(), Error> {
    // Windows cannot open a folder; there the rename alone has to do.
    match File::open(folder) {
        Ok(file) if cfg!(unix) => file.sync_all().map_err(|error| Error::write(folder, error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::folder;

    fn files(text: &str) -> CheckpointFiles {
        CheckpointFiles::from([("state.json".to_string(), text.as_bytes().to_vec())])
    }

    #[test]
    fn the_newest_comes_back_and_two_are_kept() {
        let run = folder("newest");
        let checkpoints = Checkpoints::new(&run);
        for text in ["one", "two", "three"] {
            checkpoints.save(&files(text)).unwrap();
        }
        assert_eq!(checkpoints.numbers(), [2, 3]);
        assert_eq!(checkpoints.load().unwrap().0.unwrap(), files("three"));
    }

    #[test]
    fn one_cut_short_gives_way_to_the_one_before() {
        let run = folder("cut");
        let checkpoints = Checkpoints::new(&run);
        checkpoints.save(&files("first")).unwrap();
        checkpoints.save(&files("second")).unwrap();
        fs::write(run.join("checkpoint/2/state.json"), "sec").unwrap();
        let (found, warnings) = checkpoints.load().unwrap();
        assert_eq!(found.unwrap(), files("first"));
        assert!(warnings[0].contains("state.json is cut short (3 of 6 bytes)"), "{warnings:?}");
    }

    #[test]
    fn damage_of_the_same_length_is_noticed() {
        let run = folder("damage");
        let checkpoints = Checkpoints::new(&run);
        checkpoints.save(&files("only")).unwrap();
        fs::write(run.join("checkpoint/1/state.json"), "0nly").unwrap();
        let message = checkpoints.load().unwrap_err().in_full();
        assert!(message.contains("wrong checksum") && message.contains("--force"), "{message}");
    }

    #[test]
    fn a_kill_while_writing_leaves_the_last_good_one() {
        let run = folder("kill");
        let checkpoints = Checkpoints::new(&run);
        checkpoints.save(&files("good")).unwrap();
        fs::create_dir_all(run.join("checkpoint/unfinished")).unwrap();
        fs::write(run.join("checkpoint/unfinished/state.json"), "half").unwrap();
        assert_eq!(checkpoints.load().unwrap().0.unwrap(), files("good"));
        checkpoints.save(&files("next")).unwrap();
        assert_eq!(checkpoints.load().unwrap().0.unwrap(), files("next"));
    }
}
