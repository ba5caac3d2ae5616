//! WFDB, the format of PhysioNet: a header of text (`.hea`) that names the files of samples, formats 16 and 212, and
//! annotations (`.atr`) in the format of MIT.

use crate::signals::{Annotation, Signal};

/// What a `.hea` file says.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Values a second.
    pub rate: f64,
    /// Values of each signal; `None` where the header does not say.
    samples: Option<usize>,
    /// The files of samples, in order, each with its signals.
    pub files: Vec<SampleFile>,
}

/// A file of samples, which holds the samples of its signals in turn.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleFile {
    /// Its name, as seen from the header.
    pub name: String,
    format: u16,
    /// Bytes before the samples.
    offset: usize,
    signals: Vec<Scale>,
}

#[derive(Clone, Debug, PartialEq)]
struct Scale {
    name: String,
    unit: String,
    gain: f64,
    baseline: f64,
}

/// Digital units a physical one, where the header says none.
const GAIN: f64 = 200.0;
/// Values a second, where the header says none.
const RATE: f64 = 250.0;

/// Reads a header.
///
/// # Errors
///
/// What is wrong in which line.
pub fn header(text: &str) -> Result<Header, String> {
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let (line, first) = lines.next().ok_or("line 1: the header is empty")?;
    let wrong = |line: usize, what: String| format!("line {line}: {what}");
    let mut words = first.split_whitespace();
    let name = words.next().unwrap_or_default();
    if name.contains('/') {
        return Err(wrong(
            line,
            "a record of several segments, which is not read: give the segments' own headers".into(),
        ));
    }
    let count: usize =
        words.next().and_then(|word| word.parse().ok()).ok_or_else(|| wrong(line, "no number of signals".into()))?;
    let rate = match words.next() {
        None => RATE,
        Some(word) => {
            let number = word.split(['/', '(']).next().unwrap_or_default();
            let rate = number.parse::<f64>().ok().filter(|rate| rate.is_finite() && *rate > 0.0);
            rate.ok_or_else(|| wrong(line, format!("`{word}` is no sampling rate")))?
        }
    };
    let samples = match words.next() {
        None => None,
        Some(word) => Some(word.parse().map_err(|_| wrong(line, format!("`{word}` is no number of samples")))?),
    };
    let mut files: Vec<SampleFile> = Vec::new();
    for _ in 0..count {
        let (line, content) = lines.next().ok_or_else(|| {
            wrong(
                line,
                format!(
                    "{count} signals, and {} lines of them follow",
                    files.iter().map(|file| file.signals.len()).sum::<usize>()
                ),
            )
        })?;
        let (file, signal) = signal(content).map_err(|what| wrong(line, what))?;
        match files.last_mut().filter(|last| last.name == file.name) {
            Some(last) if last.format != file.format => {
                return Err(wrong(line, format!("`{}` has two formats", file.name)));
            }
            Some(last) => last.signals.push(signal),
            None => files.push(SampleFile { signals: vec![signal], ..file }),
        }
    }
    Ok(Header { rate, samples: samples.filter(|count| *count > 0), files })
}

/// `100.dat 212 200(0)/mV 11 1024 995 -22131 0 MLII`.
fn signal(content: &str) -> Result<(SampleFile, Scale), String> {
    let mut words = content.split_whitespace();
    let (Some(name), Some(format)) = (words.next(), words.next()) else {
        return Err("a signal has a file and a format".into());
    };
    let digits = format.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(format.len());
    let (kind, rest) = format.split_at(digits);
    let offset = match rest.strip_prefix('+') {
        Some(offset) => offset.parse().map_err(|_| format!("`{format}` is no format"))?,
        None if rest.is_empty() => 0,
        None => {
            return Err(format!(
                "`{format}`: several samples a frame, or a skew, are not read: resample it with `xform`"
            ));
        }
    };
    let kind: u16 = match kind {
        "16" => 16,
        "212" => 212,
        _ => return Err(format!("format {kind} is not read: 16 and 212 are; `xform` converts others")),
    };
    let gains = words.next().unwrap_or("200");
    let (scale, unit) = gains.split_once('/').unwrap_or((gains, "mV"));
    let (gain, baseline) = match scale.split_once('(') {
        Some((gain, rest)) => (gain, Some(rest.trim_end_matches(')'))),
        None => (scale, None),
    };
    let number = |text: &str| -> Result<f64, String> {
        text.parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(|| format!("`{text}` is not a number"))
    };
    let gain = Some(number(gain)?).filter(|gain| *gain != 0.0).unwrap_or(GAIN);
    let zero = words.nth(1).map_or(Ok(0.0), number)?;
    let baseline = baseline.map_or(Ok(zero), number)?;
    // Behind the first value, the checksum and the block size.
    let rest: Vec<&str> = words.skip(3).collect();
    let scale = Scale { name: rest.join(" "), unit: unit.to_string(), gain, baseline };
    Ok((SampleFile { name: name.to_string(), format: kind, offset, signals: Vec::new() }, scale))
}

