//! Frequency masking (SpecAugment, Park et al. 2019): neighbouring channels of log-mel frames become 0, which is their
//! mean where each channel is normalised. `cutout` is the paper's mask of time; a list may name each several times.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::series::Series;

/// Settings of `frequency-mask`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FrequencyMaskConfig {
    /// Most channels hidden, as a part of all, in [0, 1]; one always stays. Default 0.3: the paper hides up to 27 of
    /// 80.
    pub most: f64,
}

impl Default for FrequencyMaskConfig {
    fn default() -> Self {
        Self { most: 0.3 }
    }
}

impl FrequencyMaskConfig {
    pub(super) fn check(&self) -> Option<String> {
        super::check_in("most", self.most, 0.0, 1.0)
    }

    pub(super) fn apply(&self, series: &mut Series, rng: &mut impl Rng) {
        let channels = series.channels;
        let most = ((self.most * channels as f64).ceil() as usize).min(channels.saturating_sub(1));
        let width = rng.random_range(0..=most);
        let first = rng.random_range(0..=channels - width);
        for step in series.values.chunks_mut(channels.max(1)) {
            step[first..first + width].fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;

    #[test]
    fn the_same_neighbouring_channels_are_hidden_at_every_step() {
        let config = FrequencyMaskConfig { most: 0.5 };
        let mut widest = 0;
        for seed in 0..40 {
            let mut series = Series { values: vec![1.0; 30], channels: 10 };
            config.apply(&mut series, &mut generator(seed, 0));
            let first: Vec<usize> = (0..10).filter(|channel| series.values[*channel] == 0.0).collect();
            assert!(first.windows(2).all(|pair| pair[1] == pair[0] + 1), "{first:?}");
            assert!(series.values.chunks(10).all(|step| step == &series.values[..10]));
            widest = widest.max(first.len());
        }
        assert_eq!(widest, 5);
        let mut single = Series { values: vec![1.0; 4], channels: 1 };
        FrequencyMaskConfig { most: 1.0 }.apply(&mut single, &mut generator(0, 0));
        assert_eq!(single.values, [1.0; 4]);
    }
}
