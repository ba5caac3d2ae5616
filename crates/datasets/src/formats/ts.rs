//! `.ts` of aeon and sktime: uni- and multivariate series of equal or unequal length, `?` for missing values, the label
//! behind the last colon. Missing values behind the end of all channels are the padding of a shorter series, as in UCR
//! tables.

use std::path::Path;

use crate::error::DataError;
use crate::formats::{Format, ReadOptions, Rows, exact, text};
use crate::label_names;

pub(super) const FORMAT: Format = Format {
    name: "ts",
    summary: "aeon/sktime series, channels parted by colons",
    endings: &["ts"],
    columns: false,
    read,
};

const HINT: &str = "a line is `1.0,2.0,3.0:1.0,2.0,3.0:label`: values parted by commas, channels by colons";

/// Words that begin a line of the header.
const TAGS: [&str; 11] = [
    "problemname",
    "timestamps",
    "missing",
    "univariate",
    "dimension",
    "dimensions",
    "equallength",
    "serieslength",
    "classlabel",
    "targetlabel",
    "data",
];

/// Whether a text begins as such a file does, whatever its name.
pub(super) fn is_header(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let tag = first.and_then(|line| line.strip_prefix('@')).and_then(|line| line.split_whitespace().next());
    tag.is_some_and(|tag| TAGS.contains(&tag.to_lowercase().as_str()))
}

/// What the header says of labels.
#[derive(Default)]
enum Labels {
    /// There is no word about them.
    #[default]
    Unsaid,
    None,
    /// Behind the last colon; one of these classes, where some are listed.
    Last(Vec<String>),
}

fn read(path: &Path, _options: &ReadOptions) -> Result<Rows, DataError> {
    let name = path.display().to_string();
    let mut rows = Rows { name: name.clone(), ..Rows::default() };
    let mut labels = Labels::default();
    let mut in_data = false;
    let mut channels = None;
    let mut bad = Vec::new();
    for (line, content) in
        text(path, &mut rows.notes)?.lines().enumerate().map(|(index, content)| (index + 1, content.trim()))
    {
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if let Some(header) = content.strip_prefix('@') {
            let mut words = header.split_whitespace();
            let key = words.next().unwrap_or("").to_lowercase();
            let is_true = |word: Option<&str>| word.is_some_and(|word| word.eq_ignore_ascii_case("true"));
            if key == "classlabel" || key == "targetlabel" {
                labels = match is_true(words.next()) {
                    true if key == "classlabel" => Labels::Last(words.map(String::from).collect()),
                    true => Labels::Last(Vec::new()),
                    false => Labels::None,
                };
            } else if key == "timestamps" && is_true(words.next()) {
                return Err(DataError::new(
                    format!("{name}:{line}: `@timeStamps true`: values with time stamps are not read"),
                    "convert the file to evenly spaced values",
                ));
            }
            in_data |= key == "data";
            continue;
        }
        if !in_data {
            return Err(DataError::new(format!("{name}:{line}: a data line before `@data`"), HINT));
        }
        match row(content, &labels) {
            Ok((values, width, label)) => {
                let expected = *channels.get_or_insert(width);
                if width != expected {
                    bad.push(format!("{name}:{line}: {width} channels, but the lines before have {expected}"));
                }
                rows.push_series(&values, width, label);
            }
            Err(reason) => bad.push(format!("{name}:{line}: {reason}")),
        }
    }
    if let Labels::Unsaid = labels {
        if let Some(first) = bad.first() {
            return Err(DataError::new(
                format!("{first}; there is no `@classLabel` before `@data`, so that no label is expected"),
                "write `@classLabel true` and the classes, or `@classLabel false` where no line has a label",
            ));
        }
        rows.notes.push(format!("{name}: no `@classLabel` before `@data`: all series are read as unlabelled"));
    }
    if bad.is_empty() { Ok(rows) } else { Err(DataError::several(bad, HINT)) }
}

/// Values, channels and label of a line.
fn row(content: &str, labels: &Labels) -> Result<(Vec<f64>, usize, String), String> {
    let mut parts: Vec<&str> = content.split(':').collect();
    let Labels::Last(classes) = labels else { return Ok((series(&parts)?, parts.len(), String::new())) };
    let label = parts.pop().unwrap_or("").trim();
    if parts.is_empty() {
        return Err("no label: a last colon and a label are missing (`?` where it is not known)".into());
    }
    let listed = classes.is_empty() || classes.iter().any(|class| label_names::key(class) == label_names::key(label));
    if !listed && !label_names::is_missing(label) {
        return Err(format!("the label `{label}` is none of those that `@classLabel` lists ({})", classes.join(", ")));
    }
    Ok((series(&parts)?, parts.len(), label.to_string()))
}

