//! A config that was checked: the only kind that a run takes.

use std::ops::Deref;

use crate::config::RunConfig;
use crate::error::{ConfigProblem, Error};

/// A config without mistakes, wherever it comes from: a file, or code.
#[derive(Clone, Copy, Debug)]
pub struct CheckedConfig<'a>(&'a RunConfig);

impl RunConfig {
    /// The config as something that can run.
    ///
    /// # Errors
    ///
    /// Every value out of range, with its key.
    pub fn checked(&self) -> Result<CheckedConfig<'_>, Error> {
        let problems = self.check();
        if problems.is_empty() {
            return Ok(CheckedConfig(self));
        }
        let placed = |problem: semiseq_schema::Problem| ConfigProblem {
            place: format!("config `{}`", self.name),
            message: format!("`{}` {}", problem.key, problem.message),
            hint: problem.hint,
        };
        Err(Error::Config(problems.into_iter().map(placed).collect()))
    }
}

impl Deref for CheckedConfig<'_> {
    type Target = RunConfig;

    fn deref(&self) -> &RunConfig {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use crate::config::read::read_str;

    #[test]
    fn a_config_changed_in_code_is_held_to_the_rules_of_a_file() {
        let text = "[data]\nsource = \"cbf\"\n[model.classifier.encoder.gru]\nhidden = 4\n\
                    [[stage]]\nsteps = 2\n[stage.objective.supervised]\n";
        let mut config = read_str("small.toml", text, &[]).unwrap();
        assert!(config.checked().is_ok());
        config.stages[0].batch_size = 0;
        config.devices.clear();
        let message = config.checked().unwrap_err().to_string();
        assert!(message.contains("config `small`: `stage.0.batch_size` must be at least 1"), "{message}");
        assert!(message.contains("`devices` must name one device, got 0"), "{message}");
    }
}
