//! Between which values a score lies that was measured on some rows of all that there could be: 95 % intervals.

use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

/// The 97.5th percentile of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The 95 % interval of a proportion, `right` of `all` rows (Wilson 1927): it stays within [0, 1], and is no point
/// where all or none are right. `None` without rows.
pub fn wilson(right: usize, all: usize) -> Option<[f64; 2]> {
    if all == 0 {
        return None;
    }
    let (n, share) = (all as f64, right as f64 / all as f64);
    let middle = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    // At the ends the two sides are equal but for rounding.
    let low = if right == 0 { 0.0 } else { (middle - half).max(0.0) };
    let high = if right == all { 1.0 } else { (middle + half).min(1.0) };
    Some([low, high])
}

/// How rows are drawn again.
#[derive(Clone, Copy, Debug)]
pub struct Bootstrap {
    /// Rows, or groups of rows that belong together.
    pub rows: usize,
    /// Rows that are drawn together, one after the other as they lie: more than 1 where neighbours depend on each
    /// other, as windows of a recording do (Künsch 1989).
    pub block: usize,
    /// Draws.
    pub draws: usize,
    /// Seeds them.
    pub seed: u64,
}

impl Bootstrap {
    /// The 95 % interval of each of some scores: the percentiles of what they are on rows that are drawn with
    /// replacement, as many as there are (Efron 1979). `scores` gets how often each row was drawn, and says all
    /// scores in the same order, `None` for one that is undefined there. `None` where a score is undefined on most
    /// draws, or there are fewer than two blocks to draw from.
    pub fn intervals(&self, mut scores: impl FnMut(&[u32]) -> Vec<Option<f64>>) -> Vec<Option<[f64; 2]>> {
        let Self { rows, block, draws, seed } = *self;
        let block = block.max(1);
        let mut rng = Xoshiro256Plus::seed_from_u64(seed);
        let mut found: Vec<Vec<f64>> = Vec::new();
        let mut weights = vec![0; rows];
        // Blocks begin anywhere, and go on from the first row behind the last, so that all rows are drawn as often.
        for _ in 0..if rows < 2 * block { 0 } else { draws } {
            weights.fill(0);
            let mut left = rows;
            while left > 0 {
                let first = ((u128::from(rng.next_u64()) * rows as u128) >> 64) as usize;
                let taken = block.min(left);
                (first..first + taken).for_each(|row| weights[row % rows] += 1);
                left -= taken;
            }
            for (place, score) in scores(&weights).into_iter().enumerate() {
                if found.len() <= place {
                    found.push(Vec::with_capacity(draws));
                }
                found[place].extend(score);
            }
        }
        if found.is_empty() {
            found = vec![Vec::new(); scores(&vec![1; rows]).len()];
        }
        found.into_iter().map(|values| (2 * values.len() > draws).then(|| percentiles(values))).collect()
    }
}

/// The 2.5th and the 97.5th percentile, between neighbours in proportion.
fn percentiles(mut values: Vec<f64>) -> [f64; 2] {
    values.sort_by(f64::total_cmp);
    [0.025, 0.975].map(|share| {
        let place = share * (values.len() - 1) as f64;
        let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
        below + (above - below) * place.fract()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proportions_have_wilsons_interval() {
        // scipy.stats.binomtest(k, n).proportion_ci(method="wilson").
        for (right, all, low, high) in [
            (85, 100, 0.767_164_404_091_676_3, 0.906_940_147_163_433_7),
            (0, 10, 0.0, 0.277_532_799_862_889_26),
            (10, 10, 0.722_467_200_137_110_7, 1.0),
            (1, 3, 0.061_491_944_720_396_26, 0.792_340_399_197_952_3),
        ] {
            let found = wilson(right, all).unwrap();
            assert!((found[0] - low).abs() < 1e-12 && (found[1] - high).abs() < 1e-12, "{right} of {all}: {found:?}");
        }
        assert_eq!(wilson(0, 0), None);
    }

    /// The standard error of a mean is known.
    #[test]
    fn the_bootstrap_of_a_mean_is_as_wide_as_its_standard_error_says() {
        let values: Vec<f64> = (0..400).map(|row| f64::from(row * 37 % 401)).collect();
        let mean = |weights: &[u32]| {
            let sum: f64 = values.iter().zip(weights).map(|(value, weight)| value * f64::from(*weight)).sum();
            vec![Some(sum / 400.0), None]
        };
        let bootstrap = Bootstrap { rows: 400, block: 1, draws: 2000, seed: 1 };
        let [low, high] = bootstrap.intervals(mean)[0].unwrap();
        let average = values.iter().sum::<f64>() / 400.0;
        let deviation = (values.iter().map(|value| (value - average).powi(2)).sum::<f64>() / 399.0).sqrt();
        let half = Z * deviation / 20.0;
        assert!((low - (average - half)).abs() < 0.1 * half && (high - (average + half)).abs() < 0.1 * half);
        assert_eq!(bootstrap.intervals(mean)[1], None, "undefined on every draw");
        assert_eq!(bootstrap.intervals(mean), bootstrap.intervals(mean), "the same seed, the same interval");
        assert_eq!(Bootstrap { rows: 1, ..bootstrap }.intervals(|_| vec![Some(1.0)]), [None]);
    }

    /// Rows in runs of twenty equal ones are as few as there are runs: drawn one by one they would seem to be many.
    #[test]
    fn neighbours_that_depend_on_each_other_are_drawn_together() {
        let values: Vec<f64> = (0..400).map(|row| f64::from(row / 20 * 7 % 20)).collect();
        let width = |block| {
            let mean = |weights: &[u32]| {
                let sum: f64 = values.iter().zip(weights).map(|(value, weight)| value * f64::from(*weight)).sum();
                vec![Some(sum / 400.0)]
            };
            let [low, high] = Bootstrap { rows: 400, block, draws: 1000, seed: 2 }.intervals(mean)[0].unwrap();
            high - low
        };
        assert!(width(40) > 2.0 * width(1), "{} {}", width(40), width(1));
    }
}
