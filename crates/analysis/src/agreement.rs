//! How well two partitions agree, and how well one separates the points.

use linfa::DatasetBase;
use linfa::metrics::SilhouetteScore;
use ndarray::Array1;

use crate::{AnalysisError, matrix};

/// Mutual information of two partitions over the mean of their entropies, in [0, 1] (Strehl & Ghosh 2002 use the
/// geometric mean; the arithmetic mean is scikit-learn's default, and ours). 1 where both are one group.
pub fn normalized_mutual_information(left: &[usize], right: &[usize]) -> f64 {
    let table = Table::new(left, right);
    let entropy = |counts: &[f64]| -> f64 {
        counts.iter().filter(|count| **count > 0.0).map(|count| -count / table.all * (count / table.all).ln()).sum()
    };
    let (of_left, of_right) = (entropy(&table.rows), entropy(&table.columns));
    if of_left + of_right == 0.0 {
        return 1.0;
    }
    let mut information = 0.0;
    for (row, counts) in table.counts.iter().enumerate() {
        for (column, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
            information += count / table.all * (count * table.all / (table.rows[row] * table.columns[column])).ln();
        }
    }
    (information / (0.5 * (of_left + of_right))).clamp(0.0, 1.0)
}

/// Share of pairs on which two partitions agree, above chance: 1 for equal ones, 0 on average for random ones (Hubert &
/// Arabie 1985).
pub fn adjusted_rand_index(left: &[usize], right: &[usize]) -> f64 {
    let table = Table::new(left, right);
    let pairs = |count: &f64| count * (count - 1.0) / 2.0;
    let both: f64 = table.counts.iter().flatten().map(pairs).sum();
    let (rows, columns): (f64, f64) = (table.rows.iter().map(pairs).sum(), table.columns.iter().map(pairs).sum());
    let expected = rows * columns / pairs(&table.all).max(1.0);
    let most = 0.5 * (rows + columns);
    if most == expected { 1.0 } else { (both - expected) / (most - expected) }
}

/// Mean over the points of `(b - a) / max(a, b)`, with `a` the mean distance to the own group and `b` that to the
/// nearest other one, in [-1, 1] (Rousseeuw 1987).
///
/// # Errors
///
/// For fewer than two groups, or points that do not fit.
pub fn silhouette(points: &[Vec<f64>], groups: &[usize]) -> Result<f64, AnalysisError> {
    if groups.len() != points.len() || groups.iter().all(|group| groups.first() == Some(group)) {
        return Err(AnalysisError::new("a silhouette needs a group for each point, and at least two groups"));
    }
    let dataset = DatasetBase::new(matrix(points)?, Array1::from_vec(groups.to_vec()));
    dataset.silhouette_score().map_err(|error| AnalysisError::new(format!("silhouette: {error}")))
}

/// Points in each pair of groups.
struct Table {
    counts: Vec<Vec<f64>>,
    rows: Vec<f64>,
    columns: Vec<f64>,
    all: f64,
}

impl Table {
    fn new(left: &[usize], right: &[usize]) -> Self {
        let size = |groups: &[usize]| groups.iter().max().map_or(0, |most| most + 1);
        let mut counts = vec![vec![0.0; size(right)]; size(left)];
        for (row, column) in left.iter().zip(right) {
            counts[*row][*column] += 1.0;
        }
        let rows = counts.iter().map(|counts| counts.iter().sum()).collect();
        let columns = (0..size(right)).map(|column| counts.iter().map(|counts| counts[column]).sum()).collect();
        Self { counts, rows, columns, all: left.len().min(right.len()) as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // sklearn.metrics: normalized_mutual_info_score and adjusted_rand_score of the two lists.
    const LEFT: [usize; 10] = [0, 0, 0, 1, 1, 1, 2, 2, 2, 2];
    const RIGHT: [usize; 10] = [0, 0, 1, 1, 1, 2, 2, 2, 2, 0];

    #[test]
    fn agreement_equals_scikit_learn() {
        assert!((normalized_mutual_information(&LEFT, &RIGHT) - 0.442701283346050).abs() < 1e-12);
        assert!((adjusted_rand_index(&LEFT, &RIGHT) - 0.204545454545455).abs() < 1e-12);
    }

    #[test]
    fn names_of_groups_do_not_matter_and_one_group_agrees_with_itself() {
        let renamed = LEFT.map(|group| (group + 1) % 3);
        assert!((normalized_mutual_information(&LEFT, &renamed) - 1.0).abs() < 1e-12);
        assert!((adjusted_rand_index(&LEFT, &renamed) - 1.0).abs() < 1e-12);
        assert_eq!(adjusted_rand_index(&[0, 0], &[0, 0]), 1.0);
        assert_eq!(normalized_mutual_information(&[0, 0], &[0, 0]), 1.0);
    }

    #[test]
    fn a_silhouette_by_hand() {
        // Points 0 and 1 in one group, 4 and 6 in the other: (b - a) / b of each.
        let points: Vec<Vec<f64>> = [0.0, 1.0, 4.0, 6.0].iter().map(|value| vec![*value]).collect();
        let expected = [(5.0 - 1.0) / 5.0, (4.0 - 1.0) / 4.0, (3.5 - 2.0) / 3.5, (5.5 - 2.0) / 5.5];
        let expected = expected.iter().sum::<f64>() / 4.0;
        assert!((silhouette(&points, &[0, 0, 1, 1]).unwrap() - expected).abs() < 1e-12);
        assert!(silhouette(&points, &[0, 0, 0, 0]).is_err());
    }
}
