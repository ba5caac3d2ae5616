//! K-means on the host (Lloyd 1957), from starts of k-means++ (Arthur & Vassilvitskii 2007).

use crate::parts::random::Draws;

/// Rounds of a start at most.
const ROUNDS: usize = 100;

/// The centres, `clusters` rows of `width` values, with the least sum of squared distances among so many starts; of
/// vectors row by row, `[count, width]`.
pub(crate) fn k_means(vectors: &[f64], width: usize, clusters: usize, starts: usize, seed: u64) -> Vec<f64> {
    let mut draws = Draws::new(seed);
    let mut best = (f64::INFINITY, Vec::new());
    for _ in 0..starts {
        let found = from_start(vectors, width, begun(vectors, width, clusters, &mut draws));
        if found.0 < best.0 {
            best = found;
        }
    }
    best.1
}

/// The sum of squared distances and the centres, from these centres on.
pub(crate) fn from_start(vectors: &[f64], width: usize, mut centres: Vec<f64>) -> (f64, Vec<f64>) {
    let clusters = centres.len() / width.max(1);
    let mut groups = Vec::new();
    let mut sum = 0.0;
    for _ in 0..ROUNDS {
        let found: Vec<(usize, f64)> = vectors.chunks(width).map(|vector| nearest(vector, &centres)).collect();
        sum = found.iter().map(|(_, distance)| distance).sum();
        let mut next: Vec<usize> = found.iter().map(|(group, _)| *group).collect();
        if next == groups {
            break;
        }
        fill_empty(&mut next, &found, clusters);
        let mut sizes = vec![0.0; clusters];
        centres.fill(0.0);
        for (vector, group) in vectors.chunks(width).zip(&next) {
            sizes[*group] += 1.0;
            let centre = &mut centres[group * width..(group + 1) * width];
            centre.iter_mut().zip(vector).for_each(|(sum, value)| *sum += value);
        }
        for (centre, size) in centres.chunks_mut(width).zip(&sizes) {
            centre.iter_mut().for_each(|value| *value /= f64::max(*size, 1.0));
        }
        groups = next;
    }
    (sum, centres)
}

/// The nearest centre, and its squared distance.
pub(crate) fn nearest(vector: &[f64], centres: &[f64]) -> (usize, f64) {
    let distances = centres.chunks(vector.len().max(1)).map(|centre| squared(vector, centre)).enumerate();
    distances.fold((0, f64::INFINITY), |best, next| if next.1 < best.1 { next } else { best })
}

pub(crate) fn squared(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| (left - right).powi(2)).sum()
}

/// A cluster without a vector takes the one that is farthest from its centre.
fn fill_empty(groups: &mut [usize], found: &[(usize, f64)], clusters: usize) {
    let mut sizes = vec![0usize; clusters];
    groups.iter().for_each(|group| sizes[*group] += 1);
    let mut farthest: Vec<usize> = (0..groups.len()).collect();
    farthest.sort_by(|left, right| found[*right].1.total_cmp(&found[*left].1));
    let mut farthest = farthest.into_iter();
    for cluster in 0..clusters {
        if sizes[cluster] == 0
            && let Some(row) = farthest.find(|row| sizes[groups[*row]] > 1)
        {
            sizes[groups[row]] -= 1;
            sizes[cluster] += 1;
            groups[row] = cluster;
        }
    }
}

/// The first centre at random, each further one with the chance of its squared distance to the nearest before it.
fn begun(vectors: &[f64], width: usize, clusters: usize, draws: &mut Draws) -> Vec<f64> {
    let count = vectors.len() / width.max(1);
    let row = |row: usize| &vectors[row * width..(row + 1) * width];
    let mut centres = row(draws.below(count)).to_vec();
    let mut apart: Vec<f64> = vectors.chunks(width).map(|vector| squared(vector, &centres)).collect();
    for _ in 1..clusters {
        let mut sum = 0.0;
        let sums: Vec<f64> = apart
            .iter()
            .map(|apart| {
                sum += apart;
                sum
            })
            .collect();
        let last = row(draws.places(&sums, 1)[0] as usize);
        centres.extend_from_slice(last);
        apart
            .iter_mut()
            .zip(vectors.chunks(width))
            .for_each(|(apart, vector)| *apart = apart.min(squared(vector, last)));
    }
    centres
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_that_lie_apart_are_found() {
        let vectors: Vec<f64> = (0..60)
            .flat_map(|row| [10.0 * f64::from(row % 3) + 0.1 * f64::from(row).sin(), f64::from(row % 3).powi(2)])
            .collect();
        let mut found: Vec<f64> = k_means(&vectors, 2, 3, 5, 7).chunks(2).map(|centre| centre[0].round()).collect();
        found.sort_by(f64::total_cmp);
        assert_eq!(found, [0.0, 10.0, 20.0]);
        assert_eq!(k_means(&vectors, 2, 3, 5, 7), k_means(&vectors, 2, 3, 5, 7), "a function of the seed");
    }

    #[test]
    fn centres_equal_scikit_learns() {
        let vectors = [0.1, 0.2, 0.9, -0.3, 4.0, 4.2, 3.1, 5.0, -2.0, 3.0, 0.0, 1.0, 3.5, 3.9, -1.5, 2.2, 1.2, 0.4];
        // KMeans(3, init=x[:3], n_init=1, tol=0).fit(x): cluster_centers_ and inertia_.
        let (sum, centres) = from_start(&vectors, 2, vectors[..6].to_vec());
        assert!((sum - 3.4158333333333326).abs() < 1e-12, "{sum}");
        for (found, expected) in centres.iter().zip([-1.75, 2.6, 0.55, 0.325, 3.53333333333, 4.36666666667]) {
            assert!((found - expected).abs() < 1e-9, "{centres:?}");
        }
    }

    #[test]
    fn fewer_places_than_clusters_leave_centres_on_them() {
        let centres = k_means(&[1.0, 1.0, 1.0, 2.0], 1, 3, 2, 0);
        assert!(centres.iter().all(|centre| (1.0..=2.0).contains(centre)), "{centres:?}");
    }
}
