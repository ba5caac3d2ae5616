//! Flipping (Um et al. 2017, "rotation"): the sign of all values turned round, half of the time.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::series::Series;

/// Settings of `flip`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FlipConfig {
    /// How often, in [0, 1]. Default 0.5.
    pub rate: f64,
}

impl Default for FlipConfig {
    fn default() -> Self {
        Self { rate: 0.5 }
    }
}

impl FlipConfig {
    pub(super) fn check(&self) -> Option<String> {
        super::check_in("rate", self.rate, 0.0, 1.0)
    }

    pub(super) fn apply(&self, series: &mut Series, rng: &mut impl Rng) {
        if rng.random::<f64>() < self.rate {
            series.values.iter_mut().for_each(|value| *value = -*value);
        }
    }
}
