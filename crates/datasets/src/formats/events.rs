//! Tables with a row per event, of which sessions are made: who took what, and when. A row of JSON lines, Parquet or
//! Arrow may also hold a list of items, a whole session in its order, and then needs neither user nor time.

use std::io::BufRead;
use std::ops::Range;
use std::path::Path;

use semiseq_files::time::{self, Times};
use semiseq_schema::{nearest, plain};
use serde_json::Value;

use crate::error::DataError;
use crate::events::{BETWEEN_ITEMS, Event, Events};
use crate::formats::decode::{bytes, decoded, unpacked};
use crate::formats::limit::Limited;
use crate::formats::table::cells_of_file::Table;
use crate::formats::table::listed;
use crate::formats::table::order::date_doubt;
use crate::formats::{Format, ReadOptions, Rows, arrow_objects, guess, json_row, jsonl, parquet_objects};
use crate::preparation::sessions::{self, SessionsConfig};
use crate::row_keys::RowKeys;
use crate::sequence::Sequence;

pub(crate) const FORMAT: Format = Format {
    name: "sessions",
    summary: "table of users, items and times, a row per event; see `[data.sessions]`",
    endings: &[],
    columns: true,
    read: read_rows,
};

/// Names of columns that are looked for, without what people write in more than one way.
const USERS: &str = "user userid session sessionid visitor visitorid customer customerid client clientid member \
    memberid";
const ITEMS: &str = "item itemid items product productid track trackid song songid movie movieid article articleid \
    page url sku news newsid";
const TIMES: &str = "time timestamp ts datetime date eventdate eventtime unixtimestamp createdat timeframe";

/// The columns of a table.
struct Roles {
    user: Option<String>,
    item: String,
    time: Option<String>,
}

/// Events of a file before their times are read.
struct Reading<'a> {
    events: &'a mut Events,
    name: String,
    times: Vec<String>,
    /// Where each event stands.
    places: Vec<u64>,
    bad: Vec<String>,
}

/// Reads the events of a file behind those of others; their places among all.
///
/// # Errors
///
/// A file that is no such table, a column that it lacks, rows without a user, an item or a time.
pub(crate) fn read(
    events: &mut Events,
    path: &Path,
    format: Option<&str>,
    header: Option<bool>,
    config: &SessionsConfig,
) -> Result<Range<usize>, DataError> {
    std::fs::metadata(path).map_err(|error| DataError::file(path, &error))?;
    let name = path.display().to_string();
    let format = format.filter(|format| *format != FORMAT.name).or_else(|| guess(path));
    match format {
        Some(kind @ ("csv" | "long" | "tsv")) => {
            let delimiter = if kind == "tsv" { b'\t' } else { b',' };
            let features = [&config.user, &config.item, &config.time].into_iter().flatten().cloned().collect();
            let options = ReadOptions { header, features, ..ReadOptions::default() };
            let mut table = Table::read(path, delimiter, &options)?;
            if header.is_none() {
                name_columns(&mut table);
            }
            events.notes.append(&mut table.notes);
            let roles = Roles::of(&name, &table.names, config, true)?;
            of_cells(events, name, table, &roles)
        }
        Some("jsonl") => {
            let text = decoded(bytes(path)?, &name, &mut events.notes)?;
            of_lines(events, name, &text, config)
        }
        Some("parquet") => of_objects(events, name, (1..).zip(parquet_objects(path)?.into_iter().map(Ok)), config),
        Some("arrow") => of_objects(events, name, (1..).zip(arrow_objects(path)?.into_iter().map(Ok)), config),
        other => Err(DataError::new(
            format!(
                "{name}: sessions are made of tables with a row per event, and this is read as {}",
                other.map_or("no known format".into(), |other| format!("`{other}`"))
            ),
            "write `format = \"csv\"`, \"tsv\", \"jsonl\", \"parquet\" or \"arrow\" if it is one of them",
        )),
    }
}

