//! Long tables by their structure, whatever the columns are called: a column whose values part the rows into series,
//! and another that rises in each of them and begins again with the next. Names and labels only say how sure that is:
//! a table with a series per row may be sorted by class and numbered within each.

use std::collections::{HashMap, HashSet};

use csv::StringRecord;
use semiseq_files::time;

use crate::formats::table::doubt::{Doubt, Guess};
use crate::formats::table::is_target;
use crate::formats::table::names::{tells_series, tells_time};
use crate::formats::table::pivot::is_channel;
use crate::formats::table::profile::Profile;
use crate::formats::{exact, is_missing};

/// A table, and what the config says of its columns.
#[derive(Clone, Copy)]
pub(super) struct Sight<'a> {
    pub(super) names: &'a [String],
    pub(super) profiles: &'a [Profile],
    pub(super) records: &'a [StringRecord],
    pub(super) id: Option<usize>,
    pub(super) time: Option<usize>,
    /// The columns of dates and of hours, where they stand apart.
    pub(super) hours: Option<[usize; 2]>,
    /// The column that tells the channel of a row.
    pub(super) channel: Option<usize>,
    pub(super) target: Option<usize>,
    pub(super) group: Option<usize>,
    /// Whether a series has one label, so that one that changes is of rows; recordings have none.
    pub(super) labelled: bool,
    /// Whether there has to be a label.
    pub(super) supervised: bool,
}

/// Series from which their structure tells something, and rows that each has at least, on average.
const FEW: usize = 3;

/// Looks for the two columns; of several pairs the surest.
pub(super) fn find(sight: &Sight<'_>) -> Option<Guess> {
    if sight.records.len() < FEW * FEW {
        return None;
    }
    let clocks = sight.clocks();
    let keys = if clocks.is_empty() { Vec::new() } else { sight.keys(clocks.iter().any(|clock| clock.known)) };
    let pairs = keys.len() * clocks.len();
    // A clock that never goes back is that of one recording, whatever counts beside it.
    let one_clock = |own: &Clock| {
        clocks.iter().any(|clock| {
            clock.column != own.column && clock.known && clock.times.windows(2).all(|pair| pair[0] < pair[1])
        })
    };
    let mut best: Option<([usize; 5], Guess)> = None;
    for clock in &clocks {
        for key in &keys {
            let Some((guess, even)) = sight.judge(key, clock, pairs, one_clock(clock)) else { continue };
            let rank = [
                usize::from(guess.doubt.is_none()),
                usize::from(key.known),
                usize::from(clock.known),
                usize::from(even),
                usize::MAX - key.count,
            ];
            if best.as_ref().is_none_or(|(own, _)| *own < rank) {
                best = Some((rank, guess));
            }
        }
    }
    best.map(|(_, guess)| guess).or_else(|| {
        let alone = clocks.iter().find(|clock| clock.known && !one_clock(clock) && clock.begins_again())?;
        Some(Guess { id: None, time: Some(alone.column), doubt: Some(Doubt::Looks), labelled: false })
    })
}

/// Whether the first rows of a table may be those of a long one; `profiles` are of rows of all of it.
pub(super) fn may_be(names: &[String], profiles: &[Profile], beginning: &[StringRecord], rows: usize) -> bool {
    let own: Vec<Profile> = (0..names.len()).map(|column| Profile::of(beginning, column)).collect();
    let sight = Sight {
        names,
        profiles: &own,
        records: beginning,
        id: None,
        time: None,
        hours: None,
        channel: None,
        target: None,
        group: None,
        labelled: true,
        supervised: false,
    };
    let channel = (0..names.len()).find(|column| is_channel(&names[*column]));
    if find(&sight).is_some() || (channel.is_some() && find(&Sight { channel, ..sight }).is_some()) {
        return true;
    }
    // All of them may be of one series or two: then a time rises here, and not through all of the table.
    let changes = |column: usize| beginning.windows(2).filter(|pair| pair[0][column] != pair[1][column]).count();
    let still =
        |column: usize| (profiles[column].is_text() || profiles[column].is_whole()) && profiles[column].repeats();
    beginning.len() < rows
        && sight.clocks().iter().any(|clock| !profiles[clock.column].rises() && clock.falls() < FEW)
        && (0..names.len()).any(|column| still(column) && changes(column) < FEW)
}