/// The values of channels, step by step.
fn series(parts: &[&str]) -> Result<Vec<f64>, String> {
    if parts.iter().any(|part| part.trim_start().starts_with('(')) {
        return Err("values with time stamps, `(time,value)`, are not read".into());
    }
    let channels: Vec<Vec<f64>> = parts
        .iter()
        .map(|part| part.split(',').map(|value| exact(value).map(|value| value.unwrap_or(f64::NAN))).collect())
        .collect::<Result<_, String>>()?;
    let time = channels.first().map_or(0, Vec::len);
    if let Some(odd) = channels.iter().find(|channel| channel.len() != time) {
        return Err(format!("channels of {time} and {} values", odd.len()));
    }
    let last = channels.iter().filter_map(|channel| channel.iter().rposition(|value| value.is_finite())).max();
    let time = last.map(|last| last + 1).ok_or("no values")?;
    Ok((0..time).flat_map(|step| channels.iter().map(move |channel| channel[step])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::file;
    use crate::formats::{guess, read as read_any};
    use crate::sequence::Sequence;
    use crate::series::Series;

    fn refused(name: &str, text: &str) -> String {
        read(&file(name, text), &ReadOptions::default()).unwrap_err().in_full()
    }

    #[test]
    fn channels_become_columns_and_lengths_may_differ() {
        let path = file("a.ts", "# c\n@problemName x\n@classLabel true a b\n@data\n1,2:3,4:a\n5:6:b\n");
        let rows = read(&path, &ReadOptions::default()).unwrap();
        assert_eq!(rows.sequences[0], Sequence::Series(Series { values: vec![1.0, 3.0, 2.0, 4.0], channels: 2 }));
        assert_eq!(rows.sequences[1].len(), 1);
        assert_eq!(rows.labels, ["a", "b"]);
        assert_eq!(rows.notes, [""; 0]);
    }

    #[test]
    fn all_bad_lines_are_named() {
        let message =
            refused("b.ts", "@classLabel true a\n@data\n1,x:a\n1,2:3:a\n1,inf:a\n1,2\n?,?:a\n(1,2),(2,3):a\n");
        for part in [
            "b.ts:3: `x` is not a number",
            "b.ts:4: channels of 2 and 1 values",
            "b.ts:5: `inf` is not a finite number",
            "b.ts:6: no label",
            "b.ts:7: no values",
            "b.ts:8: values with time stamps",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn small_changes_on_a_large_number_keep_their_digits() {
        let path = file("large.ts", "@classLabel false\n@data\n0.5,0.25:1600000000.25,1600000000.5\n");
        let rows = read(&path, &ReadOptions::default()).unwrap();
        assert_eq!(rows.sequences[0], Sequence::Series(Series { values: vec![0.5, 0.0, 0.25, 0.25], channels: 2 }));
        assert_eq!(rows.levels.of(0), [0.0, 1_600_000_000.25]);
    }

    #[test]
    fn missing_values_behind_the_end_of_all_channels_are_padding() {
        let rows =
            read(&file("pad.ts", "@classLabel false\n@data\n1,?,?,?:2,?,3,NaN\n"), &ReadOptions::default()).unwrap();
        let Sequence::Series(series) = &rows.sequences[0] else { panic!("a series") };
        assert_eq!(series.time(), 3);
        assert_eq!((series.values[0], series.values[1], series.values[5]), (1.0, 2.0, 3.0));
        assert!(series.values[2..5].iter().all(|value| value.is_nan()));
    }

    #[test]
    fn labels_are_those_of_the_header_however_a_number_is_written() {
        let message = refused("typo.ts", "@CLASSLABEL True a b\n@data\n1:a\n2:B\n3:?\n");
        assert!(
            message.contains("typo.ts:4: the label `B` is none of those that `@classLabel` lists (a, b)"),
            "{message}"
        );
        let sound = file("numbers.ts", "@classLabel true 1 2\n@data\n1:1\n2:2.0\n3:?\n");
        assert_eq!(read(&sound, &ReadOptions::default()).unwrap().labels, ["1", "2.0", "?"]);
        let open = file("open.ts", "@classLabel true\n@data\n1:a\n2:B\n");
        assert_eq!(read(&open, &ReadOptions::default()).unwrap().labels, ["a", "B"]);
        let numbers = file("target.ts", "@targetLabel true\n@data\n1,2:0.5\n");
        assert_eq!(read(&numbers, &ReadOptions::default()).unwrap().labels, ["0.5"]);
    }

    #[test]
    fn a_header_without_a_word_on_labels_is_told() {
        let message = refused("no-tag.ts", "@problemName x\n@data\n1,2:3,4:a\n");
        assert!(message.contains("no-tag.ts:3: ") && message.contains("no `@classLabel` before `@data`"), "{message}");
        let rows = read(&file("bare.ts", "@data\n1,2:3,4\n"), &ReadOptions::default()).unwrap();
        assert_eq!(rows.labels, [""]);
        assert!(rows.notes[0].contains("no `@classLabel`"), "{:?}", rows.notes);
    }

    #[test]
    fn time_stamps_are_refused_by_name() {
        let message = refused("stamps.ts", "@timeStamps TRUE\n@classLabel true a\n@data\n(1,2):a\n");
        assert!(message.contains("stamps.ts:1: `@timeStamps true`: values with time stamps are not read"), "{message}");
    }

    #[test]
    fn under_another_ending_the_header_tells() {
        for name in ["other.txt", "other.csv", "other.tsv", "other", "other.dat", "other_TRAIN.tsv"] {
            let path = file(name, "# c\n\n@problemName x\n@classLabel true a b\n@data\n1,2:3,4:a\n5:6:b\n");
            assert_eq!(guess(&path), Some("ts"), "{name}");
            let rows = read_any(&path, None, &ReadOptions::default()).unwrap();
            assert_eq!(rows.labels, ["a", "b"]);
            assert!(rows.notes[0].contains("read as a `.ts` file, as its first line says"), "{:?}", rows.notes);
        }
        assert_eq!(guess(&file("mail.csv", "@anna,hello\n@bert,bye\n")), Some("csv"));
    }
}
