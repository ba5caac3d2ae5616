//! How much of a file is read: a packed file of a few megabytes may hold more than memory does, and a pipe has no end.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::path::Path;

use crate::error::DataError;

/// Bytes of a packed file or of a pipe, where the config names no other number. A plain file is as large as it is seen
/// to be.
pub(crate) const MOST: u64 = 4 << 30;

/// Bytes that begin a packed file.
pub(super) const GZIP: [u8; 2] = [0x1f, 0x8b];

thread_local! {
    /// The limit of the files that this thread reads; see [`within`].
    static LIMIT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Runs `read`, in which each file gives `most` bytes at most.
pub(crate) fn within<T>(most: Option<u64>, read: impl FnOnce() -> T) -> T {
    struct Restore(Option<u64>);
    impl Drop for Restore {
        fn drop(&mut self) {
            LIMIT.set(self.0);
        }
    }
    // A limit that is not given leaves that of a caller.
    let _restore = Restore(LIMIT.replace(most.or(LIMIT.get())));
    read()
}

/// Bytes that a file may give; `open_ended`: its size is not seen, because it is packed or because it is a pipe.
fn limit(open_ended: bool) -> u64 {
    LIMIT.get().unwrap_or(if open_ended { MOST } else { u64::MAX })
}

/// Bytes that may be made of one file whose size is not seen: of packed sound, or of what is computed from it.
pub(super) fn most_bytes() -> u64 {
    limit(true)
}

/// A reader that ends in an error where it gives more than it may.
pub(crate) struct Limited<R> {
    inner: R,
    left: u64,
    most: u64,
}

impl<R> Limited<R> {
    /// Of a source whose size is not seen.
    pub(crate) fn open_ended(inner: R) -> Self {
        Self { inner, left: limit(true), most: limit(true) }
    }

    /// Of an open file.
    pub(crate) fn file(inner: R, is_plain: bool) -> Self {
        Self { inner, left: limit(!is_plain), most: limit(!is_plain) }
    }

    fn count(&mut self, bytes: usize) -> io::Result<()> {
        match self.left.checked_sub(bytes as u64) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it holds more than {} bytes", self.most))),
        }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.inner.read(buffer)?;
        self.count(bytes)?;
        Ok(bytes)
    }
}

impl<R: BufRead> BufRead for Limited<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 && !self.inner.fill_buf()?.is_empty() {
            self.count(1)?;
        }
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        let buffer = self.inner.fill_buf()?;
        Ok(&buffer[..buffer.len().min(left)])
    }

    fn consume(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes as u64);
        self.inner.consume(bytes);
    }
}

/// Refuses a file that says of itself that it is too large, before it is read. A packed file ends in the number of
/// bytes that it holds, counted modulo 2³².
pub(super) fn check_size(path: &Path, file: &mut File) -> Result<(), DataError> {
    let Ok(kind) = file.metadata() else { return Ok(()) };
    if !kind.is_file() {
        return Ok(());
    }
    let packed = unpacked_size(file).unwrap_or(None);
    let size = packed.unwrap_or(kind.len());
    match size > limit(packed.is_some()) {
        true => Err(too_large(&path.display().to_string(), &format!("it holds {size} bytes"))),
        false => Ok(()),
    }
}

/// The size that a packed file says; `None` for one that is not packed, by its first bytes.
fn unpacked_size(file: &mut File) -> io::Result<Option<u64>> {
    let (mut head, mut size) = ([0; 2], [0; 4]);
    let read = file.read_exact(&mut head).and_then(|()| {
        file.seek(SeekFrom::End(-4))?;
        file.read_exact(&mut size)
    });
    file.rewind()?;
    read.map(|()| (head == GZIP).then(|| u64::from(u32::from_le_bytes(size))))
}

/// The error of a file that gives more than it may.
pub(super) fn too_large(name: &str, reason: &str) -> DataError {
    DataError::new(
        format!("{name}: more than is read of one file: {reason}"),
        "where the machine has the memory, raise `data.max_bytes` (`--max-bytes` of the `data` commands)",
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::fixtures::folder;
    use crate::formats::{ReadOptions, read, read_jsonl};

    #[test]
    fn a_packed_file_is_refused_before_and_while_it_is_unpacked() {
        let path = folder("limit").join("zeros.csv.gz");
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        // A million rows in some kilobytes.
        encoder.write_all(&b"0,0\n".repeat(1_000_000)).unwrap();
        let bytes = encoder.finish().unwrap();
        assert!(bytes.len() < 20_000);
        std::fs::write(&path, &bytes).unwrap();
        let message = |most| within(Some(most), || read(&path, None, &ReadOptions::default())).unwrap_err().in_full();
        assert!(message(3_999_999).contains("zeros.csv.gz: more than is read of one file: it holds 4000000 bytes"));
        // A trailer that lies.
        let lying = [&bytes[..bytes.len() - 4], &[1, 0, 0, 0]].concat();
        std::fs::write(&path, lying).unwrap();
        assert!(message(100_000).contains("it holds more than 100000 bytes"), "{}", message(100_000));
        assert!(message(100_000).contains("raise `data.max_bytes`"));
    }

    #[test]
    fn a_line_without_end_on_standard_input_ends() {
        let endless = std::io::BufReader::new(std::io::repeat(b'x'));
        let error = within(Some(1_000_000), || read_jsonl(endless, "standard input", &ReadOptions::default()));
        let message = error.unwrap_err().in_full();
        assert!(message.contains("standard input: more than is read of one file"), "{message}");
    }

    #[test]
    fn a_limit_ends_with_what_it_was_given_for() {
        within(Some(7), || {
            assert_eq!(limit(false), 7);
            within(None, || assert_eq!(limit(true), 7));
            within(Some(9), || assert_eq!(limit(true), 9));
            assert_eq!(limit(false), 7);
        });
        assert_eq!((limit(false), limit(true)), (u64::MAX, MOST));
    }
}
