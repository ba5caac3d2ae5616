//! One process at a time writes a folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::error::Error;

/// The empty file that is locked. It stays when the lock goes: whoever removed it could remove the next one's.
const NAME: &str = ".lock";

/// Held as long as a process writes a folder; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct FolderLock {
    _file: Option<File>,
}

impl FolderLock {
    /// Locks a folder that exists.
    ///
    /// # Errors
    ///
    /// Where another process holds it, or the folder cannot be written to.
    pub fn take(folder: &Path) -> Result<Self, Error> {
        Self::locked(folder, File::try_lock)
    }

    /// Locks a folder that exists against those who want it alone: several processes may share it.
    ///
    /// # Errors
    ///
    /// Where another process holds it alone, or the folder cannot be written to.
    pub fn share(folder: &Path) -> Result<Self, Error> {
        Self::locked(folder, File::try_lock_shared)
    }

    fn locked(folder: &Path, lock: impl Fn(&File) -> Result<(), TryLockError>) -> Result<Self, Error> {
        let path = folder.join(NAME);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|error| Error::write(&path, error))?;
        match lock(&file) {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(Error::input(
                format!("{}: another process of semiseq is writing to this folder", folder.display()),
                "wait until it is through, or choose another folder with `--out`",
            )),
            // Some network file systems know no locks; nobody should have to train elsewhere because of that.
            Err(TryLockError::Error(_)) => Ok(Self { _file: None }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::folder;

    #[test]
    fn a_folder_is_free_again_when_the_lock_is_gone() {
        let folder = folder("lock");
        let first = FolderLock::take(&folder).unwrap();
        let refused = FolderLock::take(&folder).unwrap_err();
        assert!(refused.is_input() && refused.to_string().contains("another process"), "{refused}");
        drop(first);
        let shared = (FolderLock::share(&folder).unwrap(), FolderLock::share(&folder).unwrap());
        assert!(FolderLock::take(&folder).is_err());
        drop(shared);
        let alone = FolderLock::take(&folder).unwrap();
        assert!(FolderLock::share(&folder).is_err());
        drop(alone);
    }
}
