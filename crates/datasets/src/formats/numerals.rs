//! Numbers as people write them, as plain ones with a point: a decimal comma (`0,5`, `1.234,5`), commas between
//! thousands (`12,345`, `254,030.00`), a percent sign (`3.4%`).

use csv::StringRecord;

use crate::formats::number;

/// What the numbers of a table were written with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// A comma before decimals.
    pub(super) decimal_commas: bool,
    /// Commas between thousands.
    pub(super) thousands: bool,
    /// Percent signs behind numbers.
    pub(super) percents: bool,
}

/// What commas mean in the numbers of a column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Commas {
    None,
    Decimal,
    Thousands,
}

/// Whether a cell is a number that is written otherwise than with a point, as far as a look at it alone tells.
pub(super) fn is_written_otherwise(cell: &str) -> bool {
    let cell = cell.trim();
    let number =
        cell.len() <= LONGEST && cell.starts_with(|letter: char| letter.is_ascii_digit() || "+-.,".contains(letter));
    number
        && ((cell.contains(',') && (with_point(cell).is_some() || without_groups(cell).is_some()))
            || without_percent(cell).is_some())
}

/// Letters of a number at most.
const LONGEST: usize = 60;

/// Writes the numbers of each column plainly where most of its cells are written alike, and tells what there was.
/// `mark` parts the cells: where it is a comma, cells were quoted.
pub(super) fn replace(records: &mut [StringRecord], mark: u8) -> Found {
    let width = records.iter().map(StringRecord::len).max().unwrap_or(0);
    let columns: Vec<(bool, Commas)> = (0..width).map(|column| look(records, column, mark)).collect();
    let found = Found {
        decimal_commas: columns.iter().any(|(_, commas)| *commas == Commas::Decimal),
        thousands: columns.iter().any(|(_, commas)| *commas == Commas::Thousands),
        percents: columns.iter().any(|(percents, _)| *percents),
    };
    if found == Found::default() {
        return found;
    }
    for record in records {
        let cells = record.iter().zip(&columns);
        *record = cells.map(|(cell, column)| plain(cell, *column).unwrap_or_else(|| cell.into())).collect();
    }
    found
}

/// A cell of a column without percent signs and commas; `None` where nothing changes.
fn plain(cell: &str, (percents, commas): (bool, Commas)) -> Option<String> {
    let bare = if percents { without_percent(cell) } else { None };
    let number = bare.unwrap_or(cell);
    let mended = match commas {
        Commas::None => None,
        Commas::Decimal => with_point(number),
        Commas::Thousands => without_groups(number),
    };
    mended.or_else(|| bare.map(str::to_string))
}

/// Whether the numbers of a column have percent signs, and what their commas mean.
fn look(records: &[StringRecord], column: usize, mark: u8) -> (bool, Commas) {
    let cells: Vec<&str> =
        records.iter().filter_map(|record| record.get(column)).map(str::trim).filter(|cell| !cell.is_empty()).collect();
    let signed: Vec<&str> = cells.iter().filter_map(|cell| without_percent(cell)).collect();
    // Beside `5%` a number without the sign may be of another scale.
    let mixed = || cells.iter().any(|cell| matches!(number(cell), Ok(Some(_))));
    if !signed.is_empty() && 2 * signed.len() >= cells.len() && !mixed() {
        return (true, commas_of(&signed, signed.len(), mark));
    }
    (false, commas_of(&cells, cells.len(), mark))
}

/// What commas mean in the numbers of a column of `count` cells.
fn commas_of(cells: &[&str], count: usize, mark: u8) -> Commas {
    let decimal = |cell: &str| with_point(cell).is_some();
    let thousands = |cell: &str| without_groups(cell).is_some();
    let commas = cells.iter().filter(|cell| cell.contains(',') && (decimal(cell) || thousands(cell)));
    let commas: Vec<&str> = commas.copied().collect();
    // `1,234` between commas is what English programs write for a thousand and more; elsewhere it may be a decimal.
    let english = mark == b',' || commas.iter().any(|cell| !decimal(cell));
    let meant = if english && commas.iter().all(|cell| thousands(cell)) { Commas::Thousands } else { Commas::Decimal };
    let reads = |cell: &str| if meant == Commas::Thousands { thousands(cell) } else { decimal(cell) };
    let numbers = cells.iter().filter(|cell| reads(cell) || number(cell).is_ok()).count();
    if commas.is_empty() || 2 * numbers < count { Commas::None } else { meant }
}

