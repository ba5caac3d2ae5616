//! `semiseq predict --watch`: JSON lines in, JSON lines out, each answered before the next is read.
//!
//! Lines with one `session` go on where the earlier ones ended: a tagger carries the state of its encoder, a forecaster
//! the last steps that it reads, and what recommends the items so far. A line that is wrong is answered with what is
//! wrong with it, and changes nothing.

use std::collections::HashMap;
use std::io::BufRead;

use semiseq::datasets::Forecast;
use semiseq::models::State;
use semiseq::prelude::*;
use semiseq::training::terminal;
use serde_json::{Value, json};

use super::prediction_json::as_json;
use super::{latest_from, prepared_without_labels, raw_from};

/// The key of a line that tells which others it follows.
const SESSION: &str = "session";
/// Sessions that are remembered; beyond that the one is forgotten that was quiet longest.
const SESSIONS: usize = 10_000;
/// Items of a session that are remembered, the last ones.
const ITEMS: usize = 1_000;

/// What is carried from a line to the next of its session.
enum Carried {
    /// Steps or items so far, as they were written.
    Written(Value),
    /// The states of a tagger's encoder.
    States(Vec<State>),
}

/// A run that is asked line by line.
struct Watch<'a> {
    run: &'a SavedRun,
    config: DataConfig,
    /// What is carried, and the line that it was last asked for in.
    sessions: HashMap<String, (usize, Carried)>,
}

/// Answers standard input line by line until it ends.
pub(super) fn run(run: &SavedRun) -> Result<(), Error> {
    let config = run.config()?.data;
    let mut watch = Watch { run, config, sessions: HashMap::new() };
    let mut input = std::io::stdin().lock();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = input.read_until(b'\n', &mut line).map_err(|error| {
            Error::runtime(format!("standard input cannot be read: {error}"), "look at what writes into it")
        })?;
        if read == 0 {
            break;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let answer = watch.answer(number, &line).unwrap_or_else(|error| json!({"line": number, "error": error}));
        terminal::write(format!("{}\n", terminal::escaped_json(&answer.to_string())).as_bytes())?;
    }
    Ok(())
}

