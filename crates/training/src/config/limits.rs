//! The largest numbers that a config may hold: a slip of the keyboard is a mistake with its line, and neither a
//! computer out of memory nor a run without end.

use semiseq_schema::{Problem, problem};
use serde::Serialize;
use toml::Value;

/// Of every key that has no limit of its own.
const MOST: i64 = 1_000_000_000;

/// Ends of keys and their own limits; the first that fits counts.
const LIMITS: &[(&str, i64)] = &[
    ("seed", i64::MAX),
    ("max_bytes", i64::MAX),
    ("devices", 1_024),
    ("dense.steps", 100_000),
    ("dense.layers", 100_000),
    ("convolutional.height", 100_000),
    ("maps", 4_096),
    ("hidden", 16_384),
    ("latent", 16_384),
    ("noise", 16_384),
    ("projection", 16_384),
    ("embedding", 16_384),
    ("data.size", 1_000_000),
    ("size", 16_384),
    ("encoder.lstm.layers", 256),
    ("encoder.gru.layers", 256),
    ("encoder.rnn.layers", 256),
    ("beam", 1_000),
    ("ahead", 100_000),
    ("clusters", 1_000),
    ("rounds", 10_000),
    ("critic_steps", 1_000),
    ("iterations", 1_000),
    ("ucvme.samples", 100),
    ("daso.queue", 100_000),
    ("crest.generations", 100),
    ("crest.memory", 10_000),
    ("cossl.warm_up", 100_000),
    ("knots", 100_000),
    ("points", 100_000),
    ("segments", 100_000),
    ("rand-augment.count", 1_000),
    ("resample", 1_000_000),
    ("pad", 1_000_000),
    ("windows.input", 1_000_000),
    ("windows.horizon", 1_000_000),
    ("batch_size", 1_000_000),
    ("unlabeled_ratio", 10_000),
];

/// Notes every whole number of some settings above its limit, and every fraction that is infinite or none; `path` is
/// where the settings stand.
pub(crate) fn check(path: &str, settings: &impl Serialize, problems: &mut Vec<Problem>) {
    // A number that TOML cannot hold is above all limits, and no TOML file can name it.
    if let Ok(value) = Value::try_from(settings) {
        walk(path, &value, problems);
    }
}

fn walk(path: &str, value: &Value, problems: &mut Vec<Problem>) {
    let below = |key: &str| if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
    match value {
        Value::Table(table) => table.iter().for_each(|(key, value)| walk(&below(key), value, problems)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| walk(&below(&index.to_string()), value, problems));
        }
        Value::Integer(number) => {
            let limit = limit(path);
            if *number > limit {
                problems.push(problem(path, format!("must be at most {limit}, got {number}"), None));
            }
        }
        Value::Float(number) if !number.is_finite() => {
            problems.push(problem(path, format!("must be a finite number, got {number}"), None));
        }
        _ => {}
    }
}

/// The limit of a key; of an item of a list, that of the list.
fn limit(path: &str) -> i64 {
    let key = path.trim_end_matches(|letter: char| letter.is_ascii_digit()).trim_end_matches('.');
    let ends = |end: &str| key.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    LIMITS.iter().find(|(end, _)| ends(end)).map_or(MOST, |(_, limit)| *limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_its_end() {
        assert_eq!(limit("model.classifier.encoder.lstm.hidden"), 16_384);
        assert_eq!(limit("stage.0.objective.autoencoder.hidden"), 16_384);
        assert_eq!(limit("model.gan.encoder.dense.layers.1"), 100_000);
        assert_eq!(limit("data.labels.seed"), i64::MAX);
        assert_eq!(limit("stage.0.epochs"), MOST);
        assert_eq!(limit("devices.0"), 1_024);
        assert_eq!(limit("stage.2.rebalancing.daso.queue"), 100_000);
    }
}
