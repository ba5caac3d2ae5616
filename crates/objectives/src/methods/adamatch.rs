//! AdaMatch (Berthelot et al. 2022, "AdaMatch: a unified approach to semi-supervised learning and domain adaptation").
//!
//! `L = CE(labelled, weak) + CE(labelled, strong) + μ(t) · mean(1[max ỹ ≥ c_τ] · CE(strong view, ỹ))`. The pseudo-label
//! `ỹ` is the prediction for the weak view times the ratio of the mean prediction for labelled and for unlabelled
//! sequences, scaled to sum 1 (section 3.2); `c_τ` is `τ` times the mean confidence for labelled weak views (section
//! 3.3); the weight grows as `μ(t) = ½ - ½ cos(min(π, 2π t))`.
//!
//! This follows the paper where published code does otherwise (the authors' google-research/adamatch; microsoft's USB):
//! - the labelled loss is the sum over both views; the authors' code takes half of it, USB the weak view alone;
//! - the pseudo-label is the whole distribution; the authors' code and USB take its likeliest class;
//! - the weight grows over the first half, as in the authors' code; USB's is 1 from the start;
//! - `τ` is 0.9, as in the authors' code; USB's default is 0.95.
//!
//! Where it does not follow the paper: the ratio is of two running means that start from the first batch, since with
//! few labels a batch is small (`momentum = 0` is the paper's ratio of one batch; the authors' code remembers 1,000
//! labelled and 128 unlabelled batches, from a uniform start). The interpolation of logits is for inputs of two domains
//! with batch norm, which recurrent nets do not have, and is left out, as in USB.
//!
//! # Cost
//!
//! As `fixmatch`, with the strong view of labelled sequences too.
//!
//! # When it fails
//!
//! It assumes that the pool has the labels' class distribution: with labels drawn alike from classes that are not
//! alike frequent, it aligns pseudo-labels with the wrong one.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::parts::losses::{probabilities, soft_cross_entropy_of_rows, weighted_mean};
use crate::parts::memory::{aligned, check_momentum, decay, follow_from_first, remembered};
use crate::parts::pseudo_labels::PseudoLabels;
use crate::step::{Step, StepContext};
use crate::terms::Terms;

/// Steps that the mean predictions remember at most, as the authors' code does of unlabelled batches.
const LONGEST: f64 = 128.0;

/// `[stage.objective.adamatch]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdaMatchConfig {
    /// λ ≥ 0, the weight of the unlabelled term once it is grown. Default 1, the paper's.
    pub weight: f64,
    /// τ in [0, 1], how sure a pseudo-label must be beside the labelled ones. Default 0.9, the paper's.
    pub threshold: f64,
    /// The memory of the two mean predictions, in [0, 1): a mean forgets in about `1 / (1 - momentum)` steps. Default:
    /// a twentieth of the stage's steps, at most 128, what the authors' code remembers of unlabelled batches (0.95 for
    /// a stage of 400 steps).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for AdaMatchConfig {
    fn default() -> Self {
        Self { weight: 1.0, threshold: 0.9, momentum: None, supervised: SupervisedConfig::default() }
    }
}

impl AdaMatchConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the paper uses 1");
        check_range(problems, &format!("{path}.threshold"), self.threshold, 0.0, 1.0, "the paper uses 0.9");
        check_momentum(problems, path, self.momentum, "0 takes each batch by itself, as the paper does");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective; both mean predictions start from the first batch.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> AdaMatch {
        let classes = setting.model.outputs().max(2);
        let none_yet = || remembered(Tensor::zeros([1, classes], setting.device));
        AdaMatch {
            supervised: self.supervised.init(setting),
            labeled: none_yet(),
            unlabeled: none_yet(),
            config: self.clone(),
        }
    }
}

/// The AdaMatch objective, with its two mean predictions.
#[derive(Module, Debug)]
pub struct AdaMatch {
    supervised: Supervised,
    /// `[1, classes]`; zeros before the first batch
    labeled: Param<Tensor<2>>,
    /// `[1, classes]`; zeros before the first batch
    unlabeled: Param<Tensor<2>>,
    #[module(skip)]
    config: AdaMatchConfig,
}

/// `½ - ½ cos(min(π, 2π t))`, from 0 to 1 over the first half.
fn grown(progress: f64) -> f64 {
    0.5 - 0.5 * (2.0 * std::f64::consts::PI * progress).min(std::f64::consts::PI).cos()
}

impl<M: SequenceModel> Objective<M> for AdaMatch {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK | Views::STRONG }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let (Some(labeled), Some(part)) = (&step.labeled, &step.unlabeled) else {
            return self.supervised.labeled_terms(model, step.labeled.as_ref());
        };
        let logits = model.forward(labeled.weak.clone());
        let mut terms = self.supervised.terms(model, logits.clone(), &labeled.targets);
        if let Some(strong) = &labeled.strong {
            let loss = self.supervised.loss(model.forward(strong.clone()), &labeled.targets);
            terms = terms.add("supervised_strong", 1.0, loss).over(self.supervised.over());
        }
        let known = labeled.row_mask(model.per_step());
        let sure = probabilities(logits);
        let [rows, classes] = sure.dims();
        let level = weighted_mean(sure.clone().max_dim(1).reshape([rows]), known.clone()) * self.config.threshold;
        let of_labeled = (0..classes)
            .map(|class| weighted_mean(sure.clone().narrow(1, class, 1).reshape([rows]), known.clone()))
            .collect();
        let of_labeled: Tensor<2> = Tensor::cat(of_labeled, 0).reshape([1, classes]);

        let mut pseudo_labels = PseudoLabels::of(model, part);
        let momentum = decay(self.config.momentum, LONGEST, context);
        let of_labeled = follow_from_first(&mut self.labeled, momentum, of_labeled);
        let of_unlabeled = follow_from_first(&mut self.unlabeled, momentum, pseudo_labels.mean_distribution());
        pseudo_labels.take(aligned(pseudo_labels.probabilities.clone(), of_unlabeled, of_labeled));
        let sure = pseudo_labels.confidence.clone().greater_equal(level.clone()).float();
        let each = soft_cross_entropy_of_rows(pseudo_labels.strong.clone(), pseudo_labels.probabilities.clone());
        let loss = pseudo_labels.mean(each * sure.clone());
        let weight = self.config.weight * grown(context.progress());
        pseudo_labels
            .terms_with(terms, part, weight, loss, sure)
            .monitor("threshold", level)
            .constant("unlabeled_weight", weight)
    }
}

#[cfg(test)]
mod tests {
    use super::grown;

    #[test]
    fn the_weight_grows_over_the_first_half() {
        assert!(grown(0.0).abs() < 1e-12 && (grown(0.25) - 0.5).abs() < 1e-12);
        assert!((grown(0.5) - 1.0).abs() < 1e-12 && (grown(0.9) - 1.0).abs() < 1e-12);
    }
}
