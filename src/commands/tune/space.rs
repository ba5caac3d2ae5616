//! What `tune` varies: keys of the config, each with the values that are tried.

use std::path::Path;

use semiseq::datasets::formats::text_of;
use semiseq::prelude::*;
use semiseq::schema::mix;
use serde::Deserialize;
use toml::{Table, Value};

/// The values of a key.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Range {
    /// From the first to the second, all magnitudes alike.
    Log([f64; 2]),
    /// From the first to the second.
    Uniform([f64; 2]),
    /// One of these.
    Choice(Vec<Value>),
}

/// Keys with their values.
#[derive(Clone, Debug, PartialEq)]
pub struct Space(Vec<(String, Range)>);

impl Space {
    /// Reads a file of lines such as `"stage.0.optimizer.adam.lr" = { log = [1e-3, 3e-2] }`.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or a range is none.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let shown = path.display();
        let example = "write `\"stage.0.optimizer.adam.lr\" = { log = [1e-3, 3e-2] }`, `{ uniform = [0.0, 0.5] }` or \
                       `{ choice = [32, 64] }`, a line a key";
        let bytes = semiseq::schema::read(path)
            .map_err(|error| Error::input(format!("{shown}: cannot be read: {error}"), "name a file of ranges"))?;
        let table: Table = toml::from_str(&text_of(bytes, &shown.to_string())?)
            .map_err(|error| Error::input(format!("{shown}: {}", error.to_string().trim_end()), example))?;
        let range = |(key, value): (String, Value)| {
            let range: Range = value
                .try_into()
                .map_err(|error| Error::input(format!("{shown}: `{key}`: {}", one_line(&error)), example))?;
            match range.fault() {
                Some(fault) => Err(Error::input(format!("{shown}: `{key}` {fault}"), example)),
                None => Ok((key, range)),
            }
        };
        let ranges: Vec<(String, Range)> = table.into_iter().map(range).collect::<Result<_, Error>>()?;
        if ranges.is_empty() {
            return Err(Error::input(format!("{shown} names no key"), example));
        }
        Ok(Self(ranges))
    }

    /// What is worth trying of a config: the rates of its stages, its dropout and its width.
    ///
    /// # Errors
    ///
    /// Where the config cannot be written.
    pub fn of(config: &RunConfig) -> Result<Self, Error> {
        let table = Table::try_from(config)
            .map_err(|error| Error::runtime(format!("the config cannot be written: {error}"), "please report this"))?;
        let mut found = Vec::new();
        for (index, stage) in table.get("stage").and_then(Value::as_array).into_iter().flatten().enumerate() {
            let optimizers = stage.get("optimizer").and_then(Value::as_table).into_iter().flatten();
            for (name, optimizer) in optimizers {
                if let Some(rate) = optimizer.get("lr").and_then(Value::as_float) {
                    let range = Range::Log([rate / 5.0, rate * 5.0]);
                    found.push((format!("stage.{index}.optimizer.{name}.lr"), range));
                }
            }
        }
        for (model, settings) in table.get("model").and_then(Value::as_table).into_iter().flatten() {
            if settings.get("dropout").and_then(Value::as_float).is_some() {
                found.push((format!("model.{model}.dropout"), Range::Uniform([0.0, 0.6])));
            }
            let encoders = settings.get("encoder").and_then(Value::as_table).into_iter().flatten();
            for (encoder, settings) in encoders {
                if let Some(hidden) = settings.get("hidden").and_then(Value::as_integer) {
                    let widths = [hidden / 2, hidden, 2 * hidden].map(|hidden| Value::Integer(hidden.max(1)));
                    let key = format!("model.{model}.encoder.{encoder}.hidden");
                    found.push((key, Range::Choice(widths.to_vec())));
                }
            }
        }
        Ok(Self(found))
    }

    /// The settings of a trial: a function of seed and number, whatever the other trials.
    pub fn draw(&self, seed: u64, trial: usize) -> Vec<(String, Value)> {
        let draw = |(place, (key, range)): (usize, &(String, Range))| {
            let drawn = mix(mix(seed, trial as u64), place as u64);
            // 53 bits are a number's digits.
            (key.clone(), range.at((drawn >> 11) as f64 / (1u64 << 53) as f64))
        };
        self.0.iter().enumerate().map(draw).collect()
    }

    /// The keys, in their order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_str())
    }
}

