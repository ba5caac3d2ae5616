//! Long tables: a row a step, an identifier that tells the series, a time that tells the step, a column a channel.

use std::collections::{HashMap, HashSet};

use csv::StringRecord;

use crate::error::DataError;
use crate::formats::table::cells_of_file::Table;
use crate::formats::table::layout::Kind;
use crate::formats::table::names::{column_place, is_clock, is_identifier, stem};
use crate::formats::table::order::Clock;
use crate::formats::table::pivot::{self, is_channel};
use crate::formats::table::profile::{Profile, time_columns};
use crate::formats::table::rows_of_series::{Keys, Labels, group_of, series_of};
use crate::formats::table::{Columns, is_target, listed};
use crate::formats::{ReadOptions, Rows, exact, is_missing};

/// Names of the column that tells the series, beside those of any identifier.
const SERIES: [&str; 13] = [
    "series", "case", "sample", "subject", "unit", "instance", "item", "patient", "device", "sensor", "station",
    "user", "sequence",
];
/// Names of the column that tells the step, beside those of any time.
const STEPS: [&str; 14] = [
    "t",
    "step",
    "timestep",
    "time_step",
    "ds",
    "reading_id",
    "cycle",
    "hour",
    "day",
    "week",
    "month",
    "year",
    "period",
    "frame",
];

/// One row of so many may give a series a time twice.
const RARE: usize = 10;

/// Names of the column of texts in a table of them.
const TEXTS: [&str; 9] = ["text", "review", "comment", "message", "tweet", "sentence", "body", "content", "post"];

/// The columns of a long table, where the config says that it is one or its looks do: an identifier whose values come
/// again, and a time that hardly a series has twice.
///
/// # Errors
///
/// A column that the config names and the table lacks, or no column that tells the series.
pub(in crate::formats) fn columns(
    table: &Table,
    options: &ReadOptions,
    notes: &mut Vec<String>,
) -> Result<Option<Columns>, DataError> {
    find(table, options, true, notes)
}

/// The column that tells recordings apart that stand below each other; a recording has no label.
///
/// # Errors
///
/// As those of [`columns`].
pub(in crate::formats) fn identifier(
    table: &Table,
    options: &ReadOptions,
    notes: &mut Vec<String>,
) -> Result<Option<usize>, DataError> {
    Ok(find(table, options, false, notes)?.and_then(|columns| columns.id))
}

/// Whether a table may be a long one, by its names and by some of its rows; where it may not, [`columns`] finds none.
pub(in crate::formats) fn may_be(
    names: &[String],
    named: bool,
    profiles: &[Profile],
    rows: usize,
    options: &ReadOptions,
) -> bool {
    let asked = options.long == Some(true) || options.id.is_some();
    if !asked && (options.long == Some(false) || options.text.is_some() || !named) {
        return false;
    }
    let place = |name: &Option<String>| name.as_ref().and_then(|name| names.iter().position(|own| own == name));
    let (id, target, group) = (place(&options.id), place(&options.target), place(&options.group));
    if let Some(id) = id {
        return options.long == Some(true) || !profiles[id].is_distinct() || rows < 2;
    }
    let time = place(&options.time).or_else(|| steps(names, profiles, &[target, group]).0);
    asked || (time.is_some() && !by_likeness(names, profiles, target, time).is_empty())
}

/// The columns of the time, by their cells or their names, and of the hours; `taken` are others already.
fn steps(names: &[String], profiles: &[Profile], taken: &[Option<usize>]) -> (Option<usize>, Option<usize>) {
    let free = |column: usize| !taken.contains(&Some(column));
    let (dates, hours) = time_columns(profiles, free);
    let named = |column: &usize| {
        let name = names[*column].trim().to_lowercase();
        (is_clock(&name) || STEPS.contains(&name.as_str())) && profiles[*column].is_numeric()
    };
    (dates.or_else(|| (0..names.len()).filter(|column| free(*column)).find(named)), hours)
}

