//! One file or folder as a raw data set.

use std::collections::HashSet;
use std::path::Path;

use crate::codes::Codes;
use crate::config::DataConfig;
use crate::error::DataError;
use crate::files::Files;
use crate::formats::limit::within;
use crate::formats::table::layout::{Layout, LayoutKind};
use crate::formats::{self, ReadOptions, Rows};
use crate::label_names;
use crate::label_sets;
use crate::preparation::labels::LabelsConfig;
use crate::preparation::sessions::SessionsConfig;
use crate::preparation::windows::of_whole;
use crate::prepare_sessions;
use crate::sequence::{Dataset, Sequence, Target};
use crate::sources::recordings::{self, options_of};
use crate::step_labels;
use crate::target_kind::TargetKind;

/// Reads one file or folder as a raw data set.
///
/// # Errors
///
/// What is wrong with which line.
pub fn read_input(path: &Path, config: &DataConfig, task: TargetKind) -> Result<Dataset, DataError> {
    read_like(path, config, task, None).map(|(dataset, _)| dataset)
}

/// Reads one file or folder as a raw data set, by the columns that training saw where those are given; and tells which
/// columns were read.
///
/// # Errors
///
/// What is wrong with which line; a table that lacks what training saw.
pub fn read_like(
    path: &Path,
    config: &DataConfig,
    task: TargetKind,
    like: Option<&Layout>,
) -> Result<(Dataset, Option<Layout>), DataError> {
    read_files(&path.into(), config, task, like)
}

/// As [`read_like`], of one file or folder or of several that are read as one: the first tells the columns of the
/// others.
pub(crate) fn read_files(
    files: &Files,
    config: &DataConfig,
    task: TargetKind,
    like: Option<&Layout>,
) -> Result<(Dataset, Option<Layout>), DataError> {
    within(config.max_bytes, || read_all(files, config, task, like))
}

fn read_all(
    files: &Files,
    config: &DataConfig,
    task: TargetKind,
    like: Option<&Layout>,
) -> Result<(Dataset, Option<Layout>), DataError> {
    if let Some(windows) =
        config.windows.as_ref().filter(|_| matches!(task, TargetKind::Forecast | TargetKind::Unsupervised))
    {
        let recordings = recordings::read(files, config, like)?;
        return Ok((of_whole(recordings, windows, config.target.is_some())?, None));
    }
    if let Some(sessions) = sessions_of(config) {
        return Ok((dataset_from_rows(prepare_sessions::whole(files, config, &sessions)?, task)?, None));
    }
    let supervised = !matches!(task, TargetKind::Forecast | TargetKind::Unsupervised);
    let label_lists = matches!(task, TargetKind::MultiLabel | TargetKind::Tag | TargetKind::Unsupervised);
    let mut options = ReadOptions { supervised, label_lists, like: like.cloned(), ..options_of(config) };
    let files = files.found()?;
    let read = |path: &Path, options: &ReadOptions| formats::read(path, format_for(path, config), options);
    let mut rows = read(&files[0], &options)?;
    let layout = rows.layout.take();
    options.like = options.like.or_else(|| layout.clone());
    for path in &files[1..] {
        rows.join(read(path, &options)?);
    }
    if files.len() > 1 {
        rows.name = format!("{} and {} more", rows.name, files.len() - 1);
        rows.notes.extend(twice(&rows, layout.as_ref()));
    }
    if like.is_none() {
        rows.notes.extend(rows.codes.told(&rows.name));
    }
    Ok((dataset_of(rows, task, &config.labels)?, layout))
}

/// How events become sessions, where a config says so by its table or by its format.
pub(crate) fn sessions_of(config: &DataConfig) -> Option<SessionsConfig> {
    let by_format = config.format.as_deref() == Some(formats::events::FORMAT.name);
    config.sessions.clone().or_else(|| by_format.then(SessionsConfig::default))
}

/// A line on series of long tables that go on in another file, by their looks.
fn twice(rows: &Rows, layout: Option<&Layout>) -> Option<String> {
    let mut seen = HashSet::new();
    let again = rows.keys.ids.iter().find(|id| !id.is_empty() && !seen.insert(id.as_str()))?;
    let is_long = layout.is_some_and(|layout| layout.kind() == LayoutKind::Long);
    is_long.then(|| {
        format!(
            "{}: the series `{again}` stands in several files, and is read as one of each; put its rows into one file",
            rows.name
        )
    })
}