impl Header {
    /// The signals of a file, from its bytes; a signal without a name is called by its place, from 1.
    ///
    /// # Errors
    ///
    /// Where the file ends before all samples.
    pub fn signals(&self, file: &SampleFile, bytes: &[u8]) -> Result<Vec<Signal>, String> {
        let data = bytes.get(file.offset..).ok_or_else(|| format!("byte {}: the file is cut short", bytes.len()))?;
        let count = file.signals.len();
        let there = match file.format {
            16 => data.len() / 2,
            _ => data.len() / 3 * 2 + usize::from(data.len() % 3 == 2),
        };
        let samples = self.samples.unwrap_or(there / count.max(1));
        if samples.checked_mul(count).is_none_or(|wanted| wanted > there) {
            return Err(format!(
                "byte {}: the header promises {samples} samples of {count} signals, and {} are there: the file is cut \
                 short",
                bytes.len(),
                there / count.max(1)
            ));
        }
        let digital = |place: usize| -> Option<i16> {
            let value = match file.format {
                16 => i16::from_le_bytes([data[2 * place], data[2 * place + 1]]),
                // Two samples in three bytes: the upper four bits of both stand in the second.
                _ => {
                    let at = place / 2 * 3;
                    let value = match place % 2 {
                        0 => u16::from(data[at]) | u16::from(data[at + 1] & 0x0f) << 8,
                        _ => u16::from(data[at + 2]) | u16::from(data[at + 1] & 0xf0) << 4,
                    };
                    (value << 4) as i16 >> 4
                }
            };
            let missing = if file.format == 16 { i16::MIN } else { -2048 };
            (value != missing).then_some(value)
        };
        let before: usize = self.files.iter().take_while(|other| *other != file).map(|other| other.signals.len()).sum();
        let one = |(place, scale): (usize, &Scale)| {
            let physical = |step: usize| {
                digital(step * count + place).map(|value| (f64::from(value) - scale.baseline) / scale.gain)
            };
            let values = (0..samples).map(|step| physical(step).map_or(f32::NAN, |value| value as f32)).collect();
            let name = if scale.name.is_empty() { (before + place + 1).to_string() } else { scale.name.clone() };
            Signal { name, unit: scale.unit.clone(), rate: self.rate, values }
        };
        Ok(file.signals.iter().enumerate().map(one).collect())
    }
}

/// The symbols of annotations by their codes (`ecgcodes.h`); 0 is none.
const SYMBOLS: [&str; 42] = [
    "", "N", "L", "R", "a", "V", "F", "J", "A", "S", "E", "j", "/", "Q", "~", "", "|", "", "s", "T", "*", "D", "\"",
    "=", "p", "B", "^", "t", "+", "u", "?", "!", "[", "]", "e", "n", "@", "x", "f", "(", ")", "r",
];
/// Codes of changes of rhythm, of notes and of comments, whose text says more than their symbol.
const TEXTS: [u16; 3] = [22, 28, 14];

/// Reads the annotations of a recording of this rate. What is noted of a rhythm lasts until the next one.
///
/// # Errors
///
/// Where the file ends within an annotation.
pub fn annotations(bytes: &[u8], rate: f64) -> Result<Vec<Annotation>, String> {
    let word = |at: usize| -> Result<u16, String> {
        let pair = bytes.get(at..at + 2).ok_or_else(|| format!("byte {at}: the file is cut short"))?;
        Ok(u16::from_le_bytes([pair[0], pair[1]]))
    };
    let mut notes: Vec<(u16, Annotation)> = Vec::new();
    let (mut at, mut time) = (0, 0i64);
    loop {
        let (code, value) = (word(at)? >> 10, word(at)? & 0x3ff);
        at += 2;
        match code {
            0 if value == 0 => break,
            // A long step in time, its upper half first.
            59 => {
                let step = i32::from(word(at)?) << 16 | i32::from(word(at + 2)?);
                time = time.saturating_add(i64::from(step));
                at += 4;
            }
            60..=62 => {}
            63 => {
                let length = usize::from(value);
                let text = bytes.get(at..at + length).ok_or_else(|| format!("byte {at}: the file is cut short"))?;
                let text = String::from_utf8_lossy(text).trim_end_matches('\0').trim().to_string();
                if let Some((_, note)) = notes.last_mut().filter(|(code, _)| TEXTS.contains(code) && !text.is_empty()) {
                    note.text = text;
                }
                at += length + length % 2;
            }
            _ => {
                time = time.saturating_add(i64::from(value));
                let text = SYMBOLS.get(usize::from(code)).filter(|text| !text.is_empty());
                let text = text.map_or_else(|| code.to_string(), ToString::to_string);
                notes.push((code, Annotation { onset: time as f64 / rate, duration: None, text }));
            }
        }
    }
    let rhythms: Vec<usize> = (0..notes.len()).filter(|place| notes[*place].0 == 28).collect();
    for (place, rhythm) in rhythms.iter().enumerate() {
        let end = rhythms.get(place + 1).map_or(f64::INFINITY, |next| notes[*next].1.onset);
        let onset = notes[*rhythm].1.onset;
        notes[*rhythm].1.duration = (end > onset).then_some(end - onset);
    }
    Ok(notes.into_iter().map(|(_, note)| note).collect())
}
