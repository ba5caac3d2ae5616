//! Pseudo-label (Lee 2013, "Pseudo-Label: the simple and efficient semi-supervised learning method").
//!
//! `L = CE(labelled) + α(t) · CE(unlabelled, argmax p(unlabelled))` (eq. 15), with `α` zero until `T₁`,
//! then rising in a straight line to `α_f` at `T₂` (eq. 16). The paper counts `T₁ = 100` and `T₂ = 600`
//! of about 1,000 epochs; we count fractions of the stage. A confidence threshold is an addition; at 0
//! the objective is the paper's.
//!
//! # Cost
//!
//! A pass over the unlabelled batch beside the labelled one; one view each.
//!
//! # When it fails
//!
//! Wrong labels confirm themselves: with `threshold = 0` every pseudo-label counts once the weight grows. Set a
//! threshold of 0.9 or more where the first pseudo-labels are poor, start later (`ramp_start`), or begin with a
//! supervised stage. `mask_rate` says which share counts; near 0 the method is `supervised`.

use burn::module::Module;
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{SequenceModel, Sequences};
use semiseq_schema::{Problem, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::parts::losses::{class_logits, cross_entropy, probabilities, weighted_mean};
use crate::step::{Step, StepContext, Targets};
use crate::terms::Terms;

/// `[stage.objective.pseudo-label]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PseudoLabelConfig {
    /// `α_f` ≥ 0, the final weight. Default 3, the paper's. Lower it when validation falls once it grows.
    pub weight: f64,
    /// `T₁`, the fraction of the stage before which the weight is 0. Default 0.1.
    pub ramp_start: f64,
    /// `T₂`, the fraction of the stage from which the weight is full. Default 0.6.
    pub ramp_end: f64,
    /// Only rows whose likeliest class has at least this probability count. Default 0, the paper's.
    pub threshold: f64,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for PseudoLabelConfig {
    fn default() -> Self {
        Self { weight: 3.0, ramp_start: 0.1, ramp_end: 0.6, threshold: 0.0, supervised: SupervisedConfig::default() }
    }
}

impl PseudoLabelConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the paper uses 3");
        check_range(
            problems,
            &format!("{path}.ramp_start"),
            self.ramp_start,
            0.0,
            1.0,
            "it is a fraction of the stage; the paper's is 0.1",
        );
        check_range(
            problems,
            &format!("{path}.ramp_end"),
            self.ramp_end,
            0.0,
            1.0,
            "it is a fraction of the stage; the paper's is 0.6",
        );
        check_range(
            problems,
            &format!("{path}.threshold"),
            self.threshold,
            0.0,
            1.0,
            "the paper uses none, which is 0; FixMatch uses 0.95",
        );
        if self.ramp_end < self.ramp_start {
            problems.push(problem(
                format!("{path}.ramp_end"),
                format!("must not lie before `ramp_start`, {}", self.ramp_start),
                None,
            ));
        }
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// `α(t)` of eq. 16 at a fraction of the stage.
    pub fn weight_at(&self, progress: f64) -> f64 {
        if progress < self.ramp_start {
            0.0
        } else if progress < self.ramp_end {
            self.weight * (progress - self.ramp_start) / (self.ramp_end - self.ramp_start)
        } else {
            self.weight
        }
    }

    /// Builds the objective.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> PseudoLabel {
        PseudoLabel { supervised: self.supervised.init(setting), config: self.clone() }
    }
}

/// The pseudo-label objective.
#[derive(Module, Debug)]
pub struct PseudoLabel {
    supervised: Supervised,
    #[module(skip)]
    config: PseudoLabelConfig,
}

impl<M: SequenceModel> Objective<M> for PseudoLabel {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let terms = self.supervised.rebalanced_terms(model, step.labeled.as_ref(), context);
        let Some(part) = &step.unlabeled else { return terms };
        let logits = model.forward(part.weak.clone());
        let [rows, _] = logits.dims();
        let (confidence, labels) = probabilities(logits.clone()).max_dim_with_indices(1);
        let labels = labels.reshape([rows]);
        let sure = confidence.reshape([rows]).greater_equal_elem(self.config.threshold).float();
        let mask = part.row_mask(model.per_step());
        let counted = match mask.clone() {
            Some(mask) => sure.clone() * mask,
            None => sure.clone(),
        };
        let loss = cross_entropy(class_logits(logits), labels.clone(), counted.clone(), 0.0, None);
        // The share of rows that count scales the loss, as averaging over the whole batch would.
        let rate = weighted_mean(sure, mask);
        let weight = self.config.weight_at(context.progress());
        let terms = terms
            .add("unlabeled", weight, loss * rate.clone())
            .monitor("mask_rate", rate)
            .constant("unlabeled_weight", weight);
        match &part.targets {
            Targets::Classes { classes, known } => {
                let right = labels.equal(classes.clone()).float();
                terms.monitor_rows("pseudo_label_accuracy", right, known.clone() * counted)
            }
            Targets::Labels { .. } | Targets::Numbers { .. } | Targets::Sequences { .. } => terms,
        }
    }

    fn vote(&self, model: &M, sequences: &Sequences) -> Option<Tensor<2>> {
        self.supervised.voted(model, sequences)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weight_follows_equation_16() {
        // T1 = 0.1, T2 = 0.6, alpha_f = 3: at 0.35 half of the way, so 1.5.
        let config = PseudoLabelConfig::default();
        assert_eq!(config.weight_at(0.05), 0.0);
        assert!((config.weight_at(0.35) - 1.5).abs() < 1e-12);
        assert_eq!(config.weight_at(0.6), 3.0);
    }
}
