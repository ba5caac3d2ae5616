//! Recordings of signals, EDF and WFDB: cut into windows (`[data.segment]`), whose labels are what was noted in them.

mod cutter;

use std::path::{Path, PathBuf};

use semiseq_files::signals::Recording;
use semiseq_files::{edf, wfdb};

use crate::error::DataError;
use crate::formats::decode::bytes;
use crate::formats::table::layout::{Layout, LayoutKind};
use crate::formats::{Format, ReadOptions, Rows, ends_in, files, text};
use cutter::Cutter;

pub(super) const EDF: Format = Format {
    name: "edf",
    summary: "EDF and EDF+ recordings (EEG, sleep): windows, annotations as labels",
    endings: &["edf"],
    columns: true,
    read,
};
pub(super) const WFDB: Format = Format {
    name: "wfdb",
    summary: "PhysioNet's `.hea`, `.dat` and `.atr`: windows, annotations as labels",
    endings: &["hea"],
    columns: true,
    read,
};

/// Folders within folders that are looked into.
const DEPTH: usize = 4;
/// Letters that the names of a recording and of its file of annotations begin with alike.
const ALIKE: usize = 6;

const HINT: &str = "EDF, EDF+ without gaps, and WFDB of the formats 16 and 212 are read; mend or remove the others";

/// The format of a folder that holds recordings, itself or in folders of its own.
pub(super) fn folder_format(path: &Path) -> Option<&'static str> {
    let mut found = Vec::new();
    walk(path, 1, &mut found).ok()?;
    let first = found.first()?;
    Some(if ends_in(first, "edf") { EDF.name } else { WFDB.name })
}

/// The recordings below a folder; files of annotations alone are none.
fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), DataError> {
    for entry in files(folder)? {
        if entry.is_dir() && depth > 0 {
            walk(&entry, depth - 1, found)?;
        } else if (ends_in(&entry, "edf") && !is_of_annotations(&entry)) || ends_in(&entry, "hea") {
            found.push(entry);
        }
    }
    Ok(())
}

/// Sleep-EDF keeps the stages of a night in a file of their own.
fn is_of_annotations(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem.to_string_lossy().to_lowercase().contains("hypnogram"))
}

fn read(path: &Path, options: &ReadOptions) -> Result<Rows, DataError> {
    let name = path.display().to_string();
    for (key, given) in
        [("text", &options.text), ("target", &options.target), ("id", &options.id), ("time", &options.time)]
    {
        if given.is_some() {
            return Err(DataError::new(
                format!("{name}: `data.{key}` has no effect on recordings"),
                "remove it; `data.features` names channels, `data.segment.labels` the annotations that are labels",
            ));
        }
    }
    let mut paths = vec![path.to_path_buf()];
    if path.is_dir() {
        paths.clear();
        walk(path, DEPTH, &mut paths)?;
    }
    let mut rows = Rows { name: name.clone(), ..Rows::default() };
    let mut cutter = Cutter::new(options);
    let mut bad = Vec::new();
    for path in &paths {
        let read = recording(path).and_then(|recording| cutter.cut(path, recording, &mut rows));
        bad.extend(read.err().map(|reason| format!("{}: {reason}", path.display())));
    }
    if !bad.is_empty() {
        return Err(DataError::several(bad, HINT));
    }
    if rows.sequences.is_empty() && cutter.longest > 0.0 {
        return Err(DataError::new(
            format!(
                "{name}: no window of {} s: the longest recording has {:.1} s",
                cutter.segment.window, cutter.longest
            ),
            "lower `data.segment.window`; with `before`, look at `data.segment.labels`",
        ));
    }
    if options.segment.is_none() && options.like.is_none() {
        let seconds = cutter.segment.window;
        rows.notes.push(format!(
            "{name}: cut into windows of {seconds} s; `[data.segment]` sets others, and which annotations are labels"
        ));
    }
    rows.notes.extend(cutter.told(&name));
    rows.layout = cutter.channels.map(|channels| Layout {
        rate: cutter.rate,
        target: None,
        ..Layout::of_keys(LayoutKind::Channels, &channels, "annotation")
    });
    Ok(rows)
}

