//! From the text of a table to its cells: parted by the mark that parts them, with quotes that are checked and numbers
//! that are written with a decimal point.

use std::path::Path;

use csv::StringRecord;

use crate::error::DataError;
use crate::formats::decode::{note_blank_lines, text};
use crate::formats::delimited::reader;
use crate::formats::{numerals, quotes, separators};

/// The rows of a table, which may differ in width.
pub(super) struct Cells {
    pub(super) records: Vec<StringRecord>,
    /// The line of each record.
    pub(super) lines: Vec<u64>,
    /// Whether quotes enclosed cells.
    pub(super) quoted: bool,
}

/// Reads the cells of a file; `delimiter` is the mark that its name promises.
pub(super) fn cells(path: &Path, delimiter: u8, notes: &mut Vec<String>) -> Result<Cells, DataError> {
    let name = path.display().to_string();
    let text = text(path, notes)?;
    let found = separators::find(&text, delimiter);
    let blank = if found.quoted {
        quotes::check(&name, &text, found.mark)?
    } else {
        text.lines().enumerate().filter(|(_, line)| line.is_empty()).map(|(index, _)| index + 1).collect()
    };
    note_blank_lines(&blank, text.lines().count(), &name, notes);
    let body = &text[found.skipped..];
    let mut cells = Cells { records: Vec::new(), lines: Vec::new(), quoted: found.quoted };
    let (mut place, mut line) = (0, 1 + text[..found.skipped].matches('\n').count() as u64);
    for record in reader(found.quoted, found.mark).from_reader(body.as_bytes()).records() {
        let record =
            record.map_err(|error| DataError::new(format!("{name}: {error}"), "check the quotes near this place"))?;
        // The reader counts from the end of the record before, which blank lines and the line's own end may follow.
        let end = record.position().map_or(place, |position| position.byte() as usize);
        let begin = end + body[end..].bytes().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        line += body[place..begin].matches('\n').count() as u64;
        place = begin;
        cells.lines.push(line);
        cells.records.push(record);
    }
    let numbers = numerals::replace(&mut cells.records, found.mark);
    let told: Vec<String> = [
        (found.mark != delimiter).then(|| format!("cells are parted by {}", separators::shown(found.mark))),
        numbers.decimal_commas.then(|| "decimals are written with a comma".into()),
        numbers.thousands.then(|| "commas between thousands are left out".into()),
        numbers.percents.then(|| "percent signs are left out".into()),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !told.is_empty() {
        notes.push(format!("{name}: {}", told.join(", and ")));
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{file, folder, packed};

    fn read(name: &str, text: &str) -> (Vec<Vec<String>>, Vec<u64>, Vec<String>) {
        let mut notes = Vec::new();
        let path = file(name, text);
        let delimiter = if name.ends_with(".tsv") { b'\t' } else { b',' };
        let Cells { records, lines, .. } = cells(&path, delimiter, &mut notes).unwrap();
        let notes = notes.iter().map(|note| note.replace(&path.display().to_string(), "FILE")).collect();
        (records.iter().map(|record| record.iter().map(String::from).collect()).collect(), lines, notes)
    }

    #[test]
    fn a_european_excels_table_is_read_and_told() {
        let (records, _, notes) = read("europe.csv", "t0;t1;label\r\n0,537;-1.234,5;a\r\n-0,612;2;b\r\n3;;\"a;b\"\r\n");
        assert_eq!(records[1..], [["0.537", "-1234.5", "a"], ["-0.612", "2", "b"], ["3", "", "a;b"]]);
        assert_eq!(notes, ["FILE: cells are parted by `;`, and decimals are written with a comma"]);
    }

    #[test]
    fn the_line_that_excel_itself_writes_names_the_mark() {
        let (records, lines, notes) = read("sep.csv", "sep=;\na, b;x\nc;y\n");
        assert_eq!(
            (records, lines),
            (vec![vec!["a, b".to_string(), "x".into()], vec!["c".into(), "y".into()]], vec![2, 3])
        );
        assert_eq!(notes, ["FILE: cells are parted by `;`"]);
    }

    #[test]
    fn a_name_that_promises_tabs_is_told_where_there_are_none() {
        let (records, lines, notes) = read("commas.tsv", "a,b,label\n0.5,1,x\n\n\"2\",3,y\n");
        assert_eq!((&records[2][..], lines), (&["2".to_string(), "3".into(), "y".into()][..], vec![1, 2, 4]));
        assert_eq!(notes[1], "FILE: cells are parted by `,`");
        let (records, _, notes) = read("semicolons.tsv", "a;b;label\n0,5;1,25;x\n2;3,5;y\n");
        assert_eq!(records[1..], [["0.5", "1.25", "x"], ["2", "3.5", "y"]]);
        assert_eq!(notes, ["FILE: cells are parted by `;`, and decimals are written with a comma"]);
    }

    #[test]
    fn decimal_commas_between_tabs_are_told() {
        let (records, _, notes) = read("europe.tsv", "a\tlabel\n0,5\tx\n-1,25\ty\n");
        assert_eq!(records[1..], [["0.5", "x"], ["-1.25", "y"]]);
        assert_eq!(notes, ["FILE: decimals are written with a comma"]);
    }

    #[test]
    fn thousands_and_percents_are_numbers_and_told() {
        let (records, _, notes) = read("thousands.csv", "t0,t1,label\n\"254,030.00\",3.4%,a\n\"1,200.50\",-2%,b\n");
        assert_eq!(records[1..], [["254030.00", "3.4", "a"], ["1200.50", "-2", "b"]]);
        assert_eq!(notes, ["FILE: commas between thousands are left out, and percent signs are left out"]);
    }

    #[test]
    fn tabs_part_cells_as_they_stand() {
        let (records, _, notes) = read("quote.tsv", "ham\tsaid \"hi\nspam\t\"win; a, b\n");
        assert_eq!(records, [["ham", "said \"hi"], ["spam", "\"win; a, b"]]);
        assert_eq!(notes, [""; 0]);
    }

    #[test]
    fn blank_lines_between_rows_are_told_and_lines_keep_their_numbers() {
        for (name, mark) in [("blank.csv", ","), ("blank.tsv", "\t")] {
            let (records, lines, notes) =
                read(name, &format!("a{mark}b\n\n1{mark}2\n\n\n3{mark}4\n\n").replace('\n', "\r\n"));
            assert_eq!((records.len(), lines), (3, vec![1, 3, 6]));
            assert_eq!(notes, ["FILE:2 (and in line 4, 5): a blank line is no row and is left out"]);
        }
    }

    #[test]
    fn a_packed_table_is_read_as_the_table() {
        let path = folder("files").join("cells.csv.gz");
        std::fs::write(&path, packed(b"a;b\n1,5;x\n2,5;y\n")).unwrap();
        let Cells { records, .. } = cells(&path, b',', &mut Vec::new()).unwrap();
        assert_eq!(records[2], StringRecord::from(vec!["2.5", "y"]));
    }
}
