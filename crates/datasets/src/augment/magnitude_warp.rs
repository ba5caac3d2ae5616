//! Magnitude warping (Um et al. 2017): each channel times a smooth curve near 1. The paper draws the curve
//! as a cubic spline; here its knots are joined by cosines, which needs no solver.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::augment::smooth_curve;
use crate::series::Series;

/// Settings of `magnitude-warp`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MagnitudeWarpConfig {
    /// Deviation of the knots. Default 0.2, the paper's.
    pub deviation: f64,
    /// Inner knots of the curve. Default 4, the paper's.
    pub knots: usize,
}

impl Default for MagnitudeWarpConfig {
    fn default() -> Self {
        Self { deviation: 0.2, knots: 4 }
    }
}

impl MagnitudeWarpConfig {
    pub(super) fn check(&self) -> Option<String> {
        super::check_in("deviation", self.deviation, 0.0, 10.0)
    }

    pub(super) fn apply(&self, series: &mut Series, rng: &mut impl Rng) {
        let steps = series.time();
        for channel in 0..series.channels {
            let curve = smooth_curve(steps, self.knots, self.deviation, rng);
            for (step, factor) in curve.into_iter().enumerate() {
                series.values[step * series.channels + channel] *= factor;
            }
        }
    }
}
