//! Jitter (Um et al. 2017): normal noise on each value. Values are normalised, so the deviation is in
//! units of the data's own.

use rand::Rng;
use rand_distr::StandardNormal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::series::Series;

/// Settings of `jitter`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JitterConfig {
    /// Deviation of the noise. Default 0.05.
    pub deviation: f64,
}

impl Default for JitterConfig {
    fn default() -> Self {
        Self { deviation: 0.05 }
    }
}

impl JitterConfig {
    pub(super) fn check(&self) -> Option<String> {
        super::check_in("deviation", self.deviation, 0.0, 10.0)
    }

    pub(super) fn apply(&self, series: &mut Series, rng: &mut impl Rng) {
        for value in &mut series.values {
            *value += self.deviation as f32 * rng.sample::<f32, _>(StandardNormal);
        }
    }
}
