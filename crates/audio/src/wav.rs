//! WAV: PCM of 8, 16, 24 and 32 bits, and floats of 32 and 64. Written here, since a hundred lines read more of what
//! programs write than `hound` does: headers of streams, which do not know their length, chunks of odd length, floats
//! with a longer header.

use std::io::{self, Read};

use crate::sound::Sound;

/// Lengths from here on are written by programs that stream, and did not know.
const UNKNOWN: u64 = 0x7fff_0000;

/// Bytes of a `fmt ` chunk; 40 are usual at most.
const LONGEST_FORMAT: u64 = 1 << 16;

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) rate: u32,
    channels: u16,
    /// Bytes of a sample.
    bytes: u16,
    float: bool,
}

/// Reads up to the samples: the format, and how many bytes of samples the header promises.
///
/// # Errors
///
/// What is wrong, or not read.
pub(crate) fn header(reader: &mut impl Read) -> Result<(Format, u64), String> {
    let mut begin = [0; 12];
    exact(reader, &mut begin)?;
    let mut format = None;
    loop {
        let mut chunk = [0; 8];
        exact(reader, &mut chunk)?;
        let [a, b, c, d, rest @ ..] = chunk;
        let length = u64::from(u32::from_le_bytes(rest));
        match (&[a, b, c, d], format) {
            (b"data", Some(format)) => return Ok((format, length)),
            (b"data", None) => return Err("the header has no `fmt ` chunk before the samples".into()),
            (b"fmt ", _) => {
                if length > LONGEST_FORMAT {
                    return Err(format!("a `fmt ` chunk of {length} bytes"));
                }
                let mut body = Vec::new();
                // An odd length is followed by a byte that says nothing.
                take(reader, length + length % 2, &mut body)?;
                format = Some(format_of(&body)?);
            }
            _ => take(reader, length + length % 2, &mut io::sink())?,
        }
    }
}

fn exact(reader: &mut impl Read, bytes: &mut [u8]) -> Result<(), String> {
    reader.read_exact(bytes).map_err(|_| "the file ends before its samples".into())
}

fn take(reader: &mut impl Read, length: u64, to: &mut impl io::Write) -> Result<(), String> {
    match io::copy(&mut reader.take(length), to) {
        Ok(copied) if copied == length => Ok(()),
        _ => Err("the file ends before its samples".into()),
    }
}

fn format_of(body: &[u8]) -> Result<Format, String> {
    let short = |at: usize| body.get(at..at + 2).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]));
    let (Some(mut tag), Some(channels), Some(low), Some(high), Some(block), Some(bits)) =
        (short(0), short(2), short(4), short(6), short(12), short(14))
    else {
        return Err("the `fmt ` chunk is too short".into());
    };
    // The extensible format names the plain one further on.
    if let (0xfffe, Some(inner)) = (tag, short(24)) {
        tag = inner;
    }
    let rate = u32::from(low) | u32::from(high) << 16;
    // Samples of 20 bits stand in the upper part of three bytes.
    let bytes = block.checked_div(channels).unwrap_or(0);
    let float = tag == 3;
    let known = match tag {
        1 => (1..=4).contains(&bytes) && bits > 8 * (bytes - 1) && bits <= 8 * bytes,
        3 => bytes == 4 || bytes == 8,
        _ => false,
    };
    if !known || u32::from(channels) * u32::from(bytes) != u32::from(block) {
        let kind = match tag {
            1 => "PCM",
            2 | 0x11 => "ADPCM",
            3 => "floats",
            6 => "A-law",
            7 => "µ-law",
            0x50 | 0x55 => "MPEG",
            _ => "an unknown coding",
        };
        return Err(format!(
            "a WAV file of {channels} channels of {kind} (tag {tag}) in {bits} bits, which is not read"
        ));
    }
    Ok(Format { rate, channels, bytes, float })
}

