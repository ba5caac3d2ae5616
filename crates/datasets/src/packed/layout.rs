//! How a packed file is written: a head, the rows one after the other, each with a checksum behind it, where they end,
//! their targets, and at the end what is needed to read all this, with a digest of everything but the rows.
//!
//! ```text
//! "semipack" version kind channels 0          8 + 4 × u32
//! payload crc32(payload, row)                 for each row: f32, u32 or UTF-8, little-endian
//! end length                                  u64 + u32 for each row, unless all rows are alike
//! kind value                                  u8 + 8 bytes for each target
//! rows bytes-of-rows bytes-of-places bytes-of-targets stride length      6 × u64
//! sha256 "semipack"                           32 + 8
//! ```

use sha2::{Digest, Sha256};

use crate::error::DataError;
use crate::sequence::Target;

pub(super) const MAGIC: &[u8; 8] = b"semipack";
pub(super) const VERSION: u32 = 2;
pub(super) const HEAD: usize = 24;
pub(super) const TAIL: usize = 6 * 8 + 32 + 8;
/// Bytes of the checksum behind a row.
pub(super) const CHECK: usize = 4;
/// Bytes of a place: where a row ends, and its steps.
pub(super) const PLACE: usize = 12;
/// Bytes of a target.
pub(super) const TARGET: usize = 9;

/// What the rows of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LayoutKind {
    Series = 1,
    Text = 2,
    Tokens = 3,
}

impl LayoutKind {
    pub(super) fn of(number: u32) -> Option<Self> {
        [Self::Series, Self::Text, Self::Tokens].into_iter().find(|kind| *kind as u32 == number)
    }
}

/// The numbers at the end of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tail {
    pub(super) rows: u64,
    pub(super) row_bytes: u64,
    pub(super) place_bytes: u64,
    pub(super) target_bytes: u64,
    /// Bytes from a row to the next, where all are alike; else 0.
    pub(super) stride: u64,
    /// Steps of a row, where all are alike.
    pub(super) length: u64,
}

impl Tail {
    pub(super) fn bytes(&self) -> Vec<u8> {
        [self.rows, self.row_bytes, self.place_bytes, self.target_bytes, self.stride, self.length]
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect()
    }

    pub(super) fn of(bytes: &[u8]) -> Self {
        let at = |place: usize| u64_at(bytes, 8 * place);
        Self { rows: at(0), row_bytes: at(1), place_bytes: at(2), target_bytes: at(3), stride: at(4), length: at(5) }
    }

    /// Bytes of the whole file.
    pub(super) fn file_bytes(&self) -> Option<u64> {
        [self.row_bytes, self.place_bytes, self.target_bytes, TAIL as u64]
            .iter()
            .try_fold(HEAD as u64, |sum, part| sum.checked_add(*part))
    }
}

pub(super) fn head(kind: LayoutKind, channels: usize) -> Vec<u8> {
    let numbers = [VERSION, kind as u32, channels as u32, 0];
    MAGIC.iter().copied().chain(numbers.iter().flat_map(|number| number.to_le_bytes())).collect()
}

/// The digest of all that is no row.
pub(super) fn digest(parts: &[&[u8]]) -> Vec<u8> {
    let mut sum = Sha256::new();
    parts.iter().for_each(|part| sum.update(part));
    sum.finalize().to_vec()
}

/// The checksum of a row: of its bytes and its number, so that no row stands for another.
pub(super) fn check(payload: &[u8], row: usize) -> [u8; CHECK] {
    let mut sum = flate2::Crc::new();
    sum.update(payload);
    sum.update(&(row as u64).to_le_bytes());
    sum.sum().to_le_bytes()
}

pub(super) fn u64_at(bytes: &[u8], place: usize) -> u64 {
    let mut number = [0; 8];
    number.iter_mut().zip(bytes.iter().skip(place)).for_each(|(to, from)| *to = *from);
    u64::from_le_bytes(number)
}

pub(super) fn u32_at(bytes: &[u8], place: usize) -> u32 {
    let mut number = [0; 4];
    number.iter_mut().zip(bytes.iter().skip(place)).for_each(|(to, from)| *to = *from);
    u32::from_le_bytes(number)
}

/// A target as it is written.
///
/// # Errors
///
/// One that is a sequence, or of steps.
pub(super) fn target_bytes(target: &Target) -> Result<[u8; TARGET], DataError> {
    let (kind, value) = match target {
        Target::Missing => (0, [0; 8]),
        Target::Class(class) => (1, (*class as u64).to_le_bytes()),
        Target::Number(number) => (2, number.to_le_bytes()),
        Target::Labels(_) | Target::Steps(_) | Target::Sequence(_) => {
            return Err(DataError::new(
                "packed data have a class or a number for each sequence, and these have a target of several values",
                "write `packed = false` in `[data]`",
            ));
        }
    };
    let mut bytes = [kind; TARGET];
    bytes[1..].copy_from_slice(&value);
    Ok(bytes)
}

/// The target that is written so; `None` where none is.
pub(super) fn target_of(bytes: &[u8]) -> Option<Target> {
    match bytes.first()? {
        0 => Some(Target::Missing),
        1 => Some(Target::Class(u64_at(bytes, 1) as usize)),
        2 => Some(Target::Number(f64::from_bits(u64_at(bytes, 1)))),
        _ => None,
    }
}
