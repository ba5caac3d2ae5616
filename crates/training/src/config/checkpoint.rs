//! `checkpoint_every`: a number of optimiser steps, or a time.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How often a stage writes a checkpoint: `500` for every 500 optimiser steps, `"30s"`, `"5min"` or `"1h"` for a time.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum CheckpointEvery {
    /// Optimiser steps, at least 1.
    Steps(usize),
    /// Seconds, above 0.
    Seconds(f64),
}

/// Seconds of each unit.
const UNITS: [(&str, f64); 3] = [("min", 60.0), ("s", 1.0), ("h", 3600.0)];
/// A year.
const LONGEST: f64 = 3.2e7;
const MEANS: &str = "a number of steps, such as `500`, or a time, such as `\"30s\"`, `\"5min\"` or `\"1h\"`";

impl CheckpointEvery {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (number, unit) = UNITS.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
        let seconds = number.trim().parse::<f64>().ok()? * unit;
        (seconds > 0.0 && seconds <= LONGEST).then_some(Self::Seconds(seconds))
    }
}

impl JsonSchema for CheckpointEvery {
    fn schema_name() -> Cow<'static, str> {
        "CheckpointEvery".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "integer", "minimum": 1 }, { "type": "string" }] })
    }
}

impl Serialize for CheckpointEvery {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Steps(steps) => serializer.serialize_u64(*steps as u64),
            Self::Seconds(seconds) => serializer.serialize_str(&format!("{seconds}s")),
        }
    }
}

impl<'de> Deserialize<'de> for CheckpointEvery {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl Visitor<'_> for Reading {
            type Value = CheckpointEvery;

            fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                formatter.write_str(MEANS)
            }

            fn visit_i64<E: Error>(self, steps: i64) -> Result<CheckpointEvery, E> {
                self.visit_u64(u64::try_from(steps).unwrap_or(0))
            }

            fn visit_u64<E: Error>(self, steps: u64) -> Result<CheckpointEvery, E> {
                match usize::try_from(steps) {
                    Ok(steps) if steps > 0 => Ok(CheckpointEvery::Steps(steps)),
                    _ => Err(E::custom(format!("must be {MEANS}, and at least 1"))),
                }
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<CheckpointEvery, E> {
                CheckpointEvery::parse(text).ok_or_else(|| E::custom(format!("must be {MEANS}, got `{text}`")))
            }
        }
        deserializer.deserialize_any(Reading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_times_read_and_come_back() {
        let read = |text: &str| serde_json::from_str::<CheckpointEvery>(text).ok();
        assert_eq!(read("500"), Some(CheckpointEvery::Steps(500)));
        assert_eq!(read("\"30s\""), Some(CheckpointEvery::Seconds(30.0)));
        assert_eq!(read("\"1.5 min\""), Some(CheckpointEvery::Seconds(90.0)));
        for wrong in ["0", "-5", "\"0s\"", "\"30\"", "\"nans\"", "\"1e300h\"", "0.5"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        for every in [CheckpointEvery::Steps(7), CheckpointEvery::Seconds(2.5)] {
            assert_eq!(read(&serde_json::to_string(&every).unwrap()), Some(every));
        }
    }
}
