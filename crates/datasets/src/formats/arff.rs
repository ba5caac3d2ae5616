//! ARFF of Weka: plain tables, and the UEA archive's series, a relational attribute per row with a line per channel.

use std::path::Path;

use csv::StringRecord;
use semiseq_files::arff::{ArffCell, AttributeKind, Relation, parse};

use crate::error::DataError;
use crate::formats::table::cells_of_file::Table;
use crate::formats::table::is_target;
use crate::formats::table::names::column_place;
use crate::formats::{Format, ReadOptions, Rows, text};

pub(super) const FORMAT: Format = Format {
    name: "arff",
    summary: "Weka's table, series with channels as relational attributes",
    endings: &["arff"],
    columns: true,
    read,
};

fn read(path: &Path, options: &ReadOptions) -> Result<Rows, DataError> {
    let name = path.display().to_string();
    let mut notes = Vec::new();
    let relation = parse(&text(path, &mut notes)?).map_err(|bad| {
        let lines = bad.into_iter().map(|(line, reason)| format!("{name}:{line}: {reason}")).collect();
        DataError::several(lines, "mend or remove these lines; Weka's manual shows the format")
    })?;
    let series: Vec<usize> = (0..relation.attributes.len())
        .filter(|place| matches!(relation.attributes[*place].kind, AttributeKind::Relational(_)))
        .collect();
    match series[..] {
        [] => table(name, relation, notes, options),
        [series] => with_channels(name, &relation, series, notes, options),
        _ => Err(DataError::new(
            format!("{name}: {} relational attributes, and one is read", series.len()),
            "put all channels into one, a line each",
        )),
    }
}

/// A table of plain cells, read as a CSV file is.
fn table(name: String, relation: Relation, notes: Vec<String>, options: &ReadOptions) -> Result<Rows, DataError> {
    let names: Vec<String> = relation.attributes.iter().map(|attribute| attribute.name.clone()).collect();
    // A column of listed words at the end is the class, which Weka takes it for.
    let last = relation.attributes.last().filter(|attribute| matches!(attribute.kind, AttributeKind::Nominal(_)));
    let known = options.target.is_some() || names.iter().any(|name| is_target(name));
    let target = last.filter(|_| !known && options.like.is_none()).map(|attribute| attribute.name.clone());
    let options = ReadOptions { target: options.target.clone().or(target), ..options.clone() };
    let cell = |cell: &ArffCell| match cell {
        ArffCell::Text(text) => text.clone(),
        ArffCell::Missing | ArffCell::Relation(_) => String::new(),
    };
    let (lines, records): (Vec<u64>, Vec<StringRecord>) =
        relation.rows.iter().map(|(line, cells)| (*line as u64, cells.iter().map(cell).collect())).unzip();
    if records.is_empty() {
        return Ok(Rows { name, ..Rows::default() });
    }
    super::csv::rows_of(Table { name, names, named: true, records, lines, notes }, &options)
}