/// A recording with its annotations.
fn recording(path: &Path) -> Result<Recording, String> {
    let whole = |path: &Path| bytes(path).map_err(|error| error.lines().join("; "));
    let shown = |path: &Path| path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
    if !ends_in(path, "hea") {
        let mut recording = edf::parse(&whole(path)?)?;
        if recording.signals.is_empty() {
            return Err("it holds annotations alone, of another file".into());
        }
        if let Some(notes) = annotations_beside(path) {
            let notes_of = edf::parse(&whole(&notes)?).map_err(|reason| format!("{}: {reason}", shown(&notes)))?;
            recording.annotations.extend(notes_of.annotations);
        }
        return Ok(recording);
    }
    let header = wfdb::header(&text(path, &mut Vec::new()).map_err(|error| error.lines().join("; "))?)?;
    let mut recording = Recording::default();
    for file in &header.files {
        // A name in a header is one beside it, never a way out of its folder.
        let own = Path::new(&file.name).file_name().filter(|own| Path::new(own) == Path::new(&file.name));
        let own =
            path.with_file_name(own.ok_or_else(|| format!("`{}` is no name of a file beside the header", file.name))?);
        let signals = header.signals(file, &whole(&own)?);
        recording.signals.extend(signals.map_err(|reason| format!("{}: {reason}", file.name))?);
    }
    let notes = path.with_extension("atr");
    if notes.is_file() {
        let read = wfdb::annotations(&whole(&notes)?, header.rate);
        recording.annotations = read.map_err(|reason| format!("{}: {reason}", shown(&notes)))?;
    }
    Ok(recording)
}

