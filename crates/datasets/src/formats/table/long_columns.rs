//! Whether a table is a long one, and which of its columns is what: by what the config says, by names, by structure.

use std::collections::{HashMap, HashSet};

use csv::StringRecord;

use crate::error::DataError;
use crate::formats::table::cells_of_file::Table;
use crate::formats::table::doubt::{Doubt, Guess};
use crate::formats::table::layout::LayoutKind;
use crate::formats::table::names::{column_place, is_clock, is_identifier, stem};
use crate::formats::table::pivot::is_channel;
use crate::formats::table::profile::{Profile, SAMPLE, time_columns};
use crate::formats::table::structure::{self, Sight, names_label};
use crate::formats::table::unlike::{counters, measured};
use crate::formats::table::{Columns, is_target, listed};
use crate::formats::{ReadOptions, is_missing};
use crate::label_names;

/// Names of the column that tells the series, beside those of any identifier.
const SERIES: [&str; 13] = [
    "series", "case", "sample", "subject", "unit", "instance", "item", "patient", "device", "sensor", "station",
    "user", "sequence",
];
/// Names of the column that tells the step, beside those of any time.
const STEPS: [&str; 14] = [
    "t",
    "step",
    "timestep",
    "time_step",
    "ds",
    "reading_id",
    "cycle",
    "hour",
    "day",
    "week",
    "month",
    "year",
    "period",
    "frame",
];

/// One row of so many may give a series a time twice.
const RARE: usize = 10;

/// Names of the column of texts in a table of them.
const TEXTS: [&str; 9] = ["text", "review", "comment", "message", "tweet", "sentence", "body", "content", "post"];

/// Whether a table may be a long one, by its names, by some of its rows and by its first ones; where it may not,
/// [`LongTable::columns`] finds none.
pub(in crate::formats) fn may_be(
    names: &[String],
    named: bool,
    profiles: &[Profile],
    beginning: &[StringRecord],
    rows: usize,
    options: &ReadOptions,
) -> bool {
    let asked = options.long == Some(true) || options.id.is_some();
    if !asked && (options.long == Some(false) || options.text.is_some() || !named) {
        return false;
    }
    let place = |name: &Option<String>| name.as_ref().and_then(|name| names.iter().position(|own| own == name));
    let (id, target, group) = (place(&options.id), place(&options.target), place(&options.group));
    if let Some(id) = id {
        return options.long == Some(true) || !profiles[id].is_distinct() || rows < 2;
    }
    let time = place(&options.time).or_else(|| steps(names, profiles, &[target, group]).0);
    // Of many short series each stands in one of the rows that were looked at.
    let first = &beginning[..beginning.len().min(SAMPLE)];
    let again = |column: usize| profiles[column].repeats() || Profile::of(first, column).repeats();
    asked
        || (time.is_some() && !by_likeness(names, profiles, &again, target, time).is_empty())
        || structure::may_be(names, profiles, beginning, rows)
}

/// The columns of the time, by their cells or their names, and of the hours; `taken` are others already.
fn steps(names: &[String], profiles: &[Profile], taken: &[Option<usize>]) -> (Option<usize>, Option<usize>) {
    let free = |column: usize| !taken.contains(&Some(column));
    let (dates, hours) = time_columns(profiles, free);
    let named = |column: &usize| {
        let name = names[*column].trim().to_lowercase();
        (is_clock(&name) || STEPS.contains(&name.as_str())) && profiles[*column].is_numeric()
    };
    (dates.or_else(|| (0..names.len()).filter(|column| free(*column)).find(named)), hours)
}

/// A table that may be long, and what the config says of its columns.
pub(super) struct LongTable<'a> {
    table: &'a Table,
    options: &'a ReadOptions,
    profiles: Vec<Profile>,
    /// Whether the config says that the table is long.
    asked: bool,
    /// Whether series have labels; recordings have none.
    labelled: bool,
    id: Option<usize>,
    time: Option<usize>,
    target: Option<usize>,
    group: Option<usize>,
}