/// The config's format, for files that are called as that of training is, or whose name tells none.
fn format_for<'a>(path: &Path, config: &'a DataConfig) -> Option<&'a str> {
    let trained = config.train.as_ref().map_or(Path::new(&config.source), Files::first);
    let alike = formats::ending(path) == formats::ending(trained) || formats::by_ending(path).is_none();
    config.format.as_deref().filter(|_| alike || path.is_dir())
}

/// Rows whose labels become classes or numbers, as the task asks.
///
/// # Errors
///
/// Labels that are no numbers where numbers are asked for; targets of another kind than the task's.
pub fn dataset_from_rows(rows: Rows, task: TargetKind) -> Result<Dataset, DataError> {
    dataset_of(rows, task, &LabelsConfig::default())
}

/// As [`dataset_from_rows`], with what a config says of labels.
///
/// # Errors
///
/// As [`dataset_from_rows`]; a list of labels that is none.
pub fn dataset_of(mut rows: Rows, task: TargetKind, labels: &LabelsConfig) -> Result<Dataset, DataError> {
    if matches!(task, TargetKind::SequenceToSequence | TargetKind::Transcribe) {
        // A target text may well be the word `null`.
        let target = |label: String| match label.is_empty() {
            true => Target::Missing,
            false => Target::Sequence(Sequence::Text(label)),
        };
        let targets = std::mem::take(&mut rows.labels).into_iter().map(target).collect();
        return Ok(rows.with_targets(targets, Vec::new()));
    }
    if !rows.names_of_files {
        rows.notes.extend(label_names::without_marks(&mut rows.labels, &rows.name));
    }
    if !rows.steps.is_empty() {
        return Ok(step_labels::per_step(rows));
    }
    if task == TargetKind::Tag {
        return step_labels::dataset(rows);
    }
    if task == TargetKind::MultiLabel {
        return label_sets::dataset(rows, labels.separator());
    }
    if task != TargetKind::Regress {
        let mut dataset = Dataset::from_labels(rows.name, rows.sequences, rows.labels);
        let counts = dataset.class_counts();
        dataset.levels = rows.levels;
        dataset.keys = rows.keys;
        dataset.samples = rows.samples;
        dataset.notes = rows.notes;
        dataset.notes.extend(label_names::alike(&dataset.classes, &dataset.name, "classes"));
        dataset.notes.extend(label_names::doubtful(&dataset.classes, &counts, &dataset.name));
        return Ok(dataset);
    }
    let mut bad = Vec::new();
    let mut targets = Vec::new();
    let mut codes = Codes::default();
    for (row, label) in rows.labels.iter().enumerate() {
        targets.push(match label.parse::<f64>() {
            _ if label.is_empty() => Target::Missing,
            Ok(number) if number.is_finite() => {
                codes.look(&[number], 1);
                Target::Number(number)
            }
            _ => {
                bad.push(format!("{}: row {}: the target `{label}` is not a finite number", rows.name, row + 1));
                Target::Missing
            }
        });
    }
    if bad.is_empty() {
        rows.notes.extend(target_code(&rows.name, &codes));
        return Ok(rows.with_targets(targets, Vec::new()));
    }
    Err(DataError::several(bad, "a regressor needs numbers; for classes use `[model.classifier]`"))
}

