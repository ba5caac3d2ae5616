//! From the bytes of a file to samples; the first bytes tell the format, whatever the name says.

use std::io::{Cursor, Read};

use crate::frames::MOST_RATE;
use crate::sound::Sound;
use crate::{flac, wav};

/// How files of sound begin that are not read.
const OTHERS: [(&[u8], &str); 9] = [
    (b"ID3", "MP3, or another file behind an ID3 tag"),
    (b"\xff\xfb", "MP3"),
    (b"\xff\xf3", "MP3"),
    (b"OggS", "Ogg (Vorbis or Opus)"),
    (b"FORM", "AIFF"),
    (b".snd", "Sun AU"),
    (b"NIST_1A", "NIST SPHERE"),
    (b"RIFX", "WAV with its bytes turned round (RIFX)"),
    (b"caff", "Apple's CAF"),
];

/// Bytes that tell the format.
const LOOKED_AT: u64 = 12;

enum Kind {
    Wav,
    Flac,
}

fn kind(begin: &[u8]) -> Result<Kind, String> {
    match begin {
        [b'R', b'I', b'F', b'F', ..] | [b'R', b'F', b'6', b'4', ..] if begin.get(8..12) == Some(b"WAVE") => {
            Ok(Kind::Wav)
        }
        [b'f', b'L', b'a', b'C', ..] => Ok(Kind::Flac),
        [] => Err("the file is empty".into()),
        _ => Err(match OTHERS.iter().find(|(magic, _)| begin.starts_with(magic)) {
            Some((_, name)) => format!("the file is {name}"),
            None => "neither WAV nor FLAC by its first bytes".into(),
        }),
    }
}

/// Whether a file that begins with these bytes, 12 or more, is one of sound that is read.
pub fn is_sound(begin: &[u8]) -> bool {
    kind(begin).is_ok()
}

/// The rate of a file in Hz; nothing is read behind its header.
///
/// # Errors
///
/// What is wrong with it.
pub fn rate(mut reader: impl Read) -> Result<u32, String> {
    let mut begin = Vec::new();
    reader.by_ref().take(LOOKED_AT).read_to_end(&mut begin).map_err(|error| error.to_string())?;
    let kind = kind(&begin)?;
    let mut whole = Cursor::new(begin).chain(reader);
    let rate = match kind {
        Kind::Wav => wav::header(&mut whole)?.0.rate,
        Kind::Flac => flac::rate(whole)?,
    };
    match MOST_RATE.contains(&rate) {
        true => Ok(rate),
        false => Err(format!("the header says {rate} Hz, and rates from 100 to 1000000 are read")),
    }
}

/// The samples of a file. Packed silence is nearly nothing, so that its samples are counted: more than `most` are
/// refused before memory is taken for them.
///
/// # Errors
///
/// What is wrong with it.
pub fn decode(bytes: &[u8], most: u64) -> Result<Sound, String> {
    let sound = match kind(bytes)? {
        Kind::Wav => wav::decode(bytes),
        Kind::Flac => flac::decode(bytes, most),
    }?;
    if sound.samples.is_empty() {
        return Err("the file holds no sample".into());
    }
    match sound.samples.iter().position(|sample| !sample.is_finite()) {
        None => Ok(sound),
        Some(place) => Err(format!("sample {} is not a finite number", place + 1)),
    }
}
