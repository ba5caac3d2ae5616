//! CoMatch (Li et al. 2021, "CoMatch: semi-supervised learning with contrastive graph regularization").
//!
//! The pseudo-label for the weak view, evened over the classes, is smoothed by what its neighbours are taken to be: `q
//! = α p + (1 - α) Σ_k a_k p_k` with `a = softmax(z · z_k / t)` over a memory (eqs. 3 to 5). The strong view has to
//! predict it where it is sure (eq. 6). And the vectors of two strong views have to be as alike, over the batch, as the
//! pseudo-labels are: `-Σ_j Ŵ_bj ln Ŝ_bj`, `W_bj = q_b · q_j` where that is at least `T`, 1 for the pair itself (eqs. 7
//! to 9).
//!
//! The paper's memory is a queue of the last batches, and smooths once it is full; here it holds the last vector of
//! each training sequence, and smooths as soon as it holds any. The mean prediction that evens the pseudo-labels is a
//! running mean from the first batch on; the paper's is of the last 32 batches.
//!
//! # Cost
//!
//! Three views of each unlabelled sequence, two with gradients, a projection, and a memory with a vector for each
//! training sequence.
//!
//! # When it fails
//!
//! The graph of a batch needs pairs of the same class in it: with many classes and a small batch it is nearly
//! empty. As with `fixmatch`, pseudo-labels have to be better than chance before they are taken for neighbours.

use burn::module::{Module, Param};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{SequenceModel, Sequences};
use semiseq_schema::{Problem, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::parts::losses::{class_logits, probabilities};
use crate::parts::memory::{check_momentum, decay, evened, remembered};
use crate::parts::memory_bank::{MemoryBank, Projection};
use crate::parts::mixing::one_hot;
use crate::parts::pseudo_labels::soft_pseudo_label_terms;
use crate::step::{Step, StepContext, Targets};
use crate::terms::Terms;

/// Steps that the mean prediction remembers at most, the paper's.
const LONGEST: f64 = 32.0;

/// `[stage.objective.comatch]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CoMatchConfig {
    /// Weight ≥ 0 of the pseudo-labels. Default 1, the paper's.
    pub weight: f64,
    /// Weight ≥ 0 of the likeness of vectors. Default 1, the paper's.
    pub contrast_weight: f64,
    /// Confidence in [0, 1] from which a pseudo-label counts. Default 0.95, the paper's.
    pub threshold: f64,
    /// Likeness in [0, 1] of two pseudo-labels from which the pair counts. Default 0.8, the paper's.
    pub contrast_threshold: f64,
    /// t > 0, the temperature of likeness. Default 0.2, the paper's.
    pub temperature: f64,
    /// α in [0, 1], how much of a pseudo-label is its own. Default 0.9, the paper's.
    pub smoothing: f64,
    /// Width of the projected vectors. Default 64, the paper's.
    pub projection: usize,
    /// The memory of the mean prediction, in [0, 1): a mean forgets in about `1 / (1 - momentum)` steps. Default: a
    /// twentieth of the stage's steps, at most 32, the paper's 32 batches (so 0.95 for a stage of 400 steps).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for CoMatchConfig {
    fn default() -> Self {
        Self {
            weight: 1.0,
            contrast_weight: 1.0,
            threshold: 0.95,
            contrast_threshold: 0.8,
            temperature: 0.2,
            smoothing: 0.9,
            projection: 64,
            momentum: None,
            supervised: SupervisedConfig::default(),
        }
    }
}

