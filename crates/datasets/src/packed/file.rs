//! A packed file that is read: any row at any time, by any thread.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::DataError;
use crate::packed::failure::Failure;
use crate::packed::layout::{self, CHECK, HEAD, LayoutKind, MAGIC, PLACE, TAIL, TARGET, Tail, VERSION};
use crate::sequence::{PackedRow, Sequence, Stored, Target};
use crate::series::Series;

/// What to do about a file that is not as it was written.
const HINT: &str = "remove its folder: the next run writes it anew from the data";

/// A packed file.
#[derive(Debug)]
pub(crate) struct PackedFile {
    path: PathBuf,
    file: File,
    kind: LayoutKind,
    channels: usize,
    tail: Tail,
    /// Where each row ends, and its steps; empty where all rows are alike.
    places: Vec<(u64, u32)>,
    failure: Failure,
}

impl Stored for PackedFile {
    fn read(&self, row: usize) -> Sequence {
        self.row(row).unwrap_or_else(|error| {
            self.failure.note(error);
            self.empty(row)
        })
    }

    fn steps(&self, row: usize) -> usize {
        self.place(row).1
    }

    fn bytes(&self, row: usize) -> usize {
        self.place(row).0.len() - CHECK
    }

    fn is_text(&self) -> bool {
        self.kind == LayoutKind::Text
    }

    fn sound(&self) -> Result<(), DataError> {
        self.failure.check()
    }
}

