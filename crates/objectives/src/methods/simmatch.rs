//! SimMatch (Zheng et al. 2022, "SimMatch: semi-supervised learning with similarity matching").
//!
//! A memory holds a vector of each labelled sequence. The strong view has to be as alike to them as the weak one is
//! (instance similarity), and to predict the weak one's class (semantic similarity), and each corrects the other
//! (section 3.3): what the weak view is alike to is multiplied by what its pseudo-label says of their classes, and its
//! pseudo-label is blended with the classes of what it is alike to, `α p + (1 - α) Σ_k q_k y_k`.
//!
//! As the paper does where labels are few, the memory follows the model's own vectors and not a teacher's. The mean
//! prediction that evens pseudo-labels out is a running mean from the first batch on; the authors' is of the last 256
//! batches.
//!
//! # Cost
//!
//! Two views of each unlabelled sequence, one with gradients, a projection, and a memory with a vector for each
//! labelled sequence.
//!
//! # When it fails
//!
//! With one or two labels per class the likeness to labelled sequences is the likeness to single ones, whatever is
//! particular about them. As with `fixmatch` a strong view that changes the class teaches the wrong one.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
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

/// Steps that the mean prediction remembers at most, the authors' code's.
const LONGEST: f64 = 256.0;

/// How much of a labelled sequence's old vector stays in the memory, the paper's.
const KEEP: f64 = 0.7;

/// `[stage.objective.simmatch]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SimMatchConfig {
    /// Weight ≥ 0 of the pseudo-labels. Default 1, the paper's.
    pub weight: f64,
    /// Weight ≥ 0 of the likeness to labelled sequences. Default 1, the paper's.
    pub instance_weight: f64,
    /// Confidence in [0, 1] from which a pseudo-label counts. Default 0.95, the paper's.
    pub threshold: f64,
    /// t > 0, the temperature of likeness. Default 0.1, the paper's.
    pub temperature: f64,
    /// α in [0, 1], how much of a pseudo-label is its own. Default 0.9, the paper's.
    pub smoothing: f64,
    /// Width of the projected vectors. Default 64; the paper takes 128.
    pub projection: usize,
    /// The memory of the mean prediction, in [0, 1): a mean forgets in about `1 / (1 - momentum)` steps. Default: a
    /// twentieth of the stage's steps, at most 256, the authors' 256 batches (so 0.95 for a stage of 400 steps).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for SimMatchConfig {
    fn default() -> Self {
        Self {
            weight: 1.0,
            instance_weight: 1.0,
            threshold: 0.95,
            temperature: 0.1,
            smoothing: 0.9,
            projection: 64,
            momentum: None,
            supervised: SupervisedConfig::default(),
        }
    }
}

impl SimMatchConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        let most = f64::INFINITY;
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, most, "the paper uses 1");
        check_range(problems, &format!("{path}.instance_weight"), self.instance_weight, 0.0, most, "the paper uses 1");
        check_range(problems, &format!("{path}.threshold"), self.threshold, 0.0, 1.0, "the paper uses 0.95");
        check_range(problems, &format!("{path}.temperature"), self.temperature, 1e-3, most, "the paper uses 0.1");
        check_range(problems, &format!("{path}.smoothing"), self.smoothing, 0.0, 1.0, "the paper uses 0.9");
        check_momentum(problems, path, self.momentum, "left out, it is a twentieth of the stage");
        if self.projection == 0 {
            problems.push(problem(format!("{path}.projection"), "must be at least 1, got 0", None));
        }
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective with a fresh projection and an empty memory.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> SimMatch {
        let (classes, device) = (setting.model.outputs().max(2), setting.device);
        SimMatch {
            supervised: self.supervised.init(setting),
            projection: Projection::new(setting.model.pooled_size(), self.projection, device),
            bank: MemoryBank::new(setting.train_size, self.projection, classes, device),
            mean: remembered(Tensor::zeros([1, classes], device)),
            config: self.clone(),
        }
    }
}

/// The SimMatch objective, with its projection and its memory.
#[derive(Module, Debug)]
pub struct SimMatch {
    supervised: Supervised,
    projection: Projection,
    bank: MemoryBank,
    /// The mean prediction for weak views, `[1, classes]`; zeros before the first batch
    mean: Param<Tensor<2>>,
    #[module(skip)]
    config: SimMatchConfig,
}

/// What the two similarities make of each other: the target of the instances `[batch, bank]` and the blended
/// pseudo-label `[batch, classes]`.
///
/// # Shapes
///
/// - likeness: `[batch, bank]`, classes: `[bank, classes]`, pseudo-label: `[batch, classes]`, share: `[1, 1]`, of the
///   likeness in the pseudo-label
pub fn matched(likeness: Tensor<2>, classes: Tensor<2>, pseudo_labels: Tensor<2>, share: Tensor<2>) -> [Tensor<2>; 2] {
    let target = likeness.clone() * pseudo_labels.clone().matmul(classes.clone().transpose());
    let target = target.clone() / target.sum_dim(1).clamp_min(1e-12);
    [target, pseudo_labels * (share.clone().neg() + 1.0) + likeness.matmul(classes) * share]
}

impl<M: SequenceModel> Objective<M> for SimMatch {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK | Views::STRONG }
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
        let likeness = self.bank.likeness(self.projection.forward(weak).detach(), self.config.temperature);
        let share = self.bank.begun() * (1.0 - self.config.smoothing);
        let [target, blended] = matched(likeness, self.bank.classes(), pseudo_labels, share);

        let strong = hidden(part.strong_or_weak());
        let logits = class_logits(model.head(strong.clone()));
        let alike = self.bank.likeness(self.projection.forward(strong), self.config.temperature);
        let [batch, classes] = blended.dims();
        let instances = -(target * alike.clamp_min(1e-12).log()).sum_dim(1).reshape([batch]).mean();
        let instances = instances * self.bank.begun().reshape([1]);
        if let Targets::Classes { classes: own, .. } = &labeled.targets {
            let vectors = self.projection.forward(known).detach();
            self.bank.note(&labeled.indices, vectors, one_hot(own.clone(), classes), KEEP);
        }
        soft_pseudo_label_terms(terms, part, self.config.weight, logits, blended, self.config.threshold).add(
            "instances",
            self.config.instance_weight,
            instances,
        )
    }
}
