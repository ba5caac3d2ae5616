//! The folder that packed files are written into before they have their name.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::error::DataError;
use crate::packed::writer::unwritten;

/// Ending of the file beside the folder that is locked as long as its process lives.
const LOCK: &str = "lock";

/// A folder that is written, and goes where writing fails. What a killed process left goes when the next one begins.
pub(super) struct Work {
    folder: PathBuf,
    // Locked until it is dropped, by the end of the process at the latest.
    _lock: File,
}

impl Work {
    /// Makes the folder.
    ///
    /// # Errors
    ///
    /// A place that cannot be written.
    pub(super) fn begin(folder: PathBuf) -> Result<Self, DataError> {
        let made = || {
            if let Some(root) = folder.parent() {
                fs::create_dir_all(root)?;
                remove_left(root);
            }
            let lock = File::create(lock_of(&folder))?;
            lock.lock()?;
            if folder.exists() {
                fs::remove_dir_all(&folder)?;
            }
            fs::create_dir_all(&folder)?;
            Ok(lock)
        };
        let lock = made().map_err(|error| unwritten(&folder, &error))?;
        Ok(Self { folder, _lock: lock })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // What was written to its end has another name by now.
        let _ = fs::remove_dir_all(&self.folder);
        let _ = fs::remove_file(lock_of(&self.folder));
    }
}

fn lock_of(folder: &Path) -> PathBuf {
    folder.with_extension(LOCK)
}

/// Removes folders whose processes are gone; one that cannot be removed stays.
fn remove_left(root: &Path) {
    for file in fs::read_dir(root).into_iter().flatten().flatten() {
        let path = file.path();
        let is_lock = path.extension().is_some_and(|ending| ending == LOCK)
            && file.file_name().to_string_lossy().starts_with('.');
        if is_lock && File::open(&path).is_ok_and(|lock| lock.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(path.with_extension(""));
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::folder;

    #[test]
    fn what_a_killed_process_left_goes_and_what_is_written_now_stays() {
        let root = folder("work");
        let (killed, living) = (root.join(".a-1"), root.join(".b-2"));
        fs::create_dir_all(&killed).unwrap();
        fs::write(killed.join("train"), "half").unwrap();
        fs::write(lock_of(&killed), "").unwrap();
        let writing = Work::begin(living.clone()).unwrap();
        assert!(!killed.exists() && !lock_of(&killed).exists());
        drop(Work::begin(root.join(".c-3")).unwrap());
        assert!(writing.folder().exists() && !root.join(".c-3").exists());
        drop(writing);
        assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
    }
}
