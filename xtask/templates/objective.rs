//! ObjectiveName (AUTHORS YEAR, "TITLE").
//!
//! `L = CE(labelled) + weight · mean‖p(weak view) - p(strong view)‖²`: say here what it minimises, with the paper's
//! equation, and where and why this differs from the paper.
//!
//! # Cost
//!
//! Which passes a step takes, and what is remembered.
//!
//! # When it fails
//!
//! On what data, how it shows, and what to change then.

use burn::module::Module;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::parts::losses::{distribution_mse, probabilities};
use crate::step::{Step, StepContext};
use crate::terms::Terms;

/// `[stage.objective.objective-name]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ObjectiveNameConfig {
    /// Weight of the unlabelled term, at least 0. Default 1: say whose choice that is, and when to change it.
    pub weight: f64,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for ObjectiveNameConfig {
    fn default() -> Self {
        Self { weight: 1.0, supervised: SupervisedConfig::default() }
    }
}

impl ObjectiveNameConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the default is 1");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective; what it learns or remembers beside the model is made here.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> ObjectiveName {
        ObjectiveName { supervised: self.supervised.init(setting), config: self.clone() }
    }
}

/// The objective.
#[derive(Module, Debug)]
pub struct ObjectiveName {
    supervised: Supervised,
    #[module(skip)]
    config: ObjectiveNameConfig,
}

impl<M: SequenceModel> Objective<M> for ObjectiveName {
    /// The sequences and views that a step gets.
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK | Views::STRONG }
    }

    /// The loss as named terms; each appears on the dashboard, in `metrics.jsonl` and in the report.
    fn step(&mut self, model: &M, step: &Step, _context: &StepContext) -> Terms {
        let terms = self.supervised.labeled_terms(model, step.labeled.as_ref());
        let Some(part) = &step.unlabeled else { return terms };
        let target = probabilities(model.forward(part.weak.clone()));
        let strong = model.forward(part.strong.clone().unwrap_or_else(|| part.weak.clone()));
        let loss = distribution_mse(strong, target, part.row_mask(model.per_step()));
        terms.add("unlabeled", self.config.weight, loss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_below_0_is_refused() {
        let mut problems = Vec::new();
        ObjectiveNameConfig { weight: -1.0, ..Default::default() }.check("objective", &mut problems);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].key, "objective.weight");
    }
}