impl Watch<'_> {
    /// What is predicted for a line, or what is wrong with it.
    fn answer(&mut self, number: usize, line: &[u8]) -> Result<Value, String> {
        let object: Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        let Value::Object(fields) = &object else { return Err("a line is one object of JSON".into()) };
        let session = match fields.get(SESSION) {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(name.clone()),
            Some(Value::Number(name)) => Some(name.to_string()),
            Some(_) => return Err(format!("`{SESSION}` is neither text nor a number")),
        };
        let Some(session) = session else { return self.predict(&object) };
        let carried = self.sessions.get(&session).map(|(_, carried)| carried);
        let (mut answer, carried) = match (self.run.targets(), carried) {
            (TargetKind::Tag, carried) => {
                let states = match carried {
                    Some(Carried::States(states)) => Some(states.clone()),
                    _ => None,
                };
                let raw = self.raw(&object)?;
                let id = raw.keys.id(0).map(String::from);
                let sequence = one(raw.sequences)?;
                let (prediction, states) = self.run.predict_on(sequence, states).map_err(|error| error.to_string())?;
                (as_json(&prediction, id.as_deref()), Carried::States(states))
            }
            (TargetKind::Forecast | TargetKind::Unsupervised, carried) => {
                let most = self.run.processor().forecast().map_or(ITEMS, |forecast| forecast.windows.input);
                let mut whole = match carried {
                    Some(Carried::Written(before)) => before.clone(),
                    _ => Value::Object(serde_json::Map::new()),
                };
                extend(&mut whole, &self.with_lists(object)?, most);
                match self.predict(&whole) {
                    Ok(answer) => (answer, Carried::Written(whole)),
                    // Too few steps for a window yet; they count nevertheless.
                    Err(reason) if self.is_short(&whole, most) => {
                        self.keep(session, number, Carried::Written(whole));
                        return Err(reason);
                    }
                    Err(reason) => return Err(reason),
                }
            }
            _ => return Err(format!("`{SESSION}` is for taggers, forecasters and what recommends items")),
        };
        if let Value::Object(fields) = &mut answer {
            fields.insert(SESSION.into(), json!(session));
        }
        self.keep(session, number, carried);
        Ok(answer)
    }

    /// What is predicted of an object by itself.
    fn predict(&self, object: &Value) -> Result<Value, String> {
        let data = match self.forecast() {
            Some(forecast) => {
                let raw = latest_from(self.run, object.to_string().as_bytes(), "the line", &self.config, forecast);
                self.run
                    .processor()
                    .apply(raw.map_err(|error| error.to_string())?)
                    .map_err(|error| error.to_string())?
            }
            None => prepared_without_labels(self.run, self.raw(object)?).map_err(|error| error.to_string())?,
        };
        if data.len() != 1 {
            return Err(format!("a line holds one sequence, and this one {}", data.len()));
        }
        let outputs = self.run.predict(&data).map_err(|error| error.to_string())?;
        Ok(as_json(&self.run.prediction(&outputs, 0), data.keys.id(0)))
    }

    fn raw(&self, object: &Value) -> Result<Dataset, String> {
        raw_from(self.run, object.to_string().as_bytes(), "the line", &self.config, TargetKind::Unsupervised)
            .map_err(|error| error.to_string())
    }

    fn forecast(&self) -> Option<&Forecast> {
        self.run.processor().forecast().filter(|_| self.run.targets() == TargetKind::Forecast)
    }

    /// An object whose items stand in a list, be it of one; the session's name is not read as anything else.
    fn with_lists(&self, object: Value) -> Result<Value, String> {
        let Value::Object(mut fields) = object else { return Ok(object) };
        fields.remove(SESSION);
        if self.config.sessions.is_some() {
            let only = fields.keys().next().filter(|_| fields.len() == 1).cloned();
            let given = self.config.sessions.as_ref().and_then(|sessions| sessions.item.clone());
            let key = given.or(only).unwrap_or_else(|| "item".into());
            let value = fields.remove(&key).ok_or_else(|| format!("the line has no `{key}`"))?;
            let items = if value.is_array() { value } else { json!([value]) };
            fields.clear();
            fields.insert(key, items);
        }
        Ok(Value::Object(fields))
    }

    /// Whether lists are shorter than what the model reads.
    fn is_short(&self, object: &Value, most: usize) -> bool {
        self.forecast().is_some() && longest(object) < most
    }

    fn keep(&mut self, session: String, number: usize, carried: Carried) {
        self.sessions.insert(session, (number, carried));
        if self.sessions.len() > SESSIONS {
            let oldest = self.sessions.iter().min_by_key(|(_, (line, _))| *line).map(|(name, _)| name.clone());
            oldest.map(|name| self.sessions.remove(&name));
        }
    }
}

fn one(sequences: Vec<Sequence>) -> Result<Sequence, String> {
    let count = sequences.len();
    match <[Sequence; 1]>::try_from(sequences) {
        Ok([sequence]) => Ok(sequence),
        Err(_) => Err(format!("a line holds one sequence, and this one {count}")),
    }
}

/// Puts the lists of an object behind those of another, of which the last `most` items stay; other values take the
/// place of the earlier ones.
fn extend(before: &mut Value, more: &Value, most: usize) {
    match (before, more) {
        (Value::Object(before), Value::Object(more)) => {
            for (key, value) in more {
                match before.get_mut(key) {
                    Some(known) => extend(known, value, most),
                    None => {
                        before.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (Value::Array(before), Value::Array(more)) => {
            before.extend(more.iter().cloned());
            before.drain(..before.len().saturating_sub(most));
        }
        (before, more) => *before = more.clone(),
    }
}

/// The length of the longest list of an object; a step of several channels is no list of its own.
fn longest(object: &Value) -> usize {
    match object {
        Value::Object(fields) => fields.values().map(longest).max().unwrap_or(0),
        Value::Array(items) => items.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_grow_at_their_end_and_keep_their_last_items() {
        let mut whole = json!({"values": {"a": [1, 2], "b": [5, 6]}, "id": "x"});
        extend(&mut whole, &json!({"values": {"a": [3, 4], "b": [7, 8]}, "id": "y"}), 3);
        assert_eq!(whole, json!({"values": {"a": [2, 3, 4], "b": [6, 7, 8]}, "id": "y"}));
        assert_eq!((longest(&whole), longest(&json!({"values": [[1, 2], [3, 4], [5, 6]]}))), (3, 3));
        let mut steps = json!({"values": [[1, 2]]});
        extend(&mut steps, &json!({"values": [[3, 4]]}), 5);
        assert_eq!(steps, json!({"values": [[1, 2], [3, 4]]}));
    }
}
