//! Files of the user's, opened without waiting for ever.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long a named pipe is waited for: whoever writes to it is started beside its reader, if at all.
const PATIENCE: Duration = Duration::from_secs(3);

/// Opens a file for reading. A named pipe opens when somebody writes to it, which is waited for a few seconds.
///
/// # Errors
///
/// Where it cannot be opened; [`ErrorKind::TimedOut`] where nobody writes to a pipe.
pub fn open(path: &Path) -> Result<File> {
    if !is_pipe(path) {
        return File::open(path);
    }
    let (opened, waiting) = mpsc::channel();
    let own = path.to_path_buf();
    // Nothing ends the system's own waiting: this thread stays behind.
    thread::Builder::new().spawn(move || opened.send(File::open(own)))?;
    let nobody = |_| Error::new(ErrorKind::TimedOut, "it is a pipe that no program writes to, and no file");
    waiting.recv_timeout(PATIENCE).map_err(nobody)?
}

/// All bytes of a file; of a pipe as [`open`].
///
/// # Errors
///
/// Where it cannot be opened or read.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes).map(|_| bytes)
}

/// Whether a path leads to a pipe.
pub fn is_pipe(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        std::fs::metadata(path).is_ok_and(|file| file.file_type().is_fifo())
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_pipe_is_read_where_somebody_writes_and_refused_where_nobody_does() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = |name: &str| {
            let path = folder.path().join(name);
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            path
        };
        let (silent, written) = (pipe("silent"), pipe("written"));
        assert!(is_pipe(&silent) && !is_pipe(folder.path()));
        assert_eq!(open(&silent).unwrap_err().kind(), ErrorKind::TimedOut);
        let other = written.clone();
        let writer = thread::spawn(move || std::fs::write(other, "text").unwrap());
        assert_eq!(read(&written).unwrap(), b"text");
        writer.join().unwrap();
    }
}