fn find(
    table: &Table,
    options: &ReadOptions,
    labelled: bool,
    notes: &mut Vec<String>,
) -> Result<Option<Columns>, DataError> {
    let Table { name: file, names, named, records, .. } = table;
    let asked = options.long == Some(true) || options.id.is_some();
    if !asked && (options.long == Some(false) || options.text.is_some() || !named) {
        return Ok(None);
    }
    let profiles: Vec<Profile> = (0..names.len()).map(|column| Profile::of(records, column)).collect();
    let given =
        |key: &str, name: &Option<String>| name.as_ref().map(|name| column_place(file, names, key, name)).transpose();
    let (id, time) = (given("id", &options.id)?, given("time", &options.time)?);
    let target = given("target", &options.target)?;
    let group = match labelled {
        true => options.group.as_ref().map(|name| column_place(file, names, "labels.group", name)).transpose()?,
        false => None,
    };
    // Rows that have each its own name are series themselves.
    if id.is_some_and(|id| options.long != Some(true) && profiles[id].is_distinct() && records.len() > 1) {
        return Ok(None);
    }
    let (time, hours) = if time.is_some() { (time, None) } else { steps(names, &profiles, &[id, target, group]) };
    let candidates: Vec<usize> = match id {
        Some(id) => vec![id],
        None => {
            let all = by_likeness(names, &profiles, target, time).into_iter();
            all.filter(|column| Some(*column) != group).collect()
        }
    };
    let channel = (0..names.len())
        .find(|column| is_channel(&names[*column]) && ![id, time, hours, target, group].contains(&Some(*column)));
    let twice = |id: usize, channel: Option<usize>| {
        time.map_or(usize::MAX, |time| steps_that_stand_twice(records, id, channel, [Some(time), hours]))
    };
    // A row that was written twice makes no other table of it: it is told, or refused with its line, when the steps are
    // sorted.
    let hardly = |count: usize| count.saturating_mul(RARE) <= records.len();
    let found = candidates.into_iter().find_map(|id| match channel {
        _ if twice(id, None) == 0 => Some((id, None)),
        Some(_) if hardly(twice(id, channel)) => Some((id, channel)),
        None if hardly(twice(id, None)) => Some((id, None)),
        _ => asked.then_some((id, None)),
    });
    let Some((id, channel)) = found else {
        if asked {
            return Err(DataError::new(
                format!("{file}: no column tells which series a row belongs to"),
                "name it with `data.id`, and that of the steps with `data.time`",
            ));
        }
        return Ok(None);
    };
    let target =
        target.or_else(|| (0..names.len()).find(|column| is_target(&names[*column]) && constant(records, id, *column)));
    let target = target.or_else(|| {
        let free = |column: &usize| {
            ![Some(id), time, hours, channel, group].contains(&Some(*column)) && !is_identifier(&names[*column])
        };
        let columns: Vec<usize> = (0..names.len()).filter(free).collect();
        let found =
            label_of_series(records, &profiles, id, &columns).filter(|_| labelled && options.features.is_empty())?;
        notes.push(format!(
            "{file}: `{}` is one in each series and is taken for the label; `data.target` names another",
            names[found]
        ));
        Some(found)
    });
    // A label that changes from step to step is no channel; numbers to forecast, which go by `y` too, are one.
    let label = |column: usize| {
        is_target(&names[column])
            && (profiles[column].is_like_classes() || !["y", "target"].contains(&names[column].as_str()))
    };
    let is_input = |column: usize| {
        let index = names[column].is_empty() || names[column].starts_with("Unnamed:") || is_identifier(&names[column]);
        profiles[column].is_numeric() && !profiles[column].is_empty() && !index && !label(column)
    };
    let (inputs, beside): (Vec<usize>, Vec<usize>) = if options.features.is_empty() {
        let free = |column: &usize| ![Some(id), time, hours, target, channel, group].contains(&Some(*column));
        (0..names.len()).filter(free).partition(|column| is_input(*column))
    } else {
        let places = options.features.iter().map(|name| column_place(file, names, "features", name));
        (places.collect::<Result<_, _>>()?, Vec::new())
    };
    if channel.is_some() && inputs.len() != 1 {
        let inputs: Vec<String> = inputs.iter().map(|column| names[*column].clone()).collect();
        let known = channel.map_or("", |column| names[column].as_str());
        return Err(DataError::new(
            format!(
                "{file}: beside `{known}`, which tells the channel, one column of values is read, and there are {}",
                inputs.len()
            ),
            format!("name it with `data.features`: {}", listed(&inputs)),
        ));
    }
    // Columns t0, t1 … are the steps of a wide table.
    let is_step = |column: &&usize| {
        stem(&names[**column]).is_some_and(|stem| STEPS.contains(&stem.trim_end_matches('_').to_lowercase().as_str()))
    };
    let mostly = 2 * inputs.iter().filter(is_step).count() > inputs.len();
    let steps = inputs.len() > 3
        && (mostly
            || inputs
                .iter()
                .all(|column| stem(&names[*column]).is_some_and(|own| Some(own) == stem(&names[inputs[0]]))));
    // A label that changes within a series is one of rows, unless the config says that the table is long.
    let of_rows = beside.iter().any(|column| is_target(&names[*column]));
    // Numbers beside a text are its counters.
    let texts = beside.iter().any(|column| {
        let profile = &profiles[*column];
        let named = TEXTS.contains(&names[*column].trim().to_lowercase().as_str()) && profile.is_text();
        profile.is_filled() && !profile.is_empty() && (named || profile.is_prose())
    });
    if inputs.is_empty() || (!asked && (steps || of_rows || texts)) {
        return Ok(None);
    }
    let mut ordered = time.map_or(String::new(), |time| format!(", `{}` the step", names[time]));
    ordered.extend(channel.map(|channel| format!(", `{}` the channel", names[channel])));
    if !asked {
        notes.push(format!(
            "{file}: read as a long table: `{}` tells the series{ordered}; `data.format = \"csv\"` reads a series a \
             row",
            names[id]
        ));
    }
    if !beside.is_empty() {
        let beside: Vec<String> = beside.into_iter().map(|column| names[column].clone()).collect();
        notes.push(format!("{file}: no channels, and left out: {}; `data.features` chooses channels", listed(&beside)));
    }
    Ok(Some(Columns { target, inputs, kind: Kind::Long, id: Some(id), time, hours, channel, padded: false }))
}

