//! `.ts` of aeon and sktime: uni- and multivariate series of equal or unequal length, `?` for missing
//! values, the label behind the last colon.

use std::path::Path;

use super::{Format, ReadOptions, Rows, number, text};
use crate::error::DataError;
use crate::sequence::{Sequence, Series};

pub(super) const FORMAT: Format =
    Format { name: "ts", summary: "aeon/sktime series, channels parted by colons", endings: &["ts"], read };

const HINT: &str = "a line is `1.0,2.0,3.0:1.0,2.0,3.0:label`: values parted by commas, channels by colons";

fn read(path: &Path, _options: &ReadOptions) -> Result<Rows, DataError> {
    let name = path.display().to_string();
    let mut rows = Rows { name: name.clone(), ..Rows::default() };
    let mut labelled = false;
    let mut in_data = false;
    let mut channels = None;
    let mut bad = Vec::new();
    for (line, content) in text(path)?.lines().enumerate().map(|(index, content)| (index + 1, content.trim())) {
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if let Some(header) = content.strip_prefix('@') {
            let mut words = header.split_whitespace();
            let key = words.next().unwrap_or("").to_lowercase();
            if key == "classlabel" || key == "targetlabel" {
                labelled = words.next().is_some_and(|word| word.eq_ignore_ascii_case("true"));
            }
            if key == "timestamps" && words.next().is_some_and(|word| word.eq_ignore_ascii_case("true")) {
                return Err(DataError::new(
                    format!("{name}:{line}: time stamps are not supported"),
                    "convert the file to evenly spaced values",
                ));
            }
            in_data |= key == "data";
            continue;
        }
        if !in_data {
            return Err(DataError::new(format!("{name}:{line}: a data line before `@data`"), HINT));
        }
        let mut parts: Vec<&str> = content.split(':').collect();
        let label = if labelled { parts.pop().unwrap_or("").trim() } else { "" };
        match series(&parts) {
            Ok(series) => {
                let expected = *channels.get_or_insert(series.channels);
                if series.channels != expected {
                    bad.push(format!(
                        "{name}:{line}: {} channels, but the lines before have {expected}",
                        series.channels
                    ));
                }
                rows.sequences.push(Sequence::Series(series));
                rows.labels.push(if label == "?" { String::new() } else { label.to_string() });
            }
            Err(reason) => bad.push(format!("{name}:{line}: {reason}")),
        }
    }
    if bad.is_empty() { Ok(rows) } else { Err(DataError::several(bad, HINT)) }
}

fn series(parts: &[&str]) -> Result<Series, String> {
    let channels: Vec<Vec<f32>> = parts
        .iter()
        .map(|part| part.split(',').map(|value| number(value).map(|value| value.unwrap_or(f32::NAN))).collect())
        .collect::<Result<_, String>>()?;
    let time = channels.first().map_or(0, Vec::len);
    if time == 0 {
        return Err("no values".into());
    }
    if let Some(odd) = channels.iter().find(|channel| channel.len() != time) {
        return Err(format!("channels of {time} and {} values", odd.len()));
    }
    let values = (0..time).flat_map(|step| channels.iter().map(move |channel| channel[step])).collect();
    Ok(Series { values, channels: channels.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::tests::file;

    #[test]
    fn channels_become_columns_and_lengths_may_differ() {
        let path = file("a.ts", "# c\n@problemName x\n@classLabel true a b\n@data\n1,2:3,4:a\n5:6:b\n");
        let rows = read(&path, &ReadOptions::default()).unwrap();
        assert_eq!(rows.sequences[0], Sequence::Series(Series { values: vec![1.0, 3.0, 2.0, 4.0], channels: 2 }));
        assert_eq!(rows.sequences[1].len(), 1);
        assert_eq!(rows.labels, ["a", "b"]);
    }

    #[test]
    fn all_bad_lines_are_named() {
        let path = file("b.ts", "@classLabel true a\n@data\n1,x:a\n1,2:3:a\n1,inf:a\n");
        let message = read(&path, &ReadOptions::default()).unwrap_err().to_string();
        for part in [
            "b.ts:3: `x` is not a number",
            "b.ts:4: channels of 2 and 1 values",
            "b.ts:5: `inf` is not a finite number",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }
}
