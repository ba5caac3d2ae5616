//! Dates and times of day as tables write them, and the order they stand in.

/// How the digits before the year are meant where they are parted by slashes, points or dashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    /// 31/12/2020
    DayFirst,
    /// 12/31/2020
    MonthFirst,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A date, a time of day or both: digits with at least two separators, or the name of a month between digits.
pub fn looks_like(cell: &str) -> bool {
    let cell = cell.trim();
    let separators = cell.chars().filter(|letter| "-/:.".contains(*letter)).count();
    let fits = |letter: char| letter.is_ascii_digit() || "-/:. TZ+APMapm".contains(letter);
    let digits = separators >= 2 && cell.starts_with(|letter: char| letter.is_ascii_digit()) && cell.chars().all(fits);
    digits || with_month(cell) || month_of(cell).is_some() || week_of(cell).is_some() || is_hour(cell)
}

/// `9:30`, `21:05`.
fn is_hour(cell: &str) -> bool {
    let digits = |text: &str| text.chars().all(|letter| letter.is_ascii_digit());
    cell.split_once(':').is_some_and(|(hour, minute)| {
        (1..=2).contains(&hour.len()) && minute.len() == 2 && digits(hour) && digits(minute)
    })
}

/// A month or a quarter by itself: `2020-01`, `2020/01`, `2020M01`, `Jan-20`, `Jan 2020`, `2020Q1`, `2020-Q1`,
/// `Q1 2020`. Its year and month.
fn month_of(cell: &str) -> Option<(u32, u32)> {
    let (first, second) = match cell.split_once(['-', '/', ' ']) {
        Some((first, second)) => (first, second),
        None => cell.split_at_checked(4).filter(|(_, rest)| rest.starts_with(['Q', 'q', 'M', 'm']))?,
    };
    if let Some(month) = month(first) {
        return Some((full_year(second)?, month));
    }
    if let Some(month) = quarter(first) {
        return Some((whole_year(second)?, month));
    }
    let year = whole_year(first)?;
    if let Some(month) = quarter(second) {
        return Some((year, month));
    }
    let second = second.strip_prefix(['M', 'm']).unwrap_or(second);
    let month = second.parse().ok().filter(|month| second.len() == 2 && (1..=12).contains(month));
    month.or_else(|| self::month(second)).map(|month| (year, month))
}

/// The first month of `Q1` to `Q4`.
fn quarter(word: &str) -> Option<u32> {
    let quarter: u32 = word.strip_prefix(['Q', 'q'])?.parse().ok()?;
    (1..=4).contains(&quarter).then(|| 3 * quarter - 2)
}

/// A week of ISO 8601 by itself, or a day of one: `2020-W01`, `2020W01`, `W01 2020`, `2020-W01-3`. Its days since 1970,
/// of a week that of its Monday.
fn week_of(cell: &str) -> Option<i64> {
    let compact = cell.split_at_checked(4).filter(|(_, rest)| rest.starts_with(['W', 'w']));
    let parts: Vec<&str> = match compact {
        Some((year, rest)) => [year].into_iter().chain(rest.split('-')).collect(),
        None => cell.split(['-', '/', ' ']).collect(),
    };
    let week = |word: &str| -> Option<i64> {
        let digits = word.strip_prefix(['W', 'w']).filter(|digits| (1..=2).contains(&digits.len()))?;
        digits.parse().ok().filter(|week| *week >= 1)
    };
    let (year, week, day) = match parts[..] {
        [first, second] => match week(first) {
            Some(week) => (second, week, 1),
            None => (first, week(second)?, 1),
        },
        [year, second, day] => (year, week(second)?, day.parse().ok().filter(|day| (1..=7).contains(day))?),
        _ => return None,
    };
    let year = whole_year(year)?;
    let monday = first_week(year)? + 7 * (week - 1);
    (monday < first_week(year + 1)?).then_some(monday + day - 1)
}

/// The Monday of a year's first week, which holds its fourth of January.
fn first_week(year: u32) -> Option<i64> {
    // 1970 began on a Thursday.
    days(year, 1, 4).map(|day| day - (day + 3).rem_euclid(7))
}

/// `5 Jan 2020`, `Jan 5, 2020 10:30`, `05-Jan-20`, `Mon Apr 06 22:19:45 PDT 2009`.
fn with_month(cell: &str) -> bool {
    let words: Vec<&str> = words(cell);
    let digits = words.iter().filter(|word| word.starts_with(|letter: char| letter.is_ascii_digit())).count();
    (2..=7).contains(&words.len()) && digits >= 2 && words.iter().filter(|word| month(word).is_some()).count() == 1
}

