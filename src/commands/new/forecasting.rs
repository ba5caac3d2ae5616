//! A config that forecasts a recording.

use std::path::Path;

use semiseq::datasets::shown;

use super::arguments::Arguments;
use super::toml_text::{quoted, run_name};

/// The config for a recording with these channels.
pub(super) fn config(arguments: &Arguments, channels: &[String], steps: usize) -> String {
    // Short recordings get short windows, so that each part holds some.
    let horizon = (steps / 100).clamp(1, 24);
    let target = match (&arguments.target, channels.last()) {
        (Some(target), _) => format!("target = {}\n", quoted(target)),
        (None, Some(last)) => {
            format!("# target = {}          # forecast this column alone\n", quoted(last))
        }
        (None, None) => String::new(),
    };
    format!(
        include_str!("templates/forecasting.toml"),
        steps = steps,
        target = target,
        horizon = horizon,
        channels = shown(&channels.join(", ")),
        name = run_name(arguments.output.as_deref().unwrap_or(Path::new(&arguments.path))),
        source = quoted(&arguments.path),
        input = 4 * horizon,
    )
}

#[cfg(test)]
mod tests {
    use semiseq::prelude::*;

    use super::*;

    #[test]
    fn a_column_cannot_write_keys_into_the_config() {
        let name = "load\nseed = 7\r[data]\"x\\";
        assert_eq!(quoted(name), "\"load\\u000Aseed = 7\\u000D[data]\\\"x\\\\\"");
        let table: toml::Table = format!("target = {}", quoted(name)).parse().unwrap();
        assert_eq!(table["target"].as_str(), Some(name));
        let text = config(&Arguments::of("a.csv"), &["date".into(), name.into()], 200);
        assert_eq!(RunConfig::parse("t", &text, &[]).unwrap().seed, 0);
        assert_eq!(text.lines().filter(|line| line.starts_with("seed")).count(), 1, "{text}");
    }
}
