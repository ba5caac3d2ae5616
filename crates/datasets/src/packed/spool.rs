//! Where readers put what they read while data are packed: into files, as it was read.

use std::cell::RefCell;
use std::path::Path;

use crate::error::DataError;
use crate::packed::failure::Failure;
use crate::packed::sink::Sink;

struct Spool {
    folder: std::path::PathBuf,
    failure: Failure,
    files: usize,
    /// Why files were read into memory nevertheless.
    told: Vec<String>,
}

thread_local! {
    /// The folder that this thread's readers write into; see [`within`].
    static SPOOL: RefCell<Option<Spool>> = const { RefCell::new(None) };
}

/// Runs `read`, in which readers of large files write what they read into `folder`.
/// Returns why files were read into memory nevertheless, too.
pub(super) fn within<T>(folder: &Path, failure: &Failure, read: impl FnOnce() -> T) -> (T, Vec<String>) {
    struct Restore(Option<Spool>);
    impl Drop for Restore {
        fn drop(&mut self) {
            SPOOL.replace(self.0.take());
        }
    }
    let spool = Spool { folder: folder.to_path_buf(), failure: failure.clone(), files: 0, told: Vec::new() };
    let _restore = Restore(SPOOL.replace(Some(spool)));
    let read = read();
    (
        read,
        SPOOL.with_borrow_mut(|spool| spool.as_mut().map(|spool| std::mem::take(&mut spool.told))).unwrap_or_default(),
    )
}

/// Notes why a file is read into memory.
pub(crate) fn tell(why: String) {
    SPOOL.with_borrow_mut(|spool| spool.iter_mut().for_each(|spool| spool.told.push(why.clone())));
}

/// Whether what is read goes into files.
pub(crate) fn is_on() -> bool {
    SPOOL.with_borrow(Option::is_some)
}

/// Where the sequences of the next file go.
pub(crate) fn sink() -> Result<Sink, DataError> {
    SPOOL.with_borrow_mut(|spool| match spool {
        Some(spool) => {
            spool.files += 1;
            Sink::file(spool.folder.join(format!("read-{}", spool.files)), &spool.failure)
        }
        None => Ok(Sink::Memory(Vec::new())),
    })
}
