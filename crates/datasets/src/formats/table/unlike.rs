//! What the numbers of a wide table may be instead of values, by their looks beside each other: identifiers, counters,
//! the time of a recording, codes for a missing value. All of them are read as they stand, and told.

use crate::formats::table::layout::LayoutKind;
use crate::formats::table::profile::Profile;
use crate::formats::table::view::View;
use crate::formats::table::{Columns, is_target, listed};

/// Rows from which cells that are all different say something.
const ENOUGH: usize = 10;
/// Rows from which a table may be a recording, as one with dates is.
const LONG: usize = 50;
/// Channels of a recording at most; a row of more numbers is rather a series.
const CHANNELS: usize = 8;

impl View<'_> {
    /// A line on a first column that rises evenly through a table of a few numbers without classes: the rows may be the
    /// steps of one recording.
    pub(super) fn clock_of_rows(&self, columns: &Columns, rows: usize) -> Option<String> {
        let first = *columns.inputs.first()?;
        let profile = &self.profiles[first];
        let classes = |column: usize| {
            let named = self.named && is_target(&self.names[column]);
            named || !self.profiles[column].is_numeric() || self.profiles[column].is_like_classes()
        };
        let values = columns.inputs.len() - 1 + usize::from(columns.target.is_some());
        let is_clock = rows >= LONG
            && first == 0
            && (1..=CHANNELS).contains(&values)
            && !columns.target.is_some_and(classes)
            && profile.rises()
            && profile.is_even();
        // Where the other columns rise as evenly, the rows are ramps.
        let alike = columns.inputs[1..].iter().any(|column| self.profiles[*column].is_even());
        (is_clock && !alike).then(|| {
            format!(
                "{}: {} rises evenly from row to row, as the time of a recording does, and each row is read as a \
                 series; for a recording write `data.time = \"{}\"` and add `[data.windows]`",
                self.file,
                self.shown(first),
                self.names[first]
            )
        })
    }

    /// A line on numbers with units, currencies, or spaces between thousands, which are read as text, or left out as
    /// what is no number.
    pub(super) fn measured(&self, columns: &Columns, beside: &[(usize, &'static str)]) -> Option<String> {
        match columns.kind {
            // A text of its own may be `5 stars`.
            LayoutKind::Text if columns.inputs.len() > 1 => {
                measured(self.file, self.names, &self.profiles, columns.inputs.iter().copied(), "read as text")
            }
            LayoutKind::Wide => {
                let beside = beside.iter().map(|(column, _)| *column);
                measured(self.file, self.names, &self.profiles, beside, "left out")
            }
            _ => None,
        }
    }

    /// A line on the first column of numbers that are all different while those of the others are not: it may tell the
    /// rows apart.
    pub(super) fn tells_rows(&self, inputs: &[usize]) -> Option<String> {
        let own = |column: &usize| {
            let profile = &self.profiles[*column];
            profile.cells >= ENOUGH && profile.is_distinct() && (profile.is_whole() || profile.is_even())
        };
        let (alone, others): (Vec<usize>, Vec<usize>) = inputs.iter().partition(|column| own(column));
        if alone.is_empty() || alone.len() > others.len() / 2 {
            return None;
        }
        let (low, high) = range(others.iter().map(|column| &self.profiles[*column]))?;
        let far =
            |profile: &Profile| profile.high() > high + 2.0 * (high - low) || profile.low() < low - 2.0 * (high - low);
        let strange = |column: &usize| {
            let profile = &self.profiles[*column];
            profile.is_even() || profile.is_dense() || far(profile)
        };
        let strangers: Vec<usize> = alone.into_iter().filter(strange).collect();
        let (first, more) = strangers.split_first()?;
        let shown: Vec<String> = more.iter().map(|column| self.shown(*column)).collect();
        let too = if more.is_empty() { String::new() } else { format!(" (and so do {})", shown.join(", ")) };
        let whole = if self.profiles[*first].is_whole() { "whole number" } else { "number" };
        let subject = if self.named { format!("column {}", self.shown(*first)) } else { self.shown(*first) };
        Some(format!(
            "{}: {subject} holds a different {whole} in each row, unlike the others{too}: it is read as a value; if it \
             is an identifier, leave it out with `data.features`, or name it with `data.id`",
            self.file
        ))
    }
}

/// A line on those of some columns that hold numbers with units, currencies, or spaces between thousands; `read` says
/// what became of them.
pub(in crate::formats) fn measured(
    file: &str,
    names: &[String],
    profiles: &[Profile],
    columns: impl Iterator<Item = usize>,
    read: &str,
) -> Option<String> {
    let names: Vec<String> =
        columns.filter(|column| profiles[*column].is_measured()).map(|column| names[column].clone()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "{file}: numbers with a unit, a currency, or spaces between thousands are {read}: {}; write the numbers \
             alone, such as `1000.5`",
            listed(&names)
        )
    })
}