/// The columns that tell where in which series a row belongs.
#[derive(Clone, Copy)]
struct Places {
    id: usize,
    time: Option<usize>,
    hours: Option<usize>,
    channel: Option<usize>,
}

impl Places {
    fn dated(&self) -> Option<[usize; 2]> {
        self.time.zip(self.hours).map(|(dates, hours)| [dates, hours])
    }

    fn holds(&self, column: usize) -> bool {
        [Some(self.id), self.time, self.hours, self.channel].contains(&Some(column))
    }
}

impl<'a> LongTable<'a> {
    /// `None` where the config says that a row is a series.
    ///
    /// # Errors
    ///
    /// A column that the config names and the table lacks.
    pub(super) fn of(table: &'a Table, options: &'a ReadOptions, labelled: bool) -> Result<Option<Self>, DataError> {
        let Table { name: file, names, named, records, .. } = table;
        let asked = options.long == Some(true) || options.id.is_some();
        if !asked && (options.long == Some(false) || options.text.is_some() || !named) {
            return Ok(None);
        }
        let place = |key: &str, name: &Option<String>| {
            name.as_ref().map(|name| column_place(file, names, key, name)).transpose()
        };
        let table = Self {
            table,
            options,
            profiles: (0..names.len()).map(|column| Profile::of(records, column)).collect(),
            asked,
            labelled,
            id: place("id", &options.id)?,
            time: place("time", &options.time)?,
            target: place("target", &options.target)?,
            group: if labelled { place("labels.group", &options.group)? } else { None },
        };
        // Rows that have each its own name are series themselves.
        let alone = |id: usize| options.long != Some(true) && table.profiles[id].is_distinct() && records.len() > 1;
        Ok(if table.id.is_some_and(alone) { None } else { Some(table) })
    }

    /// What each column is; `None`, which is told where it may be meant otherwise, where a row is a series.
    ///
    /// # Errors
    ///
    /// No column that tells the series of a table that is said to be long, or several columns of values beside one that
    /// tells the channel.
    pub(super) fn columns(&self, notes: &mut Vec<String>) -> Result<Option<Columns>, DataError> {
        let (file, names) = (&self.table.name, &self.table.names);
        let Some(places) = self.places(notes)? else { return Ok(None) };
        let mut own = Vec::new();
        let target = self.label(&places, &mut own);
        let (inputs, beside) = self.inputs(&places, target)?;
        if places.channel.is_some() && inputs.len() != 1 {
            let inputs: Vec<String> = inputs.iter().map(|column| names[*column].clone()).collect();
            let known = places.channel.map_or("", |column| names[column].as_str());
            return Err(DataError::new(
                format!(
                    "{file}: beside `{known}`, which tells the channel, one column of values is read, and there are {}",
                    inputs.len()
                ),
                format!("name it with `data.features`: {}", listed(&inputs)),
            ));
        }
        // Numbers beside a text are its counters.
        let texts = beside.iter().any(|column| self.holds_texts(*column));
        if inputs.is_empty() || (!self.asked && texts) {
            return Ok(None);
        }
        if !self.asked {
            if self.are_steps(&inputs) {
                return Ok(None);
            }
            let doubt = self.label_of_rows(&places, target, &beside);
            if let Some(doubt) = doubt.or_else(|| self.doubt_of_numbered(&places, &inputs)) {
                notes.push(Guess::with(places.id, places.time, doubt).told(self.table));
                return Ok(None);
            }
        }
        notes.append(&mut own);
        let Places { id, time, hours, channel } = places;
        if !self.asked {
            let mut ordered = time.map_or(String::new(), |time| format!(", `{}` the step", names[time]));
            ordered.extend(channel.map(|channel| format!(", `{}` the channel", names[channel])));
            notes.push(format!(
                "{file}: read as a long table: `{}` tells the series{ordered}; `data.format = \"csv\"` reads a series \
                 a row",
                names[id]
            ));
        }
        let measured = measured(file, names, &self.profiles, beside.iter().copied(), "left out");
        if !beside.is_empty() {
            let beside: Vec<String> = beside.into_iter().map(|column| names[column].clone()).collect();
            notes.push(format!(
                "{file}: no channels, and left out: {}; `data.features` chooses channels",
                listed(&beside)
            ));
        }
        notes.extend(measured);
        if self.options.features.is_empty() && channel.is_none() {
            notes.extend(counters(file, names, &self.profiles, &inputs));
        }
        Ok(Some(Columns { target, inputs, kind: LayoutKind::Long, id: Some(id), time, hours, channel, padded: false }))
    }