/// `SC4001EC-Hypnogram.edf` beside `SC4001E0-PSG.edf`: of such files the one whose name begins most alike.
fn annotations_beside(path: &Path) -> Option<PathBuf> {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let own = name(path);
    let alike = |other: &PathBuf| own.chars().zip(name(other).chars()).take_while(|(own, other)| own == other).count();
    let beside = files(path.parent()?).ok()?;
    let notes = beside.into_iter().filter(|other| ends_in(other, "edf") && is_of_annotations(other));
    notes.filter(|other| alike(other) >= ALIKE).max_by_key(alike)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::limit::within;
    use crate::formats::{guess, read as read_file, tests::folder};
    use crate::preparation::segment::{Per, SegmentConfig};
    use crate::sequence::Sequence;
    use crate::series::Series;

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../files/tests/fixtures").join(name)
    }

    fn rows(name: &str, segment: SegmentConfig, features: &[&str]) -> Result<Rows, String> {
        let features = features.iter().map(ToString::to_string).collect();
        let options = ReadOptions { segment: Some(segment), features, ..ReadOptions::default() };
        read_file(&fixture(name), None, &options).map_err(|error| error.in_full())
    }

    fn series(rows: &Rows, row: usize) -> &Series {
        let Sequence::Series(series) = &rows.sequences[row] else { panic!("a series") };
        series
    }

    #[test]
    fn windows_overlap_and_have_the_label_that_covers_most_of_them() {
        let segment = SegmentConfig { window: 2.0, step: Some(1.0), ..Default::default() };
        let found = rows("sleep.edf", segment, &["EEG Fpz-Cz"]).unwrap();
        assert_eq!(found.labels, ["Sleep stage W", "Sleep stage W", "Sleep stage 1", "Sleep stage 1", "Sleep stage 1"]);
        assert_eq!(found.keys.ids, ["sleep@0", "sleep@1", "sleep@2", "sleep@3", "sleep@4"]);
        // 3 Hz, 80 µV: after 25 of 100 samples a second it stands at 80 · sin(1.5 π).
        assert!((series(&found, 0).values[25] + 80.0).abs() < 0.01 && series(&found, 0).values.len() == 200);
        assert_eq!(series(&found, 1).values[..100], series(&found, 0).values[100..]);
    }

    #[test]
    fn a_step_is_a_sample_at_least_and_what_overlaps_has_a_limit() {
        let segment = SegmentConfig { window: 5.99, step: Some(1e-9), ..Default::default() };
        let found = rows("sleep.edf", segment.clone(), &["EEG Fpz-Cz"]).unwrap();
        assert_eq!((found.sequences.len(), series(&found, 1).time()), (2, 599));
        let options = ReadOptions {
            segment: Some(SegmentConfig { window: 3.0, ..segment }),
            features: vec!["EEG Fpz-Cz".into()],
            ..ReadOptions::default()
        };
        let read = || read_file(&fixture("sleep.edf"), None, &options);
        let message = within(Some(200_000), read).unwrap_err().in_full();
        assert!(message.contains("301 windows of 300 steps") && message.contains("data.segment.step"), "{message}");
    }

    #[test]
    fn channels_are_brought_to_one_rate_and_found_by_name() {
        let segment = SegmentConfig { window: 3.0, ..Default::default() };
        let found = rows("sleep.edf", segment.clone(), &[]).unwrap();
        assert_eq!((series(&found, 0).channels, series(&found, 0).time()), (2, 300));
        assert!(found.notes[0].contains("1 channels are brought to 100 Hz"), "{:?}", found.notes);
        // The second channel, of 50 Hz: 80 · sin(6 π t + 1), within what the ends lose.
        let away = (60..240).map(|step| {
            let expected = 80.0 * (6.0 * std::f64::consts::PI * f64::from(step) / 100.0 + 1.0).sin();
            (f64::from(series(&found, 0).values[2 * step as usize + 1]) - expected).abs()
        });
        assert!(away.fold(0.0, f64::max) < 0.5);
        let like = found.layout.clone();
        assert_eq!(like.as_ref().unwrap().input_names().collect::<Vec<_>>(), ["EEG Fpz-Cz", "EOG horizontal"]);
        let later = ReadOptions { like, segment: Some(segment.clone()), ..ReadOptions::default() };
        let message = read_file(&fixture("beats16.hea"), None, &later).unwrap_err().in_full();
        assert!(message.contains("no channel `EEG Fpz-Cz`; there are `MLII`, `V5`"), "{message}");
        let message = rows("sleep.edf", segment, &["EEG"]).unwrap_err();
        assert!(message.contains("sleep.edf: no channel `EEG`"), "{message}");
        let message = rows("sleep.edf", SegmentConfig::default(), &[]).unwrap_err();
        assert!(message.contains("no window of 30 s: the longest recording has 6.0 s"), "{message}");
    }

    #[test]
    fn heartbeats_have_windows_around_them() {
        let wanted = vec!["N".to_string(), "V".into()];
        let segment = SegmentConfig { window: 0.4, before: Some(0.2), labels: wanted, ..Default::default() };
        let found = rows("beats212.hea", segment, &["V5"]).unwrap();
        assert_eq!(found.labels, ["N", "V"]);
        assert!(found.notes.iter().any(|note| note.contains("1 annotations are too near")), "{:?}", found.notes);
        // From 50 steps before the beat at 60.
        assert!((series(&found, 0).values[0] - (10.0f32 / 35.0).cos() / 2.0).abs() < 0.003);
    }

    #[test]
    fn each_step_has_the_label_that_lasts_there() {
        let segment = SegmentConfig { window: 2.0, per: Per::Step, ..Default::default() };
        let found = rows("beats16.hea", segment, &[]).unwrap();
        let steps = &found.steps[0];
        assert_eq!((steps.len(), steps[4].as_str(), steps[5].as_str()), (500, "other", "(AFIB"));
        assert_eq!((steps[299].as_str(), steps[300].as_str(), steps[499].as_str()), ("(AFIB", "(N", "(N"));
        let dataset = crate::sources::read::dataset_from_rows(found, crate::target_kind::TargetKind::Tag).unwrap();
        assert_eq!(dataset.classes, ["(AFIB", "(N", "other"]);
        let crate::sequence::Target::Steps(classes) = &dataset.targets[0] else { panic!("steps") };
        assert_eq!((classes[0], classes[5], classes[300]), (2, 0, 1));
    }

    #[test]
    fn a_folder_has_all_recordings_and_stages_stand_in_files_of_their_own() {
        let path = folder("signals");
        std::fs::create_dir_all(path.join("a")).unwrap();
        std::fs::copy(fixture("sleep.edf"), path.join("a/SC4001E0-PSG.edf")).unwrap();
        std::fs::copy(fixture("sleep.edf"), path.join("a/SC4001EC-Hypnogram.edf")).unwrap();
        std::fs::copy(fixture("sleep.edf"), path.join("SC4002E0-PSG.edf")).unwrap();
        assert_eq!(guess(&path), Some("edf"));
        let segment = Some(SegmentConfig { window: 6.0, ..Default::default() });
        let of = |group: &str| {
            let options = ReadOptions { segment: segment.clone(), group: Some(group.into()), ..ReadOptions::default() };
            read_file(&path, None, &options)
        };
        assert_eq!(of("file").unwrap().keys.groups, ["SC4002E0-PSG", "SC4001E0-PSG"]);
        assert!(of("patient").unwrap().keys.groups.iter().all(|group| group.contains("P-17")));
        assert!(of("night").unwrap_err().in_full().contains("`file`, `patient` or `folder`"));
        let mut bytes = std::fs::read(fixture("sleep.edf")).unwrap();
        bytes.truncate(2000);
        std::fs::write(path.join("bad.edf"), bytes).unwrap();
        let message = of("file").unwrap_err().in_full();
        assert!(message.contains("bad.edf: byte 2000: the header promises"), "{message}");
        std::fs::remove_file(path.join("bad.edf")).unwrap();
        std::fs::write(path.join("out.hea"), "out 1 100 10\n../SC4002E0-PSG.edf 16\n").unwrap();
        let message = of("file").unwrap_err().in_full();
        assert!(message.contains("is no name of a file beside the header"), "{message}");
    }
}
