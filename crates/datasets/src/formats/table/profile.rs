//! What the cells of a column look like: numbers, dates, prose, a few names again and again.

use std::collections::{HashMap, HashSet};

use csv::StringRecord;
use semiseq_files::time;

use crate::codes;
use crate::formats::{exact, is_missing, number};

/// Rows that are looked at, evenly over the file, since files are often sorted by class.
pub(crate) const SAMPLE: usize = 1000;

/// What the sampled cells of a column hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Profile {
    /// Rows that were looked at.
    rows: usize,
    /// Cells that are not missing.
    pub(crate) cells: usize,
    /// Those that are numbers.
    pub(crate) numbers: usize,
    /// Those that are whole numbers.
    pub(crate) whole: usize,
    /// Those that are dates or times.
    pub(crate) times: usize,
    /// Those with an hour.
    hours: usize,
    /// Those with a date.
    dates: usize,
    /// Different cells.
    pub(crate) distinct: usize,
    /// Words of all cells.
    words: usize,
    /// Cells of which each word holds a digit and something else, and what is left of them without numbers.
    codes: usize,
    shapes: usize,
    /// Cells of a number with a unit, a currency or spaces between thousands.
    measures: usize,
    /// Whether each number is above the one before.
    rising: bool,
    /// From number to number, and those steps that are as large as the one before.
    steps: usize,
    same_steps: usize,
    /// The least and the largest number, those aside that may be codes for none.
    low: f64,
    high: f64,
    /// Whether the cells of the whole column are 0, 1, 2 … or 1, 2, 3 …
    pub(crate) counts: bool,
}

impl Profile {
    pub(crate) fn of(records: &[StringRecord], column: usize) -> Self {
        let mut profile = Self { counts: counts(records, column), rising: true, ..Self::default() };
        (profile.low, profile.high) = (f64::INFINITY, f64::NEG_INFINITY);
        let (mut last, mut last_step) = (f64::NEG_INFINITY, f64::NAN);
        let (mut seen, mut shapes) = (HashSet::new(), HashSet::new());
        for cell in sampled(records).map(|record| record[column].trim()) {
            profile.rows += 1;
            if is_missing(cell) {
                continue;
            }
            profile.cells += 1;
            profile.words +=
                cell.split_whitespace().count().max(cell.chars().filter(|letter| is_word(*letter)).count());
            seen.insert(cell);
            match number(cell) {
                Ok(Some(value)) => {
                    profile.numbers += 1;
                    // In full: seconds since 1970 have more digits than a value keeps.
                    let exact = exact(cell).ok().flatten().unwrap_or(f64::NAN);
                    profile.rising &= exact > last;
                    let step = exact - last;
                    profile.steps += usize::from(last.is_finite());
                    profile.same_steps += usize::from((step - last_step).abs() <= 1e-6 * step.abs());
                    (last, last_step) = (exact, step);
                    if codes::place(exact).is_none() {
                        (profile.low, profile.high) = (profile.low.min(exact), profile.high.max(exact));
                    }
                    profile.whole += usize::from(value.fract() == 0.0);
                }
                // Infinity is a bad number, and no text.
                _ if cell.parse::<f64>().is_ok() => profile.numbers += 1,
                _ => {
                    if let Some(shape) = shape(cell) {
                        profile.codes += 1;
                        shapes.insert(shape);
                    }
                    profile.measures += usize::from(is_measure(cell));
                    let is_time = time::looks_like(cell);
                    profile.times += usize::from(is_time);
                    profile.hours += usize::from(is_time && cell.contains(':'));
                    profile.dates += usize::from(is_time && cell.contains(['-', '/', ' ']));
                }
            }
        }
        profile.distinct = seen.len();
        profile.shapes = shapes.len();
        profile
    }

    /// The same of a column of which all cells were looked at, and are, or are not, 0, 1, 2 …
    pub(crate) fn counting(self, counts: bool) -> Self {
        Self { counts, ..self }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.cells == 0
    }