    /// The columns that tell series, step and channel: by their names, where hardly a series has a time twice, else by
    /// structure.
    fn places(&self, notes: &mut Vec<String>) -> Result<Option<Places>, DataError> {
        let Table { name: file, names, records, .. } = self.table;
        let (time, hours) = match self.time {
            Some(time) => (Some(time), None),
            None => steps(names, &self.profiles, &[self.id, self.target, self.group]),
        };
        let candidates: Vec<usize> = match self.id {
            Some(id) => vec![id],
            None => {
                let again = |column: usize| comes_again(records, column);
                let all = by_likeness(names, &self.profiles, &again, self.target, time).into_iter();
                all.filter(|column| Some(*column) != self.group).collect()
            }
        };
        let taken = [self.id, time, hours, self.target, self.group];
        let channel = (0..names.len()).find(|column| is_channel(&names[*column]) && !taken.contains(&Some(*column)));
        let twice = |id: usize, channel: Option<usize>| {
            time.map_or(usize::MAX, |time| steps_that_stand_twice(records, id, channel, [Some(time), hours]))
        };
        // A row that was written twice makes no other table of it: it is told, or refused with its line, when the steps
        // are sorted.
        let hardly = |count: usize| count.saturating_mul(RARE) <= records.len();
        let fits = |id: usize| match channel {
            _ if twice(id, None) == 0 => Some(None),
            channel => hardly(twice(id, channel)).then_some(channel),
        };
        let by_name = |id: usize| Some(Places { id, time, hours, channel: fits(id)? });
        if let Some(places) = candidates.iter().find_map(|id| by_name(*id)) {
            return Ok(Some(places));
        }
        let plain = Places { id: 0, time, hours, channel: None };
        let guess = self.guess(plain.dated(), channel);
        if let Some((Guess { id: Some(id), time: own, .. }, channel)) =
            guess.filter(|(guess, _)| self.asked || guess.doubt.is_none())
        {
            if let Some(own) = own.filter(|own| self.asked && self.time.is_none() && time != Some(*own)) {
                notes.push(format!("{file}: `{}` tells the step by its looks; `data.time` names another", names[own]));
            }
            return Ok(Some(Places { id, time: own, hours: hours.filter(|_| time == own), channel }));
        }
        match candidates.first() {
            Some(&id) if self.asked => Ok(Some(Places { id, ..plain })),
            _ if self.asked => Err(DataError::new(
                format!("{file}: no column tells which series a row belongs to"),
                "name it with `data.id`, and that of the steps with `data.time`",
            )),
            _ => {
                notes.extend(guess.filter(|_| self.labelled).map(|(guess, _)| guess.told(self.table)));
                Ok(None)
            }
        }
    }

    /// What the structure of the table says, and the column of channels where it parts the rows of a series.
    fn guess(&self, dated: Option<[usize; 2]>, channel: Option<usize>) -> Option<(Guess, Option<usize>)> {
        let prose = |column: usize| self.holds_texts(column) || self.profiles[column].may_be_prose();
        if !self.asked && (0..self.profiles.len()).any(prose) {
            return None;
        }
        let find = |channel| structure::find(&self.sight(self.id, self.time, dated, channel));
        let plain = find(None);
        let sure = |guess: &Guess| guess.doubt.is_none();
        let parted = match channel {
            Some(_) if !plain.as_ref().is_some_and(sure) => find(channel).filter(sure),
            _ => None,
        };
        parted.map(|guess| (guess, channel)).or(plain.map(|guess| (guess, None)))
    }

