//! Whether one method is better than another over many runs (Demšar 2006, "Statistical comparisons of classifiers over
//! multiple data sets").

use crate::normal::normal_below;

/// Two-sided p-value of the signed-rank test of paired differences (Wilcoxon 1945). Differences of 0 are left out.
/// Exact for up to 25 pairs without ties, else by the normal approximation with correction for ties. 1 where nothing
/// differs.
pub fn wilcoxon_signed_rank(differences: &[f64]) -> f64 {
    const EXACT: usize = 25;
    let mut sizes: Vec<f64> = differences.iter().copied().filter(|difference| *difference != 0.0).collect();
    sizes.sort_by(|left, right| left.abs().total_cmp(&right.abs()));
    let count = sizes.len();
    if count == 0 {
        return 1.0;
    }
    let absolute: Vec<f64> = sizes.iter().map(|size| size.abs()).collect();
    let ranks = ranks(&absolute);
    let positive: f64 = sizes.iter().zip(&ranks).filter(|(size, _)| **size > 0.0).map(|(_, rank)| rank).sum();
    let all = (count * (count + 1)) as f64 / 2.0;
    let smaller = positive.min(all - positive);
    let tied = absolute.windows(2).any(|pair| pair[0] == pair[1]);
    if count <= EXACT && !tied {
        return exact(count, smaller);
    }
    let ties: f64 =
        absolute.chunk_by(|left, right| left == right).map(|tie| (tie.len() as f64).powi(3) - tie.len() as f64).sum();
    let n = count as f64;
    let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0;
    let z = (smaller - all / 2.0) / variance.sqrt();
    (2.0 * normal_below(z)).min(1.0)
}

/// The share of all signs whose smaller rank sum is at most this.
fn exact(count: usize, smaller: f64) -> f64 {
    // How many of the 2^count choices of signs give each rank sum.
    let mut ways = vec![1.0];
    for rank in 1..=count {
        let mut next = vec![0.0; ways.len() + rank];
        for (sum, number) in ways.iter().enumerate() {
            next[sum] += number;
            next[sum + rank] += number;
        }
        ways = next;
    }
    let below: f64 = ways.iter().take(smaller as usize + 1).sum();
    (2.0 * below / 2f64.powi(count as i32)).min(1.0)
}

/// p-values made larger so that testing many of them together keeps its promise (Holm 1979), in the order given.
pub fn holm(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|left, right| values[*left].total_cmp(&values[*right]));
    let mut corrected = vec![0.0; values.len()];
    let mut least: f64 = 0.0;
    for (place, index) in order.into_iter().enumerate() {
        least = least.max((values.len() - place) as f64 * values[index]).min(1.0);
        corrected[index] = least;
    }
    corrected
}

/// Mean rank of each method over the tasks, 1 for the best (Friedman 1937). `scores[task][method]`, larger is better;
/// equal scores share their ranks.
pub fn mean_ranks(scores: &[Vec<f64>]) -> Vec<f64> {
    let methods = scores.first().map_or(0, Vec::len);
    let mut sums = vec![0.0; methods];
    for task in scores {
        let negative: Vec<f64> = task.iter().map(|score| -score).collect();
        sums.iter_mut().zip(ranks(&negative)).for_each(|(sum, rank)| *sum += rank);
    }
    sums.into_iter().map(|sum| sum / scores.len().max(1) as f64).collect()
}

/// Ranks from 1 for the smallest; equal values get the mean of their places.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|left, right| values[*left].total_cmp(&values[*right]));
    let mut ranks = vec![0.0; values.len()];
    let mut place = 0;
    for tie in order.chunk_by(|left, right| values[*left] == values[*right]) {
        let rank = place as f64 + (tie.len() as f64 + 1.0) / 2.0;
        tie.iter().for_each(|index| ranks[*index] = rank);
        place += tie.len();
    }
    ranks
}

/// Mean and standard deviation of a sample; a single value has none, which is 0.
pub fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, if values.len() > 1 { (squares / (count - 1.0)).sqrt() } else { 0.0 })
}

/// The interval that covers the mean behind a sample in 95 % of all samples, by Student's t (normal values); `None` for
/// fewer than two values.
pub fn mean_interval(values: &[f64]) -> Option<[f64; 2]> {
    let (mean, deviation) = mean_and_deviation(values);
    let half = student(values.len().checked_sub(1).filter(|freedom| *freedom > 0)?) * deviation;
    let half = half / (values.len() as f64).sqrt();
    Some([mean - half, mean + half])
}

