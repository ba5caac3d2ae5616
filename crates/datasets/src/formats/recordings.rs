//! Long recordings: a CSV or TSV table with a row per step (a date column is left out), or any format of series, each
//! of which is a recording.

use std::path::Path;

use crate::codes::Codes;
use crate::error::DataError;
use crate::formats::table::cells_of_file::Table;
use crate::formats::table::layout::{Layout, LayoutKind};
use crate::formats::table::names::{column_place, is_clock};
use crate::formats::table::order::Clock;
use crate::formats::table::profile::{Profile, time_columns};
use crate::formats::table::rows_of_series::series_of;
use crate::formats::table::unlike::{counters, measured};
use crate::formats::table::{Columns, listed, long};
use crate::formats::{ReadOptions, Rows, exact, read as read_rows, streamed};
use crate::levels::{Levels, leveled};
use crate::recordings::Recordings;
use crate::sequence::Sequence;
use crate::series::Series;

/// Reads recordings; the channel that `options.target` names comes first.
///
/// # Errors
///
/// Names the file, the line and what was expected.
pub(crate) fn read(path: &Path, format: Option<&str>, options: &ReadOptions) -> Result<Recordings, DataError> {
    std::fs::metadata(path).map_err(|error| DataError::file(path, &error))?;
    match format.or_else(|| super::guess(path)) {
        Some("csv") => table(path, b',', options),
        Some("long") => table(path, b',', &ReadOptions { long: Some(true), ..options.clone() }),
        Some("tsv") => table(path, b'\t', options),
        _ => {
            let plain = ReadOptions { text: None, target: None, features: Vec::new(), ..options.clone() };
            from_rows(read_rows(path, format, &plain)?, options)
        }
    }
}

/// Series as recordings; their channels have names where lists of JSON lines have.
///
/// # Errors
///
/// Text, or series of unequal channels.
pub(crate) fn from_rows(rows: Rows, options: &ReadOptions) -> Result<Recordings, DataError> {
    let Rows { name, sequences, mut levels, mut codes, notes, layout, .. } = rows;
    let sound = layout.clone().filter(|layout| layout.kind() == LayoutKind::Audio);
    let named = layout.filter(|layout| layout.kind() == LayoutKind::Channels);
    let target = match (&options.target, &named) {
        (None, _) => None,
        (Some(target), Some(layout)) if layout.input_names().any(|name| name == target) => Some(target),
        (Some(target), _) => {
            return Err(DataError::new(
                format!("{name}: `data.target` names the column `{target}`, and there are no such names"),
                "leave `data.target` out to forecast all channels; CSV and TSV tables have names, and lists of JSON \
                 lines",
            ));
        }
    };
    let mut series = Vec::new();
    for (row, sequence) in sequences.into_iter().enumerate() {
        match sequence {
            Sequence::Series(one) if series.first().is_none_or(|first: &Series| first.channels == one.channels) => {
                series.push(one);
            }
            _ => {
                return Err(DataError::new(
                    format!("{name}: row {}: a recording is a series of as many channels as the first", row + 1),
                    "give numbers; windows are not cut out of text",
                ));
            }
        }
    }
    let channels = series.first().map_or(0, |series| series.channels);
    let mut columns: Vec<String> = match &named {
        Some(layout) => layout.input_names().map(str::to_string).collect(),
        None => (1..=channels).map(|channel| channel.to_string()).collect(),
    };
    if let Some(place) = target.and_then(|target| columns.iter().position(|name| name == target)) {
        columns[..=place].rotate_right(1);
        for step in series.iter_mut().flat_map(|series| series.values.chunks_mut(channels)) {
            step[..=place].rotate_right(1);
        }
        levels = levels.turned(place);
        codes.turn(place);
    }
    let layout = named.map(|_| Layout::of_keys(LayoutKind::Channels, &columns, "label")).or(sound);
    Ok(Recordings { name, columns, series, levels, codes, notes, layout })
}

