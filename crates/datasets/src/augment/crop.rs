//! Window slicing (Le Guennec et al. 2016): a window of the series, stretched to the full length.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::preparation::resample::sample_at;
use crate::series::Series;

/// Settings of `crop`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CropConfig {
    /// Length of the window, as a part of the series, in (0, 1]. Default 0.9, the paper's.
    pub keep: f64,
}

impl Default for CropConfig {
    fn default() -> Self {
        Self { keep: 0.9 }
    }
}

impl CropConfig {
    pub(super) fn check(&self) -> Option<String> {
        super::check_in("keep", self.keep, 0.01, 1.0)
    }

    pub(super) fn apply(&self, series: &mut Series, rng: &mut impl Rng) {
        let steps = series.time();
        let free = (1.0 - self.keep as f32) * steps.saturating_sub(1) as f32;
        let start = rng.random::<f32>() * free;
        let stride = self.keep as f32;
        series.values = sample_at(series, (0..steps).map(|step| start + step as f32 * stride));
    }
}