/// The 0.975 quantile of Student's t: up to 10 degrees of freedom as printed in any table, and beyond by its expansion
/// around the normal quantile (Abramowitz & Stegun 1964, 26.7.5), which is exact to 5e-6 there.
fn student(freedom: usize) -> f64 {
    const FEW: [f64; 10] = [
        12.706_204_7,
        4.302_652_7,
        3.182_446_3,
        2.776_445_1,
        2.570_581_8,
        2.446_911_9,
        2.364_624_3,
        2.306_004_1,
        2.262_157_2,
        2.228_138_9,
    ];
    const NORMAL: f64 = 1.959_963_984_540_054;
    if let Some(known) = freedom.checked_sub(1).and_then(|place| FEW.get(place)) {
        return *known;
    }
    let (z, n) = (NORMAL, freedom as f64);
    let power = |exponent: i32| z.powi(exponent);
    let first = (power(3) + z) / 4.0;
    let second = (5.0 * power(5) + 16.0 * power(3) + 3.0 * z) / 96.0;
    let third = (3.0 * power(7) + 19.0 * power(5) + 17.0 * power(3) - 15.0 * z) / 384.0;
    let fourth = 79.0 * power(9) + 776.0 * power(7) + 1482.0 * power(5) - 1920.0 * power(3) - 945.0 * z;
    z + first / n + second / n.powi(2) + third / n.powi(3) + fourth / 92_160.0 / n.powi(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_mean_equals_scipy() {
        // scipy.stats.t.interval(0.95, n - 1, loc=mean, scale=sem)
        let close = |values: &[f64], expected: [f64; 2]| {
            let found = mean_interval(values).unwrap();
            assert!((0..2).all(|end| (found[end] - expected[end]).abs() < 1e-5), "{found:?} is not {expected:?}");
        };
        close(&[0.9, 0.8, 0.85, 0.95, 0.7], [0.720_580_6, 0.959_419_4]);
        close(&[1.0, 2.0], [-4.853_102_4, 7.853_102_4]);
        let twenty: Vec<f64> = (0..20).map(f64::from).collect();
        close(&twenty, [6.731_189_4, 12.268_810_6]);
        assert_eq!((mean_interval(&[1.0]), mean_interval(&[])), (None, None));
        assert_eq!(mean_interval(&[0.5, 0.5, 0.5]), Some([0.5, 0.5]));
    }

    #[test]
    fn a_deviation_is_that_of_a_sample() {
        let (mean, deviation) = mean_and_deviation(&[1.0, 2.0, 4.0, 5.0]);
        assert_eq!(mean, 3.0);
        assert!((deviation - (10.0f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!(mean_and_deviation(&[7.0]), (7.0, 0.0));
    }

    #[test]
    fn the_signed_rank_test_equals_scipy() {
        // scipy.stats.wilcoxon(x).pvalue; the second has ties: method="approx", correction=False.
        let few = [0.12, -0.03, 0.25, 0.07, 0.31, -0.01];
        assert!((wilcoxon_signed_rank(&few) - 0.156_25).abs() < 1e-12);
        let tied = [0.1, 0.1, -0.1, 0.2, 0.3, 0.3, 0.0, -0.2, 0.5, 0.4];
        assert!((wilcoxon_signed_rank(&tied) - 0.056705723).abs() < 1e-6);
        assert_eq!(wilcoxon_signed_rank(&[0.0, 0.0]), 1.0);
    }

    #[test]
    fn five_seeds_all_better_cannot_be_surer_than_a_sixteenth() {
        assert_eq!(wilcoxon_signed_rank(&[0.1, 0.2, 0.3, 0.4, 0.5]), 2.0 / 32.0);
    }

    #[test]
    fn holm_by_hand() {
        // Sorted 0.01, 0.02, 0.04: times 3, 2, 1, never falling.
        assert_eq!(holm(&[0.04, 0.01, 0.02]), [0.04, 0.03, 0.04]);
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
    }

    #[test]
    fn ranks_are_means_over_tasks_and_ties_share() {
        assert_eq!(mean_ranks(&[vec![0.9, 0.5, 0.7], vec![0.6, 0.6, 0.2]]), [1.25, 2.25, 2.5]);
    }
}
