//! Permutation (Um et al. 2017): the series is cut into segments, which change places. It keeps what happens and gives
//! up when; not for labels that depend on the order.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::random::shuffle;
use crate::series::Series;

/// Settings of `permutation`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PermutationConfig {
    /// Segments, at least 2. Default 4, the paper's.
    pub segments: usize,
}

impl Default for PermutationConfig {
    fn default() -> Self {
        Self { segments: 4 }
    }
}

impl PermutationConfig {
    pub(super) fn check(&self) -> Option<String> {
        (self.segments < 2).then(|| format!("must have `segments` at least 2, got {}", self.segments))
    }

    pub(super) fn apply(&self, series: &mut Series, rng: &mut impl Rng) {
        let steps = series.time();
        let mut cuts: Vec<usize> = (1..self.segments).map(|_| rng.random_range(0..=steps)).collect();
        cuts.extend([0, steps]);
        cuts.sort_unstable();
        let mut segments: Vec<&[f32]> =
            cuts.windows(2).map(|cut| &series.values[cut[0] * series.channels..cut[1] * series.channels]).collect();
        shuffle(&mut segments, rng);
        series.values = segments.concat();
    }
}
