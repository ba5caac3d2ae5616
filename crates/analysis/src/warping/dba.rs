//! The mean of series under dynamic time warping: DTW barycenter averaging (Petitjean, Ketterlin & Gançarski 2011, "A
//! global averaging method for dynamic time warping, with applications to clustering", algorithm 5).

use crate::warping::TimeSeries;
use crate::warping::dtw::dtw_path;
use crate::warping::over_threads::over_threads;
use crate::warping::squared;

/// A round that lowers the mean squared distance by less ends it; tslearn's.
const TOLERANCE: f64 = 1e-5;

/// Moves each step of `start` to the mean of the steps that lie on it, up to `rounds` times; it keeps its length. The
/// sum of squared distances to the series never rises. Without series, `start`.
pub fn dba(series: &[&TimeSeries], start: &TimeSeries, rounds: usize) -> TimeSeries {
    let mut mean = start.clone();
    let mut last = f64::INFINITY;
    for _ in 0..rounds {
        if series.is_empty() {
            break;
        }
        let paths = over_threads(series.len(), |row| dtw_path(&mean, series[row]));
        let mut sums = vec![0.0; mean.values.len()];
        let mut counts = vec![0.0; mean.time()];
        let mut cost = 0.0;
        for (path, one) in paths.iter().zip(series) {
            for (step, other) in path {
                counts[*step] += 1.0;
                let sum = &mut sums[step * mean.channels..(step + 1) * mean.channels];
                sum.iter_mut().zip(one.step(*other)).for_each(|(sum, value)| *sum += value);
                cost += squared(mean.step(*step), one.step(*other));
            }
        }
        // Every step of the mean has a step of each series on it.
        let of = |(place, sum): (usize, f64)| sum / counts[place / mean.channels];
        mean.values = sums.into_iter().enumerate().map(of).collect();
        let cost = cost / series.len() as f64;
        if last - cost < TOLERANCE {
            break;
        }
        last = cost;
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_by_hand() {
        let of = |values: &[f64]| TimeSeries { values: values.to_vec(), channels: 1 };
        let (left, right) = (of(&[1.0, 2.0, 3.0, 4.0]), of(&[1.0, 2.0, 4.0, 5.0]));
        // tslearn's example: [[1, 2, 3, 4], [1, 2, 4, 5]].
        assert_eq!(dba(&[&left, &right], &of(&[1.0, 2.0, 3.5, 4.5]), 30).values, [1.0, 2.0, 3.5, 4.5]);
        assert_eq!(dba(&[], &left, 30), left);
    }
}
