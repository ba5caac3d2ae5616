//! Large tables row by row: a first pass looks at all cells and keeps some rows, by which the columns are told; a
//! second makes sequences of the rows, of which none is held but the one that is read. What it says is what the reader
//! of whole tables says. Where that would look at all rows together (quoted cells of several lines, decimal commas,
//! another encoding, rows of unequal width), the table is left to it.

pub(super) mod json;
mod lines;
mod scan;
mod watch;

use std::path::Path;

use csv::StringRecord;

use crate::error::DataError;
use crate::formats::decode::note_blank_lines;
use crate::formats::streamed::lines::Lines;
use crate::formats::streamed::scan::{Found, Scan};
use crate::formats::table::cells_of_row::{joined, series};
use crate::formats::table::choose::{Looks, by_looks};
use crate::formats::table::layout::{Layout, LayoutKind};
use crate::formats::table::names::{column_place, identifier_of_rows};
use crate::formats::table::profile::{self, Profile};
use crate::formats::table::{Columns, header, long_columns, shape};
use crate::formats::{ReadOptions, Rows, separators};
use crate::levels::leveled;
use crate::packed::spool;
use crate::row_keys::RowKeys;
use crate::sequence::Sequence;

/// Bytes from which a file is read row by row, where it need not be for its own sake.
const LARGE: u64 = 8 << 20;

/// Rows at the beginning by which a table may be one with a row per step.
const BEGINNING: usize = 2000;

/// Whether a file is read row by row, as far as its size tells: what is packed is so whatever its size.
pub(super) fn is_large(path: &Path) -> bool {
    let size = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|file| file.len());
    size.is_some_and(|size| spool::is_on() || size >= LARGE)
}

/// What the first pass over a table found.
pub(super) struct Sketch {
    scan: Box<Scan>,
    pub(super) names: Vec<String>,
    pub(super) named: bool,
    /// Rows below the names.
    pub(super) rows: usize,
    pub(super) profiles: Vec<Profile>,
    /// The rows that they are of.
    sample: Vec<StringRecord>,
    /// A line on a first row that is read as one and may hold names.
    doubt: Option<String>,
}

/// Looks at a large table; `None` where it has to be read as a whole.
///
/// # Errors
///
/// Where the file cannot be read.
pub(super) fn sketch(path: &Path, delimiter: u8, options: &ReadOptions) -> Result<Option<Sketch>, DataError> {
    match is_large(path) {
        true => sketch_of(path, delimiter, options),
        false => Ok(None),
    }
}

fn sketch_of(path: &Path, delimiter: u8, options: &ReadOptions) -> Result<Option<Sketch>, DataError> {
    let left = |why: &str| {
        spool::tell(format!("{}: {why}", path.display()));
        Ok(None)
    };
    if options.long == Some(true) {
        return left("a table with a row per step");
    }
    let scan = match Scan::of(path, delimiter)? {
        Found::Plain(scan) => scan,
        Found::Other(why) => return left(why),
    };
    if scan.names_again && header::holds_known_names(&scan.first, options) {
        return left("the names of the columns stand again below");
    }
    let step = ((scan.records - 1) / header::SAMPLE).max(1);
    let beginning = [0].into_iter().chain((1..scan.records).step_by(step));
    let beginning = scan.sample(path, beginning)?;
    if !options.reads_texts() && shape::are_parted_by_spaces(beginning.iter()) {
        return left("cells that spaces part, by its looks");
    }
    let named = header::is_there(&beginning, options);
    let doubt = match named || options.header.is_some() {
        true => None,
        false => header::may_be_names_of_numbers(&path.display().to_string(), &beginning),
    };
    let rows = scan.records - usize::from(named);
    if rows == 0 {
        return left("there is no row");
    }
    let names: Vec<String> = match named {
        true => scan.first.iter().map(|cell| cell.trim().to_string()).collect(),
        false => (1..=scan.first.len()).map(|column| column.to_string()).collect(),
    };
    let step = rows.div_ceil(profile::SAMPLE).max(1);
    let sample = scan.sample(path, (usize::from(named)..scan.records).step_by(step))?;
    let profiles: Vec<Profile> =
        (0..names.len()).map(|column| Profile::of(&sample, column).counting(scan.counts(named, column))).collect();
    if scan.has_other_numbers(&profiles) {
        return left("numbers with decimal commas, commas between thousands or percent signs");
    }
    let first = scan.sample(path, usize::from(named)..scan.records.min(BEGINNING))?;
    if long_columns::may_be(&names, named, &profiles, &first, rows, options) {
        return left("a table with a row per step, perhaps");
    }
    Ok(Some(Sketch { scan, names, named, rows, profiles, sample, doubt }))
}