    fn sight(
        &self,
        id: Option<usize>,
        time: Option<usize>,
        hours: Option<[usize; 2]>,
        channel: Option<usize>,
    ) -> Sight<'_> {
        let Table { names, records, .. } = self.table;
        let (target, labelled) = (self.target.filter(|_| self.labelled), self.labelled);
        let (group, supervised) = (self.group, self.options.supervised && !self.asked);
        let profiles = &self.profiles;
        Sight { names, profiles, records, id, time, hours, channel, target, group, labelled, supervised }
    }

    /// The column of labels: named by the config or by its name, else by its looks, which is told.
    fn label(&self, places: &Places, notes: &mut Vec<String>) -> Option<usize> {
        let Table { name: file, names, records, .. } = self.table;
        let named = |column: &usize| is_target(&names[*column]) && change(records, places.id, *column).is_none();
        if let Some(target) = self.target.or_else(|| (0..names.len()).find(named)) {
            return Some(target);
        }
        let free =
            |column: &usize| !places.holds(*column) && Some(*column) != self.group && !is_identifier(&names[*column]);
        let columns: Vec<usize> = (0..names.len()).filter(free).collect();
        let asked = self.labelled && self.options.features.is_empty();
        let found = label_of_series(records, &self.profiles, places.id, &columns).filter(|_| asked)?;
        notes.push(format!(
            "{file}: `{}` is one in each series and is taken for the label; `data.target` names another",
            names[found]
        ));
        Some(found)
    }

    /// The columns of values, and those that are left out.
    fn inputs(&self, places: &Places, target: Option<usize>) -> Result<(Vec<usize>, Vec<usize>), DataError> {
        let Table { name: file, names, records, .. } = self.table;
        if !self.options.features.is_empty() {
            let places = self.options.features.iter().map(|name| column_place(file, names, "features", name));
            return Ok((places.collect::<Result<_, _>>()?, Vec::new()));
        }
        // A label that changes from step to step is no channel; numbers to forecast, which go by `y` too, are one, and
        // beside another label any that change.
        let label = |column: usize| {
            let value = ["y", "target"].contains(&names[column].trim().to_lowercase().as_str());
            let moves = || self.profiles[column].is_numeric() && change(records, places.id, column).is_some();
            names_label(&names[column], &self.profiles[column]) && !(value && target.is_some() && moves())
        };
        let is_input = |column: usize| {
            let name = &names[column];
            let index = name.is_empty() || name.starts_with("Unnamed:") || is_identifier(name);
            let profile = &self.profiles[column];
            profile.is_numeric() && !profile.is_empty() && !index && !label(column)
        };
        let free = |column: &usize| !places.holds(*column) && ![target, self.group].contains(&Some(*column));
        Ok((0..names.len()).filter(free).partition(|column| is_input(*column)))
    }

    /// A label that changes within a series, which is one of rows.
    fn label_of_rows(&self, places: &Places, target: Option<usize>, beside: &[usize]) -> Option<Doubt> {
        let named = beside.iter().copied().find(|column| is_target(&self.table.names[*column]));
        let column = target.or(named).filter(|_| self.labelled)?;
        Some(Doubt::Label { column, row: change(&self.table.records, places.id, column)? })
    }

    /// Whether columns are the steps t0, t1 … of a wide table. A recording has a row per step whatever they are called.
    fn are_steps(&self, inputs: &[usize]) -> bool {
        let is_step = |column: &&usize| {
            stem(&self.table.names[**column])
                .is_some_and(|stem| STEPS.contains(&stem.trim_end_matches('_').to_lowercase().as_str()))
        };
        self.labelled && inputs.len() > 3 && 2 * inputs.iter().filter(is_step).count() > inputs.len()
    }

    /// Columns v0, v1 … may be steps or channels: channels where a label or the time's own name says so.
    fn doubt_of_numbered(&self, places: &Places, inputs: &[usize]) -> Option<Doubt> {
        let names = &self.table.names;
        let own = |column: &usize| stem(&names[*column]);
        let numbered = inputs.iter().all(|column| own(column).is_some() && own(column) == own(&inputs[0]));
        if !self.labelled || inputs.len() <= 3 || !numbered {
            return None;
        }
        let sight = self.sight(Some(places.id), places.time, places.dated(), places.channel);
        let sound = structure::find(&sight).filter(|guess| guess.doubt.is_none());
        let clock = places.time.is_some_and(|time| self.profiles[time].is_time() || is_clock(&names[time]));
        (!sound.is_some_and(|guess| guess.labelled || clock)).then_some(Doubt::Looks)
    }

    /// Whether a column is one of texts, by its name or its looks.
    fn holds_texts(&self, column: usize) -> bool {
        let profile = &self.profiles[column];
        let name = self.table.names[column].trim().to_lowercase();
        let named = TEXTS.contains(&name.as_str()) && profile.is_text();
        profile.is_filled() && !profile.is_empty() && (named || profile.is_prose())
    }
}