/// Series with a line per channel.
fn with_channels(
    name: String,
    relation: &Relation,
    series: usize,
    notes: Vec<String>,
    options: &ReadOptions,
) -> Result<Rows, DataError> {
    let names: Vec<String> = relation.attributes.iter().map(|attribute| attribute.name.clone()).collect();
    let asked = |key: &str, wanted: &Option<String>| match wanted {
        Some(wanted) => match column_place(&name, &names, key, wanted) {
            Err(_) if options.like.is_some() => Ok(None),
            found => found.map(Some),
        },
        None => Ok(None),
    };
    let (id, group) = (asked("id", &options.id)?, asked("labels.group", &options.group)?);
    let free = |place: &usize| *place != series && ![id, group].contains(&Some(*place));
    let target = asked("target", &options.target)?.or_else(|| (0..names.len()).rev().find(free));
    let AttributeKind::Relational(width) = relation.attributes[series].kind else { return Ok(Rows::default()) };
    let mut rows = Rows { name: name.clone(), notes, ..Rows::default() };
    let mut bad = Vec::new();
    let mut channels = None;
    for (line, cells) in &relation.rows {
        let text = |place: usize| match &cells[place] {
            ArffCell::Text(text) => text.clone(),
            ArffCell::Missing | ArffCell::Relation(_) => String::new(),
        };
        let ArffCell::Relation(values) = &cells[series] else {
            bad.push(format!("{name}:{line}: the series is missing"));
            continue;
        };
        let own = values.len() / width.max(1);
        let expected = *channels.get_or_insert(own);
        if own != expected {
            bad.push(format!("{name}:{line}: {own} channels, but the rows before have {expected}"));
            continue;
        }
        // Missing values behind the end of all channels are the padding of a shorter series.
        let known = |step: &usize| (0..own).any(|channel| !values[channel * width + step].is_nan());
        let Some(last) = (0..width).rev().find(known) else {
            bad.push(format!("{name}:{line}: the series holds no value"));
            continue;
        };
        let turned: Vec<f64> =
            (0..=last).flat_map(|step| (0..own).map(move |channel| values[channel * width + step])).collect();
        rows.push_series(&turned, own, target.map_or(String::new(), text));
        rows.keys.ids.extend(id.map(text));
        rows.keys.groups.extend(group.map(text));
    }
    if bad.is_empty() { Ok(rows) } else { Err(DataError::several(bad, "mend or remove these rows")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{read as read_file, tests::file};
    use crate::sequence::Sequence;
    use crate::series::Series;

    fn rows(name: &str, text: &str) -> Result<Rows, String> {
        read_file(&file(name, text), None, &ReadOptions::default()).map_err(|error| error.in_full())
    }

    #[test]
    fn series_of_several_channels_are_those_that_scipy_and_aeon_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../files/tests/fixtures");
        let rows = read_file(&folder.join("relational.arff"), None, &ReadOptions::default()).unwrap();
        let Sequence::Series(Series { values, channels }) = &rows.sequences[0] else { panic!("a series") };
        // Channel c of sequence n at time t is n + c / 10 + t / 100.
        assert_eq!((rows.sequences.len(), *channels, values.len()), (3, 2, 8));
        assert!(values.iter().zip([0.0, 0.1, 0.01, 0.11, 0.02, 0.12, 0.03, 0.13]).all(|(a, b)| (a - b).abs() < 1e-6));
        assert_eq!(rows.labels, ["up", "down", "up"]);
    }

    #[test]
    fn the_last_listed_words_are_the_class_and_question_marks_are_missing() {
        let text = "@relation flow\n@attribute site string\n@attribute a numeric\n@attribute b numeric\n\
                    @attribute state {on,off}\n@data\nx,1,?,on\ny,2,3,?\n";
        let rows = rows("plain.arff", text).unwrap();
        assert_eq!(rows.labels, ["on", ""]);
        let Sequence::Series(series) = &rows.sequences[0] else { panic!("a series") };
        assert!(series.values[0] == 1.0 && series.values[1].is_nan());
        assert!(rows.notes.iter().any(|note| note.contains("left out: `site`")), "{:?}", rows.notes);
    }

    #[test]
    fn bad_lines_are_named() {
        let begin = "@relation r\n@attribute a numeric\n@attribute c {x,y}\n@data\n";
        let message = rows("bad.arff", &format!("{begin}1,x\nb,x\n")).unwrap_err();
        assert!(message.contains("bad.arff:6: `a`: `b` is not a number"), "{message}");
        assert!(rows("none.arff", begin).unwrap_err().contains("holds no sequence"));
        let begin = "@relation r\n@attribute m relational\n@attribute t0 numeric\n@attribute t1 numeric\n@end m\n\
                     @attribute c {x,y}\n@data\n";
        let message = rows("uneven.arff", &format!("{begin}'1,2\\n3,4',x\n'1,2',y\n'?,?\\n?,?',x\n")).unwrap_err();
        assert!(message.contains("uneven.arff:9: 1 channels, but the rows before have 2"), "{message}");
        assert!(message.contains("uneven.arff:10: the series holds no value"), "{message}");
    }
}