/// The sequences of a large table; `None` where it has to be read as a whole.
///
/// # Errors
///
/// Names the file, the line, what was expected, and how to mend it; bad rows are reported together.
pub(super) fn read(path: &Path, delimiter: u8, options: &ReadOptions) -> Result<Option<Rows>, DataError> {
    match sketch(path, delimiter, options)? {
        Some(sketch) => rows_of(path, delimiter, &sketch, options),
        None => Ok(None),
    }
}

fn rows_of(path: &Path, delimiter: u8, sketch: &Sketch, options: &ReadOptions) -> Result<Option<Rows>, DataError> {
    let name = path.display().to_string();
    let mut notes = Vec::new();
    note_blank_lines(&sketch.scan.blank, sketch.scan.lines, &name, &mut notes);
    if sketch.scan.mark != delimiter {
        notes.push(format!("{name}: cells are parted by {}", separators::shown(sketch.scan.mark)));
    }
    notes.extend(sketch.doubt.clone());
    let columns = columns(sketch, &name, options, &mut notes)?;
    if !matches!(columns.kind, LayoutKind::Wide | LayoutKind::Text) {
        return Ok(None);
    }
    let rows = sequences(path, sketch, &columns, options)?;
    let Sketch { named, names, .. } = sketch;
    if columns.target.is_some() && !named && options.header.is_none() {
        notes.extend(header::may_be_read_as_class(&name, rows.labels.iter().map(String::as_str)));
    }
    let layout = Some(Layout::new(&columns, names, *named));
    Ok(Some(Rows { name, notes, layout, ..rows }))
}

/// By what training saw; of a training table by its names and looks.
fn columns(sketch: &Sketch, file: &str, options: &ReadOptions, notes: &mut Vec<String>) -> Result<Columns, DataError> {
    let Sketch { scan, names, named, rows, profiles, sample, .. } = sketch;
    if let Some(layout) = options.like.as_ref().filter(|layout| layout.is_of_a_table()) {
        return layout.find(file, names, *named, notes);
    }
    let identifier =
        |free: &dyn Fn(&usize) -> bool| identifier_of_rows(names, *named, free, &|column| scan.names_rows(column));
    let alike = |one: usize, other: usize| profile::are_one(sample.iter(), one, other);
    let (named, rows, profiles) = (*named, *rows, profiles.clone());
    by_looks(Looks { file, names, named, rows, profiles, identifier: &identifier, alike: &alike }, options, notes)
}

