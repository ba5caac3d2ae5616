//! Balanced sampling: labelled rows are drawn class by class (Kang et al. 2020, "Decoupling representation and
//! classifier for long-tailed recognition", section 3).
//!
//! Each labelled row of a batch is of class `c` with probability `n_c^q / Σ n^q` (eq. 1). `q = 0` draws all classes
//! alike, `1/2` by the square roots of their numbers, `1` as they stand in the data. Within a class rows come in
//! shuffled order, each once before any comes again. It is the one sampler that may put a row into a batch more than
//! once, in as many draws of its views, which is oversampling of rare classes by augmentation; what objectives remember
//! of a row is as if it stood there once. Without repetition a class of one label would have one place of a batch,
//! which is not balance ("Rare classes" in `docs/results.md`).
//!
//! # Cost
//!
//! Batches are not sorted by length, so that padding grows where lengths differ.
//!
//! # When it fails
//!
//! Few sequences of a rare class are seen again and again, and are learned by heart. Raise `power`, and set weak views.

use burn::module::Module;
use schemars::JsonSchema;
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::objective::Setting;
use crate::rebalancing::Rebalancing;

/// `[stage.rebalancing.balanced-sampling]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BalancedSamplingConfig {
    /// `q` in [0, 1]. Default 0: all classes alike. The paper also uses 0.5. Raise it where rare classes are learned
    /// by heart.
    pub power: f64,
}

impl BalancedSamplingConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(
            problems,
            &format!("{path}.power"),
            self.power,
            0.0,
            1.0,
            "0 draws all classes alike, 1 as they stand",
        );
    }

    pub(crate) fn init<M: SequenceModel>(&self, _setting: &Setting<'_, M>) -> BalancedSampling {
        BalancedSampling { power: self.power }
    }
}

/// What is done by the loader.
#[derive(Module, Debug)]
pub struct BalancedSampling {
    #[module(skip)]
    #[allow(dead_code, reason = "for people who print an objective; the loader is told by the config")]
    power: f64,
}

impl Rebalancing for BalancedSampling {}
