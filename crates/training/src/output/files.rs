//! Files that are whole or not there.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::error::Error;

/// Writes a file under another name, flushes it, and renames it into place.
///
/// # Errors
///
/// Names the file; a file that stood there before stays as it was.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    let part = path.with_file_name(name);
    let written = File::create(&part)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&part, path));
    written.map_err(|error| {
        // Best effort: the error to report is the one that stopped the writing.
        let _ = fs::remove_file(&part);
        Error::write(path, error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_names_the_file_and_leaves_the_old_one() {
        let folder = std::env::temp_dir().join(format!("semiseq-files-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("a.txt");
        write_atomic(&path, b"old").unwrap();
        // A folder where the part file should go makes every write fail, as a full disk does.
        fs::create_dir_all(folder.join("a.txt.part")).unwrap();
        let message = write_atomic(&path, b"new").unwrap_err().to_string();
        assert!(message.contains("a.txt: cannot be written"), "{message}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }
}
