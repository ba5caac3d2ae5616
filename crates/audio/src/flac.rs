//! FLAC, by `claxon`.

use std::io::Read;

use claxon::{Error, FlacReader, FlacReaderOptions};

use crate::sound::Sound;

/// Samples a second, as the header says.
///
/// # Errors
///
/// What is wrong with the header.
pub(crate) fn rate(reader: impl Read) -> Result<u32, String> {
    let options = FlacReaderOptions { metadata_only: true, read_vorbis_comment: false };
    FlacReader::new_ext(reader, options).map(|reader| reader.streaminfo().sample_rate).map_err(said)
}

/// Decodes a whole file of `most` samples at most; channels are mixed to their mean, and samples lie in [-1, 1).
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn decode(bytes: &[u8], most: u64) -> Result<Sound, String> {
    let options = FlacReaderOptions { metadata_only: false, read_vorbis_comment: false };
    let mut reader = FlacReader::new_ext(bytes, options).map_err(said)?;
    let info = reader.streaminfo();
    // Silence is packed into nothing: only what is unpacked counts.
    let too_large = |count: u64| match count > most {
        true => Err(format!(
            "it holds {count} samples, more than is read of one file: where the machine has the memory, raise \
             `data.max_bytes`"
        )),
        false => Ok(()),
    };
    too_large(info.samples.unwrap_or(0))?;
    let scale = (1.0 / (1u64 << (info.bits_per_sample.clamp(1, 32) - 1)) as f64) / f64::from(info.channels.max(1));
    let mut samples: Vec<f32> = Vec::new();
    let (mut blocks, mut buffer) = (reader.blocks(), Vec::new());
    while let Some(block) = blocks.read_next_or_eof(buffer).map_err(said)? {
        if block.channels() != info.channels {
            return Err(format!("a block of {} channels, and the header says {}", block.channels(), info.channels));
        }
        too_large(samples.len() as u64 + u64::from(block.duration()))?;
        let sum = |at: u32| (0..block.channels()).map(|channel| f64::from(block.sample(channel, at))).sum::<f64>();
        samples.extend((0..block.duration()).map(|at| (sum(at) * scale) as f32));
        buffer = block.into_buffer();
    }
    match info.samples.filter(|said| *said != samples.len() as u64) {
        None => Ok(Sound { samples, rate: info.sample_rate, channels: info.channels }),
        Some(said) => {
            Err(format!("the header promises {said} samples, and {} are there: is the file cut short?", samples.len()))
        }
    }
}

fn said(error: Error) -> String {
    match error {
        Error::IoError(_) => "the FLAC file is cut short".into(),
        Error::FormatError(reason) => format!("no sound FLAC file: {reason}"),
        Error::Unsupported(reason) => format!("FLAC that is not read: {reason}"),
    }
}
