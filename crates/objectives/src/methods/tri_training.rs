//! Tri-training with a shared encoder (Ruder & Plank 2018, "Strong baselines for neural semi-supervised learning under
//! domain shift", MT-Tri; after Zhou & Li 2005).
//!
//! Three output layers read one encoder, and all learn from the labels. The first two are kept apart by an
//! orthogonality penalty `|W₁ᵀ W₂|²` (eq. 1). Where two agree about an unlabelled sequence, and one of them is sure,
//! the third takes their class for its label. The model's own layer is the third. Validation and the result are the
//! majority vote of the three.
//!
//! The details are those of the authors' runs (bplank/semi-supervised-baselines, `run-sentiment-mttri.sh`): no
//! bootstrap samples (`--size-bootstrap 0.0`), each pair teaches the third (`--asymmetric-type pair`), and the larger
//! of the pair's confidences is held against the threshold. They label in rounds; here each step labels its own batch.
//!
//! # Cost
//!
//! Two small layers beside the head: one pass over labelled and one over unlabelled sequences.
//!
//! # When it fails
//!
//! The three read one encoder, so that they err together more than three models would. With few labels their
//! agreement says little; `mask_rate` near 1 from the start is a sign.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{SequenceModel, Sequences};
use semiseq_schema::{Problem, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::over::Over;
use crate::parts::losses::{class_logits, cross_entropy_of_rows, weighted_mean};
use crate::step::{Step, StepContext};
use crate::terms::Terms;

/// `[stage.objective.tri-training]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TriTrainingConfig {
    /// Weight ≥ 0 of the agreed labels. Default 1.
    pub weight: f64,
    /// Confidence in [0, 1] that one of the two who agree must have. Default 0.9, the authors'.
    pub threshold: f64,
    /// Weight ≥ 0 of the penalty that keeps the two layers apart. Default 0.01, the paper's γ.
    pub orthogonality: f64,
    /// Fraction in [0, 1) of the stage that is supervised only. Default 0.2.
    pub warm_up: f64,
    /// The labelled term of all three layers.
    pub supervised: SupervisedConfig,
}

impl Default for TriTrainingConfig {
    fn default() -> Self {
        Self { weight: 1.0, threshold: 0.9, orthogonality: 0.01, warm_up: 0.2, supervised: SupervisedConfig::default() }
    }
}

impl TriTrainingConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the default is 1");
        check_range(problems, &format!("{path}.threshold"), self.threshold, 0.0, 1.0, "the default is 0.9");
        let hint = "the paper uses 0.01";
        check_range(problems, &format!("{path}.orthogonality"), self.orthogonality, 0.0, f64::INFINITY, hint);
        if !(0.0..1.0).contains(&self.warm_up) {
            let message = format!("must be in [0, 1), got {}", self.warm_up);
            problems.push(problem(format!("{path}.warm_up"), message, Some("the default is 0.2")));
        }
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective with two fresh layers.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> TriTraining {
        let (width, classes) = (setting.model.pooled_size(), setting.model.outputs().max(2));
        let layer = || LinearConfig::new(width, classes).init(setting.device);
        TriTraining { supervised: self.supervised.init(setting), first: layer(), second: layer(), config: self.clone() }
    }
}

/// The tri-training objective, with its two other layers.
#[derive(Module, Debug)]
pub struct TriTraining {
    supervised: Supervised,
    first: Linear,
    second: Linear,
    #[module(skip)]
    config: TriTrainingConfig,
}

/// `|W₁ᵀ W₂|²` of two layers' weights `[hidden, classes]`, `[1]`.
pub fn orthogonality(first: Tensor<2>, second: Tensor<2>) -> Tensor<1> {
    let product = first.transpose().matmul(second);
    (product.clone() * product).sum()
}

/// `mean(CE(logits, class))` over the rows on whose class two others agree, one of them being sure; the mean is over
/// all rows. The share of these rows beside it, both `[1]`.
///
/// # Shapes
///
/// - logits and both votes: `[rows, classes]`, votes as probabilities
pub fn agreed_loss(
    logits: Tensor<2>,
    votes: [Tensor<2>; 2],
    threshold: f64,
    counted: Option<Tensor<1>>,
) -> (Tensor<1>, Tensor<1>) {
    let [rows, _] = logits.dims();
    let [first, second] = votes.map(|votes| votes.detach().max_dim_with_indices(1));
    let sure = first.0.max_pair(second.0).reshape([rows]).greater_equal_elem(threshold).float();
    let agreed = first.1.clone().equal(second.1).reshape([rows]).float() * sure;
    let each = cross_entropy_of_rows(logits, first.1.reshape([rows]));
    (weighted_mean(each * agreed.clone(), counted.clone()), weighted_mean(agreed, counted))
}

