//! AdaMatch (Berthelot et al. 2022, "AdaMatch: a unified approach to semi-supervised learning and domain adaptation").
//!
//! Guesses for unlabelled sequences are multiplied by the ratio of the mean prediction for labelled and for unlabelled ones
//! and scaled to sum 1 (section 3.2); they count where they are at least `τ` times as sure as the model is of labelled
//! sequences on average (section 3.3); the strong view has to predict them. The weight grows as `½ - ½ cos(min(π, 2π t))`.
//!
//! The paper takes the ratio from one batch; with few labels a batch is small, and here both means are moving averages. Its
//! interpolation of logits is for inputs of two domains with batch norm, which recurrent nets do not have, and is left out.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use semiseq_datasets::{Pool, Problem, Views};
use semiseq_models::SequenceModel;
use serde::{Deserialize, Serialize};

use super::guess::{Guess, follow, remembered};
use super::losses::{probabilities, soft_cross_entropy_of_rows, weighted_mean};
use super::{Needs, Objective, Setting, Step, StepContext, Supervised, SupervisedConfig, Terms};
use crate::config::{check_memory, check_range};

/// `[stage.objective.adamatch]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdaMatchConfig {
    /// λ ≥ 0, the weight of the unlabelled term once it is grown. Default 1, the paper's.
    pub weight: f64,
    /// τ in [0, 1], how sure a guess must be beside the labelled ones. Default 0.9, the paper's.
    pub threshold: f64,
    /// Decay in [0, 1) of the two mean predictions. Default 0.99; shorter runs want 0.9.
    pub momentum: f64,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for AdaMatchConfig {
    fn default() -> Self {
        Self { weight: 1.0, threshold: 0.9, momentum: 0.99, supervised: SupervisedConfig::default() }
    }
}

impl AdaMatchConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the paper uses 1");
        check_range(problems, &format!("{path}.threshold"), self.threshold, 0.0, 1.0, "the paper uses 0.9");
        check_memory(problems, &format!("{path}.momentum"), self.momentum, "the default is 0.99");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective; both mean predictions start uniform.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> AdaMatch {
        let classes = setting.model.outputs().max(2);
        let uniform = || remembered(Tensor::full([1, classes], 1.0 / classes as f64, setting.device));
        AdaMatch {
            supervised: self.supervised.init(setting),
            labeled: uniform(),
            unlabeled: uniform(),
            config: self.clone(),
        }
    }
}

/// The AdaMatch objective, with its two mean predictions.
#[derive(Module, Debug)]
pub struct AdaMatch {
    supervised: Supervised,
    /// `[1, classes]`
    labeled: Param<Tensor<2>>,
    /// `[1, classes]`
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
            terms = terms.add("supervised_strong", 1.0, loss);
        }
        let known = labeled.row_mask(model.per_step());
        let sure = probabilities(logits);
        let [rows, classes] = sure.dims();
        let level = weighted_mean(sure.clone().max_dim(1).reshape([rows]), known.clone()) * self.config.threshold;
        let of_labeled = (0..classes)
            .map(|class| weighted_mean(sure.clone().narrow(1, class, 1).reshape([rows]), known.clone()))
            .collect();
        let of_labeled: Tensor<2> = Tensor::cat(of_labeled, 0).reshape([1, classes]);

        let mut guess = Guess::of(model, part);
        let of_labeled = follow(&mut self.labeled, self.config.momentum, of_labeled);
        let of_unlabeled = follow(&mut self.unlabeled, self.config.momentum, guess.mean_distribution());
        let aligned = guess.probabilities.clone() * (of_labeled / of_unlabeled.clamp_min(1e-6));
        guess.take(aligned.clone() / aligned.sum_dim(1));
        let sure = guess.confidence.clone().greater_equal(level.clone()).float();
        let each = soft_cross_entropy_of_rows(guess.strong.clone(), guess.probabilities.clone());
        let loss = guess.mean(each * sure.clone());
        let weight = self.config.weight * grown(context.progress());
        guess
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
