//! From the bytes of a file to the samples of one channel; the first bytes tell the format, whatever the name says.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::formats::audio::{Sound, flac, wav};
use crate::formats::decode::bytes;
use crate::formats::limit::GZIP;
use crate::preparation::sound::frames::MOST_RATE;

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
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..]
        | [b'R', b'F', b'6', b'4', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Ok(Kind::Wav),
        [b'f', b'L', b'a', b'C', ..] => Ok(Kind::Flac),
        [] => Err("the file is empty".into()),
        _ => Err(match OTHERS.iter().find(|(magic, _)| begin.starts_with(magic)) {
            Some((_, name)) => format!("the file is {name}"),
            None => "neither WAV nor FLAC by its first bytes".into(),
        }),
    }
}

/// Whether a file begins as one of sound that is read.
pub(super) fn is_sound(path: &Path) -> bool {
    let mut begin = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LOOKED_AT).read_to_end(&mut begin));
    read.is_ok() && kind(&begin).is_ok()
}

/// The rate of a file in Hz, by its header alone.
///
/// # Errors
///
/// What is wrong with it, without its name.
pub(super) fn rate(path: &Path) -> Result<u32, String> {
    let unread = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_string(),
        _ => error.to_string(),
    };
    let mut reader: Box<dyn Read> = Box::new(BufReader::new(File::open(path).map_err(unread)?));
    let mut begin = begin_of(&mut reader).map_err(unread)?;
    if begin.starts_with(&GZIP) {
        reader = Box::new(MultiGzDecoder::new(Cursor::new(begin).chain(reader)));
        begin = begin_of(&mut reader).map_err(unread)?;
    }
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

fn begin_of(reader: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut begin = Vec::new();
    reader.take(LOOKED_AT).read_to_end(&mut begin).map(|_| begin)
}

/// The samples of a file.
///
/// # Errors
///
/// What is wrong with it, without its name.
pub(super) fn sound(path: &Path) -> Result<Sound, String> {
    let name = format!("{}: ", path.display());
    let bytes = bytes(path).map_err(|error| {
        let lines = error.lines().join("; ");
        lines.strip_prefix(&name).map(String::from).unwrap_or(lines)
    })?;
    let sound = match kind(&bytes)? {
        Kind::Wav => wav::decode(&bytes),
        Kind::Flac => flac::decode(&bytes),
    }?;
    if sound.samples.is_empty() {
        return Err("the file holds no sample".into());
    }
    match sound.samples.iter().position(|sample| !sample.is_finite()) {
        None => Ok(sound),
        Some(place) => Err(format!("sample {} is not a finite number", place + 1)),
    }
}
