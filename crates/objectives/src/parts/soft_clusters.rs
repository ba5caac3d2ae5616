//! Soft assignments to centres, and the sharper ones that they are drawn to (Xie et al. 2016, eq. 1 and 3).

use burn::tensor::Tensor;

use crate::parts::k_means::squared;

/// What all training sequences are told by their centres.
#[derive(Clone, Debug)]
pub(crate) struct SoftClusters {
    /// The likeliest cluster of each, `[count]`.
    pub groups: Vec<usize>,
    /// f, `Σ_i q_ij`, `[clusters]`.
    pub frequencies: Vec<f64>,
    /// p, `q_ij² / f_j` scaled to sum 1, `[count, clusters]`.
    pub targets: Vec<f64>,
}

impl SoftClusters {
    /// Of vectors `[count, width]` and centres `[clusters, width]`, row by row, by a Student t distribution with so
    /// many degrees of freedom.
    pub fn of(vectors: &[f64], centres: &[f64], width: usize, alpha: f64) -> Self {
        let clusters = centres.len() / width.max(1);
        let mut assigned = Vec::with_capacity(vectors.len() / width.max(1) * clusters);
        for vector in vectors.chunks(width) {
            let near = |centre| (1.0 + squared(vector, centre) / alpha).powf(-0.5 * (alpha + 1.0));
            let row: Vec<f64> = centres.chunks(width).map(near).collect();
            let sum: f64 = row.iter().sum();
            assigned.extend(row.into_iter().map(|value| value / sum));
        }
        let mut frequencies = vec![0.0; clusters];
        let mut groups = Vec::with_capacity(vectors.len() / width.max(1));
        for row in assigned.chunks(clusters) {
            frequencies.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            let likeliest = row
                .iter()
                .enumerate()
                .fold((0, 0.0), |best, (cluster, value)| if *value > best.1 { (cluster, *value) } else { best });
            groups.push(likeliest.0);
        }
        let targets = assigned.chunks(clusters).flat_map(|row| {
            let squares = || row.iter().zip(&frequencies).map(|(value, frequency)| value * value / frequency);
            let sum: f64 = squares().sum();
            squares().map(move |value| value / sum).collect::<Vec<f64>>()
        });
        Self { groups, targets: targets.collect(), frequencies }
    }
}

/// p of assignments q, `[rows, clusters]`, by frequencies that are known, `[clusters]`.
pub(crate) fn sharpened_by(assigned: Tensor<2>, frequencies: Tensor<1>) -> Tensor<2> {
    let [_, clusters] = assigned.dims();
    let weights = assigned.clone() * assigned / frequencies.reshape([1, clusters]);
    weights.clone() / weights.sum_dim(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_and_targets_by_hand() {
        // One value each, centres 0 and 2: q of 0 is 1 : 1/5, of 1 as much, of 2 the other way round.
        let found = SoftClusters::of(&[0.0, 1.0, 2.0], &[0.0, 2.0], 1, 1.0);
        assert_eq!(found.groups, [0, 0, 1]);
        assert!(found.frequencies.iter().all(|frequency| (frequency - 1.5).abs() < 1e-12), "{found:?}");
        let sharp = (5.0f64 / 6.0).powi(2) / ((5.0f64 / 6.0).powi(2) + (1.0f64 / 6.0).powi(2));
        for (found, expected) in found.targets.iter().zip([sharp, 1.0 - sharp, 0.5, 0.5, 1.0 - sharp, sharp]) {
            assert!((found - expected).abs() < 1e-12, "{found} against {expected}");
        }
    }
}
