//! FreeMatch (Wang et al. 2023, "FreeMatch: self-adaptive thresholding for semi-supervised learning").
//!
//! FixMatch with thresholds that follow the model's own confidence: `τ` is the running mean of the largest probability
//! (eq. 5), `p̃` that of the distribution (eq. 6), and `τ(c) = p̃(c) / max p̃ · τ` (eq. 7). A fairness term keeps the
//! pseudo-labels spread: `w_f · Σ SumNorm(p̃ / h̃) log SumNorm(p̄ / h̄)` (eq. 11), with `h̃` the running histogram of
//! pseudo-labels, `p̄` the mean prediction for the strong views that count and `h̄` the histogram of those. Memories
//! are updated before they are used, as in the authors' code.
//!
//! # Cost
//!
//! As `fixmatch`.
//!
//! # When it fails
//!
//! Thresholds begin at chance: from a fresh head every pseudo-label counts. Put a short supervised stage before it. The
//! fairness term spreads pseudo-labels over all classes: lower it where classes are far from equally frequent.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{SequenceModel, Sequences};
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig, rebalanced};
use crate::objective::{Needs, Objective, Setting};
use crate::over::Over;
use crate::parts::memory::{check_momentum, decay, follow, remembered};
use crate::step::{Step, StepContext};
use crate::terms::Terms;

/// Steps that the running means remember at most: the paper's 0.999 over a million steps.
const LONGEST: f64 = 1000.0;

/// A class with a smaller share of the pseudo-labels has none: what is divided by it would not be a finite number.
const LEAST: f64 = 1e-30;

/// `[stage.objective.freematch]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FreeMatchConfig {
    /// λ_u ≥ 0, the weight of the unlabelled term. Default 1, the paper's.
    pub weight: f64,
    /// w_f ≥ 0, the weight of the fairness term. Default 0.05, the paper's for most sets; it uses 0.01 with very few
    /// labels.
    pub fairness: f64,
    /// The memory of the running means, in [0, 1): a mean forgets in about `1 / (1 - momentum)` steps. Default: a
    /// twentieth of the stage's steps, at most 1,000, the paper's 0.999, which is for a million (0.95 for a stage of
    /// 400 steps).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for FreeMatchConfig {
    fn default() -> Self {
        Self { weight: 1.0, fairness: 0.05, momentum: None, supervised: SupervisedConfig::default() }
    }
}

impl FreeMatchConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the paper uses 1");
        check_range(problems, &format!("{path}.fairness"), self.fairness, 0.0, f64::INFINITY, "the paper uses 0.05");
        check_momentum(problems, path, self.momentum, "the paper uses 0.999");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective; all running means start at one over the number of classes (eqs. 5 and 6), so that
    /// thresholds rise from chance.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> FreeMatch {
        let classes = setting.model.outputs().max(2);
        let even = |width: usize| remembered(Tensor::full([1, width], 1.0 / classes as f64, setting.device));
        FreeMatch {
            supervised: self.supervised.init(setting),
            confidence: even(1),
            distribution: even(classes),
            histogram: even(classes),
            config: self.clone(),
        }
    }
}

/// The FreeMatch objective, with its running means.
#[derive(Module, Debug)]
pub struct FreeMatch {
    supervised: Supervised,
    /// `τ`, `[1, 1]`
    confidence: Param<Tensor<2>>,
    /// `p̃`, `[1, classes]`
    distribution: Param<Tensor<2>>,
    /// `h̃`, `[1, classes]`
    histogram: Param<Tensor<2>>,
    #[module(skip)]
    config: FreeMatchConfig,
}

