//! `ensemble = N`: the same run from other seeds, whose answers are averaged with its own (deep ensembles:
//! Lakshminarayanan, Pritzel & Blundell 2017, "Simple and scalable predictive uncertainty estimation using deep
//! ensembles", without their adversarial examples).

use std::sync::Arc;

use semiseq_datasets::{Prepared, Validation};
use semiseq_schema::{Problem, mix, problem};

use crate::config::{BaselineConfig, MOST_MEMBERS, ReferencesConfig, RunConfig};
use crate::error::Error;
use crate::options::RunOptions;
use crate::recipe::{ModelSettings, ObjectiveSettings};
use crate::run_folder::{FinishedRun, members};
use crate::tasks::{Judge, Predictor, Purpose};

/// One run of a config.
pub(crate) type Run<'a, M, O> =
    &'a dyn Fn(&RunConfig<M, O>, Arc<Prepared>, &RunOptions) -> Result<FinishedRun<M, O>, Error>;

/// Trains the other members, or finds those that are through where the run is resumed.
///
/// # Errors
///
/// What ends a run, and an interruption.
pub(crate) fn trained<M: ModelSettings, O: ObjectiveSettings>(
    config: &RunConfig<M, O>,
    data: &Arc<Prepared>,
    options: &RunOptions,
    run: Run<'_, M, O>,
    tell: &mut dyn FnMut(&str),
) -> Result<Vec<FinishedRun<M, O>>, Error> {
    let folder = options.out.clone().unwrap_or_default();
    (2..=config.ensemble)
        .map(|number| {
            let out = members::folder_of(&folder, number);
            let options = RunOptions {
                resume: out.join("config.toml").exists(),
                out: Some(out),
                force: false,
                dashboard: false,
                quiet: true,
                one_of: (!options.quiet).then(|| format!("member {number} of {}", config.ensemble)),
                observers: Vec::new(),
                ..options.clone()
            };
            let member = run(&config.member(number), Arc::clone(data), &options)?;
            let summary = member.summary()?;
            let score = semiseq_schema::headline(&summary.test).or_else(|| semiseq_schema::headline(&summary.valid));
            let score = score.map_or(String::new(), |(metric, value)| format!(": {} {value:.4} alone", metric.name));
            tell(&format!("member {number} of {}{score}", config.ensemble));
            Ok(member)
        })
        .collect()
}

impl<M: ModelSettings, O: ObjectiveSettings> RunConfig<M, O> {
    /// The config of a member: another seed, and nothing beside the result.
    #[must_use]
    pub(crate) fn member(&self, number: usize) -> Self {
        let mut config = self.clone();
        // TOML has no larger whole numbers.
        config.seed = mix(self.seed, number as u64) >> 1;
        config.ensemble = 1;
        config.baseline = BaselineConfig { enabled: false };
        config.calibrate = None;
        config.references = ReferencesConfig { enabled: Some(false) };
        if config.data.validation == Some(Validation::Cross) {
            config.data = config.data.without_validation();
        }
        config
    }

    /// Notes a number of members that cannot be, and runs whose answers have no average.
    pub(crate) fn check_ensemble(&self, problems: &mut Vec<Problem>) {
        if !(1..=MOST_MEMBERS).contains(&self.ensemble) {
            let message = format!("must be 1 to {MOST_MEMBERS}, got {}", self.ensemble);
            problems.push(problem("ensemble", message, Some("3 to 5 are usual; 1 is a run by itself")));
        } else if self.ensemble > 1 && !self.stages.is_empty() {
            let purpose = Purpose::of(self);
            if purpose.predictor != Predictor::Head || purpose.scored_by == Judge::Objective {
                let message = "averages what the model's head predicts, and here it predicts nothing by itself";
                problems.push(problem("ensemble", message, Some("leave it out, or train with labels last")));
            }
        }
    }
}
