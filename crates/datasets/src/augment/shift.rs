//! Shift: the series some steps earlier or later; what falls off one end comes in nowhere, the other end
//! repeats its outermost step.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::preparation::resample::sample_at;
use crate::series::Series;

/// Settings of `shift`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ShiftConfig {
    /// Largest shift, as a part of the length, in [0, 1]. Default 0.05.
    pub most: f64,
}

impl Default for ShiftConfig {
    fn default() -> Self {
        Self { most: 0.05 }
    }
}

impl ShiftConfig {
    pub(super) fn check(&self) -> Option<String> {
        super::check_in("most", self.most, 0.0, 1.0)
    }

    pub(super) fn apply(&self, series: &mut Series, rng: &mut impl Rng) {
        let steps = series.time();
        let most = (self.most * steps as f64).floor() as i64;
        let shift = rng.random_range(-most..=most) as f32;
        series.values = sample_at(series, (0..steps).map(|step| step as f32 - shift));
    }
}
