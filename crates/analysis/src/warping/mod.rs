//! Series of unequal length by how well they lie on each other when time may be stretched: dynamic time warping
//! (Sakoe & Chiba 1978), soft-DTW, the mean series of both, and k-means with them.

mod dba;
mod dtw;
mod k_means;
mod over_threads;
mod soft_barycenter;
mod soft_dtw;

pub use dba::dba;
pub use dtw::{dtw, dtw_path, dtw_silhouette};
pub use k_means::{WarpedClusters, Warping, check_cost, from_starts, warped_clusters};
pub use soft_barycenter::soft_barycenter;
pub use soft_dtw::{soft_dtw, soft_dtw_gradient};

use crate::AnalysisError;

/// A series that may be warped.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeSeries {
    /// Row-major `[time, channels]`.
    pub values: Vec<f64>,
    /// Channels of each step.
    pub channels: usize,
}

impl TimeSeries {
    /// Steps.
    pub fn time(&self) -> usize {
        self.values.len() / self.channels.max(1)
    }

    /// The values of a step, `[channels]`.
    fn step(&self, index: usize) -> &[f64] {
        &self.values[index * self.channels..(index + 1) * self.channels]
    }
}

/// The squared Euclidean distance of two steps.
fn squared(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| (left - right) * (left - right)).sum()
}

/// That all series have steps, the same channels, and finite values.
fn check(series: &[TimeSeries]) -> Result<(), AnalysisError> {
    let channels = series.first().map_or(0, |first| first.channels);
    let sound = |one: &TimeSeries| {
        one.channels == channels && !one.values.is_empty() && one.values.len().is_multiple_of(channels.max(1))
    };
    if channels == 0 || !series.iter().all(sound) {
        return Err(AnalysisError::new(
            "series of one and the same number of channels, each of a step or more, are needed",
        ));
    }
    match series.iter().position(|one| one.values.iter().any(|value| !value.is_finite())) {
        Some(row) => Err(AnalysisError::new(format!("series {} has a value that is no finite number", row + 1))),
        None => Ok(()),
    }
}
