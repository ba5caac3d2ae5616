//! Window warping (Le Guennec et al. 2016): a window of the series runs at half or at double speed, and the whole is
//! brought back to its length.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::preparation::resample::sample_at;
use crate::series::Series;

/// Settings of `window-warp`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WindowWarpConfig {
    /// Length of the window, as a part of the series, in (0, 1). Default 0.1, the paper's.
    pub window: f64,
}

impl Default for WindowWarpConfig {
    fn default() -> Self {
        Self { window: 0.1 }
    }
}

impl WindowWarpConfig {
    pub(super) fn check(&self) -> Option<String> {
        super::check_in("window", self.window, 0.01, 0.99)
    }

    pub(super) fn apply(&self, series: &mut Series, rng: &mut impl Rng) {
        let steps = series.time();
        let last = steps.saturating_sub(1) as f32;
        let length = self.window as f32 * last;
        let start = rng.random::<f32>() * (last - length);
        // How much of the new series the window takes for each step of the old.
        let stretch: f32 = if rng.random() { 2.0 } else { 0.5 };
        let whole = last - length + stretch * length;
        let place = |step: usize| {
            let at = step as f32 / last.max(1.0) * whole;
            if at < start {
                at
            } else if at < start + stretch * length {
                start + (at - start) / stretch
            } else {
                at - (stretch - 1.0) * length
            }
        };
        series.values = sample_at(series, (0..steps).map(place));
    }
}