fn table(path: &Path, delimiter: u8, options: &ReadOptions) -> Result<Recordings, DataError> {
    let mut table = Table::read(path, delimiter, options)?;
    let mut notes = std::mem::take(&mut table.notes);
    let columns =
        match options.like.as_ref().filter(|layout| layout.kind() == LayoutKind::Recording && layout.is_of_a_table()) {
            Some(layout) => layout.find(&table.name, &table.names, table.named, &mut notes)?,
            None => columns(&table, options, &mut notes)?,
        };
    let mut series = series_of(&table, columns.id.as_slice())?;
    let Table { name, names, records, lines, .. } = &table;
    if let Some(clock) = Clock::read(&table, &columns, &mut notes) {
        clock.sort(&mut series, &mut notes)?;
    }
    let mut bad = Vec::new();
    let mut recordings = Vec::with_capacity(series.len());
    let mut levels = Levels::default();
    let mut codes = Codes::default();
    for rows in series {
        let mut values = Vec::with_capacity(rows.len() * columns.inputs.len());
        for row in rows {
            for column in &columns.inputs {
                match exact(&records[row][*column]) {
                    Ok(value) => values.push(value.unwrap_or(f64::NAN)),
                    Err(reason) => bad.push(format!("{name}:{}: column `{}`: {reason}", lines[row], names[*column])),
                }
            }
        }
        codes.look(&values, columns.inputs.len());
        let (series, level) = leveled(&values, columns.inputs.len());
        levels.push(recordings.len(), level);
        recordings.push(series);
    }
    if !bad.is_empty() {
        return Err(DataError::several(
            bad,
            "mend these cells, leave them empty, or choose columns with `data.features`",
        ));
    }
    Ok(Recordings {
        name: name.clone(),
        columns: columns.inputs.iter().map(|column| names[*column].clone()).collect(),
        series: recordings,
        levels,
        codes,
        layout: Some(Layout::new(&columns, names, table.named)),
        notes,
    })
}

/// The channels of a table, the one to forecast first; the column of times, and that which tells recordings apart.
fn columns(table: &Table, options: &ReadOptions, notes: &mut Vec<String>) -> Result<Columns, DataError> {
    let Table { name, names, named, records, .. } = table;
    let profiles: Vec<Profile> = (0..names.len()).map(|column| Profile::of(records, column)).collect();
    let place = |key: &str, wanted: &String| column_place(name, names, key, wanted);
    let target = options.target.as_ref().map(|wanted| place("target", wanted)).transpose()?;
    let id = options.id.as_ref().map(|wanted| place("id", wanted)).transpose()?;
    let time = options.time.as_ref().map(|wanted| place("time", wanted)).transpose()?;
    let free = |column: usize| ![target, id].contains(&Some(column));
    let (dates, hours) = if time.is_some() { (time, None) } else { time_columns(&profiles, free) };
    let clock = |column: &usize| *named && is_clock(&names[*column]) && free(*column);
    let time = dates.or_else(|| (0..names.len()).find(clock));
    let [id, step] = match id {
        Some(id) => [Some(id), None],
        // Several recordings below each other, which dates alone would mix.
        None => long::recordings(table, &ReadOptions { target: None, features: Vec::new(), ..options.clone() }, notes)?,
    };
    let time = time.or(step.filter(|step| free(*step)));
    let mut inputs: Vec<usize> = if options.features.is_empty() {
        let index = |column: usize| {
            let unnamed = *named && (names[column].is_empty() || names[column].starts_with("Unnamed:"));
            (unnamed && profiles[column].is_whole()) || (column == 0 && profiles[column].counts && names.len() > 1)
        };
        let free = |column: &usize| ![id, time, hours].contains(&Some(*column));
        let (inputs, beside): (Vec<usize>, Vec<usize>) = (0..names.len())
            .filter(free)
            .partition(|column| profiles[*column].is_numeric() && !profiles[*column].is_empty() && !index(*column));
        let measured = measured(name, names, &profiles, beside.iter().copied(), "left out");
        if !beside.is_empty() {
            let beside: Vec<String> = beside.into_iter().map(|column| names[column].clone()).collect();
            notes.push(format!(
                "{name}: no channels, and left out: {}; `data.features` chooses channels",
                listed(&beside)
            ));
        }
        notes.extend(measured);
        notes.extend(counters(name, names, &profiles, &inputs));
        inputs
    } else {
        options.features.iter().map(|wanted| place("features", wanted)).collect::<Result<_, _>>()?
    };
    if let Some(target) = target {
        inputs.retain(|column| *column != target);
        inputs.insert(0, target);
    }
    if inputs.is_empty() {
        return Err(DataError::new(format!("{name}: no column holds numbers"), "name columns with `data.features`"));
    }
    Ok(Columns { inputs, kind: LayoutKind::Recording, id, time, hours, ..Columns::default() })
}

/// Rows from which a table with times is taken for a recording.
const LONG: usize = 50;

/// Whether a table is a recording by its looks: many rows, dates in one column, numbers in all others but row numbers,
/// and no column of labels.
pub(crate) fn looks_like(path: &Path, options: &ReadOptions) -> bool {
    let delimiter = match super::guess(path) {
        Some("csv") => b',',
        Some("tsv") => b'\t',
        _ => return false,
    };
    match streamed::sketch(path, delimiter, options) {
        Ok(Some(sketch)) => of_looks(&sketch.names, sketch.named, sketch.rows, &sketch.profiles, options),
        Err(_) => false,
        Ok(None) => {
            let Ok(Table { names, named, records, .. }) = Table::read(path, delimiter, options) else { return false };
            let profiles: Vec<Profile> = (0..names.len()).map(|column| Profile::of(&records, column)).collect();
            of_looks(&names, named, records.len(), &profiles, options)
        }
    }
}