    /// By what most cells hold, so that a bad cell is a bad cell and does not make the column one of texts.
    pub(crate) fn is_numeric(&self) -> bool {
        2 * self.numbers >= self.cells
    }

    pub(crate) fn is_time(&self) -> bool {
        self.cells > 0 && 2 * self.times > self.cells
    }

    /// Dates without hours.
    pub(crate) fn is_date_alone(&self) -> bool {
        self.is_time() && self.hours == 0
    }

    /// Hours without dates.
    pub(crate) fn is_hour_alone(&self) -> bool {
        self.is_time() && self.hours == self.times && self.dates == 0
    }

    pub(crate) fn is_text(&self) -> bool {
        !self.is_numeric() && !self.is_time()
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.cells > 0 && self.whole == self.cells
    }

    /// No cell twice.
    pub(crate) fn is_distinct(&self) -> bool {
        self.distinct == self.cells
    }

    /// At least half of the rows have a cell.
    pub(crate) fn is_filled(&self) -> bool {
        2 * self.cells >= self.rows
    }

    /// Numbers of which none comes twice: whole ones, or any that rise.
    pub(crate) fn is_like_clock(&self) -> bool {
        self.is_distinct() && (self.is_whole() || self.rises())
    }

    /// Numbers of which each is above the one before.
    pub(crate) fn rises(&self) -> bool {
        self.cells > 0 && self.numbers == self.cells && self.rising
    }

    /// Numbers of which each is as far from the one before as that from the one before it, but for a few gaps.
    pub(crate) fn is_even(&self) -> bool {
        self.numbers == self.cells
            && self.is_distinct()
            && self.steps > 2
            && 10 * self.same_steps >= 9 * (self.steps - 1)
    }

    /// Whole numbers one after the other in any order.
    pub(crate) fn is_dense(&self) -> bool {
        self.is_whole() && self.is_distinct() && self.high - self.low + 1.0 == self.cells as f64
    }

    /// The least number; infinity where there is none.
    pub(crate) fn low(&self) -> f64 {
        self.low
    }

    /// The largest number; minus infinity where there is none.
    pub(crate) fn high(&self) -> f64 {
        self.high
    }

    /// The same few cells again and again.
    pub(crate) fn repeats(&self) -> bool {
        self.distinct > 0 && 2 * self.distinct <= self.cells
    }

    /// A few names, or a few whole numbers, again and again: at least two of them, since one tells nothing apart.
    pub(crate) fn may_be_classes(&self) -> bool {
        self.distinct >= 2 && self.repeats() && (self.is_text() || self.is_like_classes())
    }

    /// Texts of several words, of which few come twice.
    pub(crate) fn is_prose(&self) -> bool {
        self.is_text() && self.words >= 2 * self.cells && !self.repeats() && !self.is_code()
    }

    /// Texts of which some have several words and few come twice.
    pub(crate) fn may_be_prose(&self) -> bool {
        self.is_text() && 5 * self.words >= 6 * self.cells && !self.repeats() && !self.is_code()
    }

    /// Names that differ in their numbers alone, or numbers with a unit: `slot-3`, `AB-0017`, `1.5kg`, `1h 30m`. They
    /// are no text, whatever stands beside them.
    pub(crate) fn is_code(&self) -> bool {
        let codes = 10 * self.codes >= 9 * self.cells && 5 * self.shapes <= self.codes + 4;
        self.is_text() && (codes || self.is_measured())
    }

    /// Numbers that are none to a reader of numbers: `12.5 €`, `3 kg`, `1 000.5`.
    pub(crate) fn is_measured(&self) -> bool {
        self.is_text() && 10 * self.measures >= 9 * self.cells
    }

    /// A few whole numbers, as classes are written.
    pub(crate) fn is_like_classes(&self) -> bool {
        self.is_whole() && self.repeats() && (2..=MOST_CLASSES).contains(&self.distinct)
    }
}

