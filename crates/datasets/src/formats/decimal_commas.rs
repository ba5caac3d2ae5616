//! Numbers written with a decimal comma, `0,5` or `1.234,5`, as numbers with a point.

use csv::StringRecord;

use super::number;

/// Writes the numbers of each column that has decimal commas with a point, and tells whether there was one. `mark` parts the
/// cells: where it is a comma, cells were quoted.
pub(super) fn replace(records: &mut [StringRecord], mark: u8) -> bool {
    let width = records.iter().map(StringRecord::len).max().unwrap_or(0);
    let columns: Vec<bool> = (0..width).map(|column| has_commas(records, column, mark)).collect();
    if !columns.contains(&true) {
        return false;
    }
    for record in records {
        let cells = record.iter().zip(&columns);
        let changed: StringRecord = cells
            .map(|(cell, commas)| commas.then(|| with_point(cell)).flatten().unwrap_or_else(|| cell.into()))
            .collect();
        *record = changed;
    }
    true
}

/// Whether a column is one of numbers that are written with a comma.
fn has_commas(records: &[StringRecord], column: usize, mark: u8) -> bool {
    let cells =
        || records.iter().filter_map(|record| record.get(column)).map(str::trim).filter(|cell| !cell.is_empty());
    let commas = cells().filter(|cell| cell.contains(',') && with_point(cell).is_some()).count();
    let numbers = cells().filter(|cell| with_point(cell).is_some() || number(cell).is_ok()).count();
    // `1,234` between commas is what English programs write for a thousand and more.
    let thousands = mark == b',' && cells().filter(|cell| cell.contains(',')).all(in_thousands);
    commas > 0 && !thousands && 2 * numbers >= cells().count()
}

/// A number with a decimal comma, perhaps with points between thousands, as Rust reads it.
pub(super) fn with_point(cell: &str) -> Option<String> {
    let cell = cell.trim();
    let (sign, digits) = match cell.strip_prefix(['+', '-']) {
        Some(rest) => (&cell[..1], rest),
        None => ("", cell),
    };
    let (digits, exponent) =
        digits.split_once(['e', 'E']).map_or((digits, None), |(digits, power)| (digits, Some(power)));
    let (whole, part) = digits.split_once(',').map_or((digits, None), |(whole, part)| (whole, Some(part)));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let whole = match whole.contains('.') {
        true if grouped(whole, '.') => whole.replace('.', ""),
        true => return None,
        false => whole.to_string(),
    };
    let power = exponent.is_none_or(|power| all_digits(power.strip_prefix(['+', '-']).unwrap_or(power)));
    let sound = power && part.is_none_or(all_digits) && (all_digits(&whole) || whole.is_empty() && part.is_some());
    let fraction = part.map_or(String::new(), |part| format!(".{part}"));
    let exponent = exponent.map_or(String::new(), |power| format!("e{power}"));
    sound.then(|| format!("{sign}{whole}{fraction}{exponent}"))
}

/// Digits in groups of three behind the first: `1.234.567`, but not `0.123`, whose first group would be nothing.
fn grouped(digits: &str, mark: char) -> bool {
    let mut groups = digits.split(mark);
    let first = groups.next().unwrap_or("");
    let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    (1..=3).contains(&first.len())
        && digits(first)
        && !first.starts_with('0')
        && groups.all(|group| group.len() == 3 && digits(group))
}

fn in_thousands(cell: &str) -> bool {
    grouped(cell.trim_start_matches(['+', '-']), ',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_become_points() {
        for (cell, expected) in [
            ("0,537", Some("0.537")),
            (" -1.234,5 ", Some("-1234.5")),
            (",5", Some(".5")),
            ("1,5E-3", Some("1.5e-3")),
            ("12", Some("12")),
            ("1.5", None),
            ("0.123", None),
            ("1,2,3", None),
            ("a,5", None),
            ("", None),
        ] {
            assert_eq!(with_point(cell).as_deref(), expected, "{cell}");
        }
    }

    fn column(cells: &[&str], mark: u8) -> (bool, Vec<String>) {
        let mut records: Vec<StringRecord> = cells.iter().map(|cell| StringRecord::from(vec![*cell])).collect();
        let found = replace(&mut records, mark);
        (found, records.iter().map(|record| record[0].to_string()).collect())
    }

    #[test]
    fn only_columns_of_numbers_change() {
        assert_eq!(
            column(&["load", "0,5", "", "2"], b';'),
            (true, vec!["load".into(), "0.5".into(), "".into(), "2".into()])
        );
        assert!(!column(&["load", "0.5", "2"], b';').0);
        assert!(!column(&["well, yes", "no, 5", "3,5 stars", "1,5"], b';').0);
    }

    #[test]
    fn thousands_between_quotes_are_left_alone() {
        assert!(!column(&["1,234", "12,345"], b',').0);
        assert_eq!(column(&["1,234", "0,5"], b',').1, ["1.234", "0.5"]);
    }
}