/// The number before a percent sign.
fn without_percent(cell: &str) -> Option<&str> {
    let bare = cell.trim().strip_suffix('%')?.trim_end();
    let sound = matches!(number(bare), Ok(Some(_))) || with_point(bare).is_some() || without_groups(bare).is_some();
    sound.then_some(bare)
}

/// A number with commas between its thousands, perhaps with decimals behind a point, as Rust reads it.
fn without_groups(cell: &str) -> Option<String> {
    let cell = cell.trim();
    let digits = cell.strip_prefix(['+', '-']).unwrap_or(cell);
    let (whole, part) = digits.split_once('.').map_or((digits, None), |(whole, part)| (whole, Some(part)));
    let sound = whole.contains(',')
        && grouped(whole, ',')
        && part.is_none_or(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    sound.then(|| cell.replace(',', ""))
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

    fn column(cells: &[&str], mark: u8) -> (Found, Vec<String>) {
        let mut records: Vec<StringRecord> = cells.iter().map(|cell| StringRecord::from(vec![*cell])).collect();
        let found = replace(&mut records, mark);
        (found, records.iter().map(|record| record[0].to_string()).collect())
    }

    fn texts(cells: &[&str]) -> Vec<String> {
        cells.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_columns_of_numbers_change() {
        let decimals = Found { decimal_commas: true, ..Found::default() };
        assert_eq!(column(&["load", "0,5", "", "2"], b';'), (decimals, texts(&["load", "0.5", "", "2"])));
        for same in [&["load", "0.5", "2"][..], &["well, yes", "no, 5", "3,5 stars", "1,5"], &["all", "of it", "1,234"]]
        {
            assert_eq!(column(same, b';'), (Found::default(), texts(same)));
        }
    }

    #[test]
    fn commas_between_thousands_are_left_out() {
        let thousands = Found { thousands: true, ..Found::default() };
        for (cells, expected) in [
            (&["1,234", "12,345", "7"][..], ["1234", "12345", "7"]),
            (&["254,030.00", "-1,234,567.5", "0.00"], ["254030.00", "-1234567.5", "0.00"]),
            (&["volume", "", "1,234"], ["volume", "", "1234"]),
        ] {
            assert_eq!(column(cells, b','), (thousands, texts(&expected)));
        }
        // Between other marks such a number is one with three decimals, unless a cell can be none.
        assert_eq!(column(&["1,234", "12,345"], b';').1, ["1.234", "12.345"]);
        assert_eq!(column(&["1,234", "1,234,567"], b'\t'), (thousands, texts(&["1234", "1234567"])));
        assert_eq!(column(&["1,234", "0,5"], b',').1, ["1.234", "0.5"]);
    }

    #[test]
    fn percent_signs_are_left_out() {
        let percents = Found { percents: true, ..Found::default() };
        assert_eq!(column(&["rate", "3.4%", "-10 %", "NaN"], b','), (percents, texts(&["rate", "3.4", "-10", "NaN"])));
        let both = Found { decimal_commas: true, ..percents };
        assert_eq!(column(&["3,4%", "12%"], b';'), (both, texts(&["3.4", "12"])));
        let both = Found { thousands: true, ..percents };
        assert_eq!(column(&["1,200%", "12.5%"], b','), (both, texts(&["1200", "12.5"])));
        for same in [&["5%", "0.05"][..], &["100% sure", "5%", "not at all"], &["%", "%"]] {
            assert_eq!(column(same, b','), (Found::default(), texts(same)));
        }
    }
}
