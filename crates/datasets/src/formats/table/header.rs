//! Whether the first row of a table holds names.

use std::collections::HashSet;

use csv::StringRecord;

use crate::formats::table::layout::Layout;
use crate::formats::table::{TEXT, is_target};
use crate::formats::{ReadOptions, is_missing};

/// Rows that are compared with the first.
pub(crate) const SAMPLE: usize = 500;

/// By what the config says, by what training saw, else by the looks of the first row beside the others.
pub(crate) fn is_there(records: &[StringRecord], options: &ReadOptions) -> bool {
    if let Some(header) = options.header {
        return header;
    }
    is_named(&records[0], options) || looks_like(records)
}

/// Whether a row of words holds a usual name of a label or a text, or names that the config or training knows.
pub(crate) fn holds_known_names(record: &StringRecord, options: &ReadOptions) -> bool {
    let usual = |cell: &str| cell.trim().len() > 1 && (is_target(cell) || cell.trim().eq_ignore_ascii_case(TEXT));
    options.header != Some(false)
        && !record.iter().any(is_number)
        && (is_named(record, options) || record.iter().any(usual))
}

/// Whether a row holds names that the config or training knows.
fn is_named(record: &StringRecord, options: &ReadOptions) -> bool {
    let first: HashSet<&str> = record.iter().map(str::trim).collect();
    let trained = |layout: &Layout| layout.named && layout.input_names().all(|name| first.contains(name));
    let named = options
        .text
        .iter()
        .chain(&options.target)
        .chain(&options.features)
        .chain(&options.id)
        .chain(&options.time)
        .any(|name| first.contains(name.as_str()) && name.parse::<usize>().is_err());
    named || options.like.as_ref().is_some_and(trained)
}

/// A line on a first row whose class no other row has, which may be the name of the column; `cells` are those of the
/// column of labels.
pub(crate) fn may_be_read_as_class<'a>(file: &str, mut cells: impl Iterator<Item = &'a str>) -> Option<String> {
    let class = cells.next()?;
    let (mut rest, mut classes) = (0, HashSet::new());
    cells.for_each(|cell| {
        rest += 1;
        classes.insert(cell);
    });
    let alone = rest >= 5 && !is_missing(class) && !classes.contains(class) && 2 * classes.len() <= rest;
    alone.then(|| {
        format!(
            "{file}: the first row has a class of its own, `{class}`: if it holds names, write `data.header = true`"
        )
    })
}

/// Whether a line with commas names a column of texts or of labels.
pub(crate) fn has_known(line: &str) -> bool {
    let known = |cell: &str| cell.len() > 1 && (is_target(cell) || cell.eq_ignore_ascii_case(TEXT));
    line.split([',', ';']).map(|cell| cell.trim().trim_matches('"')).any(known)
}

fn looks_like(records: &[StringRecord]) -> bool {
    let Some((first, rest)) = records.split_first() else { return false };
    let rest: Vec<&StringRecord> = rest.iter().step_by((rest.len() / SAMPLE).max(1)).collect();
    let any_number = |record: &StringRecord| record.iter().any(is_number);
    let again = |column: usize| rest.iter().any(|record| record[column].trim() == first[column].trim());
    let known = |column: usize| is_target(&first[column]) || first[column].trim().eq_ignore_ascii_case(TEXT);
    if !any_number(first) {
        // A row of `NA` or `null` says nothing of the columns.
        let marked = |record: &StringRecord| record.iter().any(|cell| !cell.trim().is_empty() && is_missing(cell));
        let telling = rest.iter().find(|record| any_number(record) || !marked(record));
        return (0..first.len()).any(|column| known(column) && !again(column))
            || (!most_are_marks(first) && telling.is_some_and(|second| any_number(second)))
            || names_above_texts(first, &rest);
    }
    // Among numbers, `y` and `class` are labels, which come again below.
    let named = (0..first.len()).any(|column| known(column) && first[column].trim().len() > 1 && !again(column));
    let corner = |column: usize| if first[column].trim().is_empty() { column == 0 } else { !again(column) };
    let names = (0..first.len()).all(|column| is_number(&first[column]) || corner(column));
    let even = rest.iter().filter(|record| even_steps(record).is_some()).count();
    (named && rest.len() > 1) || (names && are_numbered(first) && 2 * even < rest.len())
}

/// Whether most cells of a row are marks for a missing value, as no names are.
fn most_are_marks(record: &StringRecord) -> bool {
    let marks = record.iter().filter(|cell| !cell.trim().is_empty() && is_missing(cell)).count();
    record.len() > 1 && 2 * marks > record.len()
}

