//! Dynamic time warping (Sakoe & Chiba 1978): the distance of two series when each step of one may lie on several
//! steps of the other, in their order. All channels are warped together.

use crate::AnalysisError;
use crate::warping::over_threads::over_threads;
use crate::warping::{TimeSeries, check, squared};

/// The square root of the least sum of squared distances along an alignment, `[time, channels]` against
/// `[other time, channels]`. Time grows with the product of both lengths.
pub fn dtw(left: &TimeSeries, right: &TimeSeries) -> f64 {
    dtw_squared(left, right).sqrt()
}

/// The sum itself.
pub(super) fn dtw_squared(left: &TimeSeries, right: &TimeSeries) -> f64 {
    last_sum(left, right, |ways| ways[0].min(ways[1]).min(ways[2]))
}

/// The sum of squared distances up to the last pair of steps, where that up to any pair goes on from `least` of those
/// up to the three before it: both steps back, one of `left`, one of `right`. Holds two rows.
pub(super) fn last_sum(left: &TimeSeries, right: &TimeSeries, least: impl Fn([f64; 3]) -> f64) -> f64 {
    let columns = right.time();
    // The sums of the row before; behind the first step lies nothing.
    let mut before = vec![f64::INFINITY; columns];
    let mut row = vec![f64::INFINITY; columns];
    for step in 0..left.time() {
        let values = left.step(step);
        let mut behind = f64::INFINITY;
        let mut aslant = if step == 0 { 0.0 } else { f64::INFINITY };
        for column in 0..columns {
            behind = squared(values, right.step(column)) + least([aslant, before[column], behind]);
            aslant = before[column];
            row[column] = behind;
        }
        std::mem::swap(&mut before, &mut row);
    }
    before.last().copied().unwrap_or(0.0)
}

/// The alignment of the least sum: pairs of a step of `left` and one of `right`, from both first to both last steps.
pub fn dtw_path(left: &TimeSeries, right: &TimeSeries) -> Vec<(usize, usize)> {
    let (rows, columns) = (left.time(), right.time());
    let mut sums = vec![f64::INFINITY; (rows + 1) * (columns + 1)];
    let at = |row: usize, column: usize| row * (columns + 1) + column;
    sums[0] = 0.0;
    for row in 1..=rows {
        for column in 1..=columns {
            let least = sums[at(row - 1, column - 1)].min(sums[at(row - 1, column)]).min(sums[at(row, column - 1)]);
            sums[at(row, column)] = squared(left.step(row - 1), right.step(column - 1)) + least;
        }
    }
    let (mut row, mut column) = (rows, columns);
    let mut path = Vec::with_capacity(rows + columns);
    while row > 0 && column > 0 {
        path.push((row - 1, column - 1));
        // Where several ways cost the same, the one that moves on in both.
        let ways = [(row - 1, column - 1), (row - 1, column), (row, column - 1)];
        let cost = |way: &(usize, usize)| sums[at(way.0, way.1)];
        (row, column) = ways.into_iter().fold(ways[0], |best, way| if cost(&way) < cost(&best) { way } else { best });
    }
    path.reverse();
    path
}

/// The silhouette (Rousseeuw 1987) of groups by the distances of all pairs: mean of `(b - a) / max(a, b)`, with `a` the
/// mean distance to the own group and `b` that to the nearest other one; 0 for who is alone in its group. Time grows
/// with the square of the number of series and of their length.
///
/// # Errors
///
/// For fewer than two groups, or series that do not fit each other.
pub fn dtw_silhouette(series: &[TimeSeries], groups: &[usize]) -> Result<f64, AnalysisError> {
    check(series)?;
    if groups.len() != series.len() || groups.iter().all(|group| groups.first() == Some(group)) {
        return Err(AnalysisError::new("a silhouette needs a group for each series, and at least two groups"));
    }
    let count = series.len();
    let above: Vec<Vec<f64>> =
        over_threads(count, |row| (row + 1..count).map(|other| dtw(&series[row], &series[other])).collect());
    let distance = |left: usize, right: usize| match left.cmp(&right) {
        std::cmp::Ordering::Less => above[left][right - left - 1],
        std::cmp::Ordering::Equal => 0.0,
        std::cmp::Ordering::Greater => above[right][left - right - 1],
    };
    let clusters = groups.iter().max().map_or(0, |most| most + 1);
    let mut sizes = vec![0.0; clusters];
    groups.iter().for_each(|group| sizes[*group] += 1.0);
    let of = |row: usize| {
        let mut sums = vec![0.0; clusters];
        (0..count).for_each(|other| sums[groups[other]] += distance(row, other));
        let own = groups[row];
        if sizes[own] <= 1.0 {
            return 0.0;
        }
        let inside = sums[own] / (sizes[own] - 1.0);
        let others = (0..clusters).filter(|other| *other != own && sizes[*other] > 0.0);
        let outside = others.map(|other| sums[other] / sizes[other]).fold(f64::INFINITY, f64::min);
        if inside.max(outside) > 0.0 { (outside - inside) / inside.max(outside) } else { 0.0 }
    };
    Ok((0..count).map(of).sum::<f64>() / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> TimeSeries {
        TimeSeries { values: values.to_vec(), channels: 1 }
    }

    #[test]
    fn a_stretched_series_is_the_same_and_a_path_by_hand() {
        assert_eq!(dtw(&of(&[1.0, 2.0, 3.0]), &of(&[1.0, 2.0, 2.0, 2.0, 3.0, 3.0])), 0.0);
        // 1 on 1, 3 on 2.5 and on 4: 0 + 0.25 + 1.
        assert!((dtw(&of(&[1.0, 3.0]), &of(&[1.0, 2.5, 4.0])) - 1.25f64.sqrt()).abs() < 1e-12);
        assert_eq!(dtw_path(&of(&[1.0, 3.0]), &of(&[1.0, 2.5, 4.0])), [(0, 0), (1, 1), (1, 2)]);
    }

    #[test]
    fn channels_are_warped_together() {
        let left = TimeSeries { values: vec![0.0, 0.0, 1.0, 5.0], channels: 2 };
        let right = TimeSeries { values: vec![0.0, 0.0, 1.0, 5.0, 1.0, 6.0], channels: 2 };
        assert_eq!(dtw(&left, &right), 1.0);
        assert_eq!(dtw_path(&left, &right), [(0, 0), (1, 1), (1, 2)]);
    }

    #[test]
    fn silhouettes_need_two_groups() {
        let series = [of(&[0.0, 0.0]), of(&[0.1]), of(&[9.0]), of(&[9.1, 9.1])];
        assert!(dtw_silhouette(&series, &[0, 0, 1, 1]).unwrap() > 0.98);
        assert!(dtw_silhouette(&series, &[0; 4]).is_err() && dtw_silhouette(&series, &[0, 1]).is_err());
    }
}
