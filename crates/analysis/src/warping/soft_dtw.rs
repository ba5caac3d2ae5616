//! Soft-DTW (Cuturi & Blondel 2017, "Soft-DTW: a differentiable loss function for time-series"): dynamic time warping
//! whose minimum over alignments is a soft one, so that it has a gradient. It may be below 0.

use crate::warping::dtw::last_sum;
use crate::warping::{TimeSeries, squared};

/// `min^γ` over alignments of the sum of squared distances; γ > 0, and with γ → 0 the square of DTW (eq. 2, algorithm
/// 1). `[time, channels]` against `[other time, channels]`.
pub fn soft_dtw(left: &TimeSeries, right: &TimeSeries, gamma: f64) -> f64 {
    last_sum(left, right, |ways| soft_minimum(ways, gamma))
}

/// The value, and its gradient with respect to `left`, `[time, channels]` (eq. 3, algorithm 2).
pub fn soft_dtw_gradient(left: &TimeSeries, right: &TimeSeries, gamma: f64) -> (f64, Vec<f64>) {
    let (rows, columns) = (left.time(), right.time());
    let width = columns + 2;
    let at = |row: usize, column: usize| row * width + column;
    // The sums of algorithm 1 with a margin around them; from the last pair nothing goes on but the end.
    let mut sums = vec![f64::INFINITY; (rows + 2) * width];
    sums[0] = 0.0;
    for row in 1..=rows {
        for column in 1..=columns {
            let ways = [sums[at(row - 1, column - 1)], sums[at(row - 1, column)], sums[at(row, column - 1)]];
            sums[at(row, column)] = squared(left.step(row - 1), right.step(column - 1)) + soft_minimum(ways, gamma);
        }
    }
    let value = sums[at(rows, columns)];
    // E of algorithm 2: how much each pair has part in the value.
    let mut shares = vec![0.0; (rows + 2) * width];
    let mut gradient = vec![0.0; left.values.len()];
    for row in (1..=rows).rev() {
        for column in (1..=columns).rev() {
            let here = sums[at(row, column)];
            let from = |to_row: usize, to_column: usize| {
                if to_row > rows || to_column > columns {
                    return 0.0;
                }
                let cost = squared(left.step(to_row - 1), right.step(to_column - 1));
                shares[at(to_row, to_column)] * ((sums[at(to_row, to_column)] - here - cost) / gamma).exp()
            };
            let last = row == rows && column == columns;
            let share =
                if last { 1.0 } else { from(row + 1, column) + from(row, column + 1) + from(row + 1, column + 1) };
            shares[at(row, column)] = share;
            let (values, others) = (left.step(row - 1), right.step(column - 1));
            let sum = &mut gradient[(row - 1) * left.channels..row * left.channels];
            for ((sum, value), other) in sum.iter_mut().zip(values).zip(others) {
                *sum += 2.0 * share * (value - other);
            }
        }
    }
    (value, gradient)
}

/// `-γ log Σ exp(-a/γ)`.
fn soft_minimum(ways: [f64; 3], gamma: f64) -> f64 {
    let least = ways.into_iter().fold(f64::INFINITY, f64::min);
    if least.is_infinite() {
        return least;
    }
    least - gamma * ways.iter().map(|way| ((least - way) / gamma).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warping::dtw;

    fn pair() -> (TimeSeries, TimeSeries) {
        let of = |time: usize, pace: f64| {
            let values = (0..2 * time).map(|place| (place as f64 * pace).sin()).collect();
            TimeSeries { values, channels: 2 }
        };
        (of(5, 0.7), of(7, 1.1))
    }

    #[test]
    fn the_gradient_is_that_of_the_value() {
        let (left, right) = pair();
        for gamma in [0.1, 1.0, 10.0] {
            let (value, gradient) = soft_dtw_gradient(&left, &right, gamma);
            assert!((value - soft_dtw(&left, &right, gamma)).abs() < 1e-12);
            for (place, expected) in gradient.iter().enumerate() {
                let moved = |by: f64| {
                    let mut moved = left.clone();
                    moved.values[place] += by;
                    soft_dtw(&moved, &right, gamma)
                };
                let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                assert!((slope - expected).abs() < 1e-7, "{slope} against {expected}");
            }
        }
    }

    #[test]
    fn with_little_gamma_it_is_dtw() {
        let (left, right) = pair();
        assert!((soft_dtw(&left, &right, 1e-6) - dtw(&left, &right).powi(2)).abs() < 1e-5);
    }
}