/// A column that may tell the step.
struct Clock {
    column: usize,
    times: Vec<f64>,
    /// Whether its name or its dates say that it is a time.
    known: bool,
}

/// A column that may tell the series.
struct Key {
    column: usize,
    /// The series of each row; `None` where the cell is missing.
    series: Vec<Option<usize>>,
    count: usize,
    /// The same of a channel of a series, where cells tell it.
    parts: Vec<Option<usize>>,
    part_count: usize,
    /// Whether its name says so.
    known: bool,
}

/// What is known of the rows of one series so far.
#[derive(Clone, Default)]
struct Series {
    rows: usize,
    first: f64,
    last: f64,
    last_row: usize,
    step: f64,
    falls: bool,
    stands: bool,
    uneven: bool,
}

impl Series {
    fn add(&mut self, row: usize, time: f64) {
        if self.rows == 0 {
            self.first = time;
        } else {
            let step = time - self.last;
            self.falls |= step < 0.0;
            self.stands |= step == 0.0;
            if self.rows == 1 {
                self.step = step;
            }
            // Months have 28 to 31 days, and times are rounded.
            self.uneven |= (step - self.step).abs() > 0.1 * self.step.abs();
        }
        (self.rows, self.last, self.last_row) = (self.rows + 1, time, row);
    }
}

impl Clock {
    /// Rows whose time is not above that of the row before.
    fn falls(&self) -> usize {
        self.times.windows(2).filter(|pair| pair[1] <= pair[0]).count()
    }

    /// Whether the rows are runs of even steps that begin with one time.
    fn begins_again(&self) -> bool {
        let mut runs = vec![Series::default()];
        for (row, time) in self.times.iter().enumerate() {
            if row > 0 && *time <= self.times[row - 1] {
                runs.push(Series::default());
            }
            if let Some(run) = runs.last_mut() {
                run.add(row, *time);
            }
        }
        let same = |run: &&Series| !run.uneven && run.first == runs[0].first;
        runs.len() >= FEW && self.times.len() >= FEW * runs.len() && most(runs.iter().filter(same).count(), runs.len())
    }
}

/// Nine of ten: a row that is wrong makes no other table.
fn most(part: usize, all: usize) -> bool {
    10 * part >= 9 * all
}

