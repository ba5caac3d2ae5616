//! Class weights: rare classes weigh more in the labelled loss, by the inverse of their number or by their effective
//! number (Cui et al. 2019, "Class-balanced loss based on effective number of samples").
//!
//! `L = Σ w_y CE / Σ w_y` over the known labels. `inverse`: `w_c = n / (K n_c)`. `effective-number`: `w_c ∝ (1 - β) /
//! (1 - β^{n_c})` (eq. 6), summing to `K`: each further sequence of a class says less that is new, so that weights
//! grow slower than the inverse. `β = 0` weighs all alike, `β → 1` by the inverse. A class without labels counts as
//! one with a single label.
//!
//! # Cost
//!
//! None to speak of.
//!
//! # When it fails
//!
//! With one or two labels of a class their noise weighs as much as a hundred labels of another: steps get larger and
//! uneven. Lower `beta`. Pseudo-labels for unlabelled sequences still lean to the frequent classes.

use std::sync::Arc;

use burn::module::Module;
use schemars::JsonSchema;
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::objective::Setting;
use crate::rebalancing::{Rebalancing, counts_of, effective_weights};

/// `[stage.rebalancing.class-weights]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClassWeightsConfig {
    /// `inverse` or `effective-number`. Default `inverse`.
    pub by: WeighBy,
    /// β in [0, 1), of the effective number. Default 0.999; the paper tries 0.9 to 0.9999. Lower it where a class has
    /// few labels and training is uneven.
    pub beta: f64,
}

/// What the weights of the classes go by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WeighBy {
    /// The inverse of the number of labels.
    #[default]
    Inverse,
    /// The inverse of the effective number.
    EffectiveNumber,
}

impl Default for ClassWeightsConfig {
    fn default() -> Self {
        Self { by: WeighBy::Inverse, beta: 0.999 }
    }
}

impl ClassWeightsConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.beta"), self.beta, 0.0, 0.999_999, "the paper uses 0.9 to 0.9999");
    }

    pub(crate) fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> ClassWeighting {
        let counts = counts_of(setting, setting.model.outputs().max(2));
        let total: f64 = counts.iter().sum();
        let weights = match self.by {
            WeighBy::Inverse => counts.iter().map(|count| total / (counts.len() as f64 * count)).collect(),
            WeighBy::EffectiveNumber => effective_weights(&counts, self.beta),
        };
        ClassWeighting { weights: weights.iter().map(|weight| *weight as f32).collect() }
    }
}

/// The weights of the classes.
#[derive(Module, Debug)]
pub struct ClassWeighting {
    #[module(skip)]
    weights: Vec<f32>,
}

impl Rebalancing for ClassWeighting {
    fn class_weights(&self) -> Option<Arc<[f32]>> {
        Some(self.weights.as_slice().into())
    }
}
