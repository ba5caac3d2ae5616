//! Time warping (Um et al. 2017): the series runs smoothly faster and slower, its length stays.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::augment::smooth_curve;
use crate::preparation::resample::sample_at;
use crate::series::Series;

/// Settings of `time-warp`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TimeWarpConfig {
    /// Deviation of the speed. Default 0.2, the paper's.
    pub deviation: f64,
    /// Inner knots of the speed's curve. Default 4, the paper's.
    pub knots: usize,
}

impl Default for TimeWarpConfig {
    fn default() -> Self {
        Self { deviation: 0.2, knots: 4 }
    }
}

impl TimeWarpConfig {
    pub(super) fn check(&self) -> Option<String> {
        super::check_in("deviation", self.deviation, 0.0, 10.0)
    }

    pub(super) fn apply(&self, series: &mut Series, rng: &mut impl Rng) {
        let steps = series.time();
        let speed = smooth_curve(steps, self.knots, self.deviation, rng);
        let mut places: Vec<f32> = Vec::with_capacity(steps);
        let mut place = 0.0;
        for speed in speed {
            places.push(place);
            place += speed.max(0.05);
        }
        let last = places.last().copied().unwrap_or(0.0).max(1e-6);
        let scale = steps.saturating_sub(1) as f32 / last;
        series.values = sample_at(series, places.into_iter().map(|place| place * scale));
    }
}
