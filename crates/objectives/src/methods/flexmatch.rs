//! FlexMatch (Zhang et al. 2021, "FlexMatch: boosting semi-supervised learning with curriculum pseudo labeling").
//!
//! FixMatch with a threshold for each class: `τ(c) = M(β(c)) · τ` with `M(x) = x / (2 - x)` (eq. 11) and `β(c) = σ(c) /
//! max(max σ, N - Σ σ)` (eq. 9), where `σ(c)` counts the unlabelled sequences whose last pseudo_labels above `τ` was
//! `c` and `N
//! - Σ σ` those that never had one. Classes that are learned slowly get a lower threshold.
//!
//! # Cost
//!
//! As `fixmatch`; beside it a number for each unlabelled sequence.
//!
//! # When it fails
//! Thresholds begin near 0, so that in the first steps every pseudo-label counts, and a short stage does not recover
//!from what a fresh head says. Put some hundred supervised steps before it.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{SequenceModel, Sequences};
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig, rebalanced};
use crate::objective::{Needs, Objective, Setting};
use crate::parts::memory::{add_at, occurrences, remembered, rows_at};
use crate::parts::pseudo_labels::PseudoLabels;
use crate::step::{Part, Step, StepContext};
use crate::terms::Terms;

/// `[stage.objective.flexmatch]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FlexMatchConfig {
    /// λ ≥ 0, the weight of the unlabelled term. Default 1, the paper's.
    pub weight: f64,
    /// τ in [0, 1], the confidence from which the pseudo-label of a well-learned class counts. Default 0.95, the
    /// paper's.
    pub threshold: f64,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for FlexMatchConfig {
    fn default() -> Self {
        Self { weight: 1.0, threshold: 0.95, supervised: SupervisedConfig::default() }
    }
}

impl FlexMatchConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the paper uses 1");
        check_range(problems, &format!("{path}.threshold"), self.threshold, 0.0, 1.0, "the paper uses 0.95");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective; no sequence has a pseudo-label yet.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> FlexMatch {
        let classes = setting.model.outputs().max(2);
        let labeled: usize = setting.class_counts.iter().sum();
        FlexMatch {
            supervised: self.supervised.init(setting),
            guesses: remembered(Tensor::zeros([setting.train_size, classes], setting.device)),
            unlabeled: setting.train_size.saturating_sub(labeled).max(1),
            config: self.clone(),
        }
    }
}

/// The FlexMatch objective, with its memory of a pseudo-label a training sequence.
#[derive(Module, Debug)]
pub struct FlexMatch {
    supervised: Supervised,
    /// 1 at the class of the last sure pseudo-label, `[train, classes]`.
    guesses: Param<Tensor<2>>,
    #[module(skip)]
    unlabeled: usize,
    #[module(skip)]
    config: FlexMatchConfig,
}

impl FlexMatch {
    /// `τ(c)`, `[classes]`.
    fn thresholds(&self) -> Tensor<1> {
        let pseudo_labels = self.guesses.val().detach();
        let [_, classes] = pseudo_labels.dims();
        let counts = pseudo_labels.sum_dim(0).reshape([classes]);
        let unused = (counts.clone().sum().neg() + self.unlabeled as f64).clamp_min(0.0);
        let largest = Tensor::cat(vec![counts.clone(), unused], 0).max().clamp_min(1.0);
        let share = counts / largest;
        share.clone() / (share.neg() + 2.0) * self.config.threshold
    }

    /// Notes the pseudo-labels above `τ`, which itself is the same for all classes. Of a sequence that the batch holds
    /// twice the last one above `τ` counts, as in the authors' code.
    fn note(&mut self, pseudo_labels: &PseudoLabels, part: &Part) {
        let device = pseudo_labels.confidence.device();
        let [count, classes] = pseudo_labels.probabilities.dims();
        let sure =
            pseudo_labels.confidence.clone().greater_equal_elem(self.config.threshold).float().reshape([count, 1]);
        let new: Tensor<2> = pseudo_labels.labels.clone().one_hot::<2>(classes).float();
        for positions in occurrences(&part.indices) {
            let [rows, positions] = rows_at(&part.indices, &positions, &device);
            let old = self.guesses.val().detach().select(0, rows.clone());
            let change = (new.clone().select(0, positions.clone()) - old) * sure.clone().select(0, positions);
            add_at(&mut self.guesses, 0, rows, change);
        }
    }
}

impl<M: SequenceModel> Objective<M> for FlexMatch {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK | Views::STRONG }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let terms = self.supervised.rebalanced_terms(model, step.labeled.as_ref(), context);
        let Some(part) = &step.unlabeled else { return terms };
        let pseudo_labels = self.supervised.pseudo_labels(model, part, step.balanced.as_ref(), context);
        let thresholds = self.thresholds();
        let sure = pseudo_labels
            .confidence
            .clone()
            .greater_equal(thresholds.clone().select(0, pseudo_labels.labels.clone()))
            .float();
        self.note(&pseudo_labels, part);
        pseudo_labels.terms(terms, part, self.config.weight, sure).monitor("threshold", thresholds.mean())
    }

    rebalanced!();
}
