//! Points in two dimensions: principal components (Pearson 1901) and t-SNE (van der Maaten & Hinton 2008; with the
//! Barnes-Hut approximation, van der Maaten 2014).

use linfa::traits::Transformer;
use linfa_linalg::eigh::{EigSort, Eigh};
use linfa_tsne::TSneParams;
use ndarray::{Array2, Axis, s};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;

use crate::{AnalysisError, matrix};

/// The two directions of largest variance.
///
/// # Errors
///
/// For fewer than three points, fewer than two values a point, or values that are not finite.
pub fn pca(points: &[Vec<f64>]) -> Result<Vec<[f64; 2]>, AnalysisError> {
    Ok(pairs(&principal(points, 2)?))
}

/// The first principal components of each point, the largest variance first; at most as many as there are values.
///
/// # Errors
///
/// As of [`pca`].
pub fn principal_components(points: &[Vec<f64>], count: usize) -> Result<Vec<Vec<f64>>, AnalysisError> {
    Ok(principal(points, count)?.rows().into_iter().map(|row| row.to_vec()).collect())
}

/// Neighbours stay neighbours; distances between groups mean little. More than 32 values a point are first reduced to
/// 32 by PCA. The same seed gives the same map for up to 1000 points; more are approximated with the help of a tree
/// that the library builds at random.
///
/// # Errors
///
/// For fewer than ten points, fewer than two values a point, or values that are not finite.
pub fn tsne(points: &[Vec<f64>], seed: u64) -> Result<Vec<[f64; 2]>, AnalysisError> {
    const WIDTH: usize = 32;
    const PERPLEXITY: f64 = 30.0;
    const ROUNDS: usize = 500;
    const EXACT: usize = 1000;
    if points.len() < 10 {
        return Err(AnalysisError::new(format!("t-SNE needs at least 10 points, got {}", points.len())));
    }
    let width = points.first().map_or(0, Vec::len);
    check_different(points)?;
    let reduced = if width > WIDTH { principal(points, WIDTH)? } else { matrix(points)? };
    if width < 2 {
        return Err(AnalysisError::new("a map needs at least 2 values a point"));
    }
    // A neighbourhood cannot hold more than a third of all points.
    let perplexity = PERPLEXITY.min((points.len() - 1) as f64 / 3.0 - 1e-9);
    let theta = if points.len() <= EXACT { 0.0 } else { 0.5 };
    let parameters = TSneParams::embedding_size_with_rng(2, Xoshiro256Plus::seed_from_u64(seed));
    let map = parameters.perplexity(perplexity).approx_threshold(theta).max_iter(ROUNDS).transform(reduced);
    Ok(pairs(&map.map_err(|error| AnalysisError::new(error.to_string()))?))
}

/// The first principal components, at most as many as there are values a point.
fn principal(points: &[Vec<f64>], count: usize) -> Result<Array2<f64>, AnalysisError> {
    let matrix = matrix(points)?;
    if matrix.nrows() < 3 || matrix.ncols() < 2 {
        return Err(AnalysisError::new(format!(
            "principal components need at least 3 points of 2 values, got {} of {}",
            matrix.nrows(),
            matrix.ncols()
        )));
    }
    check_different(points)?;
    // By the covariance matrix: linfa's own PCA iterates, and does not find the first direction in the test below.
    let mean = matrix.mean_axis(Axis(0)).unwrap_or_default();
    let centred = matrix - &mean;
    let covariance = centred.t().dot(&centred);
    let failed = |error| AnalysisError::new(format!("principal components: {error}"));
    let (_, directions) = covariance.eigh().map_err(failed)?.sort_eig_desc();
    Ok(centred.dot(&directions.slice(s![.., ..count.min(directions.ncols())])))
}

/// Where all points are one, no direction is larger than another.
fn check_different(points: &[Vec<f64>]) -> Result<(), AnalysisError> {
    match points.iter().all(|point| Some(point) == points.first()) {
        true => Err(AnalysisError::new(format!("all vectors are the same, {} of them", points.len()))),
        false => Ok(()),
    }
}

fn pairs(points: &Array2<f64>) -> Vec<[f64; 2]> {
    points.rows().into_iter().map(|row| [row[0], row[1]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three groups in six dimensions.
    fn groups() -> Vec<Vec<f64>> {
        (0..90)
            .map(|row| {
                (0..6).map(|column| f64::from(u8::from(row % 3 == column)) * 9.0 + wave(row * 6 + column)).collect()
            })
            .collect()
    }

    fn wave(place: usize) -> f64 {
        (place as f64 * 1.7).sin()
    }

    fn distance(left: [f64; 2], right: [f64; 2]) -> f64 {
        (left[0] - right[0]).hypot(left[1] - right[1])
    }

    #[test]
    fn the_first_component_is_the_direction_of_largest_variance() {
        let points: Vec<Vec<f64>> =
            (0..50).map(|row| vec![wave(row), 10.0 * wave(3 * row), 0.1 * wave(row + 9)]).collect();
        let map = pca(&points).unwrap();
        let means: Vec<f64> = (0..3).map(|axis| points.iter().map(|point| point[axis]).sum::<f64>() / 50.0).collect();
        let spread = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>();
        let first: Vec<f64> = map.iter().map(|place| place[0]).collect();
        let second: Vec<f64> = points.iter().map(|point| point[1] - means[1]).collect();
        // At least as spread as the widest axis, and along it; which end is positive is anyone's choice.
        let along = first.iter().zip(&second).map(|(left, right)| left * right).sum::<f64>().abs();
        assert!(spread(&first) >= spread(&second) * (1.0 - 1e-9));
        assert!(along / (spread(&first) * spread(&second)).sqrt() > 0.99);
    }

    #[test]
    fn groups_stay_apart_in_both_maps_and_a_seed_gives_one_map() {
        let points = groups();
        for map in [pca(&points).unwrap(), tsne(&points, 1).unwrap()] {
            let nearest_is_of_its_group = (0..90).filter(|&row| {
                let others = (0..90).filter(|&other| other != row);
                let nearest = others.min_by(|&a, &b| distance(map[a], map[row]).total_cmp(&distance(map[b], map[row])));
                nearest.is_some_and(|nearest| nearest % 3 == row % 3)
            });
            assert!(nearest_is_of_its_group.count() >= 88);
        }
        assert_eq!(tsne(&points, 4).unwrap(), tsne(&points, 4).unwrap());
    }

    #[test]
    fn too_few_points_and_broken_values_are_errors() {
        assert!(pca(&[vec![1.0, 2.0]]).unwrap_err().message.contains("at least 3 points"));
        assert!(tsne(&groups()[..9], 0).unwrap_err().message.contains("at least 10"));
        assert!(pca(&[vec![1.0, f64::NAN], vec![0.0, 1.0], vec![1.0, 1.0]]).unwrap_err().message.contains("finite"));
    }

    #[test]
    fn equal_vectors_have_no_map() {
        for count in [10, 12, 40, 1_200] {
            let points = vec![vec![0.5; 6]; count];
            for map in [pca(&points), tsne(&points, 0)] {
                assert!(map.unwrap_err().message.contains("all vectors are the same"));
            }
        }
        // Most of them equal, or equal in groups.
        for groups in [2, 3, 5] {
            let points: Vec<Vec<f64>> = (0..60).map(|row| vec![(row % groups) as f64; 40]).collect();
            for map in [pca(&points), tsne(&points, 0)] {
                assert!(map.is_err() || map.unwrap().iter().flatten().all(|value| value.is_finite()), "{groups}");
            }
        }
    }
}
