//! Logit adjustment (Menon et al. 2021, "Long-tail learning via logit adjustment").
//!
//! `at = "training"`: the labelled loss is the cross-entropy of `f + τ log π` (eq. 10), with `π` the classes' shares
//! of the labels, so that the model has to tell rare classes by a larger margin and its own logits `f` are those of
//! balanced classes. `at = "prediction"`: training is left as it is, and what is predicted is `f - τ log π` (eq. 9).
//! A class without labels counts as one with a single label.
//!
//! # Cost
//!
//! None to speak of.
//!
//! # When it fails
//!
//! Where the sequences to predict are as imbalanced as the labels it costs accuracy and wins balanced accuracy. With
//! `τ` far above 1 rare classes are predicted everywhere.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::objective::Setting;
use crate::parts::losses::class_logits;
use crate::parts::memory::remembered;
use crate::rebalancing::{Rebalancing, counts_of, for_outputs};

/// `[stage.rebalancing.logit-adjustment]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogitAdjustmentConfig {
    /// τ ≥ 0. Default 1, the paper's.
    pub strength: f64,
    /// `training` or `prediction`. Default `training`.
    pub at: AdjustAt,
}

/// When logits are moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AdjustAt {
    /// In the labelled loss.
    #[default]
    Training,
    /// In what is predicted.
    Prediction,
}

impl Default for LogitAdjustmentConfig {
    fn default() -> Self {
        Self { strength: 1.0, at: AdjustAt::Training }
    }
}

impl LogitAdjustmentConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.strength"), self.strength, 0.0, f64::INFINITY, "the paper uses 1");
    }

    pub(crate) fn votes(&self) -> bool {
        self.at == AdjustAt::Prediction
    }

    pub(crate) fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> LogitAdjustment {
        let counts = counts_of(setting, setting.model.outputs().max(2));
        let total: f64 = counts.iter().sum();
        let shift: Vec<f32> = counts.iter().map(|count| (self.strength * (count / total).ln()) as f32).collect();
        let shift = Tensor::<1>::from_data(shift.as_slice(), setting.device).reshape([1, counts.len()]);
        LogitAdjustment { shift: remembered(shift), config: self.clone() }
    }
}

/// By how much the logits of each class are moved.
#[derive(Module, Debug)]
pub struct LogitAdjustment {
    /// `τ log π`, `[1, classes]`
    shift: Param<Tensor<2>>,
    #[module(skip)]
    config: LogitAdjustmentConfig,
}

impl Rebalancing for LogitAdjustment {
    fn adjusted(&self, logits: Tensor<2>) -> Tensor<2> {
        if self.config.votes() { logits } else { class_logits(logits) + self.shift.val() }
    }

    fn vote(&self, logits: Tensor<2>, _hidden: Tensor<2>) -> Option<Tensor<2>> {
        let [_, outputs] = logits.dims();
        self.config.votes().then(|| for_outputs(class_logits(logits) - self.shift.val(), outputs))
    }
}
