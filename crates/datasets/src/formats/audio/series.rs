//! From recordings to series of frames, at one rate for the whole set.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use semiseq_audio::Frames;

use crate::error::DataError;
use crate::formats::audio::decode::rate;
use crate::formats::audio::reader::Reader;
use crate::formats::audio::{Clip, Listing};
use crate::formats::table::layout::Layout;
use crate::formats::{ReadOptions, Rows};

const HINT: &str = "WAV (PCM of 8 to 32 bits, floats of 32 or 64) and FLAC are read: `ffmpeg -i IN OUT.wav` converts \
                    others; mend or remove these";

/// Reads the recordings of a listing; `path` is the file or folder that it was made of.
///
/// # Errors
///
/// All files that cannot be read, with what is wrong with each; settings that do not go with their rate.
pub(super) fn rows(path: &Path, listing: Listing, options: &ReadOptions) -> Result<Rows, DataError> {
    let name = path.display().to_string();
    let Listing { clips, names_of_files, target, mut bad, mut notes } = listing;
    let rates = rates(&clips, &mut bad);
    let Some(frames) = frames(&name, &clips, &rates, options)? else {
        return Err(DataError::several(bad, HINT));
    };
    let mut reader = Reader::new(&frames, rates);
    let mut rows = Rows { name: name.clone(), names_of_files, ..Rows::default() };
    for clip in &clips {
        match reader.read(clip) {
            Ok(series) => {
                rows.sequences.push(series);
                rows.labels.push(clip.label.clone());
                rows.keys.ids.extend(clip.id.clone());
                rows.keys.groups.extend(clip.group.clone());
            }
            // What its header says is told already.
            Err(None) => {}
            Err(Some(reason)) => bad.push(said(clip, &reason)),
        }
    }
    if !bad.is_empty() {
        return Err(DataError::several(bad, HINT));
    }
    if options.like.is_none() {
        if options.sound.is_none() {
            let said = frames.said();
            notes.push(format!(
                "{name}: sound is read as {said}; `[data.transform.log-mel]`, `mfcc` or `waveform` sets another"
            ));
        }
        notes.extend(reader.extractor.empty_bands().map(|line| format!("{name}: {line}")));
    }
    notes.extend(reader.told(&name, clips.len()));
    rows.samples = Some(reader.sum.finish());
    rows.layout = Some(Layout::of_sound(frames, target));
    rows.notes = notes;
    Ok(rows)
}

fn said(clip: &Clip, reason: &str) -> String {
    match &clip.place {
        Some(place) => format!("{place}: {}: {reason}", clip.path.display()),
        None => format!("{}: {reason}", clip.path.display()),
    }
}

/// The rates of all files by their headers. A file that several clips are cut out of is opened once.
fn rates(clips: &[Clip], bad: &mut Vec<String>) -> HashMap<PathBuf, Option<u32>> {
    let mut rates = HashMap::new();
    for clip in clips {
        rates.entry(clip.path.clone()).or_insert_with(|| match rate(&clip.path) {
            Ok(rate) => Some(rate),
            Err(reason) => {
                bad.push(said(clip, &reason));
                None
            }
        });
    }
    rates
}

