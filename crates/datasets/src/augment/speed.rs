//! Speed (Ko et al. 2015): the whole series faster or slower around its middle. The length stays: slower, the ends fall
//! off; faster, the outermost steps are repeated. The paper resamples the waveform, which moves the pitch too; frames
//! keep it.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::preparation::resample::sample_at;
use crate::series::Series;

/// Settings of `speed`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SpeedConfig {
    /// Largest change of the speed, in [0, 0.9]. Default 0.1, the paper's.
    pub most: f64,
}

impl Default for SpeedConfig {
    fn default() -> Self {
        Self { most: 0.1 }
    }
}

impl SpeedConfig {
    pub(super) fn check(&self) -> Option<String> {
        super::check_in("most", self.most, 0.0, 0.9)
    }

    pub(super) fn apply(&self, series: &mut Series, rng: &mut impl Rng) {
        let steps = series.time();
        let middle = steps.saturating_sub(1) as f32 / 2.0;
        let speed = 1.0 + self.most as f32 * (2.0 * rng.random::<f32>() - 1.0);
        series.values = sample_at(series, (0..steps).map(|step| middle + (step as f32 - middle) * speed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;

    #[test]
    fn a_ramp_keeps_its_middle_and_changes_its_slope() {
        for seed in 0..10 {
            let mut series = Series { values: (0..21u8).map(f32::from).collect(), channels: 1 };
            SpeedConfig { most: 0.5 }.apply(&mut series, &mut generator(seed, 0));
            let slope = series.values[11] - series.values[10];
            assert!((series.values[10] - 10.0).abs() < 1e-4 && (0.5..=1.5).contains(&slope), "{slope}");
        }
    }
}