/// A line on a code among numbers to predict.
fn target_code(name: &str, codes: &Codes) -> Option<String> {
    codes.found().map(|found| {
        format!(
            "{name}: {}: it is read as a number to predict; if it means that there is none, set \
             `data.labels.missing = \"{}\"`",
            found.shown("targets"),
            found.code
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{file, folder};
    use crate::preparation::windows::WindowsConfig;

    fn notes(name: &str, text: &str, config: &DataConfig, task: TargetKind) -> Vec<String> {
        read_input(&file(name, text), config, task).unwrap().notes
    }

    /// The value of a series at a step; each fifth is a code.
    fn value(series: usize, step: usize) -> String {
        match (series + step).is_multiple_of(5) {
            true => "-999".into(),
            false => format!("{:.3}", ((7 * series + 3 * step) as f64).sin()),
        }
    }

    fn row(series: usize, mark: &str) -> String {
        (0..6).map(|step| value(series, step)).collect::<Vec<_>>().join(mark)
    }

    #[test]
    fn a_code_in_place_of_a_value_is_told_whatever_the_format() {
        let class = |series: usize| ["up", "down"][series % 2];
        let all = |line: &dyn Fn(usize) -> String| (0..40).map(line).collect::<String>();
        let long = |series: usize, step: usize| format!("s{series},{step},{},{}\n", value(series, step), class(series));
        let files = [
            ("wide.csv", format!("a,b,c,d,e,f,label\n{}", all(&|n| format!("{},{}\n", row(n, ","), class(n))))),
            ("long.csv", format!("id,time,x,label\n{}", all(&|n| (0..6).map(|step| long(n, step)).collect()))),
            ("values.jsonl", all(&|n| format!("{{\"values\": [{}], \"label\": \"{}\"}}\n", row(n, ", "), class(n)))),
            (
                "channels.jsonl",
                all(&|n| format!("{{\"values\": {{\"x\": [{}]}}, \"label\": \"{}\"}}\n", row(n, ", "), class(n))),
            ),
            ("a_TRAIN.tsv", all(&|n| format!("{}\t{}\n", n % 2, row(n, "\t")))),
            ("spaces.txt", all(&|n| format!("{} {}\n", n % 2, row(n, " ")))),
            (
                "a.ts",
                format!("@classLabel true up down\n@data\n{}", all(&|n| format!("{}:{}\n", row(n, ","), class(n)))),
            ),
            (
                "a.arff",
                format!(
                    "@relation r\n@attribute m relational\n{}@end m\n@attribute c {{up,down}}\n@data\n{}",
                    (0..6).map(|step| format!("@attribute t{step} numeric\n")).collect::<String>(),
                    all(&|n| format!("'{}',{}\n", row(n, ","), class(n)))
                ),
            ),
        ];
        for (name, text) in files {
            let found = notes(name, &text, &DataConfig::default(), TargetKind::Classify);
            let line = "`-999` stands in 48 of 240 values, far outside the others: it is read as a value";
            assert_eq!(found.iter().filter(|note| note.contains(line)).count(), 1, "{name}: {found:?}");
        }
        let windows = WindowsConfig { input: 8, ..Default::default() };
        let config = DataConfig { windows: Some(windows), ..Default::default() };
        let recording = format!("day,load\n{}", all(&|n| format!("{n},{}\n", value(n, 0))));
        let found = notes("recording.csv", &recording, &config, TargetKind::Forecast);
        assert!(found.iter().any(|note| note.contains("`-999` stands in 8 of 40 values")), "{found:?}");
    }

    #[test]
    fn a_code_in_place_of_a_number_to_predict_is_told_and_can_be_none() {
        let body: String =
            (0..40).map(|n| format!("0.{n},{}.5,{}\n", n % 7, if n % 8 == 0 { -99 } else { n % 5 })).collect();
        let text = format!("a,b,target\n{body}");
        let found = notes("price.csv", &text, &DataConfig::default(), TargetKind::Regress);
        let line = "`-99` stands in 5 of 40 targets, far outside the others: it is read as a number to predict; if it \
                    means that there is none, set `data.labels.missing = \"-99\"`";
        assert!(found.iter().any(|note| note.ends_with(line)), "{found:?}");
        let mut config = DataConfig::default();
        config.labels.missing = Some("-99".into());
        let found = notes("price.csv", &text, &config, TargetKind::Regress);
        assert!(!found.iter().any(|note| note.contains("stands in")), "{found:?}");
    }

    #[test]
    fn several_files_are_looked_at_as_one() {
        let parts = folder("parts");
        for (name, rows) in [("one.csv", 0..20), ("two.csv", 20..40)] {
            let body: String = rows.map(|n| format!("{},{}\n", row(n, ","), n % 2)).collect();
            std::fs::write(parts.join(name), format!("a,b,c,d,e,f,label\n{body}")).unwrap();
        }
        let files = Files::from(parts.join("*.csv"));
        let (data, _) = read_files(&files, &DataConfig::default(), TargetKind::Classify, None).unwrap();
        assert!(
            data.notes.iter().any(|note| note.contains("and 1 more: `-999` stands in 48 of 240")),
            "{:?}",
            data.notes
        );
    }
}