/// Decodes a whole file; channels are mixed to their mean, and whole numbers lie in [-1, 1).
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn decode(bytes: &[u8]) -> Result<Sound, String> {
    let mut rest = bytes;
    let (format, promised) = header(&mut rest)?;
    let Format { rate, channels, bytes, float } = format;
    let width = usize::from(bytes);
    let step = width * usize::from(channels);
    if promised > rest.len() as u64 && promised < UNKNOWN {
        let [said, found] = [promised / step as u64, (rest.len() / step) as u64];
        return Err(format!("the header promises {said} samples, and {found} are there: the file is cut short"));
    }
    let data = &rest[..usize::try_from(promised).unwrap_or(usize::MAX).min(rest.len())];
    let sample: fn(&[u8]) -> f64 = match (float, width) {
        (true, 4) => |bytes| f64::from(f32::from_le_bytes(first(bytes))),
        (true, _) => |bytes| f64::from_le_bytes(first(bytes)),
        (false, 1) => |bytes| (f64::from(bytes[0]) - 128.0) / 128.0,
        (false, 2) => |bytes| f64::from(i16::from_le_bytes(first(bytes))) / 32_768.0,
        // In the upper three bytes of four.
        (false, 3) => |bytes| f64::from(i32::from_le_bytes([0, bytes[0], bytes[1], bytes[2]])) / 2_147_483_648.0,
        _ => |bytes| f64::from(i32::from_le_bytes(first(bytes))) / 2_147_483_648.0,
    };
    let mean = |step: &[u8]| (step.chunks_exact(width).map(sample).sum::<f64>() / f64::from(channels)) as f32;
    Ok(Sound { samples: data.chunks_exact(step).map(mean).collect(), rate, channels: channels.into() })
}

/// The first bytes, of which there are enough: samples are cut out by their width.
fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.first_chunk::<N>().copied().unwrap_or([0; N])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A WAV file of one `fmt ` and one `data` chunk.
    fn file(tag: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
        let block = channels * bits / 8;
        let mut fmt = [tag.to_le_bytes(), channels.to_le_bytes()].concat();
        fmt.extend([rate.to_le_bytes(), (rate * u32::from(block)).to_le_bytes()].concat());
        fmt.extend([block.to_le_bytes(), bits.to_le_bytes()].concat());
        let chunk = |name: &[u8; 4], body: &[u8]| [name, &(body.len() as u32).to_le_bytes()[..], body].concat();
        [&b"RIFF\0\0\0\0WAVE"[..], &chunk(b"fmt ", &fmt), &chunk(b"data", data)].concat()
    }

    fn samples(bytes: &[u8]) -> Vec<f32> {
        decode(bytes).unwrap().samples
    }

    #[test]
    fn each_width_lies_between_minus_one_and_one() {
        assert_eq!(samples(&file(1, 1, 8_000, 8, &[0, 128, 192])), [-1.0, 0.0, 0.5]);
        assert_eq!(samples(&file(1, 1, 8_000, 16, &[0, 128, 0, 64])), [-1.0, 0.5]);
        assert_eq!(samples(&file(1, 1, 8_000, 24, &[0, 0, 128, 0, 0, 64])), [-1.0, 0.5]);
        assert_eq!(samples(&file(1, 1, 8_000, 32, &[0, 0, 0, 128, 0, 0, 0, 64])), [-1.0, 0.5]);
        assert_eq!(samples(&file(3, 1, 8_000, 32, &0.25f32.to_le_bytes())), [0.25]);
        assert_eq!(samples(&file(3, 1, 8_000, 64, &(-0.25f64).to_le_bytes())), [-0.25]);
    }

    #[test]
    fn channels_are_mixed_and_other_chunks_left_out() {
        let plain = file(1, 2, 16_000, 16, &[0, 64, 0, 0, 0, 128, 0, 0]);
        assert_eq!(samples(&plain), [0.25, -0.5]);
        // A chunk of an odd length, and the byte behind it.
        let odd = [&plain[..12], b"LIST\x03\0\0\0abc\0", &plain[12..]].concat();
        let sound = decode(&odd).unwrap();
        assert_eq!((sound.samples, sound.rate, sound.channels), (vec![0.25, -0.5], 16_000, 2));
    }

    #[test]
    fn the_length_of_a_stream_is_what_is_there() {
        let mut bytes = file(1, 1, 8_000, 16, &[0, 64, 0, 128]);
        let at = bytes.len() - 8;
        bytes[at..at + 4].fill(0xff);
        assert_eq!(samples(&bytes), [0.5, -1.0]);
        bytes[at..at + 4].copy_from_slice(&100u32.to_le_bytes());
        let message = decode(&bytes).unwrap_err();
        assert_eq!(message, "the header promises 50 samples, and 2 are there: the file is cut short");
    }

    #[test]
    fn what_is_not_read_is_named() {
        assert!(decode(&file(7, 1, 8_000, 8, &[0])).unwrap_err().contains("1 channels of µ-law (tag 7) in 8 bits"));
        assert!(decode(&file(1, 0, 8_000, 16, &[0])).unwrap_err().contains("0 channels of PCM"));
        assert!(decode(b"RIFF\0\0\0\0WAVEfmt ").unwrap_err().contains("ends before its samples"));
    }
}
