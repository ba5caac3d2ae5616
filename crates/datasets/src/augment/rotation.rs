//! Rotation (Um et al. 2017, for sensors that can sit any way round; as Iwana & Uchida 2021 generalise it): channels
//! change places, and each keeps or turns its sign. With one channel it is `flip`.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::random::shuffle;
use crate::series::Series;

/// Settings of `rotation`. It has none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotationConfig {}

impl RotationConfig {
    pub(super) fn check(&self) -> Option<String> {
        None
    }

    pub(super) fn apply(&self, series: &mut Series, rng: &mut impl Rng) {
        let mut order: Vec<usize> = (0..series.channels).collect();
        shuffle(&mut order, rng);
        let signs: Vec<f32> = (0..series.channels).map(|_| if rng.random() { 1.0 } else { -1.0 }).collect();
        for step in series.values.chunks_exact_mut(series.channels) {
            let old = step.to_vec();
            for ((value, channel), sign) in step.iter_mut().zip(&order).zip(&signs) {
                *value = sign * old[*channel];
            }
        }
    }
}
