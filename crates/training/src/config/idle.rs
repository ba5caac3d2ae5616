//! Keys that nothing reads where they stand: whoever wrote them expects an effect.
//!
//! A run's own config holds every key, and a grid or `--set` changes the objective of a stage that other methods share;
//! so only what people wrote side by side in one file is refused.

use semiseq_schema::{Problem, problem};
use toml::Table;

use crate::config::RunConfig;
use crate::config::spans::Places;
use crate::config::stage::default_ratio;
use crate::recipe::{ModelSettings, ObjectiveSettings};

/// Keys that a run writes out whatever their values.
const WRITTEN_OUT: [&str; 5] = ["seed", "backend", "devices", "gradient_checkpointing", "baseline"];

/// Whether a run wrote a config, with each default filled in.
pub(super) fn is_written_out(table: &Table) -> bool {
    WRITTEN_OUT.iter().all(|key| table.contains_key(*key))
}

/// Notes each key that stands in a file beside what gives it nothing to do.
pub(super) fn check<M: ModelSettings, O: ObjectiveSettings>(
    config: &RunConfig<M, O>,
    places: &Places,
    problems: &mut Vec<Problem>,
) {
    for (index, stage) in config.stages.iter().enumerate() {
        let (path, name) = (format!("stage.{index}"), stage.objective.name());
        let key = format!("{path}.unlabeled_ratio");
        let kind = stage.objective.kind();
        let beside = places.beside(&key, &format!("{path}.objective.{name}"));
        if kind.unpaired && stage.unlabeled_ratio != default_ratio() && beside {
            let read = if kind.reads_labels { "labelled ones alone" } else { "all sequences alike" };
            problems.push(problem(
                key,
                format!("counts unlabelled sequences beside labelled ones, and `{name}` reads {read}"),
                Some("remove the key; `mean-teacher` and `fixmatch` are objectives that learn from both"),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, overrides: &[&str]) -> String {
        let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
        RunConfig::parse("c.toml", text, &overrides).map_or_else(|error| error.in_full(), |_| String::new())
    }

    fn config(stage: &str, objective: &str) -> String {
        format!(
            "[data]\nsource = \"cbf\"\n[model.classifier.encoder.gru]\nhidden = 4\n[[stage]]\nsteps = 2\n{stage}\n\
             [stage.objective.{objective}]\n"
        )
    }

    #[test]
    fn a_ratio_beside_an_objective_that_pairs_nothing_is_refused_with_its_line() {
        for (objective, read) in [
            ("supervised", "`supervised` reads labelled ones alone"),
            ("adversarial", "`adversarial` reads labelled ones alone"),
            ("autoencoder", "`autoencoder` reads all sequences alike"),
        ] {
            let message = told(&config("unlabeled_ratio = 8", objective), &[]);
            assert!(message.starts_with("c.toml:7: `stage.0.unlabeled_ratio` counts"), "{message}");
            assert!(message.contains(read) && message.contains("hint: remove the key"), "{message}");
        }
        for objective in ["mean-teacher", "fixmatch", "semi-supervised-vae"] {
            assert_eq!(told(&config("unlabeled_ratio = 8", objective), &[]), "", "{objective}");
        }
        assert_eq!(told(&config("unlabeled_ratio = 4", "supervised"), &[]), "", "the default");
    }

    #[test]
    fn a_ratio_that_other_methods_share_and_a_runs_own_config_stay() {
        let shared = config("unlabeled_ratio = 8", "fixmatch");
        assert_eq!(told(&shared, &["stage.0.objective = { supervised = {} }"]), "", "a cell of a grid");
        assert_eq!(told(&config("", "supervised"), &["stage.0.unlabeled_ratio=8"]), "");
        let overrides = ["stage.0.objective = { supervised = {} }".to_string()];
        let cell = RunConfig::parse("c.toml", &shared, &overrides).unwrap();
        let written = toml::to_string(&cell).unwrap();
        assert_eq!(RunConfig::parse("config.toml", &written, &[]).unwrap(), cell);
    }
}