/// Whether a cell is one number with a currency before it, a word or a sign behind it, or spaces between thousands.
fn is_measure(cell: &str) -> bool {
    let is_currency = |letter: char| "$€£¥₹₽₩".contains(letter);
    let signless = cell.trim_start_matches(['+', '-', '−']).trim_start();
    let priced = signless.starts_with(is_currency);
    let bare = signless.trim_start_matches(is_currency).trim_start_matches(['+', '-', '−', ' ', '\u{a0}']);
    let end = bare.find(|letter: char| !letter.is_ascii_digit() && !letter.is_whitespace() && !".,'’".contains(letter));
    let (number, unit) = bare.split_at(end.unwrap_or(bare.len()));
    let groups: Vec<&str> = number.split_whitespace().collect();
    let begins = |group: &str, digits: usize| group.bytes().take_while(u8::is_ascii_digit).count() == digits;
    let thousands = groups.len() > 1 && groups[0].len() <= 3 && groups[1..].iter().all(|group| begins(group, 3));
    // Swiss programs write an apostrophe there.
    let grouped = thousands || number.contains(['\'', '’']);
    let sound = number.starts_with(|letter: char| letter.is_ascii_digit()) && (groups.len() == 1 || thousands);
    let is_unit = unit.chars().count() <= LONGEST_UNIT
        && !unit.chars().any(|letter| letter.is_ascii_digit() || letter.is_whitespace())
        && unit.starts_with(|letter: char| letter.is_alphabetic() || is_currency(letter) || "%°'\"".contains(letter));
    sound && ((unit.is_empty() && (grouped || priced)) || is_unit)
}

/// Letters of a unit at most: `kg/m³`, `dollars`.
const LONGEST_UNIT: usize = 8;

/// A cell without its numbers, where each of its words holds one and something else.
fn shape(cell: &str) -> Option<String> {
    let digit = |letter: char| letter.is_ascii_digit();
    let sound = |word: &str| word.contains(digit) && !word.chars().all(|letter| digit(letter) || letter == '.');
    if !cell.split_whitespace().all(sound) {
        return None;
    }
    let number = |letter: char| digit(letter) || letter == '.';
    Some(cell.split(number).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("#").to_lowercase())
}

/// The rows that are looked at.
pub(crate) fn sampled(records: &[StringRecord]) -> impl Iterator<Item = &StringRecord> {
    records.iter().step_by(records.len().div_ceil(SAMPLE).max(1))
}

/// Whether each cell of a column goes with one of another, and the other way round, and both come again: a label in
/// words and in numbers.
pub(crate) fn are_one<'a>(records: impl Iterator<Item = &'a StringRecord>, one: usize, other: usize) -> bool {
    let (mut left, mut right) = (HashMap::new(), HashMap::new());
    let mut pairs = records.map(|record| (record[one].trim(), record[other].trim())).filter(|(one, other)| {
        // A row without the one or the other says nothing.
        !is_missing(one) && !is_missing(other)
    });
    let mut rows = 0;
    let alike = pairs.all(|(one, other)| {
        rows += 1;
        *left.entry(one).or_insert(other) == other && *right.entry(other).or_insert(one) == one
    });
    alike && 2 * left.len() <= rows
}

/// The columns of the time: dates and, where they stand apart, hours; or times of any kind.
pub(crate) fn time_columns(profiles: &[Profile], free: impl Fn(usize) -> bool) -> (Option<usize>, Option<usize>) {
    let find = |fits: &dyn Fn(&Profile) -> bool| {
        (0..profiles.len()).filter(|column| free(*column)).find(|column| fits(&profiles[*column]))
    };
    match (find(&Profile::is_date_alone), find(&Profile::is_hour_alone)) {
        (Some(dates), Some(hours)) => (Some(dates), Some(hours)),
        _ => (find(&Profile::is_time), None),
    }
}

/// Whole numbers of more kinds than this are counts or steps rather than classes.
const MOST_CLASSES: usize = 60;