fn words(cell: &str) -> Vec<&str> {
    cell.split([' ', ',', '-', '/']).filter(|word| !word.is_empty()).collect()
}

/// The number of a month by its name or the beginning of it.
fn month(word: &str) -> Option<u32> {
    let word = word.trim_end_matches('.').to_lowercase();
    let place = MONTHS.iter().position(|month| word.len() >= 3 && month.starts_with(&word))?;
    Some(place as u32 + 1)
}

/// Seconds since the beginning of 1970, where no zone is given as if in UTC; `None` where the cell is no date.
pub fn seconds(cell: &str, order: DateOrder) -> Option<f64> {
    let cell = cell.trim();
    if with_month(cell) {
        return named_month(cell);
    }
    if let Some((year, month)) = month_of(cell) {
        return Some(days(year, month, 1)? as f64 * 86400.0);
    }
    if let Some(day) = week_of(cell) {
        return Some(day as f64 * 86400.0);
    }
    let (date, rest) = match cell.split_once(['T', ' ']) {
        Some((date, rest)) => (date, rest.trim()),
        None if cell.contains(':') => ("1970-01-01", cell),
        None => (cell, ""),
    };
    let parts: Vec<&str> = date.split(['-', '/', '.']).collect();
    let [first, second, third] = parts[..] else { return None };
    let number = |part: &str| part.parse::<u32>().ok();
    let (year, month, day) = match (first.len(), order) {
        (4, _) => (number(first)?, number(second)?, number(third)?),
        (_, DateOrder::DayFirst) => (full_year(third)?, number(second)?, number(first)?),
        (_, DateOrder::MonthFirst) => (full_year(third)?, number(first)?, number(second)?),
    };
    Some(days(year, month, day)? as f64 * 86400.0 + time_of_day(rest)?)
}

/// `20200131`.
fn compact(cell: &str) -> Option<f64> {
    let cell = cell.trim();
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<u32>().ok());
    let (year, month, day) = (number(cell.get(..4))?, number(cell.get(4..6))?, number(cell.get(6..))?);
    let fits = cell.len() == 8 && (1900..2100).contains(&year);
    Some(days(year, month, day).filter(|_| fits)? as f64 * 86400.0)
}

fn full_year(text: &str) -> Option<u32> {
    let year: u32 = text.parse().ok()?;
    match text.len() {
        4 => Some(year),
        // As POSIX reads two digits.
        2 => Some(if year < 69 { 2000 + year } else { 1900 + year }),
        _ => None,
    }
}

/// A year of four digits.
fn whole_year(text: &str) -> Option<u32> {
    full_year(text).filter(|_| text.len() == 4)
}

fn named_month(cell: &str) -> Option<f64> {
    let words = words(cell);
    let place = words.iter().position(|word| month(word).is_some())?;
    let clock = words.iter().find(|word| word.contains(':'));
    let mut digits = words.iter().filter(|word| !word.contains(':') && word.parse::<u32>().is_ok());
    let (first, second) = (*digits.next()?, *digits.next()?);
    let (year, day) = if first.len() == 4 { (first, second) } else { (second, first) };
    let day = days(full_year(year)?, month(words[place])?, day.parse().ok()?)?;
    Some(day as f64 * 86400.0 + time_of_day(clock.copied().unwrap_or(""))?)
}

/// `10:30`, `10:30:15.5`, `10:30Z`, `10:30+02:00`, `2:05 PM`, or nothing.
fn time_of_day(text: &str) -> Option<f64> {
    let upper = text.trim().to_uppercase();
    let (text, later) = match (upper.strip_suffix("AM"), upper.strip_suffix("PM")) {
        (Some(text), _) => (text.trim(), Some(0.0)),
        (_, Some(text)) => (text.trim(), Some(12.0)),
        _ => (upper.trim().trim_end_matches("UTC").trim_end_matches('Z').trim(), None),
    };
    if text.is_empty() {
        return Some(0.0);
    }
    let (clock, zone) = match text.find(['+', '-']) {
        Some(place) => (&text[..place], zone(&text[place..])?),
        None => (text, 0.0),
    };
    let mut parts = clock.trim().split(':');
    let hours: f64 = parts.next()?.parse().ok()?;
    let minutes: f64 = parts.next().map_or(Some(0.0), |part| part.parse().ok())?;
    let seconds: f64 = parts.next().map_or(Some(0.0), |part| part.parse().ok())?;
    let hours = later.map_or(hours, |later| hours % 12.0 + later);
    let fits = (0.0..=24.0).contains(&hours) && (0.0..60.0).contains(&minutes) && (0.0..=60.0).contains(&seconds);
    (fits && parts.next().is_none()).then_some(hours * 3600.0 + minutes * 60.0 + seconds - zone)
}

