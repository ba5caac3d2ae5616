//! Dates and times of day as tables write them, and the order they stand in.

/// How the digits before the year are meant where they are parted by slashes, points or dashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// 31/12/2020
    DayFirst,
    /// 12/31/2020
    MonthFirst,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// A date, a time of day or both: digits with at least two separators, or the name of a month between digits.
pub(crate) fn looks_like(cell: &str) -> bool {
    let cell = cell.trim();
    let separators = cell.chars().filter(|letter| "-/:.".contains(*letter)).count();
    let fits = |letter: char| letter.is_ascii_digit() || "-/:. TZ+APMapm".contains(letter);
    let digits = separators >= 2 && cell.starts_with(|letter: char| letter.is_ascii_digit()) && cell.chars().all(fits);
    digits || with_month(cell)
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

fn month(word: &str) -> Option<u32> {
    let word = word.trim_end_matches('.').to_lowercase();
    let full = word.is_ascii() && word.len() >= 3;
    MONTHS.iter().position(|month| full && word.starts_with(month)).map(|place| place as u32 + 1)
}

/// Seconds since the beginning of 1970, where no zone is given as if in UTC; `None` where the cell is no date.
pub(crate) fn seconds(cell: &str, order: Order) -> Option<f64> {
    let cell = cell.trim();
    if with_month(cell) {
        return named_month(cell);
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
        (_, Order::DayFirst) => (full_year(third)?, number(second)?, number(first)?),
        (_, Order::MonthFirst) => (full_year(third)?, number(first)?, number(second)?),
    };
    Some(days(year, month, day)? as f64 * 86400.0 + time_of_day(rest)?)
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

/// The times of a column in seconds, days before months or behind as fits all cells, and best the order they stand in; numbers
/// as they are.
///
/// # Errors
///
/// The place of the first cell that is no time, or no number among numbers.
pub(crate) fn read<'a>(cells: impl Iterator<Item = &'a str> + Clone) -> Result<Vec<f64>, usize> {
    let all = |of: &dyn Fn(&str) -> Option<f64>| -> Result<Vec<f64>, usize> {
        cells.clone().enumerate().map(|(place, cell)| of(cell).ok_or(place)).collect()
    };
    let falls = |times: &Vec<f64>| times.windows(2).filter(|pair| pair[1] < pair[0]).count();
    let number = |cell: &str| cell.trim().parse::<f64>().ok().filter(|value| value.is_finite());
    match (all(&|cell| seconds(cell, Order::DayFirst)), all(&|cell| seconds(cell, Order::MonthFirst))) {
        (Ok(days), Ok(months)) => Ok(if falls(&months) < falls(&days) { months } else { days }),
        (Ok(times), Err(_)) | (Err(_), Ok(times)) => Ok(times),
        // The reading that goes farthest names the odd cell.
        (Err(days), Err(months)) => all(&number).map_err(|numbers| numbers.max(days).max(months)),
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
            assert_eq!(seconds(text, Order::DayFirst), Some(1_239_056_385.0), "{text}");
        }
        assert_eq!(seconds("04/06/2009", Order::MonthFirst), seconds("2009-04-06", Order::DayFirst));
        assert_eq!(seconds("1970-01-01", Order::DayFirst), Some(0.0));
        assert_eq!(seconds("2000-03-01", Order::DayFirst), Some(951_868_800.0));
    }

    #[test]
    fn what_is_no_date_has_no_time() {
        for text in ["2021-02-29", "2021-13-01", "2020-01-01 399", "2020-01-01 25:00", "1.5", "word", "1-2-3-4", ""] {
            assert_eq!(seconds(text, Order::DayFirst), None, "{text}");
        }
        assert!(!looks_like("1.5") && !looks_like("-0.25") && !looks_like("may 5 people come"));
    }

    #[test]
    fn days_and_months_are_told_by_what_fits_all_cells() {
        let day = 86400.0;
        let steps = |cells: &[&str]| {
            let times = read(cells.iter().copied()).unwrap();
            times.windows(2).map(|pair| (pair[1] - pair[0]) / day).collect::<Vec<_>>()
        };
        assert_eq!(steps(&["12/30/2020", "12/31/2020", "01/01/2021"]), [1.0, 1.0]);
        assert_eq!(steps(&["30/12/2020", "31/12/2020", "01/01/2021"]), [1.0, 1.0]);
        // Both fit; the order of the rows decides.
        assert_eq!(steps(&["01/02/2020", "01/03/2020", "02/01/2020"]), [1.0, 29.0]);
        assert_eq!(read(["1", "2", "4"].into_iter()), Ok(vec![1.0, 2.0, 4.0]));
        assert_eq!(read(["1", "x"].into_iter()), Err(1));
        assert_eq!(read(["2020-01-01", "2020-01-02", "soon"].into_iter()), Err(2));
    }
}
