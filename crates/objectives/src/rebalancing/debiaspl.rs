//! DebiasPL (Wang et al. 2022, "Debiased learning from naturally imbalanced pseudo-labels").
//!
//! With `p̂` the running mean of what the model says of the weak views: the pseudo-label is `softmax(f(weak) - λ log
//! p̂)` (eq. 4), freed of the classes that the model leans to, and the strong view has to agree by the margin loss, the
//! cross-entropy of `f(strong) + λ log p̂` (eq. 5). `p̂ ← m p̂ + (1 - m) mean softmax(f(weak))` starts even and moves
//! between the two, as in the authors' code. No count of labels is used.
//!
//! Without the authors' second views, their zero-shot model, and their CLD term, all of which they leave off by
//! default.
//!
//! # Cost
//!
//! None to speak of.
//!
//! # When it fails
//!
//! Where unlabelled sequences are imbalanced indeed, a mean that leans to a class is right to do so, and all of it is
//! taken for a bias: lower `strength`.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use schemars::JsonSchema;
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::objective::Setting;
use crate::parts::memory::{check_momentum, decay, follow, remembered};
use crate::parts::pseudo_labels::PseudoLabels;
use crate::rebalancing::{Rebalancing, Seen};

/// Steps that the authors' mean remembers.
const LONGEST: f64 = 1000.0;

/// `[stage.rebalancing.debiaspl]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DebiasPlConfig {
    /// λ ≥ 0. Default 0.5, the paper's; the authors' program takes 1 unless told otherwise.
    pub strength: f64,
    /// m in [0, 1). Default: by the length of the stage, at most 0.999, the paper's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
}

impl Default for DebiasPlConfig {
    fn default() -> Self {
        Self { strength: 0.5, momentum: None }
    }
}

impl DebiasPlConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.strength"), self.strength, 0.0, f64::INFINITY, "the paper uses 0.5");
        check_momentum(problems, path, self.momentum, "the paper uses 0.999");
    }

    pub(crate) fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> DebiasPl {
        let classes = setting.model.outputs().max(2);
        let even = Tensor::full([1, classes], 1.0 / classes as f64, setting.device);
        DebiasPl { mean: remembered(even), config: self.clone() }
    }
}

/// DebiasPL's running mean.
#[derive(Module, Debug)]
pub struct DebiasPl {
    /// `p̂`, `[1, classes]`
    mean: Param<Tensor<2>>,
    #[module(skip)]
    config: DebiasPlConfig,
}

impl Rebalancing for DebiasPl {
    fn pseudo_labels<M: SequenceModel>(&mut self, pseudo_labels: &mut PseudoLabels, _model: &M, seen: &Seen<'_>) {
        let log = |mean: Tensor<2>| mean.clamp_min(1e-12).log() * self.config.strength;
        let said = pseudo_labels.mean_distribution();
        let freed = softmax(pseudo_labels.weak.clone() - log(self.mean.val().detach()), 1);
        let mean = follow(&mut self.mean, decay(self.config.momentum, LONGEST, seen.context), said);
        pseudo_labels.strong = pseudo_labels.strong.clone() + log(mean);
        pseudo_labels.take(freed);
    }
}
