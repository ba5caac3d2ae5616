//! EDF and EDF+, the European Data Format of EEG and sleep (Kemp et al. 1992, Kemp & Olivan 2003): a header in ASCII,
//! then records of so many seconds, each with the samples of every channel in turn, 16 bits. EDF+ keeps annotations as
//! one more channel.

use crate::signals::{Annotation, Recording, Signal, field};

/// The channel that holds annotations.
const ANNOTATIONS: &str = "EDF Annotations";
/// Bytes of the header before, and for each channel.
const HEADER: usize = 256;

struct Channel {
    name: String,
    unit: String,
    /// Physical value a digital one, and that of 0.
    gain: f64,
    offset: f64,
    /// Samples a record.
    samples: usize,
}

/// What the header says.
struct Header {
    patient: String,
    records: usize,
    /// Seconds of a record.
    duration: f64,
    channels: Vec<Channel>,
    /// Bytes up to the first record.
    bytes: usize,
    /// Whether records need not follow each other in time.
    gaps: bool,
}

/// Whether bytes begin as such a file does.
pub fn is_edf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"0       ") && bytes.len() >= HEADER
}

/// Reads a whole file.
///
/// # Errors
///
/// What is wrong at which byte.
pub fn parse(bytes: &[u8]) -> Result<Recording, String> {
    let header = header(bytes)?;
    let width: usize = header.channels.iter().map(|channel| 2 * channel.samples).sum();
    let data = &bytes[header.bytes.min(bytes.len())..];
    let mut starts = Vec::new();
    let mut recording = Recording { patient: header.patient.clone(), ..Recording::default() };
    let mut at = 0;
    for channel in &header.channels {
        let records = data.chunks_exact(width).take(header.records);
        let cells = records.map(|record| &record[at..at + 2 * channel.samples]);
        if channel.name == ANNOTATIONS {
            for (record, cell) in cells.enumerate() {
                let place = header.bytes + record * width + at;
                let start =
                    annotations(cell, &mut recording.annotations).map_err(|why| format!("byte {place}: {why}"))?;
                // The first channel of annotations says when each record begins.
                if starts.len() == record {
                    starts.extend(start);
                }
            }
        } else {
            let values = cells.flat_map(|cell| cell.chunks_exact(2)).map(|sample| {
                let digital = f64::from(i16::from_le_bytes([sample[0], sample[1]]));
                (channel.gain * digital + channel.offset) as f32
            });
            let (name, unit) = (channel.name.clone(), channel.unit.clone());
            let rate = channel.samples as f64 / header.duration;
            recording.signals.push(Signal { name, unit, rate, values: values.collect() });
        }
        at += 2 * channel.samples;
    }
    let first = starts.first().copied().unwrap_or(0.0);
    if header.gaps {
        let off = |(record, start): (usize, &f64)| (start - first - record as f64 * header.duration).abs() > 1e-3;
        if let Some(record) = starts.iter().enumerate().position(off) {
            return Err(format!(
                "byte {}: record {} begins at {} s: there is a gap before it (EDF+D); cut the file there first",
                header.bytes + record * width,
                record + 1,
                starts[record]
            ));
        }
    }
    // The recording begins where its first record does.
    recording.annotations.iter_mut().for_each(|note| note.onset -= first);
    recording.annotations.sort_by(|left, right| left.onset.total_cmp(&right.onset));
    Ok(recording)
}

