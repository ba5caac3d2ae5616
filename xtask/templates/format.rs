//! FormatName: say here who writes such files, and where their description stands.
//!
//! A line per series: its label, a tab, and its values, parted by spaces. An empty label means unlabelled.

use std::path::Path;

use crate::error::DataError;
use crate::formats::{Format, ReadOptions, Rows, exact, text};

pub(super) const FORMAT: Format = Format {
    name: "format-name",
    summary: "SAY IN A FEW WORDS WHAT IT \
                                            IS",
    endings: &["format-name"],
    columns: false,
    read,
};

fn read(path: &Path, _options: &ReadOptions) -> Result<Rows, DataError> {
    let name = path.display().to_string();
    let mut rows = Rows { name: name.clone(), ..Rows::default() };
    let text = text(path, &mut rows.notes)?;
    let mut bad = Vec::new();
    for (line, content) in text.lines().enumerate() {
        match series(content) {
            Ok((values, label)) => rows.push_series(&values, 1, label),
            Err(reason) => bad.push(format!("{name}:{}: {reason}", line + 1)),
        }
    }
    if bad.is_empty() { Ok(rows) } else { Err(DataError::several(bad, "a line is `label`, a tab, and `1.0 2.0 3.0`")) }
}

/// The values and the label of a line.
fn series(line: &str) -> Result<(Vec<f64>, String), String> {
    let (label, values) = line.split_once('\t').ok_or("there is no tab behind the label")?;
    let values = values.split_whitespace().map(|value| Ok(exact(value)?.unwrap_or(f64::NAN)));
    let values = values.collect::<Result<Vec<f64>, String>>()?;
    if values.is_empty() { Err("there is no value".into()) } else { Ok((values, label.trim().to_string())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::tests::file;

    #[test]
    fn a_line_is_a_series_and_a_bad_one_is_named() {
        let rows = read(&file("good.format-name", "a\t1 2\n\t3 4 5\n"), &ReadOptions::default()).unwrap();
        assert_eq!((rows.sequences.len(), rows.labels), (2, vec!["a".to_string(), String::new()]));
        let error = read(&file("bad.format-name", "a\t1 2\nb 3\n"), &ReadOptions::default()).unwrap_err().to_string();
        assert!(error.contains("bad.format-name:2: there is no tab"), "{error}");
    }
}