/// Those of training; else what the config says, at its rate or at that of most recordings. `None` where no file has a
/// rate.
fn frames(
    name: &str,
    clips: &[Clip],
    rates: &HashMap<PathBuf, Option<u32>>,
    options: &ReadOptions,
) -> Result<Option<Frames>, DataError> {
    if let Some(frames) = options.like.as_ref().and_then(Layout::frames) {
        return Ok(Some(frames.clone()));
    }
    let config = options.sound.clone().unwrap_or_default();
    let mut counts: Vec<(u32, usize)> = Vec::new();
    for rate in clips.iter().filter_map(|clip| rates.get(&clip.path).copied().flatten()) {
        match counts.iter_mut().find(|(known, _)| *known == rate) {
            Some((_, count)) => *count += 1,
            None => counts.push((rate, 1)),
        }
    }
    // The first of those that are as frequent.
    let most = counts.iter().rev().max_by_key(|(_, count)| *count).map(|(rate, _)| *rate);
    let Some(rate) = config.rate().or(most).filter(|_| most.is_some()) else { return Ok(None) };
    let key = config.key();
    config.at(rate).map(Some).map_err(|reason| {
        DataError::new(format!("{name}: `data.transform.{key}` cannot be: {reason}"), "change its keys, or its `rate`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DataConfig;
    use crate::fixtures::folder;
    use crate::formats::audio::tests::wav_file as file;
    use crate::formats::limit::within;
    use crate::formats::{guess, read};
    use crate::prepare::prepare;
    use crate::sequence::Target;
    use crate::sources::read::read_like;
    use crate::target_kind::TargetKind;
    use semiseq_audio::{LogMelConfig, SoundConfig, WaveformConfig};

    /// The files that the tests of `semiseq-audio` read.
    fn fixtures() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../audio/tests/fixtures")
    }

    fn tone(rate: u32, seconds: f64, hertz: f64) -> Vec<u8> {
        let count = (f64::from(rate) * seconds) as usize;
        let sample = |at: usize| (hertz * std::f64::consts::TAU * at as f64 / f64::from(rate)).sin() * 20_000.0;
        let data: Vec<u8> = (0..count).flat_map(|at| (sample(at) as i16).to_le_bytes()).collect();
        file(1, 1, rate, 16, &data)
    }

    #[test]
    fn a_folder_a_class_becomes_frames_and_says_so() {
        let path = folder("audio-classes");
        for (class, name, hertz) in
            [("high", "a.wav", 2_000.0), ("low", "deep/b.WAV", 200.0), ("unlabeled", "c.wav", 300.0)]
        {
            let whole = path.join(class).join(name);
            std::fs::create_dir_all(whole.parent().unwrap()).unwrap();
            std::fs::write(whole, tone(8_000, 0.2, hertz)).unwrap();
        }
        std::fs::write(path.join("high/notes.txt"), "where it was recorded").unwrap();
        assert_eq!(guess(&path), Some("audio"));
        let rows = read(&path, None, &ReadOptions::default()).unwrap();
        assert_eq!(rows.labels, ["high", "low", ""]);
        assert_eq!(rows.sequences[0].len(), 21);
        let loudest = |row: usize| {
            let (values, channels) = rows.sequences[row].values().unwrap();
            let frame = &values[10 * channels..11 * channels];
            (0..channels).max_by(|a, b| frame[*a].total_cmp(&frame[*b])).unwrap()
        };
        assert!(loudest(0) > loudest(2) && loudest(2) > loudest(1));
        assert!(rows.notes[0].ends_with("do not end in `.wav` or `.flac`: 1 files (notes.txt)"), "{:?}", rows.notes);
        let said = "40 bands from 0 to 4000 Hz: 25 ms every 10 ms, 256 points at 8000 Hz; `[data.transform.log-mel]`";
        assert!(rows.notes[1].contains(said), "{:?}", rows.notes);
    }

    #[test]
    fn rates_that_differ_are_brought_to_the_most_frequent_one() {
        let path = folder("audio-rates");
        for (name, rate) in [("a.wav", 16_000), ("b.wav", 8_000), ("c.wav", 8_000)] {
            std::fs::write(path.join(name), tone(rate, 0.3, 500.0)).unwrap();
        }
        let rows = read(&path, None, &ReadOptions::default()).unwrap();
        assert!(rows.notes[1].contains("1 of 3 recordings are brought from 16000 to 8000 Hz"), "{:?}", rows.notes);
        let values = |row: usize| rows.sequences[row].values().unwrap().0;
        assert_eq!(values(0).len(), values(1).len());
        // The band of the tone is as loud in the middle.
        let middle = 15 * 40..16 * 40;
        let most = |row: usize| values(row)[middle.clone()].iter().copied().fold(f32::MIN, f32::max);
        assert!((most(0) - most(1)).abs() < 1e-2, "{} {}", most(0), most(1));
        let log_mel = LogMelConfig { rate: Some(4_000), mels: 20, ..LogMelConfig::default() };
        let options = ReadOptions { sound: Some(SoundConfig::LogMel(log_mel)), ..ReadOptions::default() };
        let rows = read(&path, None, &options).unwrap();
        assert_eq!(rows.sequences[0].values().unwrap().1, 20);
        assert!(
            rows.notes[0].contains("3 of 3 recordings are brought from 8000, 16000 to 4000 Hz"),
            "{:?}",
            rows.notes
        );
    }

    #[test]
    fn later_files_become_the_frames_of_training() {
        let path = folder("audio-like");
        std::fs::write(path.join("a.wav"), tone(8_000, 0.3, 500.0)).unwrap();
        std::fs::write(path.join("b.wav"), tone(16_000, 0.3, 500.0)).unwrap();
        let config = DataConfig::default();
        let (_, layout) = read_like(&path.join("a.wav"), &config, TargetKind::Unsupervised, None).unwrap();
        let json = serde_json::to_string(&layout.unwrap()).unwrap();
        assert!(json.contains(r#""kind":"audio""#) && json.contains(r#""rate":8000"#), "{json}");
        let layout: Layout = serde_json::from_str(&json).unwrap();
        let (data, _) = read_like(&path.join("b.wav"), &config, TargetKind::Unsupervised, Some(&layout)).unwrap();
        assert_eq!(data.sequences[0].len(), 31);
        assert!(data.notes[0].contains("brought from 16000 to 8000 Hz") && data.notes.len() == 1, "{:?}", data.notes);
        // Layouts of before know nothing of sound.
        let older: Layout =
            serde_json::from_str(r#"{"kind":"wide","named":true,"columns":["a"],"inputs":[0]}"#).unwrap();
        assert_eq!(older.frames(), None);
    }

    #[test]
    fn all_bad_files_are_told_together() {
        let path = folder("audio-bad");
        for (name, bytes) in [
            ("a.wav", b"ID3\x04".to_vec()),
            ("b.flac", b"fLaC\0\0".to_vec()),
            ("c.wav", file(1, 1, 8_000, 16, &[])),
            ("d.wav", file(3, 1, 8_000, 32, &f32::NAN.to_le_bytes())),
            ("e.wav", file(1, 1, 7, 16, &[0; 8])),
            ("f.wav", tone(8_000, 0.1, 500.0)),
        ] {
            std::fs::write(path.join(name), bytes).unwrap();
        }
        let message = read(&path, None, &ReadOptions::default()).unwrap_err().in_full();
        for part in [
            "a.wav: the file is MP3",
            "b.flac: the FLAC file is cut short",
            "c.wav: the file holds no sample",
            "d.wav: sample 1 is not a finite number",
            "e.wav: the header says 7 Hz",
            "`ffmpeg -i IN OUT.wav`",
        ] {
            assert!(message.contains(part), "{message}");
        }
        assert!(!message.contains("f.wav"), "{message}");
    }

    #[test]
    fn what_is_unpacked_has_a_limit() {
        let folder = fixtures();
        let told = |name: &str, most| {
            let read = || read(&folder.join(name), None, &ReadOptions::default());
            within(Some(most), read).unwrap_err().in_full()
        };
        // 1803 bytes hold 1000 samples of 4 bytes, and those 7 frames of 40 numbers.
        assert!(told("mono.flac", 1_900).contains("it holds 1000 samples, more than is read of one file"));
        assert!(told("mono.flac", 1_000).contains("mono.flac: more than is read of one file: it holds 1803 bytes"));
        assert!(told("click.wav", 150).contains("its frames take 200 bytes"), "{}", told("click.wav", 150));
    }

    #[test]
    fn settings_that_do_not_go_with_the_rate_are_told() {
        let folder = fixtures();
        let told = |config: LogMelConfig| {
            let options = ReadOptions { sound: Some(SoundConfig::LogMel(config)), ..ReadOptions::default() };
            read(&folder.join("speech.wav"), None, &options)
        };
        let message = told(LogMelConfig { fmax: Some(8_000.0), ..LogMelConfig::default() }).unwrap_err().in_full();
        assert!(message.contains("at 8000 Hz there are frequencies from 0 to 4000"), "{message}");
        let message = told(LogMelConfig { n_fft: Some(128), ..LogMelConfig::default() }).unwrap_err().in_full();
        assert!(message.contains("`n_fft = 128` is less than the 200 samples of a frame"), "{message}");
        let notes = told(LogMelConfig { mels: 200, ..LogMelConfig::default() }).unwrap().notes;
        assert!(notes[0].contains("of 200 mel bands hold no frequency of 256 points"), "{notes:?}");
    }

    #[test]
    fn a_run_on_sound_keeps_its_frames_and_reads_samples_where_asked() {
        let path = folder("audio-run");
        for (class, hertz) in [("high", 2_000.0), ("low", 200.0)] {
            std::fs::create_dir_all(path.join(class)).unwrap();
            for row in 0..6 {
                let bytes = tone(8_000, 0.1 + 0.01 * f64::from(row), hertz + f64::from(row));
                std::fs::write(path.join(class).join(format!("{row}.wav")), bytes).unwrap();
            }
        }
        let mut config = DataConfig { source: path.display().to_string(), ..DataConfig::default() };
        let data = prepare(&config, TargetKind::Classify).unwrap();
        assert_eq!(data.processor.classes(), ["high", "low"]);
        // References are given the frames, as any series.
        assert!(data.as_read.train.iter().all(|row| row.values().is_some_and(|(_, channels)| channels == 40)));
        assert!(data.test.targets.iter().all(|target| matches!(target, Target::Class(_))));
        let mut problems = Vec::new();
        data.processor.check("processor", &mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        let mut json = serde_json::to_value(&data.processor).unwrap();
        json["layout"]["frames"]["spectrum"]["n_fft"] = 8.into();
        let planted: crate::preparation::Processor = serde_json::from_value(json).unwrap();
        planted.check("processor", &mut problems);
        assert_eq!(problems[0].key, "processor.layout.frames");
        config.transform.waveform = Some(WaveformConfig { rate: Some(4_000) });
        let data = prepare(&config, TargetKind::Classify).unwrap();
        assert_eq!(data.test.sequences[0].values().unwrap().1, 1);
        assert!(data.test.sequences[0].len() >= 400);
        let table = DataConfig { source: "cbf".into(), ..config.clone() };
        assert!(
            prepare(&table, TargetKind::Classify)
                .unwrap_err()
                .in_full()
                .contains("`data.transform.waveform` is for sound")
        );
    }
}