impl Sight<'_> {
    fn is_free(&self, column: usize) -> bool {
        ![self.target, self.group, self.channel].contains(&Some(column)) && !is_target(&self.names[column])
    }

    /// Times and numbers in all rows. Those without a telling name have to rise more often than not.
    fn clocks(&self) -> Vec<Clock> {
        let rows = self.records.len();
        let read = |column: usize| -> Option<Clock> {
            let profile = &self.profiles[column];
            if profile.is_time() {
                let cell = |record: &StringRecord| match self.hours {
                    Some([dates, hours]) if dates == column => {
                        format!("{} {}", record[column].trim(), record[hours].trim())
                    }
                    _ => record[column].to_string(),
                };
                let cells: Vec<String> = self.records.iter().map(cell).collect();
                let times = time::read(cells.iter().map(String::as_str)).ok()?.seconds;
                return Some(Clock { column, times, known: true });
            }
            if !profile.is_numeric() || profile.is_empty() {
                return None;
            }
            let known = self.time == Some(column) || tells_time(&self.names[column]);
            let value = |record: &StringRecord| exact(&record[column]).ok().flatten();
            let rises = |rows: usize| {
                let begin: Option<Vec<f64>> = self.records.iter().take(rows).map(value).collect();
                let clock = Clock { column, times: begin?, known };
                (known || 20 * clock.falls() <= 9 * rows).then_some(clock)
            };
            // Most columns of a wide table are told by a few rows.
            rises(rows.min(200)).and_then(|_| rises(rows))
        };
        let free = |column: &usize| match self.time {
            Some(time) => *column == time,
            None => self.is_free(*column) && self.id != Some(*column),
        };
        (0..self.names.len()).filter(free).filter_map(read).collect()
    }

    /// Words and whole numbers that stand in several rows each, below each other; where a time is known, whatever the
    /// order of the rows.
    fn keys(&self, timed: bool) -> Vec<Key> {
        let rows = self.records.len();
        let read = |column: usize| -> Option<Key> {
            let profile = &self.profiles[column];
            if !(profile.is_text() || profile.is_whole()) {
                return None;
            }
            let known = self.id == Some(column) || tells_series(&self.names[column]);
            let changes = self.records.windows(2).filter(|pair| pair[0][column] != pair[1][column]).count();
            if !(20 * changes <= 9 * rows || (timed && (known || profile.is_text()))) {
                return None;
            }
            let (series, count) = self.numbered(|record| [&record[column], ""]);
            let (parts, part_count) = match self.channel {
                Some(channel) => self.numbered(|record| [&record[column], &record[channel]]),
                None => (series.clone(), count),
            };
            let filled = series.iter().flatten().count();
            // The last series may be cut off.
            let fits = count >= FEW && 10 * FEW * part_count <= 11 * rows && 20 * filled >= 19 * rows;
            fits.then_some(Key { column, series, count, parts, part_count, known })
        };
        let free = |column: &usize| match self.id {
            Some(id) => *column == id,
            None => self.is_free(*column) && self.time != Some(*column) && !self.profiles[*column].is_time(),
        };
        (0..self.names.len()).filter(free).filter_map(read).collect()
    }

    /// Numbers of rows with the same cells, and how many there are; `None` where the first cell is missing.
    fn numbered<'a>(&'a self, cells: impl Fn(&'a StringRecord) -> [&'a str; 2]) -> (Vec<Option<usize>>, usize) {
        let mut places = HashMap::new();
        let number = |record: &'a StringRecord| -> Option<usize> {
            let cells = cells(record).map(str::trim);
            let next = places.len();
            (!is_missing(cells[0])).then(|| *places.entry(cells).or_insert(next))
        };
        let numbers = self.records.iter().map(number).collect();
        (numbers, places.len())
    }

    /// Whether a column tells the series and another the step, and whether the steps are even or begin with one time;
    /// `None` where they do not.
    fn judge(&self, key: &Key, clock: &Clock, pairs: usize, one_clock: bool) -> Option<(Guess, bool)> {
        if key.column == clock.column {
            return None;
        }
        let mut all = vec![Series::default(); key.part_count];
        let (mut changes, mut back, mut twice) = (0, 0, None);
        for (row, time) in clock.times.iter().enumerate() {
            let Some(series) = key.parts[row] else { continue };
            if row > 0 && key.series[row - 1] != key.series[row] {
                changes += 1;
                back += usize::from(*time <= clock.times[row - 1]);
            }
            if all[series].rows > 0 && all[series].last == *time {
                twice = twice.or(Some(Doubt::Twice { row, before: all[series].last_row }));
            }
            all[series].add(row, *time);
        }
        let several = all.iter().filter(|series| series.rows > 1).count();
        let count =
            |fits: &dyn Fn(&Series) -> bool| all.iter().filter(|series| series.rows > 1 && fits(series)).count();
        let rising = most(count(&|series| !series.falls && !series.stands), several);
        let standing = twice.filter(|_| !rising && most(count(&|series| !series.falls), several));
        let crossed = !rising && clock.known && self.is_crossed(key, clock);
        if !most(several, key.part_count) || !(rising || crossed || standing.is_some()) {
            return None;
        }
        let (labelled, change) = self.labels(key);
        // Rows of a series below each other whose time goes on behind it: only its name and a label make a time of it.
        let runs = changes < key.count;
        let again = crossed || 5 * back >= 3 * changes || (runs && labelled && clock.known);
        let mut starts: HashMap<u64, usize> = HashMap::new();
        all.iter().for_each(|series| *starts.entry(series.first.to_bits()).or_default() += 1);
        let even = most(starts.into_values().max().unwrap_or(0), key.part_count)
            || most(count(&|series| !series.uneven), several)
            || crossed;
        // Random numbers rise through a series of n rows once in n! times.
        let odds: f64 = all.iter().map(|series| (2..=series.rows).map(|row| (row as f64).ln()).sum::<f64>()).sum();
        let named = key.known || clock.known;
        let chance = if named { 1e3 } else { 1e6 * pairs as f64 };
        if !again || (!named && !even) || odds < chance.ln() {
            return None;
        }
        let told = match (clock.known, key.known) {
            (true, true) => true,
            (true, false) => labelled || !self.supervised,
            (false, true) => even && (labelled || !self.supervised),
            (false, false) => labelled,
        };
        // Days of a month and hours of a day are those of one recording.
        let name = &self.names[key.column];
        if !labelled && self.id.is_none() && tells_time(name) && !tells_series(name) {
            return None;
        }
        let sure = told && (!one_clock || labelled);
        let doubt = if let Some((column, row)) = change.filter(|_| self.labelled) {
            Some(Doubt::Label { column, row })
        } else if standing.is_some() {
            standing
        } else {
            (!sure).then_some(Doubt::Looks)
        };
        Some((Guess { id: Some(key.column), time: Some(clock.column), doubt, labelled }, even))
    }

    /// Whether nearly every series has nearly every time, and none twice, whatever the order of the rows.
    fn is_crossed(&self, key: &Key, clock: &Clock) -> bool {
        let times: HashSet<u64> = clock.times.iter().map(|time| time.to_bits()).collect();
        let mut seen = HashSet::new();
        let once = key.parts.iter().zip(&clock.times).all(|(series, time)| seen.insert((*series, time.to_bits())));
        once && times.len() >= FEW && most(self.records.len(), key.part_count * times.len())
    }

    /// Whether a label holds through each series, and is not the same in all; where one is another in a row than
    /// before in its series, the column and the row.
    fn labels(&self, key: &Key) -> (bool, Option<(usize, usize)>) {
        let label = |column: &usize| match self.target {
            Some(target) => *column == target,
            None => names_label(&self.names[*column], &self.profiles[*column]),
        };
        let change = |column: usize| -> Option<usize> {
            let mut known = vec![None; key.count];
            self.records.iter().zip(&key.series).position(|(record, series)| {
                let cell = record[column].trim();
                series.is_some_and(|series| !is_missing(cell) && *known[series].get_or_insert(cell) != cell)
            })
        };
        let columns: Vec<usize> = (0..self.names.len()).filter(label).collect();
        let changes: Vec<(usize, Option<usize>)> = columns.iter().map(|column| (*column, change(*column))).collect();
        if changes.iter().any(|(column, row)| row.is_none() && self.profiles[*column].distinct > 1) {
            return (true, None);
        }
        if let Some((column, row)) = changes.iter().find_map(|(column, row)| Some((*column, (*row)?))) {
            return (false, Some((column, row)));
        }
        // Classes that no name tells.
        let classes = |column: &usize| {
            let profile = &self.profiles[*column];
            let own = *column == key.column || !self.is_free(*column);
            !own && profile.is_filled() && profile.may_be_classes() && 2 * profile.distinct <= key.count
        };
        ((0..self.names.len()).filter(classes).any(|column| change(column).is_none()), None)
    }
}

/// Whether a column is a label by its name; numbers that are no classes may be called `y` or `target`, too.
pub(super) fn names_label(name: &str, profile: &Profile) -> bool {
    let name = name.trim().to_lowercase();
    is_target(&name) && (profile.is_like_classes() || !["y", "target"].contains(&name.as_str()))
}
