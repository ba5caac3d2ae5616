//! Scaling (Um et al. 2017): each channel times a factor near 1.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::random::normal;
use crate::series::Series;

/// Settings of `scaling`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScalingConfig {
    /// Deviation of the factor. Default 0.1, the paper's.
    pub deviation: f64,
}

impl Default for ScalingConfig {
    fn default() -> Self {
        Self { deviation: 0.1 }
    }
}

impl ScalingConfig {
    pub(super) fn check(&self) -> Option<String> {
        super::check_in("deviation", self.deviation, 0.0, 10.0)
    }

    pub(super) fn apply(&self, series: &mut Series, rng: &mut impl Rng) {
        let factors: Vec<f32> = (0..series.channels).map(|_| 1.0 + self.deviation as f32 * normal(rng)).collect();
        for step in series.values.chunks_mut(series.channels.max(1)) {
            for (value, factor) in step.iter_mut().zip(&factors) {
                *value *= factor;
            }
        }
    }
}
