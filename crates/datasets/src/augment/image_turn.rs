//! Rotation of an image that is read row by row, round its middle.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::augment::image_shift::moved;
use crate::series::Series;

/// Settings of `picture-turn`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ImageTurnConfig {
    /// Degrees at most, either way, in [0, 180]. Default 15.
    pub degrees: f64,
}

impl Default for ImageTurnConfig {
    fn default() -> Self {
        Self { degrees: 15.0 }
    }
}

impl ImageTurnConfig {
    pub(super) fn check(&self) -> Option<String> {
        super::check_in("degrees", self.degrees, 0.0, 180.0)
    }

    pub(super) fn apply(&self, series: &mut Series, rng: &mut impl Rng) {
        let angle = (rng.random::<f32>() * 2.0 - 1.0) * (self.degrees as f32).to_radians();
        let (sine, cosine) = angle.sin_cos();
        let middle = |points: usize| points.saturating_sub(1) as f32 / 2.0;
        let (row_middle, column_middle) = (middle(series.time()), middle(series.channels));
        moved(series, |row, column| {
            let (down, right) = (row - row_middle, column - column_middle);
            (row_middle + cosine * down + sine * right, column_middle - sine * down + cosine * right)
        });
    }
}
