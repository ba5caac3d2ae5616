//! Shift of an image that is read row by row: up, down, left and right by a few points, zeros coming in.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::series::Series;

/// Settings of `picture-shift`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ImageShiftConfig {
    /// Points at most, in each direction. Default 2.
    pub points: usize,
}

impl Default for ImageShiftConfig {
    fn default() -> Self {
        Self { points: 2 }
    }
}

impl ImageShiftConfig {
    pub(super) fn check(&self) -> Option<String> {
        None
    }

    pub(super) fn apply(&self, series: &mut Series, rng: &mut impl Rng) {
        let most = self.points as i64;
        let (down, right) = (rng.random_range(-most..=most), rng.random_range(-most..=most));
        moved(series, |row, column| (row - down as f32, column - right as f32));
    }
}

/// Each point of the image from where `source` says, by straight lines between points; outside is what the corner
/// holds, which is the background.
pub(super) fn moved(series: &mut Series, source: impl Fn(f32, f32) -> (f32, f32)) {
    let (rows, columns) = (series.time() as i64, series.channels as i64);
    let old = series.values.clone();
    let background = old.first().copied().unwrap_or(0.0);
    let at = |row: i64, column: i64| {
        if (0..rows).contains(&row) && (0..columns).contains(&column) {
            old[(row * columns + column) as usize]
        } else {
            background
        }
    };
    for row in 0..rows {
        for column in 0..columns {
            let (from_row, from_column) = source(row as f32, column as f32);
            let (top, left) = (from_row.floor(), from_column.floor());
            let (down, right) = (from_row - top, from_column - left);
            let (top, left) = (top as i64, left as i64);
            series.values[(row * columns + column) as usize] = at(top, left) * (1.0 - down) * (1.0 - right)
                + at(top, left + 1) * (1.0 - down) * right
                + at(top + 1, left) * down * (1.0 - right)
                + at(top + 1, left + 1) * down * right;
        }
    }
}