impl CoMatchConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        let most = f64::INFINITY;
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, most, "the paper uses 1");
        check_range(problems, &format!("{path}.contrast_weight"), self.contrast_weight, 0.0, most, "the paper uses 1");
        check_range(problems, &format!("{path}.threshold"), self.threshold, 0.0, 1.0, "the paper uses 0.95");
        let key = format!("{path}.contrast_threshold");
        check_range(problems, &key, self.contrast_threshold, 0.0, 1.0, "the paper uses 0.8");
        check_range(problems, &format!("{path}.temperature"), self.temperature, 1e-3, most, "the paper uses 0.2");
        check_range(problems, &format!("{path}.smoothing"), self.smoothing, 0.0, 1.0, "the paper uses 0.9");
        check_momentum(problems, path, self.momentum, "left out, it is a twentieth of the stage");
        if self.projection == 0 {
            problems.push(problem(format!("{path}.projection"), "must be at least 1, got 0", None));
        }
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective with a fresh projection and an empty memory.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> CoMatch {
        let (classes, device) = (setting.model.outputs().max(2), setting.device);
        CoMatch {
            supervised: self.supervised.init(setting),
            projection: Projection::new(setting.model.pooled_size(), self.projection, device),
            bank: MemoryBank::new(setting.train_size, self.projection, classes, device),
            mean: remembered(Tensor::zeros([1, classes], device)),
            config: self.clone(),
        }
    }
}

/// The CoMatch objective, with its projection and its memory.
#[derive(Module, Debug)]
pub struct CoMatch {
    supervised: Supervised,
    projection: Projection,
    bank: MemoryBank,
    /// The mean prediction for weak views, `[1, classes]`; zeros before the first batch
    mean: Param<Tensor<2>>,
    #[module(skip)]
    config: CoMatchConfig,
}

/// How much more alike the vectors of two views are than the pseudo-labels, the mean over the batch, `[1]`.
///
/// # Shapes
///
/// - first, second: `[batch, width]`, of length 1; pseudo-labels: `[batch, classes]`
pub fn graph_contrast(
    first: Tensor<2>,
    second: Tensor<2>,
    pseudo_labels: Tensor<2>,
    threshold: f64,
    temperature: f64,
) -> Tensor<1> {
    let [batch, _] = pseudo_labels.dims();
    let device: Device = pseudo_labels.device();
    let own = Tensor::eye(batch, &device);
    let likeness = pseudo_labels.clone().matmul(pseudo_labels.transpose()) * (own.clone().neg() + 1.0) + own;
    let graph = likeness.clone() * likeness.greater_equal_elem(threshold).float();
    let graph = graph.clone() / graph.sum_dim(1);
    let found = log_softmax(first.matmul(second.transpose()) / temperature, 1);
    -(graph.detach() * found).sum_dim(1).reshape([batch]).mean()
}

impl<M: SequenceModel> Objective<M> for CoMatch {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK | Views::STRONG | Views::SECOND_STRONG }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let (Some(labeled), Some(part)) = (&step.labeled, &step.unlabeled) else {
            return self.supervised.labeled_terms(model, step.labeled.as_ref());
        };
        let hidden = |sequences: Sequences| model.pooled(sequences);
        let known = hidden(labeled.weak.clone());
        let terms = self.supervised.terms(model, model.head(known.clone()), &labeled.targets);
        let weak = hidden(part.weak.clone()).detach();
        let momentum = decay(self.config.momentum, LONGEST, context);
        let pseudo_labels = evened(probabilities(model.head(weak.clone())), &mut self.mean, momentum);
        let vectors = self.projection.forward(weak).detach();
        let around = self.bank.likeness(vectors.clone(), self.config.temperature).matmul(self.bank.classes());
        let share = self.bank.begun() * (1.0 - self.config.smoothing);
        let smoothed = pseudo_labels.clone() * (share.clone().neg() + 1.0) + around * share;

        self.bank.note(&part.indices, vectors, pseudo_labels.clone(), 0.0);
        if let Targets::Classes { classes, .. } = &labeled.targets {
            let [_, count] = pseudo_labels.dims();
            let own = self.projection.forward(known).detach();
            self.bank.note(&labeled.indices, own, one_hot(classes.clone(), count), 0.0);
        }
        let strong = hidden(part.strong_or_weak());
        let second = hidden(part.second_strong.clone().unwrap_or_else(|| part.weak.clone()));
        let logits = class_logits(model.head(strong.clone()));
        let (first, second) = (self.projection.forward(strong), self.projection.forward(second));
        let config = &self.config;
        let contrast = graph_contrast(first, second, smoothed.clone(), config.contrast_threshold, config.temperature);
        soft_pseudo_label_terms(terms, part, config.weight, logits, smoothed, config.threshold).add(
            "contrast",
            config.contrast_weight,
            contrast,
        )
    }
}
