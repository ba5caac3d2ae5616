//! SoftMatch (Chen et al. 2023, "SoftMatch: addressing the quantity-quality trade-off in semi-supervised learning").
//!
//! FixMatch with a weight in place of a threshold: `λ(p) = exp(-(min(max p - μ, 0))² · n² / (2 σ²))` (eq. 7), with `μ`
//! and `σ²` running mean and variance of the largest probability (eq. 6) and `n = 2` of the authors' code. Uniform
//! alignment: for the weight alone, `p` is divided by its running mean `p̃` and made to sum to 1 (eq. 9), so that
//! classes that are predicted often do not get all the weight. Memories are updated before they are used, as in the
//! authors' code.
//!
//! # Cost
//!
//! As `fixmatch`.
//!
//! # When it fails
//!
//! Weights begin near 1 for all pseudo-labels: from a fresh head put a short supervised stage before it.
//! `uniform_alignment` favours rare classes; switch it off where some classes are rare in truth.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{SequenceModel, Sequences};
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig, rebalanced};
use crate::objective::{Needs, Objective, Setting};
use crate::parts::memory::{aligned, check_momentum, decay, follow, follow_from_first, remembered};
use crate::parts::pseudo_labels::PseudoLabels;
use crate::step::{Step, StepContext};
use crate::terms::Terms;

/// Steps that the running means remember at most: the paper's 0.999 over a million steps.
const LONGEST: f64 = 1000.0;

/// `[stage.objective.softmatch]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SoftMatchConfig {
    /// λ_u ≥ 0, the weight of the unlabelled term. Default 1, the paper's.
    pub weight: f64,
    /// n > 0, how many deviations the weight's width is divided by. Default 2, the authors'.
    pub deviations: f64,
    /// The memory of the running means, in [0, 1): a mean forgets in about `1 / (1 - momentum)` steps. Default: a
    /// twentieth of the stage's steps, at most 1,000, the paper's 0.999, which is for a million (0.95 for a stage of
    /// 400 steps).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// Whether weights are made fair to rarely predicted classes. Default true, as in the paper.
    pub uniform_alignment: bool,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for SoftMatchConfig {
    fn default() -> Self {
        Self {
            weight: 1.0,
            deviations: 2.0,
            momentum: None,
            uniform_alignment: true,
            supervised: SupervisedConfig::default(),
        }
    }
}

impl SoftMatchConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the paper uses 1");
        check_range(problems, &format!("{path}.deviations"), self.deviations, 0.01, f64::INFINITY, "the authors use 2");
        check_momentum(problems, path, self.momentum, "the paper uses 0.999");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective: mean one over the number of classes and variance 1, the paper's start; the mean
    /// distribution starts from the first batch, as in the authors' code.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> SoftMatch {
        let classes = setting.model.outputs().max(2);
        let even = 1.0 / classes as f64;
        SoftMatch {
            supervised: self.supervised.init(setting),
            mean: remembered(Tensor::full([1], even, setting.device)),
            variance: remembered(Tensor::ones([1], setting.device)),
            distribution: remembered(Tensor::zeros([1, classes], setting.device)),
            config: self.clone(),
        }
    }
}

/// The SoftMatch objective, with its running means.
#[derive(Module, Debug)]
pub struct SoftMatch {
    supervised: Supervised,
    /// `μ`, `[1]`
    mean: Param<Tensor<1>>,
    /// `σ²`, `[1]`
    variance: Param<Tensor<1>>,
    /// `p̃`, `[1, classes]`; zeros before the first batch
    distribution: Param<Tensor<2>>,
    #[module(skip)]
    config: SoftMatchConfig,
}

impl SoftMatch {
    /// The largest probability of each row, aligned where that is asked for, `[rows]`.
    fn confidence(&mut self, pseudo_labels: &PseudoLabels, momentum: f64) -> Tensor<1> {
        if !self.config.uniform_alignment {
            return pseudo_labels.confidence.clone();
        }
        let [rows, classes] = pseudo_labels.probabilities.dims();
        let mean = follow_from_first(&mut self.distribution, momentum, pseudo_labels.mean_distribution());
        let uniform = mean.ones_like() / classes as f64;
        aligned(pseudo_labels.probabilities.clone(), mean, uniform).max_dim(1).reshape([rows])
    }
}

impl<M: SequenceModel> Objective<M> for SoftMatch {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK | Views::STRONG }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let terms = self.supervised.rebalanced_terms(model, step.labeled.as_ref(), context);
        let Some(part) = &step.unlabeled else { return terms };
        let pseudo_labels = self.supervised.pseudo_labels(model, part, step.balanced.as_ref(), context);
        let [rows, _] = pseudo_labels.probabilities.dims();
        let momentum = decay(self.config.momentum, LONGEST, context);
        let confidence = self.confidence(&pseudo_labels, momentum);
        let average = pseudo_labels.mean(confidence.clone());
        let squares = pseudo_labels.mean((confidence.clone() - average.clone()).powf_scalar(2.0));
        // The variance of a sample; a batch of one row has none.
        let count =
            pseudo_labels.rows.clone().map_or_else(|| Tensor::full([1], rows as f64, &squares.device()), Tensor::sum);
        let variance = squares * count.clone() / (count - 1.0).clamp_min(1.0);
        let mean = follow(&mut self.mean, momentum, average);
        let variance = follow(&mut self.variance, momentum, variance);
        let below = (confidence - mean.clone()).clamp_max(0.0);
        let width = variance.clamp_min(1e-12) * (2.0 / self.config.deviations.powi(2));
        let weights = (below.clone() * below / width).neg().exp();
        pseudo_labels.terms(terms, part, self.config.weight, weights).monitor("confidence", mean)
    }

    rebalanced!();
}
