//! Columns by their names: where one stands, and what kind of column a name tells of.

use std::collections::HashSet;

use csv::StringRecord;
use semiseq_schema::nearest;

use crate::error::DataError;
use crate::formats::is_missing;

/// Where the column stands that `data.KEY` names.
pub(crate) fn column_place(file: &str, names: &[String], key: &str, wanted: &str) -> Result<usize, DataError> {
    let count = names.iter().filter(|name| *name == wanted).count();
    if count > 1 {
        return Err(DataError::new(
            format!("{file}: {count} columns are called `{wanted}`, which `data.{key}` names"),
            "give each its own name",
        ));
    }
    names.iter().position(|name| name == wanted).ok_or_else(|| {
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        let hint = match nearest(wanted, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("columns: {}", known.iter().take(20).copied().collect::<Vec<_>>().join(", ")),
        };
        DataError::new(format!("{file}: there is no column `{wanted}`, which `data.{key}` names"), hint)
    })
}

/// A name without its number: of `t12`, `V3`, `value_07` or `2001`. `None` where it ends in no digit, or is a place
/// alone.
pub(crate) fn stem(name: &str) -> Option<&str> {
    let stem = name.trim().trim_end_matches(|letter: char| letter.is_ascii_digit());
    (stem.len() < name.trim().len() && !stem.is_empty()).then_some(stem)
}

/// The column of what rows are called: an identifier by its name that no two rows have, which `are_names` says of a
/// column. Row numbers say nothing new.
pub(crate) fn identifier_of_rows(
    names: &[String],
    named: bool,
    free: impl Fn(&usize) -> bool,
    are_names: &dyn Fn(usize) -> bool,
) -> Option<usize> {
    let fits = |column: &usize| may_name_rows(&names[*column]) && are_names(*column);
    let mut all = (0..names.len()).filter(|_| named).filter(free).filter(fits).collect::<Vec<_>>().into_iter();
    let plain = all.clone().find(|column| names[*column].trim().eq_ignore_ascii_case("id"));
    plain.or_else(|| all.next())
}

/// Whether a column's name is one of what rows are called, and not of their numbers.
pub(crate) fn may_name_rows(name: &str) -> bool {
    const NUMBERS: [&str; 7] = ["index", "idx", "row", "rownum", "no", "nr", "#"];
    let name = name.trim().to_lowercase();
    is_identifier(&name) && !NUMBERS.contains(&name.trim_end_matches('.'))
}

/// Whether each row has a cell of its own in a column.
pub(crate) fn are_names(records: &[StringRecord]) -> impl Fn(usize) -> bool {
    |column| {
        let mut seen = HashSet::new();
        records.iter().all(|record| !is_missing(&record[column]) && seen.insert(record[column].trim()))
    }
}

/// Whether a name is one of rows: `id`, `PassengerId`, `patient_id`, `index`, `row`.
pub(crate) fn is_identifier(name: &str) -> bool {
    const NAMES: [&str; 20] = [
        "id",
        "ids",
        "index",
        "idx",
        "row",
        "rowid",
        "row_id",
        "rownum",
        "rowname",
        "rownames",
        "row.names",
        "row_names",
        "no",
        "no.",
        "nr",
        "nr.",
        "#",
        "uuid",
        "guid",
        "level_0",
    ];
    let lower = name.trim().to_lowercase();
    let camel = name.trim().strip_suffix("Id").or_else(|| name.trim().strip_suffix("ID"));
    NAMES.contains(&lower.as_str())
        || ["_id", " id", "-id", ".id"].iter().any(|end| lower.ends_with(end))
        || camel.is_some_and(|before| before.ends_with(|letter: char| letter.is_lowercase()))
}

/// Whether a name is one of times, with a unit behind it or none (`time`, `Time (s)`, `timestamp_ms`), where a column
/// of numbers may be one.
pub(crate) fn is_clock(name: &str) -> bool {
    const UNITS: [&str; 10] = ["s", "sec", "secs", "second", "seconds", "ms", "us", "ns", "min", "h"];
    let name = name.trim().to_lowercase();
    let known = |name: &str| {
        ["time", "timestamp", "datetime", "date", "year", "unix", "epoch", "ds"].contains(&name.trim_end())
    };
    let bare = name.trim_end_matches([')', ']']);
    let unit = bare.rsplit_once(['(', '[', '_', ' ']).filter(|(_, unit)| UNITS.contains(unit));
    known(&name) || unit.is_some_and(|(name, _)| known(name))
}

/// Words of names that tell the series of a row, in a table that has the structure of a long one.
const SERIES: [&str; 41] = [
    "series",
    "case",
    "sample",
    "subject",
    "unit",
    "instance",
    "item",
    "patient",
    "device",
    "sensor",
    "station",
    "user",
    "sequence",
    "person",
    "participant",
    "name",
    "run",
    "trial",
    "session",
    "batch",
    "animal",
    "rat",
    "mouse",
    "episode",
    "window",
    "player",
    "customer",
    "client",
    "machine",
    "engine",
    "vehicle",
    "recording",
    "segment",
    "experiment",
    "store",
    "house",
    "household",
    "proband",
    "pid",
    "uid",
    "sid",
];
/// Words of names that tell the step, there.
const TIMES: [&str; 52] = [
    "t",
    "time",
    "times",
    "timestamp",
    "datetime",
    "date",
    "unix",
    "epoch",
    "ds",
    "clock",
    "elapsed",
    "timepoint",
    "step",
    "steps",
    "timestep",
    "frame",
    "tick",
    "cycle",
    "period",
    "visit",
    "wave",
    "round",
    "year",
    "quarter",
    "month",
    "week",
    "day",
    "hour",
    "hours",
    "hr",
    "minute",
    "minutes",
    "second",
    "seconds",
    "sec",
    "secs",
    "s",
    "ms",
    "msec",
    "millis",
    "us",
    "ns",
    "zeit",
    "uhrzeit",
    "datum",
    "temps",
    "tiempo",
    "tempo",
    "fecha",
    "waktu",
    "时间",
    "日期",
];

/// Whether a name says that a column tells the series, in a table that has the structure of a long one.
pub(crate) fn tells_series(name: &str) -> bool {
    is_identifier(name) || words(name).last().is_some_and(|word| SERIES.contains(&word.as_str()))
}

/// Whether a name says that a column tells the step, there: `trial_time`, `Time (s)`, `ElapsedMs`.
pub(crate) fn tells_time(name: &str) -> bool {
    is_clock(name) || words(name).last().is_some_and(|word| TIMES.contains(&word.as_str()))
}

/// The words of a name in small letters: those of `trial_time`, `trialTime` and `Trial time [s]` begin with `trial`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut small = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (small && letter.is_uppercase()) {
            words.push(String::new());
        }
        small = letter.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_known_by_its_name_with_a_unit_or_none() {
        assert!(!is_clock("times (x)") && !is_clock("rate_s") && is_clock("epoch"));
    }

    #[test]
    fn the_last_word_of_a_name_tells_series_and_steps() {
        for name in ["trial_time", "TrialTime", "Time (s)", "ElapsedMs", "t", "Zeit", "TIME", "sec", "time-point step"]
        {
            assert!(tells_time(name), "{name}");
        }
        for name in ["NAME", "pid", "subject_id", "Patient", "test.run"] {
            assert!(tells_series(name), "{name}");
        }
        for name in ["u", "", "time_to_event", "weight", "__"] {
            assert!(!tells_time(name) && !tells_series(name), "{name}");
        }
    }
}
