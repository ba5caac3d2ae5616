//! Tables as other programs write them: rows of empty cells, row names without a name above them, a separator at each
//! row's end.

use csv::StringRecord;

use crate::formats::is_missing;

/// Tab-separated text is read without quotes; where a whole column is quoted, as R's `write.table` quotes words, they
/// are none of its letters.
pub(crate) fn unquote(records: &mut [StringRecord]) {
    let quoted = |cell: &str| cell.len() >= 2 && cell.starts_with('"') && cell.ends_with('"');
    let all = |records: &[StringRecord], column: usize| {
        let mut cells =
            records.iter().filter_map(|record| record.get(column)).filter(|cell| !cell.is_empty()).peekable();
        cells.peek().is_some() && cells.all(quoted)
    };
    let Some((names, rest)) = records.split_first_mut() else { return };
    let bare = |cell: &str| if quoted(cell) { cell[1..cell.len() - 1].replace("\"\"", "\"") } else { cell.to_string() };
    // Rows may still differ in width.
    let width = rest.iter().map(StringRecord::len).max().unwrap_or(0);
    let columns: Vec<bool> = (0..width).map(|column| all(rest, column)).collect();
    if columns.contains(&true) {
        for record in rest {
            *record = record
                .iter()
                .zip(&columns)
                .map(|(cell, all)| if *all { bare(cell) } else { cell.to_string() })
                .collect();
        }
    }
    if names.iter().all(|cell| quoted(cell) || cell.is_empty()) {
        *names = names.iter().map(bare).collect();
    }
}

/// Brings the rows to one width where a usual way of writing tables is the reason that they differ.
pub(crate) fn mend(file: &str, records: &mut Vec<StringRecord>, lines: &mut Vec<u64>, notes: &mut Vec<String>) {
    let empty = |record: &StringRecord| record.len() > 1 && record.iter().all(|cell| cell.trim().is_empty());
    let before = records.len();
    let first = records.iter().position(empty).map(|row| lines[row]);
    if let Some(line) = first {
        let rows = std::mem::take(records).into_iter().zip(std::mem::take(lines));
        (*records, *lines) = rows.filter(|(record, _)| !empty(record)).unzip();
        let count = before - records.len();
        notes.push(format!("{file}:{line}: {count} rows hold nothing but empty cells and are left out"));
    }
    let Some((names, rest)) = records.split_first_mut() else { return };
    let width = names.len() + 1;
    if rest.is_empty() || rest.iter().any(|record| record.len() != width) {
        return;
    }
    if rest.iter().all(|record| record[width - 1].trim().is_empty()) {
        rest.iter_mut().for_each(|record| record.truncate(width - 1));
    } else if names.iter().all(|cell| cell.trim().parse::<f64>().is_err()) && !rest.iter().any(is_cut) {
        // R's `write.table` writes no name above its row names.
        *names = std::iter::once("").chain(names.iter()).collect();
    }
}

/// Whether rows of one cell each are rows of several cells that spaces part: as many in each, in the first as well, and
/// most of them numbers, or half of them with decimals. A text has as many words as it likes.
pub(crate) fn are_parted_by_spaces<'a>(records: impl Iterator<Item = &'a StringRecord>) -> bool {
    let mut rows = records.map(|record| match record.len() {
        1 => record[0].split_whitespace().collect::<Vec<&str>>(),
        _ => Vec::new(),
    });
    let Some(first) = rows.next() else { return false };
    let rows: Vec<Vec<&str>> = rows.collect();
    let width = rows.first().map_or(0, Vec::len);
    // R writes no name above its row names.
    if width < 2 || !(first.len() == width || (first.len() > 1 && first.len() + 1 == width)) {
        return false;
    }
    let table: Vec<&Vec<&str>> = rows.iter().filter(|cells| cells.len() == width).collect();
    let is_number = |cell: &str| cell.trim_matches('"').parse::<f64>().is_ok();
    let numbers = |column: &usize| table.iter().all(|cells| is_number(cells[*column]) || is_missing(cells[*column]));
    let columns: Vec<usize> = (0..width).filter(numbers).collect();
    let decimals = columns.iter().any(|column| table.iter().any(|cells| cells[*column].contains('.')));
    10 * table.len() >= 9 * rows.len() && (2 * columns.len() > width || (2 * columns.len() == width && decimals))
}

/// Whether a row holds a text that was cut at a comma which another program had put a backslash before.
pub(crate) fn is_cut(record: &StringRecord) -> bool {
    record.iter().take(record.len().saturating_sub(1)).any(|cell| cell.ends_with('\\'))
}