/// Takes the first row for the names where it holds usual ones: among words alone it looks like any other.
fn name_columns(table: &mut Table) {
    let Some(first) = table.records.first().filter(|_| !table.named && table.records.len() > 1) else { return };
    let is_there = |usual: &str| usual.split(' ').any(|usual| first.iter().any(|cell| plain(cell.trim()) == usual));
    if is_there(ITEMS) && (is_there(USERS) || is_there(TIMES)) {
        table.names = first.iter().map(|cell| cell.trim().to_string()).collect();
        table.named = true;
        table.records.remove(0);
        table.lines.remove(0);
    }
}

fn of_cells(events: &mut Events, name: String, table: Table, roles: &Roles) -> Result<Range<usize>, DataError> {
    let column = |wanted: &str| table.names.iter().position(|name| name == wanted).unwrap_or(0);
    let (Some(user), Some(time)) = (roles.user.as_deref().map(column), roles.time.as_deref().map(column)) else {
        return Err(lacking(&name, if roles.user.is_none() { "user" } else { "time" }, &table.names));
    };
    let item = column(&roles.item);
    let mut reading = Reading::new(events, name);
    for (record, line) in table.records.iter().zip(&table.lines) {
        let cell = |column: usize| record.get(column).unwrap_or("").trim();
        reading.add(Some(cell(user)), std::iter::once(cell(item)), Some(cell(time)), *line);
    }
    reading.done(roles)
}

fn of_lines(events: &mut Events, name: String, text: &str, config: &SessionsConfig) -> Result<Range<usize>, DataError> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    of_objects(events, name, lines.map(|(place, line)| (place, jsonl::parse(line))), config)
}

fn of_objects(
    events: &mut Events,
    name: String,
    objects: impl Iterator<Item = (u64, Result<Value, String>)>,
    config: &SessionsConfig,
) -> Result<Range<usize>, DataError> {
    let mut roles = None;
    let mut reading = Reading::new(events, name);
    for (place, object) in objects {
        let object = match object {
            Ok(Value::Object(object)) => Value::Object(object),
            Ok(_) => {
                reading.wrong(place, "not an object");
                continue;
            }
            Err(reason) => {
                reading.wrong(place, &reason);
                continue;
            }
        };
        if roles.is_none() {
            let keys: Vec<String> = object.as_object().into_iter().flat_map(|keys| keys.keys().cloned()).collect();
            roles = Some(Roles::of(&reading.name, &keys, config, false)?);
        }
        let Some(roles) = &roles else { continue };
        let text = |key: &str| match json_row::at(&object, key) {
            Some(Value::String(text)) => text.trim().to_string(),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
            _ => String::new(),
        };
        let given = |key: &Option<String>| key.as_deref().map(text);
        let (user, time) = (given(&roles.user), given(&roles.time));
        match json_row::at(&object, &roles.item) {
            Some(Value::Array(items)) => {
                let items: Vec<String> = items
                    .iter()
                    .map(|item| match item {
                        Value::String(text) => text.trim().to_string(),
                        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
                        value => value.to_string(),
                    })
                    .collect();
                let (user, time) = (user.filter(|user| !user.is_empty()), time.filter(|time| !time.is_empty()));
                reading.add(user.as_deref(), items.iter().map(String::as_str), time.as_deref(), place);
            }
            _ => {
                let item = text(&roles.item);
                // An event without a user is no session.
                let user = Some(user.unwrap_or_default());
                reading.add(user.as_deref(), std::iter::once(item.as_str()), time.as_deref(), place);
            }
        }
    }
    match roles {
        Some(roles) => reading.done(&roles),
        None => {
            let (name, bad) = (reading.name, reading.bad);
            Err(match bad.is_empty() {
                true => DataError::new(format!("{name}: there is no event"), HINT),
                false => DataError::several(bad, HINT),
            })
        }
    }
}

const HINT: &str = "a row holds a user, an item and a time; a line of JSON is `{\"user\": …, \"item\": …, \"time\": …}`, or \
                    `{\"item\": [\"…\", \"…\"]}` for a whole session";