/// Columns that may tell the series, the likeliest first: by name, then words or whole numbers that come again.
fn by_likeness(names: &[String], profiles: &[Profile], target: Option<usize>, time: Option<usize>) -> Vec<usize> {
    let again = |column: &usize| {
        let profile = &profiles[*column];
        profile.repeats() && (profile.is_text() || profile.is_whole())
    };
    let free = |column: &usize| Some(*column) != target && Some(*column) != time && !is_target(&names[*column]);
    let named = |column: &usize| {
        is_identifier(&names[*column]) || SERIES.contains(&names[*column].trim().to_lowercase().as_str())
    };
    // Without a name that says so, only dates that several rows share tell a long table.
    let dated = time.is_some_and(|time| profiles[time].is_time() && !profiles[time].is_distinct());
    let (sure, others): (Vec<usize>, Vec<usize>) = (0..names.len()).filter(again).filter(free).partition(named);
    let others = others.into_iter().filter(|column| dated && profiles[*column].is_text());
    sure.into_iter().chain(others).collect()
}

/// How many rows give a series, or a channel of one, a time that it has already.
fn steps_that_stand_twice(
    records: &[StringRecord],
    id: usize,
    channel: Option<usize>,
    times: [Option<usize>; 2],
) -> usize {
    let mut seen = HashSet::new();
    let rows = records.iter().filter(|record| !is_missing(&record[id]));
    let twice = rows.filter(|record| {
        let cell = |column: Option<usize>| column.map_or("", |column| record[column].trim());
        !seen.insert((record[id].trim(), cell(channel), times.map(cell)))
    });
    twice.count()
}

/// Whether a column holds one value a series.
fn constant(records: &[StringRecord], id: usize, column: usize) -> bool {
    let mut known = HashMap::new();
    records.iter().all(|record| {
        let cell = record[column].trim();
        is_missing(cell) || *known.entry(record[id].trim()).or_insert(cell) == cell
    })
}

/// The label by its looks, where no name tells it: a few classes that hold throughout each series and come again in
/// others, beside numbers that change within one. Of several that of the fewest classes, of equals the last.
fn label_of_series(records: &[StringRecord], profiles: &[Profile], id: usize, columns: &[usize]) -> Option<usize> {
    let series: HashSet<&str> = records.iter().map(|record| record[id].trim()).collect();
    let (still, moving): (Vec<usize>, Vec<usize>) = columns.iter().partition(|column| constant(records, id, **column));
    moving.iter().find(|column| profiles[**column].is_numeric())?;
    let classes = |column: &usize| {
        let profile = &profiles[*column];
        profile.is_filled() && profile.may_be_classes() && 2 * profile.distinct <= series.len()
    };
    still.into_iter().rev().filter(classes).min_by_key(|column| profiles[*column].distinct)
}