/// Leaves the names out where they stand again below, as in files that were put together, and tells it. Texts may
/// repeat a row; names are told from texts by a usual name of a label or text among them, or by those that training
/// saw.
pub(crate) fn without_names_again(
    file: &str,
    records: &mut Vec<StringRecord>,
    lines: &mut Vec<u64>,
    are_names: impl Fn(&StringRecord) -> bool,
    notes: &mut Vec<String>,
) {
    let Some(names) = records.first().filter(|first| first.len() > 1 && are_names(first)).cloned() else { return };
    let same = |record: &StringRecord| record.iter().map(str::trim).eq(names.iter().map(str::trim));
    let again: Vec<usize> = (1..records.len()).filter(|row| same(&records[*row])).collect();
    let Some(first) = again.first().map(|row| lines[*row]) else { return };
    let rows = std::mem::take(records).into_iter().zip(std::mem::take(lines)).enumerate();
    let kept = rows.filter(|(row, (record, _))| *row == 0 || !same(record));
    (*records, *lines) = kept.map(|(_, row)| row).unzip();
    notes.push(format!("{file}:{first}: the names of the columns stand again below (rows: {}); left out", again.len()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(text: &[&str]) -> (Vec<Vec<String>>, Vec<u64>, Vec<String>) {
        let mut records: Vec<StringRecord> = text.iter().map(|row| row.split(';').collect()).collect();
        let (mut lines, mut notes) = ((1..).take(text.len()).collect(), Vec::new());
        mend("x.csv", &mut records, &mut lines, &mut notes);
        (records.iter().map(|record| record.iter().map(str::to_string).collect()).collect(), lines, notes)
    }

    #[test]
    fn rows_that_a_spreadsheet_leaves_empty_are_left_out_and_told() {
        let (records, lines, notes) = mended(&["a;b", "1;2", ";", "3;4", ";"]);
        assert_eq!(records[2], ["3", "4"]);
        assert_eq!(lines, [1, 2, 4]);
        assert_eq!(notes, ["x.csv:3: 2 rows hold nothing but empty cells and are left out"]);
    }

    #[test]
    fn quotes_around_a_whole_column_are_none_of_its_letters() {
        let rows = ["\"a\"\t\"b\"\t\"c\"", "1\t\"x\"\t\"he said", "2\t\"y \"\"z\"\"\"\tno\""];
        let mut records: Vec<StringRecord> = rows.iter().map(|row| row.split('\t').collect()).collect();
        unquote(&mut records);
        assert_eq!(records[0], vec!["a", "b", "c"]);
        assert_eq!(records[1], vec!["1", "x", "\"he said"]);
        assert_eq!(records[2], vec!["2", "y \"z\"", "no\""]);
        // As R writes it, without a name above the row names.
        let mut records: Vec<StringRecord> =
            ["\"t0\"\t\"label\"", "\"1\"\t0.5\t\"a\""].iter().map(|row| row.split('\t').collect()).collect();
        unquote(&mut records);
        assert_eq!(records, [vec!["t0", "label"], vec!["1", "0.5", "a"]]);
    }

    #[test]
    fn row_names_of_r_get_a_name_and_a_last_separator_is_no_cell() {
        assert_eq!(mended(&["a;b", "r1;1;2", "r2;3;4"]).0[0], ["", "a", "b"]);
        assert_eq!(mended(&["a;b", "1;2;", "3;4;"]).0[1], ["1", "2"]);
        assert_eq!(
            mended(&["text;label", "so\\; so;a", "well\\; well;b"]).0[0],
            ["text", "label"],
            "cut texts are no names"
        );
        assert_eq!(mended(&["a;b", "1;2;3", "3;4"]).0[0], ["a", "b"], "ragged rows stay so");
    }

    #[test]
    fn rows_of_numbers_that_spaces_part_are_known() {
        let parted = |text: &str| {
            let records: Vec<StringRecord> = text.lines().map(|row| StringRecord::from(vec![row])).collect();
            are_parted_by_spaces(records.iter())
        };
        assert!(parted("t0 t1 label\n0.5 0.25 a\n1 NaN b"));
        assert!(parted("x label\n0.5 a\n1 b") && parted("1  2\n 3   4\n5 6\n"));
        assert!(parted("\"t0\" \"t1\" \"label\"\n\"1\" 0.5 0.25 \"a\"\n\"2\" 1 2 \"b\""));
        for texts in ["text\nso so\nwell well", "stars\n5 stars\n4 stars", "my view\n5 stars\n4 stars", "a", "a\n1"] {
            assert!(!parted(texts), "{texts}");
        }
        assert!(!parted("12 5 7\n9 4\n1 5 8 8\n7"), "numbers of words");
    }

    #[test]
    fn names_that_stand_again_are_left_out_and_told() {
        let again = |text: &[&str], are_names: bool| {
            let mut records: Vec<StringRecord> = text.iter().map(|row| row.split(',').collect()).collect();
            let (mut lines, mut notes) = ((1..).take(text.len()).collect(), Vec::new());
            without_names_again("x.csv", &mut records, &mut lines, |_| are_names, &mut notes);
            (records.len(), lines, notes)
        };
        let rows = ["text,label", "so so,a", "text, label", "well,b"];
        let (count, lines, notes) = again(&rows, true);
        assert_eq!((count, lines), (3, vec![1, 2, 4]));
        assert_eq!(notes, ["x.csv:3: the names of the columns stand again below (rows: 1); left out"]);
        assert_eq!(again(&rows, false).0, 4, "a text may come twice");
        assert_eq!(again(&rows[..2], true), (2, vec![1, 2], vec![]));
    }
}