impl<'a> Reading<'a> {
    fn new(events: &'a mut Events, name: String) -> Self {
        Self { events, name, times: Vec::new(), places: Vec::new(), bad: Vec::new() }
    }

    fn wrong(&mut self, place: u64, reason: &str) {
        self.bad.push(format!("{}:{place}: {reason}", self.name));
    }

    /// Adds the events of a row; without a user they are a session of their own.
    fn add<'b>(&mut self, user: Option<&str>, items: impl Iterator<Item = &'b str>, time: Option<&str>, place: u64) {
        if user == Some("") {
            return self.wrong(place, "the user is missing");
        }
        let user = match user {
            Some(user) => self.events.users.number(user),
            None => self.events.users.another(""),
        };
        let mut none = true;
        for item in items {
            none = false;
            if item.is_empty() {
                return self.wrong(place, "the item is missing");
            }
            // A break parts the items of a session.
            let item = match item.contains(BETWEEN_ITEMS) {
                true => self.events.items.number(&item.replace(BETWEEN_ITEMS, " ")),
                false => self.events.items.number(item),
            };
            self.events.rows.push(Event { user, item, time: 0.0 });
            self.times.extend(time.map(String::from));
            self.places.push(place);
        }
        if none {
            self.wrong(place, "there is no item");
        }
    }

    /// Reads the times; without a column of times the rows stand in their order.
    fn done(mut self, roles: &Roles) -> Result<Range<usize>, DataError> {
        let Events { rows, notes, .. } = &mut *self.events;
        let first = rows.len() - self.places.len();
        if self.times.len() == self.places.len() {
            match time::read(self.times.iter().map(String::as_str)) {
                Ok(Times { seconds, doubt }) => {
                    rows[first..].iter_mut().zip(seconds).for_each(|(row, time)| row.time = time);
                    let column = roles.time.as_deref().unwrap_or_default();
                    notes.extend(doubt.map(|(order, place)| date_doubt(&self.name, column, &self.times[place], order)));
                }
                Err(place) if self.bad.is_empty() => {
                    let shown = crate::shown::shown(&self.times[place]);
                    let column = roles.time.as_deref().unwrap_or_default();
                    let reason = format!("`{column}` is `{shown}`, which is read as no time");
                    let place = self.places[place];
                    self.wrong(place, &reason);
                }
                Err(_) => {}
            }
        } else {
            rows[first..].iter_mut().zip(0u32..).for_each(|(row, place)| row.time = f64::from(place));
        }
        if !self.bad.is_empty() {
            return Err(DataError::several(self.bad, HINT));
        }
        let end = self.events.rows.len();
        match first == end {
            true => Err(DataError::new(format!("{}: there is no event", self.name), HINT)),
            false => Ok(first..end),
        }
    }
}

impl Roles {
    /// Which columns are which: those that the config names, else those with a usual name. Lines of whole sessions need
    /// neither user nor time: where not all rows have the same columns, each row tells.
    fn of(file: &str, names: &[String], config: &SessionsConfig, regular: bool) -> Result<Self, DataError> {
        let find = |key: &str, given: &Option<String>, usual: &str| -> Result<Option<String>, DataError> {
            let Some(wanted) = given else {
                return Ok(usual.split(' ').find_map(|usual| names.iter().find(|name| plain(name) == usual)).cloned());
            };
            // A key within others is written `a.b`.
            let there = names.iter().any(|name| name == wanted || wanted.split('.').next() == Some(name));
            if there || (!regular && key != "item") {
                return Ok(Some(wanted.clone()));
            }
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            Err(DataError::new(
                format!("{file}: there is no column `{wanted}`, which `data.sessions.{key}` names"),
                nearest(wanted, &known)
                    .map_or_else(|| format!("columns: {}", listed(names)), |near| format!("did you mean `{near}`?")),
            ))
        };
        let user = find("user", &config.user, USERS)?;
        let item = find("item", &config.item, ITEMS)?;
        let time = find("time", &config.time, TIMES)?;
        Ok(Self { user, item: item.ok_or_else(|| lacking(file, "item", names))?, time })
    }
}