/// Columns that may tell the series, the likeliest first: by name, then words or whole numbers that come again.
fn by_likeness(
    names: &[String],
    profiles: &[Profile],
    again: &dyn Fn(usize) -> bool,
    target: Option<usize>,
    time: Option<usize>,
) -> Vec<usize> {
    let free = |column: &usize| Some(*column) != target && Some(*column) != time && !is_target(&names[*column]);
    let named = |column: &usize| {
        is_identifier(&names[*column]) || SERIES.contains(&names[*column].trim().to_lowercase().as_str())
    };
    // Without a name that says so, only dates that several rows share tell a long table.
    let dated = time.is_some_and(|time| profiles[time].is_time() && !profiles[time].is_distinct());
    let fits = |column: &usize| profiles[*column].is_text() || profiles[*column].is_whole();
    let (sure, others): (Vec<usize>, Vec<usize>) = (0..names.len()).filter(fits).filter(free).partition(named);
    let others = others.into_iter().filter(|column| dated && profiles[*column].is_text());
    sure.into_iter().chain(others).filter(|column| again(*column)).collect()
}

/// Whether the cells of a column stand in two rows each, on average.
fn comes_again(records: &[StringRecord], column: usize) -> bool {
    let cells = || records.iter().map(|record| record[column].trim()).filter(|cell| !is_missing(cell));
    let distinct = cells().collect::<HashSet<&str>>().len();
    distinct > 0 && 2 * distinct <= cells().count()
}

/// How many rows give a series, or a channel of one, a time that it has already.
fn steps_that_stand_twice(
    records: &[StringRecord],
    id: usize,
    channel: Option<usize>,
    times: [Option<usize>; 2],
) -> usize {
    let mut seen = HashSet::new();
    let rows = records.iter().filter(|record| !is_missing(&record[id]));
    let twice = rows.filter(|record| {
        let cell = |column: Option<usize>| column.map_or("", |column| record[column].trim());
        !seen.insert((record[id].trim(), cell(channel), times.map(cell)))
    });
    twice.count()
}

/// The first row in which a column is another than before in the same series.
fn change(records: &[StringRecord], id: usize, column: usize) -> Option<usize> {
    let mut known = HashMap::new();
    records.iter().position(|record| {
        let cell = record[column].trim();
        !is_missing(cell) && !label_names::are_one(known.entry(record[id].trim()).or_insert(cell), cell)
    })
}

/// The label by its looks, where no name tells it: a few classes that hold throughout each series and come again in
/// others, beside numbers that change within one. Of several that of the fewest classes, of equals the last.
fn label_of_series(records: &[StringRecord], profiles: &[Profile], id: usize, columns: &[usize]) -> Option<usize> {
    let series: HashSet<&str> = records.iter().map(|record| record[id].trim()).collect();
    let (still, moving): (Vec<usize>, Vec<usize>) =
        columns.iter().partition(|column| change(records, id, **column).is_none());
    moving.iter().find(|column| profiles[**column].is_numeric())?;
    let classes = |column: &usize| {
        let profile = &profiles[*column];
        profile.is_filled() && profile.may_be_classes() && 2 * profile.distinct <= series.len()
    };
    still.into_iter().rev().filter(classes).min_by_key(|column| profiles[*column].distinct)
}