/// The second pass: rows become sequences.
fn sequences(path: &Path, sketch: &Sketch, columns: &Columns, options: &ReadOptions) -> Result<Rows, DataError> {
    let Sketch { scan, names, named, .. } = sketch;
    let name = path.display().to_string();
    let free = |column: &usize| Some(*column) != columns.target && !columns.inputs.contains(column);
    let id = columns
        .id
        .or_else(|| identifier_of_rows(names, *named, free, &|column| scan.names_rows(column)))
        // What is packed is trained on, and names of rows are for predictions.
        .filter(|_| !spool::is_on());
    let group = match &options.group {
        Some(group) => match column_place(&name, names, "labels.group", group) {
            Err(error) if options.like.is_none() => return Err(error),
            found => found.ok(),
        },
        None => None,
    };
    let mut rows = Rows::default();
    let mut keys = RowKeys::default();
    let mut sink = spool::sink()?;
    let mut bad = Vec::new();
    let mut lines = Lines::new(path);
    let mut reader = scan.reader(path, 0)?;
    let mut record = StringRecord::new();
    let mut place = 0;
    loop {
        let begin = scan.start + reader.position().byte();
        let more = reader
            .read_record(&mut record)
            .map_err(|error| DataError::new(format!("{name}: {error}"), "check the quotes near this place"))?;
        if !more {
            break;
        }
        place += 1;
        if place == 1 && *named {
            continue;
        }
        if record.len() != names.len() {
            return Err(DataError::new(
                format!("{name}: the file has changed while it was read"),
                "read it when it is whole",
            ));
        }
        let cell = |column: usize| record[column].trim().to_string();
        if columns.kind == LayoutKind::Text {
            sink.push(Sequence::Text(joined(&record, &columns.inputs)))?;
        } else {
            match series(&record, columns, names) {
                Ok(values) => {
                    rows.codes.look(&values, 1);
                    let (series, level) = leveled(&values, 1);
                    rows.levels.push(sink.len(), level);
                    sink.push(Sequence::Series(series))?;
                }
                Err(reason) => {
                    bad.push(format!("{name}:{}: {reason}", lines.at(begin)?));
                    continue;
                }
            }
        }
        rows.labels.push(columns.target.map_or_else(String::new, cell));
        keys.ids.extend(id.map(cell));
        keys.groups.extend(group.map(cell));
    }
    if !bad.is_empty() {
        return Err(DataError::several(bad, "mend or remove these rows; a text column is named with `data.text`"));
    }
    rows.sequences = sink.finish(&[])?;
    rows.keys = keys;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::file;
    use crate::formats::csv::rows_of as whole;
    use crate::formats::table::cells_of_file::Table;

    /// What both readers make of a table; `None` where the one of rows leaves it to the other.
    fn both(name: &str, text: &str, options: &ReadOptions) -> Option<Rows> {
        let path = file(name, text);
        let mark = if name.ends_with(".tsv") { b'\t' } else { b',' };
        let read = sketch_of(&path, mark, options).and_then(|sketch| match sketch {
            Some(sketch) => super::rows_of(&path, mark, &sketch, options),
            None => Ok(None),
        });
        let expected = Table::read(&path, mark, options).and_then(|table| whole(table, options));
        match (read, expected) {
            (Ok(Some(rows)), Ok(expected)) => {
                // Values that are missing are equal to none.
                assert_eq!(format!("{rows:?}"), format!("{expected:?}"), "{name}: {text:.200}");
                Some(rows)
            }
            (Err(error), Err(expected)) => {
                assert_eq!(error.in_full(), expected.in_full(), "{name}: {text:.200}");
                None
            }
            (Ok(None), _) => None,
            (read, expected) => panic!("{name}: {read:?}, {expected:?}"),
        }
    }

    fn table(names: &str, rows: usize, row: impl Fn(usize) -> String) -> String {
        let rows: Vec<String> = (0..rows).map(row).collect();
        format!("{names}{}", rows.concat())
    }

    #[test]
    fn rows_one_by_one_are_those_of_the_whole() {
        let wide =
            |rows| table("t0,t1,t2,label\n", rows, |row| format!("{row}.5,-{row},1e-3,{}\n", ["up", "down"][row % 2]));
        let texts = |rows| {
            table("id,text,label\n", rows, |row| {
                format!("r{row},\"so, a \"\"fine\"\" day {row}\",{}\n", ["good", "", "bad"][row % 3])
            })
        };
        let cases = [
            ("wide.csv", wide(7)),
            ("wide.csv", wide(2500)),
            ("texts.csv", texts(5)),
            ("texts.csv", texts(3000)),
            ("windows.csv", wide(40).replace('\n', "\r\n")),
            ("marked.csv", format!("\u{feff}{}", wide(10))),
            ("blank.csv", wide(10).replace("3.5", "\n\n3.5") + "\n\n"),
            ("semicolons.csv", wide(30).replace(',', ";")),
            ("sep.csv", format!("sep=;\n{}", wide(30).replace(',', ";"))),
            ("tabs.tsv", wide(30).replace(',', "\t")),
            ("commas.tsv", wide(30)),
            ("semicolons.tsv", wide(30).replace(',', ";")),
            ("nameless.csv", table("", 60, |row| format!("{},{row}.5,{}.25,\n", row % 3, row * 7))),
            ("counting.csv", table(",a,b,y\n", 200, |row| format!("{row},{row}.5,{}.5,{}\n", row * 3 % 7, row % 2))),
            (
                "ids.csv",
                table("visit_id,a,b,c,class\n", 100, |row| format!("{},1.5,{row}.5,2,{}\n", 900 + row, row % 4)),
            ),
            (
                "twice.csv",
                table("visit_id,a,b,c,class\n", 100, |row| format!("{},1.5,{row}.5,2,{}\n", row % 99, row % 4)),
            ),
            ("large.csv", table("a,b,label\n", 20, |row| format!("16000000{row:02}.25,1600000000.5,{}\n", row % 2))),
            (
                "missing.csv",
                table("a,b,label\n", 20, |row| {
                    format!("{},?,NA\n{row},,x\n", if row == 0 { "-" } else { "1" }).replace("-,?", "1,-")
                }),
            ),
            ("bad.csv", table("a,b,label\n", 20, |row| format!("{},2,x\n\n", if row == 7 { "one" } else { "1" }))),
            (
                "sorted.csv",
                table("no,a,b,kind\n", 3000, |row| format!("{row},{}.5,{row}.25,{}\n", row % 7, row / 1000)),
            ),
            ("slots.csv", table("when,a,y,label\n", 300, |row| format!("slot-{row},{row}.5,0.{row},{}\n", row % 2))),
            ("again.csv", table("x,z,y,label\n", 60, |row| format!("0.5,{row}.5,{0},{0}\n", row % 2))),
            ("units.csv", table("a,b,label\n", 60, |row| format!("{row} kg,€{row}.5,{}\n", row % 2))),
            (
                "apart.csv",
                table("t0,who,t1,t2,kind\n", 1500, |row| {
                    format!(
                        "0.{0},{1},{0}.5,{2},{3}\n",
                        row % 9,
                        10_000 + 7 * row,
                        ["-999", "1"][row % 2],
                        ["up", "down"][row % 2]
                    )
                }),
            ),
            ("rising.csv", table("ts,v\n", 400, |row| format!("{},0.{}\n", 1_672_531_200 + 3600 * row, row * 7 % 9))),
            ("years.csv", table("1990,1991,1992\n", 700, |row| format!("{row}.5,0.25,{}.5\n", row * 7 % 9))),
            ("bad.csv", table("a,b,l\nNA,null,x\n", 0, |_| String::new()) + "1,2,y\n3.5,4,x\n"),
            ("letters.csv", table("text,label\n", 50, |row| format!("né à l'été {row} 好,{}\n", row % 2))),
            (
                "commas.csv",
                table("text,label\n", 300, |row| {
                    format!("\"{}\",{}\n", if row == 9 { "1,000".into() } else { format!("it is {row}") }, row % 2)
                }),
            ),
        ];
        for (name, text) in cases {
            let found = both(name, &text, &ReadOptions { supervised: true, ..Default::default() });
            assert!(found.is_some() || name == "bad.csv", "{name} is left to the reader of the whole");
            both(name, &text, &ReadOptions::default());
        }
        let named =
            ReadOptions { target: Some("c".into()), features: vec!["b".into(), "a".into()], ..Default::default() };
        let text = table("visit_id,a,b,c\n", 100, |row| format!("{},1.5,{row}.5,{}\n", 900 + row, row % 4));
        let rows = both("named.csv", &text, &named).unwrap();
        assert_eq!(rows.keys.ids[1], "901");
        // Later tables are read by what training saw.
        let later = ReadOptions { like: rows.layout, ..named };
        assert!(both("later.csv", "c,b,a\n1,2,3\n,5,6\n", &later).is_some());
        assert!(both("lacking.csv", "c,b\n1,2\n,5\n", &later).is_none());
        let grouped = ReadOptions { group: Some("a".into()), ..Default::default() };
        assert!(both("grouped.csv", &wide(20).replace("t0", "a"), &grouped).is_some());
    }

    #[test]
    fn what_needs_a_look_at_the_whole_is_left_to_it() {
        let row = |row: usize| format!("{row}.5,{row},x\n");
        let plain = table("a,b,label\n", 20, row);
        for (name, text) in [
            ("lines.csv", table("text,label\n", 20, |row| format!("\"one\ntwo {row}\",{}\n", row % 2))),
            ("decimal.csv", table("a;b;label\n", 20, |row| format!("{row},5;{row},25;x\n"))),
            ("percent.csv", table("a,b,label\n", 20, |row| format!("{row}%,{row}.5,x\n"))),
            ("long.csv", table("id,time,x\n", 20, |row| format!("{},{},{row}.5\n", row / 4, row % 4))),
            ("person.csv", table("person,sec,x\n", 80, |row| format!("p{},{},{row}.5\n", row / 8, row % 8))),
            ("many.csv", table("id,time,x\n", 9000, |row| format!("{},{},{row}.5\n", row / 3, row % 3))),
            ("endless.csv", table("person,sec,x\n", 9000, |row| format!("p{},{},{row}.5\n", row / 3000, row % 3000))),
            ("ragged.csv", format!("{plain}1,2\n")),
            ("empty.csv", format!("{plain},,\n")),
            ("again.csv", format!("{plain}a,b,label\n{plain}")),
            ("mac.csv", plain.replace('\n', "\r")),
            ("open.csv", format!("{plain}\"1,2,x\n")),
            ("nothing.csv", "a,b,label\n".to_string()),
            ("zero.csv", format!("{plain}1\0,2,x\n")),
            ("spaces.csv", plain.replace(',', " ")),
            ("quoted.tsv", table("a\tlabel\n", 20, |row| format!("\"w {row}\"\t\"x\"\n"))),
        ] {
            let path = file(name, &text);
            let mark = if name.ends_with(".tsv") { b'\t' } else { b',' };
            let sketch = sketch_of(&path, mark, &ReadOptions::default()).unwrap();
            assert!(sketch.is_none(), "{name}");
        }
        let path = file("latin.csv", [b"a,label\n\xe9,x\n".as_slice(), b"1,y\n"].concat());
        assert!(sketch_of(&path, b',', &ReadOptions::default()).unwrap().is_none());
    }
}