fn lacking(file: &str, key: &str, names: &[String]) -> DataError {
    DataError::new(
        format!("{file}: no column has a usual name for the {key} of an event; columns: {}", listed(names)),
        format!(
            "name it with `data.sessions.{key}`; without a row of names write `data.header = false` and use numbers from 1"
        ),
    )
}

/// The sessions of a file as rows, with their users as identifiers.
fn read_rows(path: &Path, options: &ReadOptions) -> Result<Rows, DataError> {
    let config = options.sessions.clone().unwrap_or_default();
    let mut events = Events::default();
    let range = read(&mut events, path, None, options.header, &config)?;
    Ok(rows(path.display().to_string(), events, range, &config))
}

/// Sessions from JSON lines on standard input, as those of a file.
///
/// # Errors
///
/// Names all bad lines.
pub fn read_sessions(reader: impl BufRead, name: &str, config: &SessionsConfig) -> Result<Rows, DataError> {
    let mut events = Events::default();
    let text = decoded(unpacked(Limited::open_ended(reader), name)?, name, &mut events.notes)?;
    let range = of_lines(&mut events, name.to_string(), &text, config)?;
    Ok(rows(name.to_string(), events, range, config))
}

/// The sessions of some events.
pub(crate) fn rows(name: String, mut events: Events, range: Range<usize>, config: &SessionsConfig) -> Rows {
    let found = sessions::of(&events, range, config);
    let notes = std::mem::take(&mut events.notes);
    let (sequences, ids) = sequences(&events, &found);
    let labels = vec![String::new(); sequences.len()];
    Rows { name, sequences, labels, keys: RowKeys { ids, groups: Vec::new() }, notes, ..Rows::default() }
}

/// Sessions as texts, an item per line, and their users; no users where none has a name.
pub(crate) fn sequences(events: &Events, sessions: &[sessions::Session]) -> (Vec<Sequence>, Vec<String>) {
    let text = |session: &sessions::Session| {
        let items: Vec<&str> = session.items.iter().map(|item| events.items.name(*item)).collect();
        Sequence::Text(items.join(&BETWEEN_ITEMS.to_string()))
    };
    let mut ids: Vec<String> = sessions.iter().map(|session| events.users.name(session.user).to_string()).collect();
    if ids.iter().all(String::is_empty) {
        ids.clear();
    }
    (sessions.iter().map(text).collect(), ids)
}

