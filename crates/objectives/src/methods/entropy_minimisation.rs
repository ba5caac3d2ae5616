//! Entropy minimisation (Grandvalet & Bengio 2005, "Semi-supervised learning by entropy minimization").
//!
//! `L = CE(labelled) + weight · mean H(p(unlabelled))`. The paper keeps the weight constant; a ramp-up
//! keeps a model that knows nothing yet from growing sure of it.
//!
//! Where a sequence has any number of labels, H is the entropy of each label's probability, the mean over the labels.
//!
//! # Cost
//!
//! A pass over the unlabelled batch beside the labelled one; one view each.
//!
//! # When it fails
//!
//! It makes the model surer of what it says, right or wrong: where the classes cannot be told apart after the first
//! steps, one class swallows the others. It shows in a falling entropy with a falling validation accuracy; lower
//! `weight` or lengthen `ramp_up`.

use burn::module::Module;
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{SequenceModel, Sequences};
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::parts::consistency::decisions;
use crate::parts::losses::entropy;
use crate::parts::ramp::gaussian_ramp_up;
use crate::step::{Step, StepContext};
use crate::terms::Terms;

/// `[stage.objective.entropy-minimisation]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EntropyMinimisationConfig {
    /// λ ≥ 0, the weight of the entropy. Default 0.1; the paper searches [0, 1]. Lower it when one
    /// class swallows the others.
    pub weight: f64,
    /// Fraction of the stage over which the weight grows. Default 0.4.
    pub ramp_up: f64,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for EntropyMinimisationConfig {
    fn default() -> Self {
        Self { weight: 0.1, ramp_up: 0.4, supervised: SupervisedConfig::default() }
    }
}

impl EntropyMinimisationConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(
            problems,
            &format!("{path}.weight"),
            self.weight,
            0.0,
            f64::INFINITY,
            "the paper searches between 0 and 1",
        );
        check_range(problems, &format!("{path}.ramp_up"), self.ramp_up, 0.0, 1.0, "it is a fraction of the stage");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> EntropyMinimisation {
        EntropyMinimisation { supervised: self.supervised.init(setting), config: self.clone() }
    }
}

/// The entropy minimisation objective.
#[derive(Module, Debug)]
pub struct EntropyMinimisation {
    supervised: Supervised,
    #[module(skip)]
    config: EntropyMinimisationConfig,
}

impl<M: SequenceModel> Objective<M> for EntropyMinimisation {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let terms = self.supervised.rebalanced_terms(model, step.labeled.as_ref(), context);
        let Some(part) = &step.unlabeled else { return terms };
        let logits = model.forward(part.weak.clone());
        let weight = self.config.weight * gaussian_ramp_up(context.progress(), self.config.ramp_up);
        terms
            .add("entropy", weight, entropy(decisions(model, logits), part.row_mask(model.per_step())))
            .constant("unlabeled_weight", weight)
    }

    fn vote(&self, model: &M, sequences: &Sequences) -> Option<Tensor<2>> {
        self.supervised.voted(model, sequences)
    }
}
