//! A config that forecasts a recording.

use semiseq::datasets::shown;

use super::Arguments;
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
        r#"# Train with: semiseq train THIS_FILE
# A recording of {steps} steps; channels: {channels}.
name = "{name}"
seed = 0
backend = "flex"             # flex or ndarray (CPU), wgpu or cuda (GPU)

[data]
source = {source}
{target}
[data.windows]
input = {input}                   # steps that the model reads
horizon = {horizon}                 # steps after them that it forecasts
split = [0.6, 0.2, 0.2]      # training, validation and test part in the order of time
# season = 24                # also show the forecast that repeats the last so many steps

[model.forecaster]
instance_norm = true         # where the level drifts
dropout = 0.1
[model.forecaster.encoder.lstm]  # or rnn, gru
hidden = 64

[[stage]]
epochs = 10
batch_size = 64
[stage.objective.supervised]
[stage.optimizer.adam]
lr = 1e-3
grad_clip_norm = 1.0
[stage.schedule.cosine]
"#,
        channels = shown(&channels.join(", ")),
        name = run_name(&arguments.path),
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
        assert_eq!(read_str("t", &text, &[]).unwrap().seed, 0);
        assert_eq!(text.lines().filter(|line| line.starts_with("seed")).count(), 1, "{text}");
    }
}