/// Whether a letter is of a script that is written without spaces: Thai, Burmese, Khmer, Japanese, Chinese.
fn is_word(letter: char) -> bool {
    matches!(
        u32::from(letter),
        0xe00..=0xeff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x3040..=0x30ff | 0x3400..=0x9fff
    )
}

fn counts(records: &[StringRecord], column: usize) -> bool {
    let first = match records.first().map(|record| record[column].trim().parse::<u64>()) {
        Some(Ok(first)) if first <= 1 => first,
        _ => return false,
    };
    records.len() >= ENOUGH
        && records.iter().zip(first..).all(|(record, place)| record[column].trim().parse() == Ok(place))
}

/// Rows from which a column that counts is one of row numbers.
const ENOUGH: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn column(cells: &[&str]) -> Profile {
        let records: Vec<StringRecord> = cells.iter().map(|cell| StringRecord::from(vec![*cell])).collect();
        Profile::of(&records, 0)
    }

    #[test]
    fn columns_are_told_by_what_most_cells_hold() {
        assert!(column(&["0.5", "NA", "", "x", "7"]).is_numeric());
        assert!(column(&["2021-01-01", "", "2021-01-02 03:00"]).is_time());
        assert!(column(&["2021-01-01"]).is_date_alone() && column(&["10:30:00"]).is_hour_alone());
        assert!(!column(&["2021-01-01 10:30"]).is_date_alone() && !column(&["2021-01-01 10:30"]).is_hour_alone());
        assert!(column(&["a fine day", "the rain came", "no more of it"]).is_prose());
        assert!(column(&["这部电影很好", "我不喜欢"]).is_prose());
        assert!(column(&["up", "down", "up", "down"]).repeats());
        assert!(column(&["0", "1", "1", "0", "", "1"]).is_like_classes());
        assert!(!column(&["0.5", "1", "1", "0.5"]).is_like_classes());
        assert!(column(&["NaN", "-", "?"]).is_empty());
    }

    #[test]
    fn names_that_differ_in_their_numbers_are_codes() {
        assert!(column(&["slot-3", "slot-12", "slot-7"]).is_code());
        assert!(column(&["1.5kg", "3kg", "", "12.25kg"]).is_code());
        assert!(column(&["1h 30m", "2h 5m"]).is_code() && !column(&["1h 30m", "2h 5m"]).is_prose());
        let formulas = ["H2O", "C6H12O6", "CC(=O)N1CC1", "c1ccccc1", "N1C=CC2=C1", "C1CN1", "O=C2N"];
        assert!(!column(&formulas).is_code());
        for words in [["day 1", "day 2"], ["good", "bad"], ["covid19", "a cold"], ["5", "7"]] {
            assert!(!column(&words).is_code(), "{words:?}");
        }
    }

    #[test]
    fn numbers_with_units_are_measured() {
        for cells in [
            ["12.5 €", "3 €"],
            ["€0.50", "-€1.50"],
            ["3 kg", "4.25 kg"],
            ["5km/h", "-7 km/h"],
            ["1 000.5", "2\u{a0}000"],
            ["12 500 000,5 kr", "7 kr"],
            ["$ 5", "$6"],
            ["1'000.5", "12’500"],
        ] {
            assert!(column(&cells).is_measured() && !column(&cells).is_prose(), "{cells:?}");
        }
        for cells in
            [["5 of 6", "7 of 9"], ["3 red cars", "2 blue ones"], ["12 5 7", "1 2"], ["v 5", "x 6"], ["5", "6"]]
        {
            assert!(!column(&cells).is_measured(), "{cells:?}");
        }
    }

    #[test]
    fn a_column_counts_from_0_or_1_by_one() {
        assert!(column(&["0", "1", "2", "3"]).counts && column(&["1", "2", "3"]).counts);
        assert!(!column(&["0", "2", "4"]).counts && !column(&["5", "6", "7"]).counts && !column(&["0", "1"]).counts);
    }
}