/// The mean distribution of those whose class the majority has, so that the likeliest class is the majority's; where
/// all three differ the first's, as in the authors' code. All `[rows, classes]`.
pub fn majority(votes: [Tensor<2>; 3]) -> Tensor<2> {
    let classes = votes.clone().map(|votes| votes.argmax(1));
    let same = |left: usize, right: usize| classes[left].clone().equal(classes[right].clone()).float();
    let (one_two, one_three, two_three) = (same(0, 1), same(0, 2), same(1, 2));
    // The first has no say where the other two are against it, and the others where they agree with nobody.
    let first = (two_three.clone() * (one_two.clone().neg() + 1.0)).neg() + 1.0;
    let (second, third) = (one_two.max_pair(two_three.clone()), one_three.max_pair(two_three));
    let count = first.clone() + second.clone() + third.clone();
    let [one, two, three] = votes;
    (one * first + two * second + three * third) / count
}

impl TriTraining {
    /// Logits of the model's own layer, the first and the second, `[rows, classes]`, from what the layers read.
    fn logits<M: SequenceModel>(&self, model: &M, hidden: Tensor<2>) -> [Tensor<2>; 3] {
        let own = class_logits(model.head(hidden.clone()));
        [own, self.first.forward(hidden.clone()), self.second.forward(hidden)]
    }
}

impl<M: SequenceModel> Objective<M> for TriTraining {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let mut terms = Terms::default();
        if let Some(part) = &step.labeled {
            let hidden = model.hidden(model.embed(part.weak.clone()), part.weak.mask.clone());
            let [own, first, second] = self.logits(model, hidden);
            let supervised = &self.supervised;
            terms = supervised
                .terms(model, own, &part.targets)
                .add("first", 1.0, supervised.loss(first, &part.targets))
                .over(supervised.over())
                .add("second", 1.0, supervised.loss(second, &part.targets))
                .over(supervised.over())
                .add(
                    "orthogonality",
                    self.config.orthogonality,
                    orthogonality(self.first.weight.val(), self.second.weight.val()),
                )
                .over(Over::Batch);
            terms = supervised.with_penalty(terms, "first_penalty", &self.first);
            terms = supervised.with_penalty(terms, "second_penalty", &self.second);
        }
        let Some(part) = step.unlabeled.as_ref().filter(|_| context.progress() >= self.config.warm_up) else {
            return terms;
        };
        let counted = part.row_mask(model.per_step());
        let logits = self.logits(model, model.hidden(model.embed(part.weak.clone()), part.weak.mask.clone()));
        let votes = logits.clone().map(|logits| softmax(logits, 1));
        for (name, pupil, voters) in [("agreed", 0, [1, 2]), ("agreed_first", 1, [0, 2]), ("agreed_second", 2, [0, 1])]
        {
            let voters = voters.map(|voter| votes[voter].clone());
            let (loss, share) = agreed_loss(logits[pupil].clone(), voters, self.config.threshold, counted.clone());
            terms = terms.add(name, self.config.weight, loss);
            if pupil == 0 {
                terms = terms.monitor("mask_rate", share);
            }
        }
        terms
    }

    fn vote(&self, model: &M, sequences: &Sequences) -> Option<Tensor<2>> {
        let hidden = model.hidden(model.embed(sequences.clone()), sequences.mask.clone());
        let [own, first, second] = self.logits(model, hidden).map(|logits| softmax(logits, 1));
        Some(majority([first, second, own]).clamp_min(1e-12).log())
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn two_of_three_decide_and_otherwise_the_first() {
        let device = Device::flex();
        let rows = |rows: [[f32; 3]; 4]| Tensor::<2>::from_data(rows, &device);
        let (a, b, c) = ([0.8, 0.1, 0.1], [0.3, 0.4, 0.3], [0.0, 0.4, 0.6]);
        let voted = majority([rows([a, a, a, a]), rows([b, a, b, b]), rows([c, b, b, a])]);
        let found: Vec<f32> = voted.into_data().iter::<f32>().collect();
        // All differ; the first two; the last two; the first and the last.
        let expected = [a, a, b, a].concat();
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-6, "{found} against {expected}");
        }
    }
}