impl Range {
    /// The value at a place in [0, 1); numbers have four digits.
    fn at(&self, place: f64) -> Value {
        match self {
            Self::Log([low, high]) => rounded((low.ln() + place * (high.ln() - low.ln())).exp()),
            Self::Uniform([low, high]) => rounded(low + place * (high - low)),
            Self::Choice(values) => values[(place * values.len() as f64) as usize].clone(),
        }
    }

    fn fault(&self) -> Option<String> {
        match self {
            Self::Log([low, high]) | Self::Uniform([low, high])
                if !(low.is_finite() && high.is_finite() && low < high) =>
            {
                Some(format!("must go from a number to a larger one, got [{low}, {high}]"))
            }
            Self::Log([low, _]) if *low <= 0.0 => Some(format!("has magnitudes above 0 alone, got {low}")),
            Self::Choice(values) if values.is_empty() => Some("has nothing to choose from".into()),
            _ => None,
        }
    }
}

fn rounded(value: f64) -> Value {
    Value::Float(format!("{value:.3e}").parse().unwrap_or(value))
}

fn one_line(error: &toml::de::Error) -> String {
    error.message().replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_fill_their_ranges_and_depend_on_nothing_else() {
        let space = Space(vec![
            ("a".into(), Range::Log([1e-4, 1e-2])),
            ("b".into(), Range::Uniform([-1.0, 1.0])),
            ("c".into(), Range::Choice(vec![Value::Integer(3), Value::Integer(5)])),
        ]);
        let draws: Vec<Vec<(String, Value)>> = (0..400).map(|trial| space.draw(7, trial)).collect();
        assert_eq!(draws[11], space.draw(7, 11));
        let column = |place: usize| draws.iter().filter_map(move |draw| draw[place].1.as_float());
        assert!(column(0).all(|value| (1e-4..=1e-2).contains(&value)));
        // Half of them lie below the geometric mean, and below the middle.
        let below = |place, middle| column(place).filter(|value| *value < middle).count();
        assert!((160..240).contains(&below(0, 1e-3)) && (160..240).contains(&below(1, 0.0)));
        let threes = draws.iter().filter(|draw| draw[2].1 == Value::Integer(3)).count();
        assert!((160..240).contains(&threes), "{threes}");
    }

    #[test]
    fn a_config_says_what_may_be_tried() {
        let text = "[data]\nsource = \"cbf\"\n[model.classifier]\ndropout = \
                    0.2\n[model.classifier.encoder.gru]\nhidden = 8\n\
                    [[stage]]\nsteps = 2\n[stage.objective.supervised]\n[stage.optimizer.adam]\nlr = 1e-2\n";
        let space = Space::of(&RunConfig::parse("c.toml", text, &[]).unwrap()).unwrap();
        let keys: Vec<&str> = space.keys().collect();
        let expected = ["stage.0.optimizer.adam.lr", "model.classifier.dropout", "model.classifier.encoder.gru.hidden"];
        assert_eq!(keys, expected);
    }

    #[test]
    fn a_range_that_is_none_is_named() {
        assert!(Range::Log([0.0, 1.0]).fault().unwrap().contains("above 0"));
        assert!(Range::Uniform([1.0, 1.0]).fault().unwrap().contains("larger one"));
        assert!(Range::Choice(Vec::new()).fault().is_some());
        assert_eq!(Range::Uniform([0.0, 1.0]).fault(), None);
    }
}