fn header(bytes: &[u8]) -> Result<Header, String> {
    if bytes.starts_with(b"\xffBIOSEMI") {
        return Err("byte 0: a file of BioSemi (BDF, 24 bits), which is not read: convert it to EDF".into());
    }
    if !is_edf(bytes) {
        return Err("byte 0: no EDF file: it does not begin with `0` and spaces".into());
    }
    let number = |at: usize, width: usize, what: &str| -> Result<f64, String> {
        let text = field(bytes, at, width)?;
        let number = text.replace(',', ".").parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| format!("byte {at}: `{}` is not {what}", text.escape_default()))
    };
    let whole = |at: usize, width: usize, what: &str| -> Result<usize, String> {
        let text = field(bytes, at, width)?;
        text.parse().map_err(|_| format!("byte {at}: `{}` is not {what}", text.escape_default()))
    };
    let count = whole(252, 4, "a number of channels")?;
    let duration = number(244, 8, "the seconds of a record")?;
    let size = HEADER * (count + 1);
    if bytes.len() < size {
        return Err(format!("byte {}: the header of {count} channels is cut short", bytes.len()));
    }
    let mut channels = Vec::with_capacity(count);
    for place in 0..count {
        // All names stand together, then all of the next field.
        let at = |before: usize, width: usize| HEADER + before * count + place * width;
        let name = field(bytes, at(0, 16), 16)?;
        let unit = field(bytes, at(96, 8), 8)?;
        let [low, high] = [(104, "physical minimum"), (112, "physical maximum")]
            .map(|(before, what)| number(at(before, 8), 8, &format!("the {what} of `{}`", name.escape_default())));
        let [least, most] = [(120, "digital minimum"), (128, "digital maximum")]
            .map(|(before, what)| number(at(before, 8), 8, &format!("the {what} of `{}`", name.escape_default())));
        let samples = whole(at(216, 8), 8, "a number of samples")?;
        let is_notes = name == ANNOTATIONS;
        let (gain, offset) = if is_notes {
            (1.0, 0.0)
        } else {
            let (low, high, least, most) = (low?, high?, least?, most?);
            if most == least {
                let at = at(120, 8);
                return Err(format!("byte {at}: the digital minimum of `{}` is its maximum", name.escape_default()));
            }
            let gain = (high - low) / (most - least);
            (gain, low - gain * least)
        };
        channels.push(Channel { name, unit, gain, offset, samples });
    }
    let notes = channels.iter().filter(|channel| channel.name == ANNOTATIONS).count();
    if duration <= 0.0 && notes < channels.len() {
        return Err(format!("byte 244: records of {duration} s"));
    }
    let width = channels.iter().try_fold(0usize, |sum, channel| sum.checked_add(channel.samples.checked_mul(2)?));
    let width =
        width.filter(|width| *width > 0).ok_or("byte 252: records without samples, or of more than any file holds")?;
    let there = (bytes.len() - size) / width;
    let records = match field(bytes, 236, 8)?.as_str() {
        // The recorder did not know when it began.
        "-1" => there,
        _ => whole(236, 8, "a number of records")?,
    };
    if records > there {
        return Err(format!(
            "byte {}: the header promises {records} records of {width} bytes, and {there} are there: the file is cut \
             short",
            bytes.len()
        ));
    }
    let gaps = field(bytes, 192, 44)?.starts_with("EDF+D");
    Ok(Header { patient: field(bytes, 8, 80)?, records, duration, channels, bytes: size, gaps })
}

/// Adds the annotations of a record: `+onset[\x15duration]\x14text\x14…\0`. Returns when the record begins, which the
/// first list without a text says.
fn annotations(cell: &[u8], notes: &mut Vec<Annotation>) -> Result<Option<f64>, String> {
    let mut start = None;
    for list in cell.split(|byte| *byte == 0).filter(|list| !list.is_empty()) {
        let mut parts = list.split(|byte| *byte == 0x14);
        let time = parts.next().unwrap_or_default();
        let mut times = time.split(|byte| *byte == 0x15).map(|text| String::from_utf8_lossy(text).into_owned());
        let number = |text: String| {
            let wrong = format!("`{}` is no time of an annotation", text.escape_default());
            text.trim().parse::<f64>().ok().filter(|time| time.is_finite()).ok_or(wrong)
        };
        let onset = number(times.next().unwrap_or_default())?;
        let duration = times.next().filter(|text| !text.trim().is_empty()).map(number).transpose()?;
        let mut texts =
            parts.map(|text| String::from_utf8_lossy(text).trim().to_string()).filter(|text| !text.is_empty());
        let first = texts.next();
        if first.is_none() && start.is_none() {
            start = Some(onset);
        }
        let duration = duration.filter(|seconds| *seconds > 0.0);
        notes.extend(first.into_iter().chain(texts).map(|text| Annotation { onset, duration, text }));
    }
    Ok(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_annotations_are_read() {
        let mut notes = Vec::new();
        let start =
            annotations(b"+2\x14\x14\0+2.5\x150.5\x14Sleep stage W\x14Lights off\x14\0\0\0", &mut notes).unwrap();
        assert_eq!(start, Some(2.0));
        assert_eq!(notes.len(), 2);
        assert_eq!(notes[0], Annotation { onset: 2.5, duration: Some(0.5), text: "Sleep stage W".into() });
        assert!(annotations(b"soon\x14x\x14\0", &mut notes).unwrap_err().contains("`soon` is no time"));
    }
}