/// A line on those of several channels that count from row to row while others do not: row numbers, or another clock.
pub(in crate::formats) fn counters(
    file: &str,
    names: &[String],
    profiles: &[Profile],
    channels: &[usize],
) -> Option<String> {
    let count = |column: &usize| {
        let profile = &profiles[*column];
        profile.cells >= ENOUGH && (profile.is_even() || profile.is_dense())
    };
    let (counters, others): (Vec<usize>, Vec<usize>) = channels.iter().partition(|column| count(column));
    (!counters.is_empty() && !others.is_empty()).then(|| {
        let counters: Vec<String> = counters.into_iter().map(|column| names[column].clone()).collect();
        format!(
            "{file}: read as a channel, though the numbers count from row to row as row numbers or a clock do: {}; \
             `data.features` chooses channels",
            listed(&counters)
        )
    })
}

/// The least and the largest number of several columns, codes for a missing value aside.
fn range<'a>(profiles: impl Iterator<Item = &'a Profile>) -> Option<(f64, f64)> {
    let range = profiles.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), profile| {
        (low.min(profile.low()), high.max(profile.high()))
    });
    (range.0 <= range.1).then_some(range)
}

#[cfg(test)]
mod tests {
    use crate::formats::table::tests::{first, rows};

    /// A series a row with one more column at a place.
    fn beside(name: &str, place: usize, rows: usize, cell: impl Fn(usize) -> String) -> String {
        let row = |middle: &str, others: &dyn Fn(usize) -> String, class: &str| {
            let mut cells: Vec<String> = (0..6).map(others).collect();
            cells.insert(place, middle.into());
            format!("{},{class}\n", cells.join(","))
        };
        let body: String = (0..rows)
            .map(|number| {
                let value = |step: usize| format!("{:.3}", ((number * 7 + step * 3) % 20) as f64 / 10.0 - 1.0);
                row(&cell(number), &value, ["up", "down"][number % 2])
            })
            .collect();
        row(name, &|step| format!("t{step}"), "cond") + &body
    }

    fn told(text: &str, part: &str) -> bool {
        rows("unlike.csv", text).notes.iter().any(|note| note.contains(part))
    }

    type Cell = fn(usize) -> String;

    const ALONE: &str = "unlike the others";

    #[test]
    fn numbers_that_tell_rows_apart_are_read_and_told_whatever_they_are_called() {
        let cells: [(&str, Cell); 8] = [
            ("customer", |row| (10_007 + row * 7919 % 80_000).to_string()),
            ("sample_number", |row| (10_000 + 7 * row).to_string()),
            ("Kunden-Nr", |row| (500_000 - row * row).to_string()),
            ("编号", |row| (row + 1).to_string()),
            ("n", |row| (40 - row).to_string()),
            ("obs", |row| (row * 7 % 40).to_string()),
            ("recorded", |row| (1_700_000_000 + row * 997 + row % 3).to_string()),
            ("offset", |row| format!("{:.2}", row as f64 * 0.25)),
        ];
        for (name, cell) in cells {
            for place in [1, 3, 6] {
                let text = beside(name, place, 40, cell);
                let found = rows("unlike.csv", &text);
                let notes: Vec<&String> = found.notes.iter().filter(|note| note.contains(ALONE)).collect();
                assert_eq!(notes.len(), 1, "{name}: {:?}", found.notes);
                assert!(notes[0].contains(&format!("column `{name}` holds a different ")), "{notes:?}");
                assert!(notes[0].contains("`data.features`") && notes[0].contains("`data.id`"), "{notes:?}");
                assert_eq!(first(&found).len(), 7, "it is read");
            }
        }
        let nameless = beside("customer", 1, 40, |row| (10_007 + row * 7919 % 80_000).to_string());
        let nameless = nameless.split_once('\n').unwrap().1;
        assert!(told(nameless, "column 2 holds a different whole number"));
    }

