//! Tri-training with a shared encoder (Ruder & Plank 2018, "Strong baselines for neural semi-supervised learning under domain
//! shift", MT-Tri; after Zhou & Li 2005).
//!
//! Three output layers read one encoder. Two of them learn from the labels, each from a bootstrap sample of its own, and are
//! kept apart by an orthogonality penalty `|W₁ᵀ W₂|²` (eq. 1). Where two agree about an unlabelled sequence, and are sure, the
//! third takes their class for its label. The model's own layer is the third: it learns from agreement and from the labels.
//!
//! The paper's third layer sees no true label, since its domains differ; here there is one domain, and it sees them. A
//! bootstrap sample is drawn once, as weights of the training sequences.

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use semiseq_datasets::{Pool, Problem, Views};
use semiseq_models::SequenceModel;
use serde::{Deserialize, Serialize};

use super::draws::{Draws, step_seed};
use super::guess::{places, remembered};
use super::losses::{class_logits, cross_entropy, cross_entropy_of_rows, weighted_mean};
use super::{Needs, Objective, Part, Setting, Step, StepContext, Supervised, SupervisedConfig, Targets, Terms};
use crate::config::{check_range, problem};

/// `[stage.objective.tri-training]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TriTrainingConfig {
    /// Weight ≥ 0 of the agreed labels. Default 1.
    pub weight: f64,
    /// Confidence in [0, 1] that both who agree must have. Default 0.9.
    pub threshold: f64,
    /// Weight ≥ 0 of the penalty that keeps the two layers apart. Default 0.01, the paper's γ.
    pub orthogonality: f64,
    /// Fraction in [0, 1) of the stage that is supervised only. Default 0.2.
    pub warm_up: f64,
    /// The labelled term.
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
            problems.push(problem(&format!("{path}.warm_up"), message, Some("the default is 0.2")));
        }
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective with two fresh layers and a bootstrap sample for each.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> TriTraining {
        let (width, classes, device) = (setting.model.summary_size(), setting.model.outputs().max(2), setting.device);
        let mut draws = Draws::new(step_seed(device));
        let mut layer = || Voter {
            layer: LinearConfig::new(width, classes).init(device),
            sample: remembered(draws.bootstrap(setting.train_size, device)),
        };
        TriTraining { supervised: self.supervised.init(setting), first: layer(), second: layer(), config: self.clone() }
    }
}

/// A layer with how often each training sequence is in its sample, `[train]`.
#[derive(Module, Debug)]
struct Voter {
    layer: Linear,
    sample: Param<Tensor<1>>,
}

/// The tri-training objective, with its two other layers.
#[derive(Module, Debug)]
pub struct TriTraining {
    supervised: Supervised,
    first: Voter,
    second: Voter,
    #[module(skip)]
    config: TriTrainingConfig,
}

impl Voter {
    /// Cross-entropy on this layer's sample of the labels, `[1]`.
    fn supervised(&self, hidden: &Tensor<2>, part: &Part, per_step: bool) -> Option<Tensor<1>> {
        let Targets::Classes { classes, known } = &part.targets else { return None };
        let logits = self.layer.forward(hidden.clone());
        let [rows, _] = logits.dims();
        let places = places(&part.indices, &logits.device());
        let counts = self.sample.val().detach().select(0, places);
        let sequences = part.indices.len();
        let counts = if per_step {
            counts.reshape([sequences, 1]).repeat_dim(1, rows / sequences).reshape([rows])
        } else {
            counts
        };
        Some(cross_entropy(logits, classes.clone(), known.clone() * counts, 0.0, None))
    }
}

/// `|W₁ᵀ W₂|²` of two layers' weights `[hidden, classes]`, `[1]`.
pub fn orthogonality(first: Tensor<2>, second: Tensor<2>) -> Tensor<1> {
    let product = first.transpose().matmul(second);
    (product.clone() * product).sum()
}

/// `mean(CE(logits, class))` over the rows on whose class two others agree, being sure; the mean is over all rows. The share
/// of these rows beside it, both `[1]`.
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
    let sure = |confidence: Tensor<2>| confidence.reshape([rows]).greater_equal_elem(threshold).float();
    let agreed = first.1.clone().equal(second.1).reshape([rows]).float() * sure(first.0) * sure(second.0);
    let each = cross_entropy_of_rows(logits, first.1.reshape([rows]));
    (weighted_mean(each * agreed.clone(), counted.clone()), weighted_mean(agreed, counted))
}

impl<M: SequenceModel> Objective<M> for TriTraining {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let mut terms = Terms::default();
        if let Some(part) = &step.labeled {
            let hidden = model.hidden(model.embed(part.weak.clone()), part.weak.mask.clone());
            terms = self.supervised.terms(model, model.head(hidden.clone()), &part.targets);
            let both = [("first", &self.first), ("second", &self.second)];
            for (name, voter) in both {
                if let Some(loss) = voter.supervised(&hidden, part, model.per_step()) {
                    terms = terms.add(name, 1.0, loss);
                }
            }
            let penalty = orthogonality(self.first.layer.weight.val(), self.second.layer.weight.val());
            terms = terms.add("orthogonality", self.config.orthogonality, penalty);
        }
        let Some(part) = step.unlabeled.as_ref().filter(|_| context.progress() >= self.config.warm_up) else {
            return terms;
        };
        let counted = part.row_mask(model.per_step());
        let hidden = model.hidden(model.embed(part.weak.clone()), part.weak.mask.clone());
        let own = class_logits(model.head(hidden.clone()));
        let logits = [own, self.first.layer.forward(hidden.clone()), self.second.layer.forward(hidden)];
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
}
