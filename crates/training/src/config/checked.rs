//! A config that was checked: the only kind that a run takes.

use std::ops::Deref;

use semiseq_models::ModelConfig;
use semiseq_objectives::ObjectiveConfig;

use crate::config::RunConfig;
use crate::error::{ConfigProblem, Error};
use crate::recipe::{ModelSettings, ObjectiveSettings};

/// A config without mistakes, wherever it comes from: a file, or code.
#[derive(Debug)]
pub struct CheckedConfig<'a, M = ModelConfig, O = ObjectiveConfig>(&'a RunConfig<M, O>);

impl<M: ModelSettings, O: ObjectiveSettings> RunConfig<M, O> {
    /// The config as something that can run.
    ///
    /// # Errors
    ///
    /// Every value out of range, with its key.
    pub fn checked(&self) -> Result<CheckedConfig<'_, M, O>, Error> {
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

impl<M, O> Clone for CheckedConfig<'_, M, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, O> Copy for CheckedConfig<'_, M, O> {}

impl<M, O> Deref for CheckedConfig<'_, M, O> {
    type Target = RunConfig<M, O>;

    fn deref(&self) -> &RunConfig<M, O> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use crate::config::RunConfig;

    #[test]
    fn a_config_changed_in_code_is_held_to_the_rules_of_a_file() {
        let text = "[data]\nsource = \"cbf\"\n[model.classifier.encoder.gru]\nhidden = 4\n\
                    [[stage]]\nsteps = 2\n[stage.objective.supervised]\n";
        let mut config = RunConfig::parse("small.toml", text, &[]).unwrap();
        assert!(config.checked().is_ok());
        config.stages[0].batch_size = 0;
        config.devices.clear();
        let message = config.checked().unwrap_err().in_full();
        assert!(message.contains("config `small`: `stage.0.batch_size` must be at least 1"), "{message}");
        assert!(message.contains("`devices` must name 1 to 64 devices, got 0"), "{message}");
    }
}