/// Whether a table has columns with usual names for user, item and time.
pub fn looks_like_events(path: &Path) -> bool {
    if !path.is_file() || !matches!(guess(path), Some("csv" | "long" | "tsv" | "jsonl")) {
        return false;
    }
    let begin = super::decode::beginning(path);
    let Some(first) = begin.lines().find(|line| !line.trim().is_empty()) else { return false };
    let names: Vec<String> = match serde_json::from_str::<Value>(first) {
        Ok(Value::Object(keys)) => keys.keys().map(|name| plain(name)).collect(),
        _ => first.split([',', ';', '\t', '|']).map(|name| plain(name.trim().trim_matches('"'))).collect(),
    };
    [USERS, ITEMS, TIMES].iter().all(|usual| names.iter().any(|name| usual.split(' ').any(|usual| usual == name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::file;

    fn rows_of(name: &str, text: &str, config: &SessionsConfig) -> Result<Rows, String> {
        let options = ReadOptions { sessions: Some(config.clone()), ..ReadOptions::default() };
        super::super::read(&file(name, text), Some("sessions"), &options).map_err(|error| error.in_full())
    }

    fn texts(rows: &Rows) -> Vec<String> {
        let text = |sequence: &Sequence| if let Sequence::Text(text) = sequence { text.clone() } else { String::new() };
        rows.sequences.iter().map(text).collect()
    }

    #[test]
    fn columns_are_found_by_usual_names_and_rows_sorted_by_time() {
        let table = "SessionId,ItemId,Timestamp\n1,b,2014-04-07T10:54:09.868Z\n1,a,2014-04-07T10:51:09.277Z\n2,c d,2014-04-08\n";
        let rows = rows_of("clicks.csv", table, &SessionsConfig::default()).unwrap();
        assert_eq!((texts(&rows), rows.keys.ids), (vec!["a\nb".into(), "c d".into()], vec!["1".into(), "2".into()]));
    }

    #[test]
    fn dates_that_either_order_fits_are_told() {
        let table = "user,item,date\n1,b,01/03/2014\n1,a,01/02/2014\n1,c,01/04/2014\n1,d,02/04/2014\n";
        let rows = rows_of("either.csv", table, &SessionsConfig::default()).unwrap();
        assert!(
            rows.notes.iter().any(|note| note.contains("such as `01/03/2014`: they are read with the day first")),
            "{:?}",
            rows.notes
        );
    }

    #[test]
    fn files_without_names_are_read_by_the_numbers_of_their_columns() {
        let config = SessionsConfig {
            user: Some("1".into()),
            item: Some("3".into()),
            time: Some("2".into()),
            ..SessionsConfig::default()
        };
        let options = ReadOptions { sessions: Some(config), header: Some(false), ..ReadOptions::default() };
        let path = file("clicks.csv", "7,10,214536502,0\n7,11,214536500,0\n");
        let rows = super::super::read(&path, Some("sessions"), &options).unwrap();
        assert_eq!(texts(&rows), ["214536502\n214536500"]);
    }

    #[test]
    fn lines_of_json_hold_events_or_whole_sessions() {
        let lines = "{\"user\": \"u\", \"item\": 4, \"time\": 2}\n{\"user\": \"u\", \"item\": \"x\", \"time\": 1}\n";
        let rows = rows_of("a.jsonl", lines, &SessionsConfig::default()).unwrap();
        assert_eq!((texts(&rows), rows.keys.ids), (vec!["x\n4".to_string()], vec!["u".to_string()]));
        let rows =
            rows_of("b.jsonl", "{\"item\": [\"a\", 2, \"a\"]}\n{\"item\": [\"b\"]}\n", &SessionsConfig::default());
        let rows = rows.unwrap();
        assert_eq!((texts(&rows), rows.keys.ids.len()), (vec!["a\n2\na".to_string(), "b".to_string()], 0));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let config = SessionsConfig { item: Some("artcle".into()), ..SessionsConfig::default() };
        let told = rows_of("a.csv", "user,article,time\n1,2,3\n", &config).unwrap_err();
        assert!(told.contains("no column `artcle`") && told.contains("did you mean `article`?"), "{told}");
        let told = rows_of("b.csv", "user,thing,time\n1,2,3\n", &SessionsConfig::default()).unwrap_err();
        assert!(told.contains("usual name for the item") && told.contains("data.sessions.item"), "{told}");
        let told = rows_of("c.csv", "user,item,time\n1,,3\n,2,3\n1,2,3\n", &SessionsConfig::default()).unwrap_err();
        assert!(told.contains("c.csv:2: the item is missing") && told.contains("c.csv:3: the user is"), "{told}");
        let told = rows_of("d.csv", "user,item,time\n1,2,3\n1,3,never\n", &SessionsConfig::default()).unwrap_err();
        assert!(told.contains("d.csv:3: `time` is `never`, which is read as no time"), "{told}");
        let told = rows_of("e.jsonl", "{\"item\": []}\n[1]\n", &SessionsConfig::default()).unwrap_err();
        assert!(told.contains("e.jsonl:1: there is no item") && told.contains("e.jsonl:2: not an object"), "{told}");
    }

    #[test]
    fn a_table_of_events_is_known_by_its_names() {
        assert!(looks_like_events(&file("a.csv", "visitorid,itemid,timestamp\n1,2,3\n")));
        assert!(!looks_like_events(&file("b.csv", "text,label\nsome words,a\n")));
    }
}
