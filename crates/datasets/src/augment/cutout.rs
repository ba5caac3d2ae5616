//! Cutout (DeVries & Taylor 2017), along time: a stretch of zeros in all channels.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::series::Series;

/// Settings of `cutout`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CutoutConfig {
    /// Longest stretch, as a part of the length, in [0, 1]. Default 0.2.
    pub most: f64,
}

impl Default for CutoutConfig {
    fn default() -> Self {
        Self { most: 0.2 }
    }
}

impl CutoutConfig {
    pub(super) fn check(&self) -> Option<String> {
        super::check_in("most", self.most, 0.0, 1.0)
    }

    pub(super) fn apply(&self, series: &mut Series, rng: &mut impl Rng) {
        let steps = series.time();
        let length = (rng.random::<f64>() * self.most * steps as f64) as usize;
        let start = rng.random_range(0..=steps - length.min(steps));
        series.values[start * series.channels..(start + length) * series.channels].fill(0.0);
    }
}
