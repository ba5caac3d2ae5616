//! The mean of series under soft-DTW (Cuturi & Blondel 2017, section 3.1): what has the least sum of soft-DTW to them,
//! by L-BFGS.

use ndarray::Array2;

use crate::minimise::minimised;
use crate::warping::TimeSeries;
use crate::warping::over_threads::over_threads;
use crate::warping::soft_dtw::soft_dtw_gradient;

/// No entry of the gradient of the mean is larger at the end.
const TOLERANCE: f64 = 1e-5;

/// The minimum of the mean soft-DTW to the series, from `start` on, in `rounds` steps at most; it keeps the length of
/// `start`. Without series, `start`.
pub fn soft_barycenter(series: &[&TimeSeries], start: &TimeSeries, gamma: f64, rounds: usize) -> TimeSeries {
    if series.is_empty() {
        return start.clone();
    }
    let of = |mean: &Array2<f64>| {
        let mean = TimeSeries { values: mean.iter().copied().collect(), channels: start.channels };
        let each = over_threads(series.len(), |row| soft_dtw_gradient(&mean, series[row], gamma));
        let mut gradient = Array2::zeros((1, mean.values.len()));
        let mut sum = 0.0;
        for (value, slope) in each {
            sum += value;
            gradient.iter_mut().zip(slope).for_each(|(sum, slope)| *sum += slope);
        }
        (sum / series.len() as f64, gradient / series.len() as f64)
    };
    let from = Array2::from_shape_fn((1, start.values.len()), |(_, place)| start.values[place]);
    let found = minimised(from, TOLERANCE, rounds, of);
    TimeSeries { values: found.iter().copied().collect(), channels: start.channels }
}