/// Reads a long table, a series an identifier, and returns the names of its channels where cells tell them.
///
/// # Errors
///
/// Bad cells, labels that change within a series and steps that stand twice, by line.
pub(in crate::formats) fn read(
    table: &Table,
    columns: &Columns,
    options: &ReadOptions,
    rows: &mut Rows,
) -> Result<Vec<String>, DataError> {
    let Some(id) = columns.id else { return Ok(Vec::new()) };
    if columns.channel.is_some() {
        return pivot::read(table, columns, options, rows);
    }
    let Table { name, names, records, lines, .. } = table;
    let mut series = series_of(table, &[id])?;
    if let Some(clock) = Clock::read(table, columns, &mut rows.notes) {
        clock.sort(&mut series, &mut rows.notes)?;
    }
    let mut bad = Vec::new();
    let keys = Keys { table, id, group: group_of(table, options)? };
    for steps in series {
        let first = steps[0];
        keys.check(&steps, &mut bad);
        let mut values = Vec::with_capacity(steps.len() * columns.inputs.len());
        let mut label = Labels::default();
        for row in steps {
            for column in &columns.inputs {
                match exact(&records[row][*column]) {
                    Ok(value) => values.push(value.unwrap_or(f64::NAN)),
                    Err(reason) => bad.push(format!("{name}:{}: column `{}`: {reason}", lines[row], names[*column])),
                }
            }
            label.add(table, columns, row, &mut bad);
        }
        keys.add(first, &mut rows.keys);
        rows.push_series(&values, columns.inputs.len(), label.text());
    }
    if bad.is_empty() {
        return Ok(Vec::new());
    }
    Err(DataError::several(bad, "mend these rows; a series has one label, and `data.features` chooses its channels"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::file;
    use crate::formats::read as read_file;
    use crate::sequence::Sequence;
    use crate::series::Series;

    fn rows(name: &str, text: &str, options: &ReadOptions) -> Result<Rows, String> {
        read_file(&file(name, text), None, options).map_err(|error| error.in_full())
    }

    fn series(rows: &Rows) -> Vec<(&[f32], usize)> {
        let series = rows.sequences.iter().filter_map(|sequence| match sequence {
            Sequence::Series(Series { values, channels }) => Some((values.as_slice(), *channels)),
            _ => None,
        });
        series.collect()
    }

    #[test]
    fn a_row_a_step_becomes_a_series_an_identifier() {
        let text = "id,time,x,y,label\n7,0,1,10,a\n7,1,2,20,a\n9,0,3,30,b\n7,2,4,,a\n9,1,5,50,b\n";
        let rows = rows("long.csv", text, &ReadOptions::default()).unwrap();
        assert_eq!(rows.labels, ["a", "b"]);
        assert_eq!(series(&rows)[1], (&[3.0, 30.0, 5.0, 50.0][..], 2));
        assert_eq!(series(&rows)[0].0[..5], [1.0, 10.0, 2.0, 20.0, 4.0]);
        assert!(series(&rows)[0].0[5].is_nan());
        assert!(
            rows.notes[0].contains("read as a long table: `id` tells the series, `time` the step"),
            "{:?}",
            rows.notes
        );
    }

    #[test]
    fn steps_are_sorted_and_other_columns_left_out() {
        let text = "unit_id,date,name,load\nA,2021-01-02,x,2\nA,2021-01-01,x,1\nB,2021-01-01,y,3\nB,2021-01-02,y,4\n";
        let rows = rows("unsorted.csv", text, &ReadOptions::default()).unwrap();
        assert_eq!(series(&rows), [(&[1.0, 2.0][..], 1), (&[3.0, 4.0][..], 1)]);
        assert!(
            rows.notes.iter().any(|note| note.contains("1 of 2 series are not in the order of `date`")),
            "{:?}",
            rows.notes
        );
        assert!(rows.notes.iter().any(|note| note.contains("left out: `name`")), "{:?}", rows.notes);
    }

    #[test]
    fn keys_name_what_the_looks_do_not_tell() {
        let text = "who,when,v\nA,1,1\nA,2,2\nB,1,3\nB,2,4\n";
        let options = ReadOptions { id: Some("who".into()), time: Some("when".into()), ..Default::default() };
        assert_eq!(series(&rows("keys.csv", text, &options).unwrap()), [(&[1.0, 2.0][..], 1), (&[3.0, 4.0][..], 1)]);
        let message =
            rows("keys.csv", text, &ReadOptions { id: Some("whom".into()), ..Default::default() }).unwrap_err();
        assert!(message.contains("no column `whom`, which `data.id` names"), "{message}");
    }

    #[test]
    fn a_step_that_stands_twice_and_a_label_that_changes_are_refused_by_line() {
        let options = ReadOptions { id: Some("id".into()), ..Default::default() };
        let message = rows("twice.csv", "id,time,x\n1,0,1\n1,0,2\n1,1,3\n", &options).unwrap_err();
        assert!(message.contains("twice.csv:3: `time` is 0 as in line 2"), "{message}");
        let options = ReadOptions { target: Some("label".into()), ..options };
        let message = rows("changes.csv", "id,time,x,label\n1,0,1,a\n1,1,2,b\n", &options).unwrap_err();
        assert!(message.contains("changes.csv:3: `label` is `b`, and `a` before in the series `1`"), "{message}");
    }

    #[test]
    fn a_row_that_was_written_twice_makes_no_wide_table() {
        let row = |step: usize| format!("p{},{},{step}.5,{}\n", step / 6, step % 6, ["a", "b"][step / 6 % 2]);
        let table = |times: usize| {
            let text: String = (0..240).map(|step| row(step).repeat(if step == 21 { times } else { 1 })).collect();
            rows("doubled.csv", &format!("id,time,x,label\n{text}"), &ReadOptions::default())
        };
        let found = table(2).unwrap();
        assert_eq!((found.sequences.len(), series(&found)[3].0.len()), (40, 7));
        assert!(
            found.notes.iter().any(|note| note.contains("doubled.csv:24: `time` is 3 as in line 23")),
            "{:?}",
            found.notes
        );
        // Not only once: something else is wrong.
        assert!(table(6).unwrap_err().contains("doubled.csv:24: `time` is 3 as in line 23; 5 times stand twice"));
    }

    #[test]
    fn a_table_of_texts_with_users_and_dates_is_none() {
        let text: String = (0..12)
            .map(|row| format!("u{},2020-01-{:02},what a fine day number {row} is,{}\n", row % 3, row + 1, row * 7 % 5))
            .collect();
        let found = rows("tweets.csv", &format!("user,date,words,likes\n{text}"), &ReadOptions::default()).unwrap();
        assert_eq!(found.sequences[0], Sequence::Text("what a fine day number 0 is".into()), "{:?}", found.notes);
        assert_eq!(found.sequences.len(), 12);
    }

    #[test]
    fn a_class_that_holds_through_each_series_is_the_label() {
        for (name, classes) in [("ill.csv", ["ill", "well"]), ("outcome.csv", ["1", "0"])] {
            let text: String = (0..18)
                .map(|row| format!("p{},{},{row}.5,2.{row},{}\n", row / 3, row % 3, classes[row / 3 % 2]))
                .collect();
            let text = format!("patient,time,hr,bp,activity\n{text}");
            let found = rows(name, &text, &ReadOptions::default()).unwrap();
            assert_eq!(found.labels[..3], [classes[0], classes[1], classes[0]], "{:?}", found.notes);
            assert_eq!(series(&found)[0], (&[0.5, 2.0, 1.5, 2.1, 2.5, 2.2][..], 2));
            assert!(found.notes.iter().any(|note| note.contains("`activity` is one in each series")));
        }
        let wide: String = (0..12)
            .map(|row| format!("s{},{},1.{row},2.{row},3.{row},7.{row},{}\n", row / 3, row % 3, row / 3 % 2))
            .collect();
        let found = rows("wide.csv", &format!("subject,day,t0,t1,t2,age,label\n{wide}"), &ReadOptions::default());
        assert_eq!(found.unwrap().sequences.len(), 12);
    }

    #[test]
    fn a_row_without_an_identifier_is_refused_by_line() {
        for mark in ["", "NaN"] {
            let text = format!("patient,time,hr\np0,0,1\np0,1,2\n{mark},0,7\n{mark},0,7\np1,0,3\np1,1,4\n");
            let message = rows("no-id.csv", &text, &ReadOptions::default()).unwrap_err();
            assert!(message.contains("no-id.csv:4: `patient` is missing, which tells the series"), "{message}");
            assert!(message.contains("no-id.csv:5"), "{message}");
        }
    }

    #[test]
    fn a_wide_table_with_identifiers_is_none() {
        let text = "subject,day,rate,noise,label\nA,1,1,2,a\nA,2,2,3,b\nB,1,3,4,a\nB,2,4,5,b\n";
        let found = rows("rows-of-subjects.csv", text, &ReadOptions::default()).unwrap();
        assert_eq!(found.labels, ["a", "b", "a", "b"]);
        let text = "subject,day,t0,t1,t2,t3,label\nA,1,1,2,3,4,a\nA,2,2,3,4,5,b\nB,1,3,4,5,6,a\nB,2,4,5,6,7,b\n";
        let found = rows("wide-subjects.csv", text, &ReadOptions::default()).unwrap();
        assert_eq!(found.sequences.len(), 4);
        assert_eq!(
            rows("long-csv.csv", "id,time,x\n1,0,1\n1,1,2\n", &ReadOptions { long: Some(false), ..Default::default() })
                .unwrap()
                .sequences
                .len(),
            2
        );
    }
}
