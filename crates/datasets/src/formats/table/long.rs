//! Long tables: a row per step, an identifier that tells the series, a time that tells the step, a column per channel.

use crate::error::DataError;
use crate::formats::table::Columns;
use crate::formats::table::cells_of_file::Table;
use crate::formats::table::long_columns::LongTable;
use crate::formats::table::order::Clock;
use crate::formats::table::pivot;
use crate::formats::table::rows_of_series::{Keys, Labels, group_of, series_of};
use crate::formats::{ReadOptions, Rows, exact};
use crate::label_names;

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
    LongTable::of(table, options, true)?.map_or(Ok(None), |long| long.columns(notes))
}

/// The columns that tell recordings apart that stand below each other, and their steps; a recording has no label.
///
/// # Errors
///
/// As those of [`columns`].
pub(in crate::formats) fn recordings(
    table: &Table,
    options: &ReadOptions,
    notes: &mut Vec<String>,
) -> Result<[Option<usize>; 2], DataError> {
    let found = LongTable::of(table, options, false)?.map_or(Ok(None), |long| long.columns(notes))?;
    Ok(found.map_or([None; 2], |columns| [columns.id, columns.time]))
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
    rows.notes.extend(label_names::alike(&rows.keys.ids, name, "series"));
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
    fn what_may_be_meant_otherwise_is_told_as_in_wide_tables() {
        let text = steps("id,time,n,dose,u,v,label", |series, step| {
            let id = if series == 3 && step > 3 { "S3".into() } else { format!("s{series}") };
            (format!("{id},{step},{},{step}.5 mg", 8 * series + step + 1), format!(",{}", label(series)))
        });
        let found = rows("told.csv", &text, &ReadOptions::default()).unwrap();
        told(&found, "numbers with a unit, a currency, or spaces between thousands are left out: `dose`");
        told(&found, "the numbers count from row to row as row numbers or a clock do: `n`");
        told(&found, "`s3` and `S3` are read as two series; write them alike if they are one");
    }

    #[test]
    fn one_class_may_be_written_in_two_ways_within_a_series() {
        let text = "id,time,x,label\n7,0,1,1\n7,1,2,1.0\n9,0,3,0\n9,1,5,0\n";
        assert_eq!(rows("ways.csv", text, &ReadOptions::default()).unwrap().labels, ["1", "0"]);
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

    /// Sixty series of eight steps with two channels; `cells` gives what stands before and behind them.
    fn steps(names: &str, cells: impl Fn(usize, usize) -> (String, String)) -> String {
        let row = |row: usize| {
            let (series, step) = (row / 8, row % 8);
            let (before, behind) = cells(series, step);
            format!("{before},{}.{},{}.5{behind}\n", row * 7 % 13, row % 9, row * 5 % 11)
        };
        [format!("{names}\n")].into_iter().chain((0..480).map(row)).collect()
    }

    fn label(series: usize) -> &'static str {
        ["up", "down"][series % 2]
    }

    fn told(rows: &Rows, part: &str) {
        assert!(rows.notes.iter().any(|note| note.contains(part)), "`{part}` is not in {:?}", rows.notes);
    }

    #[test]
    fn series_and_steps_are_found_whatever_they_are_called() {
        let names = "NAME,TIME person,time pid,time name,time run,time batch,time session,time animal,t trial,sec \
                     window,step episode,step participant,trial_time Patient,Zeit id,seconds id,ms id,elapsed \
                     id,timepoint id,n id,pos subject_id,visit foo,bar";
        for names in names.split_whitespace() {
            for numbered in [false, true] {
                let text = steps(&format!("{names},u,v,label"), |series, step| {
                    let id = if numbered { series.to_string() } else { format!("s{series}") };
                    (format!("{id},{step}"), format!(",{}", label(series)))
                });
                let options = ReadOptions { supervised: true, ..Default::default() };
                let found = rows("structure.csv", &text, &options).unwrap();
                let (id, time) = names.split_once(',').unwrap();
                told(&found, &format!("read as a long table: `{id}` tells the series, `{time}` the step;"));
                assert_eq!((found.sequences.len(), &found.labels[..2]), (60, &["up".into(), "down".into()][..]));
                assert_eq!((series(&found)[1].0.len(), series(&found)[1].1), (16, 2), "{names}");
                assert_eq!(found.keys.ids[1], if numbered { "1" } else { "s1" });
            }
        }
    }

    #[test]
    fn the_order_of_the_rows_and_uneven_times_change_nothing() {
        let text = |cells: fn(usize, usize) -> String| {
            steps("person,time,u,v,label", |series, step| (cells(series, step), format!(",{}", label(series))))
        };
        let plain = text(|series, step| format!("p{series},{step}"));
        let sorted = rows("sorted.csv", &plain, &ReadOptions::default()).unwrap();
        let (names, body) = plain.split_once('\n').unwrap();
        let body: Vec<&str> = body.lines().collect();
        // Step by step, and without any order.
        let by_step: Vec<&str> = (0..480).map(|row| body[row % 60 * 8 + row / 60]).collect();
        let shuffled: Vec<&str> = (0..480).map(|row| body[row * 77 % 480]).collect();
        for lines in [by_step, shuffled] {
            let other = rows("other.csv", &format!("{names}\n{}", lines.join("\n")), &ReadOptions::default()).unwrap();
            let place = other.keys.ids.iter().position(|id| id == "p7").unwrap();
            assert_eq!((other.sequences.len(), series(&other)[place]), (60, series(&sorted)[7]));
        }
        for cells in [
            |series: usize, step: usize| format!("p{series},{}.{}", series * 3 + step, series * step % 7),
            // A session behind the other.
            |series: usize, step: usize| format!("p{series},{}", 100 * series + step),
        ] {
            let other = rows("uneven.csv", &text(cells), &ReadOptions::default()).unwrap();
            assert_eq!(series(&other), series(&sorted));
        }
        // Weeks are times, and the label may have any name.
        let text = steps("rat,when,u,v,diet", |series, step| {
            (format!("{series},2020-W{:02}", step + 10), format!(",{}", label(series)))
        });
        let found = rows("weeks.csv", &text, &ReadOptions::default()).unwrap();
        assert_eq!((series(&found), &found.labels[..]), (series(&sorted), &sorted.labels[..]));
    }

    #[test]
    fn many_short_series_and_numbered_channels_are_a_long_table() {
        let text: String = (0..9000).map(|row| format!("s{},{},{row}.5\n", row / 3, row % 3)).collect();
        let found = rows("many.csv", &format!("id,time,x\n{text}"), &ReadOptions::default()).unwrap();
        assert_eq!((found.sequences.len(), found.sequences[0].len()), (3000, 3));
        for names in ["id,time,ch1,ch2,ch3,ch4", "id,time,ch1,ch2,ch3,ch4,label"] {
            let text = steps(names, |series, step| {
                let label = if names.ends_with("label") { format!(",{}", label(series)) } else { String::new() };
                (format!("{series},{step},0.5,1.5"), label)
            });
            let found = rows("channels.csv", &text, &ReadOptions::default()).unwrap();
            assert_eq!((found.sequences.len(), series(&found)[0].1), (60, 4), "{names}");
        }
        // Values of a step below each other.
        let text: String = (0..960)
            .map(|row| format!("p{},{},{},{row}.5,{}\n", row / 16, row / 2 % 8, ["u", "v"][row % 2], label(row / 16)))
            .collect();
        let found = rows("values.csv", &format!("person,sec,variable,value,label\n{text}"), &ReadOptions::default());
        let found = found.unwrap();
        assert_eq!((found.sequences.len(), &series(&found)[0].0[..4]), (60, &[0.5, 1.5, 2.5, 3.5][..]));
    }

    #[test]
    fn a_table_with_a_series_a_row_is_none_however_it_is_sorted() {
        let class = |row: usize| ["x", "y", "z"][row / 40];
        let value = |row: usize| format!("{}.{}", row * 7 % 23, row % 9);
        type Row<'a> = Box<dyn Fn(usize) -> String + 'a>;
        let tables: [(&str, Row<'_>, usize); 7] = [
            ("a,b,c,species", Box::new(|row| format!("{0},{0},{0},{1}", value(row), class(row))), 3),
            ("no,a,b,species", Box::new(|row| format!("{row},{0},{0},{1}", value(row), class(row))), 2),
            // Sorted by class, and by a value in each; numbered in each.
            ("a,b,species", Box::new(|row| format!("{}.5,{},{}", row % 40, value(row), class(row))), 2),
            ("class,no,a,b", Box::new(|row| format!("{},{},{1},{1}", class(row), row % 40)), 2),
            ("label,take,a,b", Box::new(|row| format!("{},{},{2},{2}", class(row), row % 40, value(row))), 3),
            ("word,take,a,b", Box::new(|row| format!("{},{},{2},{2}", class(row), row % 40, value(row))), 3),
            (
                "temp,speed,yield,label",
                Box::new(|row| format!("{},{},{},{}", row / 30, row / 10 % 3, value(row), row * 7 % 2)),
                3,
            ),
        ];
        for (names, row, width) in tables {
            let text: String = (0..120).map(|number| row(number) + "\n").collect();
            let found = rows("wide.csv", &format!("{names}\n{text}"), &ReadOptions::default()).unwrap();
            let lengths = (found.sequences.len(), found.sequences[0].len());
            assert_eq!(lengths, (120, width), "{names}: {:?}", found.notes);
        }
    }

    #[test]
    fn what_may_be_a_long_table_is_told_with_the_keys_that_settle_it() {
        let keys = |note: &str| note.contains("`data.id`") && note.contains("`data.time`");
        type Cells = fn(usize, usize) -> (String, String);
        let cases: [(&str, Cells, &str); 6] = [
            (
                "foo,bar,u,v",
                |series, step| (format!("{series},{step}"), String::new()),
                ": `foo` may tell the series and `bar` the step of a long table: each row is read as a series",
            ),
            (
                "id,time,u,v,label",
                |series, step| (format!("{series},{step}"), format!(",{}", label(step))),
                ":3: `label` is `down`, and another before in the same series by `id`",
            ),
            (
                "person,sec,u,v,label",
                |series, step| (format!("{series},{step}"), format!(",{}", label(step))),
                ":3: `label` is `down`, and another before in the same series by `person`",
            ),
            (
                "id,time,u,v,label",
                |series, step| (format!("{series},{}", step / 2), format!(",{}", label(series))),
                ":3: `time` is as in line 2 of the same series by `id`, and not only there",
            ),
            (
                "subject,trial,time,u,v",
                |series, step| (format!("{},{},{step}", series / 6, series % 6), String::new()),
                ": `time` begins again and again as in a long table, and no one column tells the series",
            ),
            (
                "time,u,v,label",
                |series, step| (format!("{step}"), format!(",{}", label(series))),
                ": `time` begins again and again",
            ),
        ];
        for (names, cells, expected) in cases {
            let text = steps(names, cells);
            let found = rows("doubt.csv", &text, &ReadOptions::default()).unwrap();
            assert_eq!(found.sequences.len(), 480, "{names}");
            let notes: Vec<&String> = found.notes.iter().filter(|note| note.contains(expected)).collect();
            assert!(notes.len() == 1 && keys(notes[0]), "`{expected}` is not in {:?}", found.notes);
            // Who says that a row is a series hears nothing of it.
            let options = ReadOptions { long: Some(false), ..Default::default() };
            assert!(!rows("doubt.csv", &text, &options).unwrap().notes.iter().any(|note| keys(note)));
        }
        let options = ReadOptions { id: Some("foo".into()), time: Some("bar".into()), ..Default::default() };
        let found = rows("settled.csv", &steps(cases[0].0, cases[0].1), &options).unwrap();
        assert_eq!((found.sequences.len(), series(&found)[0].1), (60, 2));
        // The step is found where the series is named alone.
        let options = ReadOptions { time: None, ..options };
        let found = rows("settled.csv", &steps(cases[0].0, cases[0].1), &options).unwrap();
        assert_eq!((found.sequences.len(), series(&found)[0].1), (60, 2));
        told(&found, "`bar` tells the step by its looks; `data.time` names another");
    }

    #[test]
    fn numbers_called_y_are_channels_beside_the_label_of_a_series() {
        let text =
            steps("id,time,x,y,label", |series, step| (format!("{series},{step}"), format!(",{}", label(series))));
        let found = rows("y.csv", &text, &ReadOptions::default()).unwrap();
        assert_eq!((found.sequences.len(), series(&found)[0].1, &found.labels[1][..]), (60, 2, "down"));
        let text: String =
            (0..48).map(|row| format!("{},{},{row}.5,{},{}\n", row / 6, row % 6, row % 2, label(row / 6))).collect();
        let found = rows("few-y.csv", &format!("id,time,x,y,label\n{text}"), &ReadOptions::default()).unwrap();
        assert_eq!(series(&found)[0].0[..6], [0.5, 0.0, 1.5, 1.0, 2.5, 0.0]);
    }

    #[test]
    fn texts_of_users_in_turn_are_no_long_table() {
        let words = |row: usize| ["good", "so so", "not again", "never", "fine"][row % 5];
        let text: String = (0..60)
            .map(|row| format!("u{},{},{} {row},0.{row},{}\n", row / 5, row % 5, words(row), label(row / 5)))
            .collect();
        let found = rows("users.csv", &format!("user,n,opinion,score,label\n{text}"), &ReadOptions::default()).unwrap();
        assert_eq!(found.sequences.len(), 60, "{:?}", found.notes);
    }
}