    #[test]
    fn ordinary_numbers_are_not_told() {
        let ordinary: [(&str, Cell); 4] = [
            ("age", |row| (20 + row * 7 % 30).to_string()),
            ("value", |row| format!("{:.3}", (row as f64 * 1.7).sin())),
            ("scale", |row| format!("{:.3}", 1000.0 * (row as f64 * 1.7).sin())),
            ("large", |row| (1000 + row % 30).to_string()),
        ];
        for (name, cell) in ordinary {
            assert!(!told(&beside(name, 3, 40, cell), ALONE), "{name}");
        }
        // Whole numbers of one range, all of them different in some columns; and in all.
        let series = |factor: usize| -> String {
            let cell = |row: usize, step: usize| (row * 37 * (step + 1) % factor).to_string();
            let cells = |row: usize| (0..12).map(|step| cell(row, step)).collect::<Vec<_>>().join(",");
            (0..40).map(|row| format!("{},{}\n", cells(row), row % 2)).collect()
        };
        for factor in [256, 1009, 100_003] {
            assert!(!told(&series(factor), ALONE), "{factor}");
        }
    }

    #[test]
    fn a_table_whose_first_column_rises_evenly_may_be_a_recording() {
        let recording = |name: &str, clock: fn(usize) -> String, rest: fn(usize) -> String, names: &str| {
            let body: String = (0..120).map(|row| format!("{},{}\n", clock(row), rest(row))).collect();
            rows("recording.csv", &format!("{name},{names}\n{body}"))
        };
        let wave = |row: usize| format!("{:.3}", (row as f64 * 0.7).sin());
        let clocks: [(&str, Cell); 4] = [
            ("ts", |row| (1_672_531_200 + 3600 * row).to_string()),
            // Steps that are left out.
            ("date_unix", |row| (1_672_531_200 + 60 * (row + row / 40)).to_string()),
            ("t", |row| format!("{row:03}")),
            ("x", |row| format!("{:.2}", row as f64 * 0.04)),
        ];
        for (name, clock) in clocks {
            let found = recording(name, clock, wave, "v");
            let line = format!("`{name}` rises evenly from row to row");
            assert!(found.notes.iter().any(|note| note.contains(&line)), "{name}: {:?}", found.notes);
            let key = format!("`data.time = \"{name}\"` and add `[data.windows]`");
            assert!(found.notes.iter().any(|note| note.contains(&key)), "{name}: {:?}", found.notes);
        }
        let evenly = |rows: &crate::formats::Rows| rows.notes.iter().any(|note| note.contains("rises evenly"));
        let labelled = recording("ts", clocks[0].1, |row| format!("0.{row},{}", row % 2), "v,label");
        assert!(!evenly(&labelled), "{:?}", labelled.notes);
        let ramps = recording("a", clocks[2].1, |row| format!("{},{}", 2 * row, 3 * row), "b,c");
        assert!(!evenly(&ramps), "{:?}", ramps.notes);
        let uneven = recording("a", |row| (row * row).to_string(), wave, "b");
        assert!(!evenly(&uneven), "{:?}", uneven.notes);
    }

    #[test]
    fn numbers_with_units_are_told_with_what_would_mend_them() {
        let cells: [Cell; 5] = [
            |row| format!("{}'000.5", row + 1),
            |row| format!("€{row}.50"),
            |row| format!("{row}.5 kg"),
            |row| format!("{} 000.5", row + 1),
            |row| format!("{row}\u{a0}°C"),
        ];
        let class = |row: usize| ["up", "down"][row % 2];
        for cell in cells {
            let body: String = (0..40).map(|row| format!("{},{},{}\n", cell(row), cell(row + 1), class(row))).collect();
            let text = format!("jan,feb,label\n{body}");
            assert!(told(&text, "are read as text: `jan`, `feb`; write the numbers alone"), "{text:.80}");
            let body: String = (0..40).map(|row| format!("{},0.{row},{row}.25,{}\n", cell(row), class(row))).collect();
            let text = format!("jan,feb,mar,label\n{body}");
            assert_eq!(first(&rows("unlike.csv", &text)), [0.0, 0.25]);
            assert!(told(&text, "are left out: `jan`; write the numbers alone"), "{text:.80}");
        }
        assert!(!told("text,label\n5 stars,a\n4 stars,b\n3 stars,a\n", "write the numbers alone"));
    }
}
