//! Gain: one number added to all values. Log-mel frames are logarithms, so a louder or softer recording is that, and no
//! waveform is needed.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::random::normal;
use crate::series::Series;

/// Settings of `gain`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GainConfig {
    /// Deviation of the number, in units of the normalised data, in [0, 10]. Default 0.2: where a band's power varies
    /// by a factor of ten each way, that is 2 decibels.
    pub deviation: f64,
}

impl Default for GainConfig {
    fn default() -> Self {
        Self { deviation: 0.2 }
    }
}

impl GainConfig {
    pub(super) fn check(&self) -> Option<String> {
        super::check_in("deviation", self.deviation, 0.0, 10.0)
    }

    pub(super) fn apply(&self, series: &mut Series, rng: &mut impl Rng) {
        let gain = self.deviation as f32 * normal(rng);
        series.values.iter_mut().for_each(|value| *value += gain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;

    #[test]
    fn all_values_move_together() {
        let mut series = Series { values: vec![1.0, 2.0, 3.0, 4.0], channels: 2 };
        GainConfig::default().apply(&mut series, &mut generator(3, 0));
        let moved = series.values[0] - 1.0;
        assert!(moved != 0.0);
        for (value, before) in series.values.iter().zip([1.0, 2.0, 3.0, 4.0]) {
            assert!((value - before - moved).abs() < 1e-6);
        }
    }
}
