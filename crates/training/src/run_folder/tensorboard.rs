//! TensorBoard event files with scalars: TFRecord frames around a few protocol buffer fields.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::Error;
use crate::learner::Milestone;
use crate::observer::{Observer, StageName};

/// Appends scalars to an event file.
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    file: File,
}

impl EventFile {
    /// Starts a new event file in `folder`, which is made where it does not exist.
    ///
    /// # Errors
    ///
    /// Where folder or file cannot be written.
    pub fn create(folder: &Path) -> Result<Self, Error> {
        std::fs::create_dir_all(folder).map_err(|error| Error::write(folder, error))?;
        let path = folder.join(format!("events.out.tfevents.{}.semiseq.{}", now() as u64, std::process::id()));
        let file =
            OpenOptions::new().create(true).append(true).open(&path).map_err(|error| Error::write(&path, error))?;
        let mut events = Self { path, file };
        let mut event = event_at(now());
        bytes_field(&mut event, 3, b"brain.Event:2");
        events.record(&event)?;
        Ok(events)
    }

    /// Writes a value under a tag such as `train/loss`.
    ///
    /// # Errors
    ///
    /// Where the disk is full.
    pub fn scalar(&mut self, tag: &str, step: usize, value: f64) -> Result<(), Error> {
        self.record(&scalar_event(now(), tag, step, value))
    }

    fn record(&mut self, event: &[u8]) -> Result<(), Error> {
        self.file.write_all(&frame(event)).map_err(|error| Error::write(&self.path, error))
    }
}

impl Observer for EventFile {
    fn milestone(&mut self, stage: StageName<'_>, told: &Milestone<'_>) -> Result<(), Error> {
        for (split, scores) in [("train", told.train), ("valid", told.valid)] {
            for (name, value) in scores.into_iter().flatten() {
                self.scalar(&format!("{split}/{}-{}/{name}", stage.index, stage.objective), told.step, *value)?;
            }
        }
        Ok(())
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// `Event { wall_time }`, to which its content is added.
fn event_at(seconds: f64) -> Vec<u8> {
    let mut event = Vec::new();
    key(&mut event, 1, 1);
    event.extend(seconds.to_le_bytes());
    event
}

/// `Event { wall_time, step, summary: Summary { value: [Value { tag, simple_value }] } }`.
fn scalar_event(seconds: f64, tag: &str, step: usize, value: f64) -> Vec<u8> {
    let mut entry = Vec::new();
    bytes_field(&mut entry, 1, tag.as_bytes());
    key(&mut entry, 2, 5);
    entry.extend((value as f32).to_le_bytes());
    let mut summary = Vec::new();
    bytes_field(&mut summary, 1, &entry);
    let mut event = event_at(seconds);
    key(&mut event, 2, 0);
    varint(&mut event, step as u64);
    bytes_field(&mut event, 5, &summary);
    event
}

fn key(out: &mut Vec<u8>, field: u64, kind: u64) {
    varint(out, (field << 3) | kind);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn bytes_field(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    key(out, field, 2);
    varint(out, bytes.len() as u64);
    out.extend(bytes);
}

/// Length, its checksum, the bytes, their checksum.
fn frame(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    let mut out = length.to_vec();
    out.extend(masked_crc(&length).to_le_bytes());
    out.extend(bytes);
    out.extend(masked_crc(bytes).to_le_bytes());
    out
}

fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli), bit by bit: events are small.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnolis() {
        // The check value of CRC-32C, as RFC 3720 and the catalogues give it.
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn a_frame_is_length_checksum_bytes_checksum() {
        let frame = frame(b"ab");
        assert_eq!(frame.len(), 8 + 4 + 2 + 4);
        assert_eq!(frame[..8], 2u64.to_le_bytes());
        assert_eq!(&frame[12..14], b"ab");
    }

    #[test]
    fn a_scalar_is_what_tensorboard_writes() {
        // TensorBoard 2's own `RecordWriter` made these bytes from
        // `Event(wall_time=1.5, step=300, summary=[Value(tag="train/loss", simple_value=0.5)])`.
        let expected =
            "2100000000000000017becf609000000000000f83f10ac022a130a110a0a747261696e2f6c6f7373150000003fb56a6431";
        let found: String =
            frame(&scalar_event(1.5, "train/loss", 300, 0.5)).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn numbers_of_several_bytes_are_little_end_first() {
        let mut out = Vec::new();
        varint(&mut out, 300);
        assert_eq!(out, [0xac, 0x02]);
    }
}