/// `Σ SumNorm(p̃ / h̃) log SumNorm(p̄ / h̄)`; 0 where no row counts. `p̃, h̃: [1, classes]`, strong logits `[rows,
/// classes]`, counted `[rows]`; output `[1]`.
fn fairness(expected: Tensor<2>, histogram: Tensor<2>, strong: Tensor<2>, counted: Tensor<1>) -> Tensor<1> {
    let [rows, classes] = strong.dims();
    let prediction = softmax(strong, 1);
    let counted = counted.reshape([rows, 1]);
    let number = counted.clone().sum().clamp_min(1.0).reshape([1, 1]);
    let labels = prediction.clone().detach().argmax(1).reshape([rows]).one_hot::<2>(classes).float();
    let now = (labels * counted.clone()).sum_dim(0) / number.clone();
    let mean = (prediction * counted.clone()).sum_dim(0) / number;
    // A class without pseudo-labels has no part, where a division by 0 would be.
    let over = |values: Tensor<2>, counts: Tensor<2>| {
        let known = counts.clone().greater_elem(LEAST).float();
        let quotient = values * known.clone() / (counts + (known.neg() + 1.0));
        let sum = quotient.clone().sum().clamp_min(1e-12).reshape([1, 1]);
        quotient / sum
    };
    let some = counted.sum().clamp_max(1.0);
    let sum = (over(expected, histogram).detach() * (over(mean, now) + 1e-12).log()).sum();
    sum * some
}

impl<M: SequenceModel> Objective<M> for FreeMatch {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK | Views::STRONG }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let terms = self.supervised.rebalanced_terms(model, step.labeled.as_ref(), context);
        let Some(part) = &step.unlabeled else { return terms };
        let pseudo_labels = self.supervised.pseudo_labels(model, part, step.balanced.as_ref(), context);
        let [rows, classes] = pseudo_labels.probabilities.dims();
        let momentum = decay(self.config.momentum, LONGEST, context);
        let confidence = pseudo_labels.mean(pseudo_labels.confidence.clone()).reshape([1, 1]);
        let confidence = follow(&mut self.confidence, momentum, confidence);
        let distribution = follow(&mut self.distribution, momentum, pseudo_labels.mean_distribution());
        let ones =
            pseudo_labels.rows.clone().unwrap_or_else(|| Tensor::ones([rows], &pseudo_labels.confidence.device()));
        let labels: Tensor<2> =
            pseudo_labels.labels.clone().one_hot::<2>(classes).float() * ones.clone().reshape([rows, 1]);
        let now = labels.sum_dim(0) / ones.clone().sum().clamp_min(1.0).reshape([1, 1]);
        let histogram = follow(&mut self.histogram, momentum, now);

        let largest = distribution.clone().max().reshape([1, 1]);
        let thresholds = (distribution.clone() / largest * confidence.clone()).reshape([classes]);
        let sure =
            pseudo_labels.confidence.clone().greater_equal(thresholds.select(0, pseudo_labels.labels.clone())).float();
        let fair = fairness(distribution, histogram, pseudo_labels.strong.clone(), sure.clone() * ones);
        pseudo_labels
            .terms(terms, part, self.config.weight, sure)
            .add("fairness", self.config.fairness, fair)
            .over(Over::Batch)
            .monitor("threshold", confidence.reshape([1]))
    }

    rebalanced!();
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn a_class_that_is_nearly_forgotten_is_divided_by_what_is_left_of_it() {
        let device = Device::flex();
        let row = |values: [f32; 2]| Tensor::<2>::from_data([values], &device);
        // p̃ / h̃ is 1e9 and 1: all of the expectation lies on the first class, and so does all of p̄ / h̄.
        let fair = fairness(row([0.5, 0.5]), row([5e-10, 0.5]), row([0.1, 0.1]), Tensor::ones([1], &device));
        assert!(fair.into_scalar::<f32>().abs() < 1e-5);
        // A share below all that single precision divides by is none: the expectation lies on the second class, which
        // the strong view does not have, and whose logarithm is that of 1e-12.
        let fair = fairness(row([0.5, 0.5]), row([1e-40, 0.5]), row([0.1, 0.1]), Tensor::ones([1], &device));
        assert!((fair.into_scalar::<f32>() + 27.631).abs() < 1e-2);
    }
}