/// Seconds that a zone such as `+02:00`, `-0530` or `+02` is ahead.
fn zone(text: &str) -> Option<f64> {
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    let digits: String = text[1..].chars().filter(|letter| *letter != ':').collect();
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits.parse::<f64>().ok()?, 0.0),
        4 => (digits.get(..2)?.parse::<f64>().ok()?, digits.get(2..)?.parse::<f64>().ok()?),
        _ => return None,
    };
    Some(sign * (hours * 3600.0 + minutes * 60.0))
}

/// Days from 1970-01-01 in the Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms").
fn days(year: u32, month: u32, day: u32) -> Option<i64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let longest = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=longest).contains(&day) || !(1..=9999).contains(&year) {
        return None;
    }
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// The times of a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Times {
    /// In seconds; numbers as they are.
    pub seconds: Vec<f64>,
    /// Where days and months could be meant the other way round as well: how they were read, and the place of the first
    /// cell that would be another date.
    pub doubt: Option<(DateOrder, usize)>,
}

/// The times of a column in seconds, days before months or behind as fits all cells, and best the order they stand in;
/// numbers as they are.
///
/// # Errors
///
/// The place of the first cell that is no time, or no number among numbers.
pub fn read<'a>(cells: impl Iterator<Item = &'a str> + Clone) -> Result<Times, usize> {
    let all = |of: &dyn Fn(&str) -> Option<f64>| -> Result<Vec<f64>, usize> {
        cells.clone().enumerate().map(|(place, cell)| of(cell).ok_or(place)).collect()
    };
    let falls = |times: &Vec<f64>| times.windows(2).filter(|pair| pair[1] < pair[0]).count();
    let number = |cell: &str| cell.trim().parse::<f64>().ok().filter(|value| value.is_finite());
    let sure = |seconds: Vec<f64>| Times { seconds, doubt: None };
    if let Ok(times) = all(&compact) {
        return Ok(sure(times));
    }
    match (all(&|cell| seconds(cell, DateOrder::DayFirst)), all(&|cell| seconds(cell, DateOrder::MonthFirst))) {
        (Ok(days), Ok(months)) => {
            let other = days.iter().zip(&months).position(|(day, month)| day != month);
            let (falls_of_days, falls_of_months) = (falls(&days), falls(&months));
            let (order, seconds) = match falls_of_months < falls_of_days {
                true => (DateOrder::MonthFirst, months),
                false => (DateOrder::DayFirst, days),
            };
            // Rows stand in the order of their times, or those of each series do.
            let (fewer, more) = (falls_of_days.min(falls_of_months), falls_of_days.max(falls_of_months));
            let told = more > 0 && 4 * fewer <= more;
            Ok(Times { seconds, doubt: other.filter(|_| !told).map(|place| (order, place)) })
        }
        (Ok(times), Err(_)) | (Err(_), Ok(times)) => Ok(sure(times)),
        // The reading that goes farthest names the odd cell.
        (Err(days), Err(months)) => all(&number).map(sure).map_err(|numbers| numbers.max(days).max(months)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_moment_in_many_spellings() {
        // 2009-04-06 22:19:45 UTC is 1239056385.
        for text in [
            "2009-04-06T22:19:45Z",
            "2009-04-06 22:19:45",
            "2009/04/06 22:19:45.000",
            "2009-04-07 00:19:45+02:00",
            "06.04.2009 22:19:45",
            "6/4/09 10:19:45 PM",
            "Mon Apr 06 22:19:45 UTC 2009",
            "Apr 6, 2009 22:19:45",
        ] {
            assert!(looks_like(text), "{text}");
            assert_eq!(seconds(text, DateOrder::DayFirst), Some(1_239_056_385.0), "{text}");
        }
        assert_eq!(seconds("04/06/2009", DateOrder::MonthFirst), seconds("2009-04-06", DateOrder::DayFirst));
        assert_eq!(seconds("1970-01-01", DateOrder::DayFirst), Some(0.0));
        assert_eq!(seconds("2000-03-01", DateOrder::DayFirst), Some(951_868_800.0));
    }

    #[test]
    fn months_quarters_and_compact_dates_are_dates() {
        let day = |cell: &str| seconds(cell, DateOrder::DayFirst).map(|seconds| seconds / 86400.0);
        for cell in ["1970-02", "1970/02", "Feb-70", "Feb 1970", "1970-Feb"] {
            assert_eq!((looks_like(cell), day(cell)), (true, Some(31.0)), "{cell}");
        }
        for cell in ["1970Q2", "1970-Q2", "1970 q2", "Q2 1970", "Q2-1970", "1970-04", "1970M04"] {
            assert_eq!((looks_like(cell), day(cell)), (true, Some(90.0)), "{cell}");
        }
        let seconds_of = |cells: [&'static str; 2]| read(cells.into_iter()).map(|times| times.seconds);
        assert_eq!(seconds_of(["20200131", "20200201"]).map(|times| times[1] - times[0]), Ok(86400.0));
        assert_eq!(seconds_of(["20201331", "20200201"]), Ok(vec![20_201_331.0, 20_200_201.0]));
        assert!(looks_like("9:30") && seconds("9:30", DateOrder::DayFirst) == Some(34200.0));
        for cell in ["Q5 2000", "Q1 20", "Q1", "2000Q", "2000M13", "M1 2000", "W1"] {
            assert!(!looks_like(cell), "{cell}");
        }
        for cell in ["2:1", "a:30", "10-12", "1-2020", "2020-13", "page 12", "2020", "mayor 2020"] {
            assert!(!looks_like(cell), "{cell}");
        }
    }

    #[test]
    fn weeks_begin_on_monday_as_iso_8601_counts_them() {
        let date = |cell: &str| seconds(cell, DateOrder::DayFirst);
        for (week, monday) in [
            ("2020-W01", "2019-12-30"),
            ("2020W01", "2019-12-30"),
            ("W1 2020", "2019-12-30"),
            ("2020-w53", "2020-12-28"),
            ("2021-W01", "2021-01-04"),
            ("2020-W10-7", "2020-03-08"),
            ("1969-W01", "1968-12-30"),
        ] {
            assert!(looks_like(week), "{week}");
            assert_eq!(date(week), date(monday), "{week}");
        }
        for cell in ["2020-W54", "2021-W53", "2020-W00", "2020-W1-8", "2020-W001", "slot-W01", "20-W01"] {
            assert!(!looks_like(cell), "{cell}");
            assert_eq!(date(cell), None, "{cell}");
        }
    }

    #[test]
    fn what_is_no_date_has_no_time() {
        for text in ["2021-02-29", "2021-13-01", "2020-01-01 399", "2020-01-01 25:00", "1.5", "word", "1-2-3-4", ""] {
            assert_eq!(seconds(text, DateOrder::DayFirst), None, "{text}");
        }
        assert!(!looks_like("1.5") && !looks_like("-0.25") && !looks_like("may 5 people come"));
    }

    #[test]
    fn days_and_months_are_told_by_what_fits_all_cells() {
        let day = 86400.0;
        let steps = |cells: &[&str]| {
            let times = read(cells.iter().copied()).unwrap().seconds;
            times.windows(2).map(|pair| (pair[1] - pair[0]) / day).collect::<Vec<_>>()
        };
        assert_eq!(steps(&["12/30/2020", "12/31/2020", "01/01/2021"]), [1.0, 1.0]);
        assert_eq!(steps(&["30/12/2020", "31/12/2020", "01/01/2021"]), [1.0, 1.0]);
        // Both fit; the order of the rows decides.
        assert_eq!(steps(&["01/02/2020", "01/03/2020", "02/01/2020"]), [1.0, 29.0]);
        assert_eq!(read(["1", "2", "4"].into_iter()).map(|times| times.seconds), Ok(vec![1.0, 2.0, 4.0]));
        assert_eq!(read(["1", "x"].into_iter()), Err(1));
        assert_eq!(read(["2020-01-01", "2020-01-02", "soon"].into_iter()), Err(2));
    }

    #[test]
    fn dates_that_either_order_fits_are_in_doubt() {
        let doubt = |cells: &[&str]| read(cells.iter().copied()).unwrap().doubt;
        assert_eq!(doubt(&["01/01/2024", "01/02/2024", "01/03/2024"]), Some((DateOrder::DayFirst, 1)));
        // Month first, the rows fall once, and otherwise twice.
        let unsorted = ["01/05/24", "02/01/24", "03/02/24", "04/01/24", "03/04/24"];
        assert_eq!(doubt(&unsorted), Some((DateOrder::MonthFirst, 0)));
        for sound in [
            &["01/01/2024", "02/01/2024", "13/01/2024"][..],
            &["2024-01-02", "2024-02-01"],
            &["01/01/2024", "02/02/2024"],
            &["1", "2"],
            // Day first, the rows would fall four times.
            &["01/11/24", "01/12/24", "02/01/24", "02/02/24", "03/01/24", "03/02/24", "04/01/24", "04/02/24"],
        ] {
            assert_eq!(doubt(sound), None, "{sound:?}");
        }
    }
}