/// A line on a first row of whole numbers in even steps, such as years, above others that are none: it is read as a
/// row, and may be the names of columns.
pub(crate) fn may_be_names_of_numbers(file: &str, records: &[StringRecord]) -> Option<String> {
    let (first, rest) = records.split_first()?;
    let numbers: Vec<f64> = first.iter().map(|cell| cell.trim().parse().ok()).collect::<Option<_>>()?;
    let step = numbers.get(1)? - numbers[0];
    let even = numbers.windows(2).all(|pair| pair[1] - pair[0] == step);
    if numbers.len() < 3 || step == 0.0 || !even || numbers.iter().any(|number| number.fract() != 0.0) {
        return None;
    }
    let rest: Vec<&StringRecord> = rest.iter().step_by((rest.len() / SAMPLE).max(1)).collect();
    let fractional = |record: &StringRecord| {
        record.iter().any(|cell| cell.trim().parse::<f64>().is_ok_and(|value| value.fract() != 0.0))
    };
    let unlike =
        |record: &&&StringRecord| even_steps(record).is_none() && (numbers.len() >= MANY || fractional(record));
    let others = rest.iter().filter(unlike).count();
    (rest.len() > 1 && 10 * others >= 9 * rest.len()).then(|| {
        format!(
            "{file}: the first row, `{}`, `{}` …, counts in even steps and the others do not; it is read as a row: if \
             it holds names, write `data.header = true`, and if not, `data.header = false`",
            first[0].trim(),
            first[1].trim()
        )
    })
}

/// Whole numbers in even steps that are seldom a row by chance.
const MANY: usize = 6;

fn is_number(cell: &str) -> bool {
    cell.trim().parse::<f64>().is_ok()
}

/// Names that are numbers, as a data frame without names is written (0, 1, 2 …) or one of years or wavelengths (400,
/// 402, 404 …). Among numbers alone a row of even steps may be data; there names count from 0 or 1.
fn are_numbered(record: &StringRecord) -> bool {
    let all = record.iter().all(is_number);
    even_steps(record).is_some_and(|(first, step)| !all || (step == 1.0 && (first == 0.0 || first == 1.0)))
}

/// The first number and the step from each to the next, where a row holds three or more with one step.
fn even_steps(record: &StringRecord) -> Option<(f64, f64)> {
    let numbers: Vec<f64> = record.iter().filter_map(|cell| cell.trim().parse().ok()).collect();
    let [first, second, ..] = numbers[..] else { return None };
    let step = second - first;
    let even = numbers.windows(2).all(|pair| ((pair[1] - pair[0]) - step).abs() <= 1e-6 * step.abs());
    (numbers.len() >= 3 && step > 0.0 && even).then_some((first, step))
}

