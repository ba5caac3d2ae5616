//! FixMatch (Sohn et al. 2020, "FixMatch: simplifying semi-supervised learning with consistency and confidence").
//!
//! `L = CE(labelled) + λ · mean(1[max q ≥ τ] · CE(strong view, argmax q))` with `q` the prediction for the weak view
//! (eq. 4).
//!
//! For sequences the strong view is a chain of warps, noise and cut-outs, or of dropped and swapped words, in place of
//! the paper's RandAugment of images.
//!
//! Where a sequence has any number of labels, each label has a pseudo-label of its own: that it holds, or that it does
//! not, where either is at least as likely as τ; the mean is over sequences and labels.
//!
//! # Cost
//!
//! A pass over the weak view without gradients and one over the strong view with, of each unlabelled sequence.
//!
//! # When it fails
//!
//! While no pseudo-label reaches the threshold (`mask_rate` near 0) it is `supervised`; when wrong pseudo-labels do,
//! they confirm themselves. After a fresh head begin with a short supervised stage. It stands and falls with the strong
//! view: it must keep the class and change all else.

use burn::module::Module;
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{SequenceModel, Sequences};
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig, rebalanced};
use crate::objective::{Needs, Objective, Setting};
use crate::step::{Step, StepContext};
use crate::terms::Terms;

/// `[stage.objective.fixmatch]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FixMatchConfig {
    /// λ ≥ 0, the weight of the unlabelled term. Default 1, the paper's.
    pub weight: f64,
    /// τ in [0, 1], the confidence from which a pseudo-label counts. Default 0.95, the paper's. Lower it when
    /// `mask_rate` stays near 0.
    pub threshold: f64,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for FixMatchConfig {
    fn default() -> Self {
        Self { weight: 1.0, threshold: 0.95, supervised: SupervisedConfig::default() }
    }
}

impl FixMatchConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the paper uses 1");
        check_range(problems, &format!("{path}.threshold"), self.threshold, 0.0, 1.0, "the paper uses 0.95");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> FixMatch {
        FixMatch { supervised: self.supervised.init(setting), config: self.clone() }
    }
}

/// The FixMatch objective.
#[derive(Module, Debug)]
pub struct FixMatch {
    supervised: Supervised,
    #[module(skip)]
    config: FixMatchConfig,
}

impl<M: SequenceModel> Objective<M> for FixMatch {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK | Views::STRONG }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let terms = self.supervised.rebalanced_terms(model, step.labeled.as_ref(), context);
        let Some(part) = &step.unlabeled else { return terms };
        let pseudo_labels = self.supervised.pseudo_labels(model, part, step.balanced.as_ref(), context);
        let sure = pseudo_labels.confidence.clone().greater_equal_elem(self.config.threshold).float();
        pseudo_labels.terms(terms, part, self.config.weight, sure)
    }

    rebalanced!();
}