/// As [`looks_like`], of a table of so many rows.
fn of_looks(names: &[String], named: bool, rows: usize, profiles: &[Profile], options: &ReadOptions) -> bool {
    let clock = |column: usize| named && is_clock(&names[column]) && profiles[column].is_like_clock();
    let is_date = |column: usize| profiles[column].is_time() || clock(column);
    let dates = (0..names.len()).filter(|column| is_date(*column)).count();
    // Dates and hours may stand apart.
    let apart = usize::from(time_columns(profiles, |_| true).1.is_some());
    let is_channel = |column: usize| !is_date(column) && profiles[column].is_numeric() && !profiles[column].is_empty();
    let numbers = (0..names.len()).filter(|column| is_channel(*column)).count();
    let label = |column: usize| {
        let known = ["label", "class", "category"].iter().any(|name| names[column].trim().eq_ignore_ascii_case(name));
        named && known && Some(&names[column]) != options.target.as_ref()
    };
    rows >= LONG && dates == 1 + apart && dates + numbers == names.len() && numbers > 0 && !(0..names.len()).any(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> std::path::PathBuf {
        crate::fixtures::file(&format!("{name}.csv"), text)
    }

    #[test]
    fn the_column_to_forecast_comes_first_and_dates_are_left_out() {
        let path = file("dates", "date,load,heat\n2016-07-01,1,10\n2016-07-02,,20\n");
        let options = ReadOptions { target: Some("heat".into()), ..Default::default() };
        let read = read(&path, None, &options).unwrap();
        assert_eq!(read.columns, ["heat", "load"]);
        assert_eq!(read.series[0].values[..3], [10.0, 1.0, 20.0]);
        assert!(read.series[0].values[3].is_nan());
    }

    #[test]
    fn a_table_with_times_is_told_from_other_tables() {
        let rows = |first: fn(usize) -> String| -> String {
            (0..60).map(|row| format!("{},{},{}\n", first(row), row, row * 2)).collect()
        };
        let found = |name: &str, first| {
            let path = file(name, &format!("when,a,b\n{}", rows(first)));
            looks_like(&path, &ReadOptions::default())
        };
        assert!(found("times", |row| format!("2016-07-01 {row:02}:00:00")));
        assert!(found("days", |row| format!("{row}/7/2016")));
        assert!(!found("words", |row| format!("word {row}")));
        assert!(!found("numbers", |row| row.to_string()));
        // pandas' row numbers before the dates.
        let numbered: String = (0..60).map(|row| format!("{row},2016-07-01 {row:02}:00:00,{row}.5\n")).collect();
        assert!(looks_like(&file("numbered", &format!(",when,a\n{numbered}")), &ReadOptions::default()));
        let apart: String = (0..60).map(|row| format!("1/7/2016,{:02}:{:02}:00,{row}.5\n", row / 6, row % 6)).collect();
        assert!(looks_like(&file("apart", &format!("Date,Time,a\n{apart}")), &ReadOptions::default()));
        // A date beside a series and its class.
        let classes: String = (0..60).map(|row| format!("2016-07-01 {row:02}:00:00,{row}.5,{}\n", row % 2)).collect();
        assert!(!looks_like(&file("classes", &format!("when,a,label\n{classes}")), &ReadOptions::default()));
    }

    #[test]
    fn a_recording_is_sorted_by_its_times_and_row_numbers_are_no_channel() {
        let path = file("unsorted", ",date,load\n0,2016-07-03,3\n1,2016-07-01,1\n2,2016-07-02,2\n");
        let read = read(&path, None, &ReadOptions::default()).unwrap();
        assert_eq!((&read.columns[..], &read.series[0].values[..]), (&["load".to_string()][..], &[1.0, 2.0, 3.0][..]));
        assert!(read.notes.iter().any(|note| note.contains("not in the order of `date`")), "{:?}", read.notes);
    }

    #[test]
    fn dates_and_hours_in_columns_of_their_own_are_one_time() {
        let text = "Time,Date,load\n01:00,2/7/2016,3\n23:00,1/7/2016,1\n00:00,2/7/2016,2\n";
        let read = read(&file("hours", text), None, &ReadOptions::default()).unwrap();
        assert_eq!((&read.columns[..], &read.series[0].values[..]), (&["load".to_string()][..], &[1.0, 2.0, 3.0][..]));
    }

    #[test]
    fn recordings_are_told_apart_by_structure_and_parts_of_a_date_are_none() {
        let lengths = |name: &str, text: &str| {
            let read = read(&file(name, text), None, &ReadOptions::default()).unwrap();
            (read.columns, read.series.iter().map(|one| one.values.len() / one.channels).collect::<Vec<usize>>())
        };
        let text: String = (0..60).map(|row| format!("p{},{},{row}.5,{}\n", row / 12, row % 12, row % 3)).collect();
        for names in ["person,sec,u,label", "id,time,u,label"] {
            // The label of a step parts no recording.
            let (columns, lengths) = lengths("persons", &format!("{names}\n{text}"));
            assert_eq!((&columns[..], &lengths[..]), (&["u".to_string(), "label".into()][..], &[12; 5][..]));
        }
        let hours: String = (0..96).map(|row| format!("{},{},{row}.5\n", row / 24 + 1, row % 24)).collect();
        assert_eq!(lengths("hours", &format!("day,hour,load\n{hours}")).1, [96]);
        let days: String =
            (0..84).map(|row| format!("2020-{0:02}-{1:02},{0},{1},{row}.5\n", row / 28 + 1, row % 28 + 1)).collect();
        assert_eq!(lengths("days", &format!("date,month,day,load\n{days}")).1, [84]);
    }

    #[test]
    fn counters_and_numbers_with_units_are_told() {
        let body: String = (0..60).map(|row| format!("{row},{}.5,{},{row} kg\n", row % 7, row + 1000)).collect();
        let read =
            read(&file("beside", &format!("time,load,tick,mass\n{body}")), None, &ReadOptions::default()).unwrap();
        let told = |part: &str| assert!(read.notes.iter().any(|note| note.contains(part)), "{part}: {:?}", read.notes);
        told("are left out: `mass`; write the numbers alone");
        told("the numbers count from row to row as row numbers or a clock do: `tick`");
        assert_eq!(read.columns, ["load", "tick"]);
    }

    #[test]
    fn recordings_below_each_other_are_told_apart() {
        let text = "station,date,load\nA,2016-07-01,1\nA,2016-07-02,2\nB,2016-07-01,3\nB,2016-07-02,4\n";
        let read = read(&file("stations", text), None, &ReadOptions::default()).unwrap();
        let values: Vec<&[f32]> = read.series.iter().map(|series| &series.values[..]).collect();
        assert_eq!(values, [&[1.0, 2.0][..], &[3.0, 4.0]]);
    }

    #[test]
    fn later_recordings_are_read_by_the_names_of_training() {
        let trained =
            read(&file("trained", "date,load,heat\n2016-07-01,1,10\n2016-07-02,2,20\n"), None, &ReadOptions::default());
        let later = ReadOptions { like: trained.unwrap().layout, ..Default::default() };
        let values =
            |name: &str, text: &str| read(&file(name, text), None, &later).map(|read| read.series[0].values.clone());
        assert_eq!(values("swapped", "date,heat,load\n2016-07-03,30,3\n").unwrap(), vec![3.0, 30.0]);
        assert_eq!(values("more", "heat,date,wind,load\n30,2016-07-03,9,3\n").unwrap(), vec![3.0, 30.0]);
        let message = values("others", "date,wind,rain\n2016-07-03,30,3\n").unwrap_err().in_full();
        assert!(message.contains("lacks: `load`, `heat`"), "{message}");
    }

    #[test]
    fn bad_cells_and_unknown_columns_are_named() {
        let path = file("bad", "a,b\n1,2\nx,3\n");
        let message = read(&path, None, &ReadOptions::default()).unwrap_err().in_full();
        assert!(message.contains(":3: column `a`: `x` is not a number"), "{message}");
        let options = ReadOptions { target: Some("c".into()), ..Default::default() };
        let message = read(&path, None, &options).unwrap_err().in_full();
        assert!(message.contains("no column `c`, which `data.target` names"), "{message}");
    }
    #[test]
    fn lists_of_json_have_names_and_the_target_comes_first() {
        let path =
            crate::fixtures::file("lists.jsonl", "{\"values\": {\"a\": [1, 2], \"b\": [3, 4], \"c\": [5, 6]}}\n");
        let options = ReadOptions { target: Some("b".into()), ..Default::default() };
        let trained = read(&path, None, &options).unwrap();
        assert_eq!(trained.columns, ["b", "a", "c"]);
        assert_eq!(trained.series[0].values, [3.0, 1.0, 5.0, 4.0, 2.0, 6.0]);
        let later = ReadOptions { like: trained.layout.clone(), ..options };
        assert_eq!(read(&path, None, &later).unwrap(), trained);
        let message = read(&path, None, &ReadOptions { target: Some("d".into()), ..Default::default() }).unwrap_err();
        assert!(message.to_string().contains("`data.target` names the column `d`"), "{message}");
    }
}