/// A row of short cells that never come again, above a column of texts or of a few classes. Columns that are almost
/// empty need no name: they are what commas at the ends of lines leave.
fn names_above_texts(first: &StringRecord, rest: &[&StringRecord]) -> bool {
    let filled = |column: usize| rest.iter().filter(|record| !is_missing(&record[column])).count();
    let spare = |column: usize| first[column].trim().is_empty() && 4 * filled(column) <= rest.len();
    let used: Vec<usize> = (0..first.len()).filter(|column| !spare(*column)).collect();
    let short = used.iter().all(|column| {
        let cell = &first[*column];
        !is_missing(cell) && cell.split_whitespace().count() <= 2
    });
    if used.is_empty() || !short || rest.len() < 4 {
        return false;
    }
    let mut repeats = false;
    let mut prose = false;
    for &column in &used {
        let cells = || rest.iter().map(|record| record[column].trim());
        let distinct: HashSet<&str> = cells().collect();
        if distinct.contains(first[column].trim()) {
            return false;
        }
        repeats |= 2 * distinct.len() <= rest.len();
        prose |= cells().map(|cell| cell.split_whitespace().count()).sum::<usize>() >= 3 * rest.len();
    }
    prose && (repeats || used.len() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rows: &[&str]) -> bool {
        let records: Vec<StringRecord> = rows.iter().map(|row| row.split(',').collect()).collect();
        is_there(&records, &ReadOptions::default())
    }

    #[test]
    fn names_are_told_from_data() {
        for table in [
            &["a,b,c", "1,2,3"][..],
            // pandas: a frame without names, with and without its index.
            &["0,1,2,3", "0.5,0.1,0.7,0.2", "0.5,0.3,0.9,0.1"],
            &["0,1,2,label", "0.5,0.1,0.7,a", "0.5,0.3,0.9,b"],
            &[",0,1,2,3", "0,0.5,0.1,0.7,0.2", "1,0.5,0.3,0.9,0.1"],
            // Years, wavelengths.
            &["country,2001,2002,2003", "France,0.5,0.1,0.7", "Spain,0.5,0.3,0.9"],
            &["400,402.5,405,class", "0.5,0.1,0.7,a", "0.5,0.3,0.9,b"],
            &["text,label", "hello you,a", "bye now,b"],
            &[
                "review,sentiment",
                "a fine long day,pos",
                "no more of it,neg",
                "it was bad,neg",
                "I like it,pos",
                "so so it is,neg",
            ],
            &["v1,v2,,", "ham,a fine long day,,", "ham,no more of it,,", "spam,it was bad,,", "ham,so so it is, and,"],
            &["message", "a fine long day", "no more of it", "it was bad", "I like it"],
        ] {
            assert!(found(table), "{table:?}");
        }
    }

    #[test]
    fn data_are_no_names() {
        for table in [
            &["0.1,0.2,y", "0.3,0.4,n", "0.2,0.1,y"][..],
            &["1,2,3,4", "2,3,4,5", "3,4,5,6"],
            &["0.5,0.7,1.2", "0.5,0.1,0.7"],
            &["bad,the a a sour rude", "good,calm one host", "bad,this room one", "good,so it is", "bad,no way"],
            &["1,team 0,the day", "2,stock 0,the day"],
            &["the a a sour rude this", "calm one host", "this room one harsh", "and a fifth here"],
        ] {
            assert!(!found(table), "{table:?}");
        }
    }

    #[test]
    fn a_first_row_with_a_class_of_its_own_is_asked_about() {
        let told = |first: &str| {
            let rows = [first, "a", "b", "a", "b", "a"];
            let records: Vec<StringRecord> = rows.iter().map(|row| StringRecord::from(vec![*row])).collect();
            may_be_read_as_class("x.csv", records.iter().map(|record| record[0].trim()))
        };
        assert!(told("mood of the writer").unwrap().contains("`mood of the writer`: if it holds names"));
        assert_eq!(told("a"), None);
    }

    #[test]
    fn rows_of_marks_for_none_are_no_names_and_hide_none() {
        assert!(found(&["a,b,c,l", "#N/A,None,null,x", "0.5,0.1,0.7,y", "0.5,0.3,0.9,x"]));
        assert!(found(&["a,b,l", "NA,,x", "-,null,y", "0.5,0.3,x"]));
        assert!(!found(&["#N/A,None,null,x", "0.5,0.1,0.7,y", "0.5,0.3,0.9,x"]));
    }

    #[test]
    fn a_first_row_that_counts_is_asked_about() {
        let told = |rows: &[&str]| {
            let records: Vec<StringRecord> = rows.iter().map(|row| row.split(',').collect()).collect();
            may_be_names_of_numbers("x.csv", &records)
        };
        let line = told(&["1990,1991,1992", "0.5,0.25,0.75", "0.5,0.1,1"]).unwrap();
        assert!(line.contains("the first row, `1990`, `1991` …") && line.contains("`data.header = true`"), "{line}");
        assert!(told(&["2000,1990,1980", "0.5,0.25,0.75", "0.5,0.1,1"]).is_some());
        assert!(told(&["5,10,15,20,25,30", "7,9,4,4,1,9", "1,9,3,4,1,2"]).is_some());
        for sound in [
            &["1990,1991,1993", "0.5,0.25,0.75", "0.5,0.1,1"][..],
            &["1,2,3", "4,6,9", "7,1,1"],
            &["1,2,3,4,5,6", "2,3,4,5,6,7", "3,4,5,6,7,8"],
            &["0.5,1,1.5", "0.5,0.25,0.75", "0.5,0.1,1"],
            &["2,2,2", "0.5,0.25,0.75", "0.5,0.1,1"],
        ] {
            assert_eq!(told(sound), None, "{sound:?}");
        }
    }

    #[test]
    fn the_config_decides() {
        let records: Vec<StringRecord> = ["up,down", "left,right"].iter().map(|row| row.split(',').collect()).collect();
        let with = |options: ReadOptions| is_there(&records, &options);
        assert!(with(ReadOptions { header: Some(true), ..Default::default() }));
        assert!(with(ReadOptions { target: Some("down".into()), ..Default::default() }));
        assert!(!with(ReadOptions::default()));
    }
}