impl PackedFile {
    pub(super) fn of(
        path: &Path,
        kind: LayoutKind,
        channels: usize,
        tail: Tail,
        places: &[u8],
        failure: Failure,
    ) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|error| DataError::file(path, &error))?;
        let places = places.chunks_exact(PLACE).map(|one| (layout::u64_at(one, 0), layout::u32_at(one, 8))).collect();
        Ok(Self { path: path.to_path_buf(), file, kind, channels, tail, places, failure })
    }

    /// Opens a file and checks every byte of it; returns it with its targets.
    ///
    /// # Errors
    ///
    /// One that is cut, changed, or of another version, by name.
    pub(super) fn open(path: &Path, failure: &Failure) -> Result<(Self, Vec<Target>), DataError> {
        let told = |what: String| DataError::new(format!("{}: {what}", path.display()), HINT);
        let broken = |error: io::Error| DataError::file(path, &error);
        let file = File::open(path).map_err(broken)?;
        let size = file.metadata().map_err(broken)?.len();
        if size < (HEAD + TAIL) as u64 {
            return Err(told(format!("the packed file is cut short: {size} bytes")));
        }
        let (mut head, mut end) = ([0; HEAD], [0; TAIL]);
        read_at(&file, &mut head, 0).map_err(broken)?;
        read_at(&file, &mut end, size - TAIL as u64).map_err(broken)?;
        let (numbers, rest) = end.split_at(TAIL - 32 - MAGIC.len());
        let (digest, magic) = rest.split_at(32);
        let tail = Tail::of(numbers);
        if &head[..8] != MAGIC || magic != MAGIC || tail.file_bytes() != Some(size) {
            return Err(told("the packed file is cut short, or is none".into()));
        }
        if layout::u32_at(&head, 8) != VERSION {
            let found = layout::u32_at(&head, 8);
            return Err(told(format!("the packed file is of version {found}, and {VERSION} is read here")));
        }
        let mut places = vec![0; tail.place_bytes as usize];
        let mut targets = vec![0; tail.target_bytes as usize];
        read_at(&file, &mut places, HEAD as u64 + tail.row_bytes).map_err(broken)?;
        read_at(&file, &mut targets, HEAD as u64 + tail.row_bytes + tail.place_bytes).map_err(broken)?;
        let kind = LayoutKind::of(layout::u32_at(&head, 12));
        let (Some(kind), true) = (kind, layout::digest(&[&head, &places, &targets, numbers]) == digest) else {
            return Err(told("the packed file is damaged: its places or targets are not as they were written".into()));
        };
        let targets = targets.chunks_exact(TARGET).map_while(layout::target_of).collect();
        let channels = layout::u32_at(&head, 16) as usize;
        let packed = Self::of(path, kind, channels, tail, &places, failure.clone())?;
        packed.check_rows()?;
        Ok((packed, targets))
    }

    /// Reads all rows once, in their order.
    fn check_rows(&self) -> Result<(), DataError> {
        let broken = |error: io::Error| DataError::file(&self.path, &error);
        let mut file = io::BufReader::with_capacity(1 << 20, File::open(&self.path).map_err(broken)?);
        file.read_exact(&mut [0; HEAD]).map_err(broken)?;
        let mut bytes = Vec::new();
        for row in 0..self.tail.rows as usize {
            bytes.resize(self.place(row).0.len(), 0);
            file.read_exact(&mut bytes).map_err(broken)?;
            self.payload(&bytes, row)?;
        }
        Ok(())
    }

    /// All rows, in their order.
    pub(super) fn sequences(self) -> Vec<Sequence> {
        let rows = self.tail.rows as u32;
        let file = Arc::new(self);
        (0..rows).map(|row| Sequence::Packed(PackedRow::new(file.clone(), row))).collect()
    }

    /// The bytes of a row with its checksum, counted from the first row on, and its steps.
    fn place(&self, row: usize) -> (std::ops::Range<usize>, usize) {
        match self.places.get(row) {
            Some((end, length)) => {
                let begin = row.checked_sub(1).and_then(|before| self.places.get(before)).map_or(0, |(end, _)| *end);
                (begin as usize..*end as usize, *length as usize)
            }
            None => {
                let stride = self.tail.stride as usize;
                (row * stride..(row + 1) * stride, self.tail.length as usize)
            }
        }
    }

    fn row(&self, row: usize) -> Result<Sequence, DataError> {
        let (place, _) = self.place(row);
        let mut bytes = vec![0; place.len()];
        read_at(&self.file, &mut bytes, (HEAD + place.start) as u64)
            .map_err(|error| DataError::file(&self.path, &error))?;
        let payload = self.payload(&bytes, row)?;
        Ok(match self.kind {
            LayoutKind::Series => {
                let values = payload.chunks_exact(4).map(|value| f32::from_bits(layout::u32_at(value, 0))).collect();
                Sequence::Series(Series { values, channels: self.channels })
            }
            LayoutKind::Text => Sequence::Text(String::from_utf8_lossy(payload).into_owned()),
            LayoutKind::Tokens => {
                Sequence::Tokens(payload.chunks_exact(4).map(|token| layout::u32_at(token, 0)).collect())
            }
        })
    }

    /// The bytes of a row without its checksum, which they are held to.
    fn payload<'a>(&self, bytes: &'a [u8], row: usize) -> Result<&'a [u8], DataError> {
        let damaged = || {
            let name = self.path.display();
            DataError::new(format!("{name}: row {}: the packed file is damaged: its checksum differs", row + 1), HINT)
        };
        let (payload, check) = bytes.split_last_chunk::<CHECK>().ok_or_else(damaged)?;
        if layout::check(payload, row) == *check { Ok(payload) } else { Err(damaged()) }
    }

    /// A row as long as it should be.
    fn empty(&self, row: usize) -> Sequence {
        let length = self.place(row).1;
        match self.kind {
            LayoutKind::Series => {
                Sequence::Series(Series { values: vec![0.0; length * self.channels], channels: self.channels })
            }
            LayoutKind::Text => Sequence::Text(" ".repeat(length)),
            LayoutKind::Tokens => Sequence::Tokens(vec![0; length]),
        }
    }
}

/// Fills `buffer` from a place of a file, whoever else reads it.
#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], place: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, place)
}

/// Fills `buffer` from a place of a file, whoever else reads it.
#[cfg(windows)]
fn read_at(file: &File, mut buffer: &mut [u8], mut place: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, place)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                buffer = &mut buffer[read..];
                place += read as u64;
            }
        }
    }
    Ok(())
}
