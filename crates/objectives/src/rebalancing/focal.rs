//! Focal loss (Lin et al. 2017, "Focal loss for dense object detection").
//!
//! `L = mean(-(1 - p_y)^γ log p_y)` over the known labels (eq. 4): labels that are predicted well weigh less, so that
//! the many easy ones of frequent classes do not drown the others. `γ = 0` is the cross-entropy.
//!
//! # Cost
//!
//! None to speak of.
//!
//! # When it fails
//!
//! It looks at how hard a label is and not at its class: wrong labels weigh most, and what is predicted is less sure,
//! so that fewer pseudo-labels pass a threshold. Lower the threshold, or `gamma`.

use burn::module::Module;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};
use schemars::JsonSchema;
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::objective::Setting;
use crate::parts::losses::{class_logits, weighted_mean};
use crate::rebalancing::Rebalancing;

/// `[stage.rebalancing.focal]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FocalConfig {
    /// γ ≥ 0. Default 2, the paper's. Lower it when `mask_rate` stays near 0.
    pub gamma: f64,
}

impl Default for FocalConfig {
    fn default() -> Self {
        Self { gamma: 2.0 }
    }
}

impl FocalConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.gamma"), self.gamma, 0.0, 100.0, "the paper uses 2");
    }

    pub(crate) fn init<M: SequenceModel>(&self, _setting: &Setting<'_, M>) -> Focal {
        Focal { gamma: self.gamma }
    }
}

/// The focal loss.
#[derive(Module, Debug)]
pub struct Focal {
    #[module(skip)]
    gamma: f64,
}

impl Rebalancing for Focal {
    fn loss(&self, logits: Tensor<2>, classes: Tensor<1, Int>, known: Tensor<1>) -> Option<Tensor<1>> {
        let logits = class_logits(logits);
        let [rows, _] = logits.dims();
        let log_right = log_softmax(logits, 1).gather(1, classes.reshape([rows, 1])).reshape([rows]);
        if self.gamma == 0.0 {
            return Some(weighted_mean(-log_right, Some(known)));
        }
        // Above 0, so that the power has a gradient where a label is predicted for sure.
        let wrong = (log_right.clone().exp().neg() + 1.0).clamp_min(1e-12);
        Some(weighted_mean(-(wrong.powf_scalar(self.gamma) * log_right), Some(known)))
    }
}
