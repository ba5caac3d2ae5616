//! RandAugment (Cubuk et al. 2020) over the changes of series: each view is made by a few of them, drawn anew, at their
//! default strength. The paper draws among fourteen changes of images, at a strength of one number.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::augment::AugmentationConfig as A;
use crate::sequence::Sequence;
use crate::series::Series;

/// Settings of `rand-augment`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RandAugmentConfig {
    /// Changes a view, at least 1. Default 2, the paper's for small nets.
    pub count: usize,
}

impl Default for RandAugmentConfig {
    fn default() -> Self {
        Self { count: 2 }
    }
}

impl RandAugmentConfig {
    pub(super) fn check(&self) -> Option<String> {
        (self.count == 0).then(|| "must have `count` at least 1, got 0".to_string())
    }

    pub(super) fn apply(&self, series: &mut Series, rng: &mut impl Rng) {
        // Those that keep the order and the sign, on which a label may depend.
        let choices = [
            A::Jitter(Default::default()),
            A::Scaling(Default::default()),
            A::MagnitudeWarp(Default::default()),
            A::TimeWarp(Default::default()),
            A::Crop(Default::default()),
            A::WindowWarp(Default::default()),
            A::Shift(Default::default()),
            A::Cutout(Default::default()),
        ];
        let mut view = Sequence::Series(std::mem::replace(series, Series { values: Vec::new(), channels: 0 }));
        for _ in 0..self.count {
            choices[rng.random_range(0..choices.len())].apply(&mut view, &super::Corpus::default(), rng);
        }
        if let Sequence::Series(view) = view {
            *series = view;
        }
    }
}
