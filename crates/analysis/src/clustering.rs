//! Groups of points: k-means (Lloyd 1957, with k-means++ starts), Gaussian mixture (Dempster et al. 1977), DBSCAN
//! (Ester et al. 1996).

use linfa::DatasetBase;
use linfa::prelude::ParamGuard;
use linfa::traits::{Fit, Predict, Transformer};
use linfa_clustering::{Dbscan, GaussianMixtureModel, KMeans};
use ndarray::Array2;
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;

use crate::{AnalysisError, matrix};

/// How points are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// Nearest of `k` centres; the best of ten starts.
    KMeans,
    /// Most likely of `k` normal distributions with full covariances.
    GaussianMixture,
    /// Dense regions, as many as there are; what lies in none is noise.
    Dbscan,
}

/// The group of each point; `None` is noise. DBSCAN finds its own number of groups and does not read `k`; its radius is
/// where the distances to the fourth neighbour bend (Ester et al. 1996, section 4.2): their 90th percentile.
///
/// # Errors
///
/// For fewer points than groups, values that are not finite, or a mixture that cannot be fitted.
pub fn cluster(points: &[Vec<f64>], method: Method, k: usize, seed: u64) -> Result<Vec<Option<usize>>, AnalysisError> {
    let matrix = matrix(points)?;
    if k == 0 || k > matrix.nrows() {
        return Err(AnalysisError::new(format!(
            "the number of clusters must be from 1 to {}, got {k}",
            matrix.nrows()
        )));
    }
    let different = crate::different(points);
    if k > different && method != Method::Dbscan {
        return Err(AnalysisError::new(format!(
            "there are only {different} different vectors for {k} clusters: the encoder tells no more of the sequences \
             apart"
        )));
    }
    let rng = Xoshiro256Plus::seed_from_u64(seed);
    let failed = |error: String| AnalysisError::new(format!("clustering failed: {error}"));
    match method {
        Method::KMeans => {
            let dataset = DatasetBase::from(matrix);
            let model =
                KMeans::params_with_rng(k, rng).n_runs(10).fit(&dataset).map_err(|error| failed(error.to_string()))?;
            Ok(model.predict(dataset.records()).iter().copied().map(Some).collect())
        }
        Method::GaussianMixture => {
            let dataset = DatasetBase::from(matrix);
            let parameters = GaussianMixtureModel::params_with_rng(k, rng).n_runs(5).reg_covariance(1e-4);
            let model = parameters
                .fit(&dataset)
                .map_err(|error| failed(format!("{error}; fewer clusters, or k-means, need fewer points")))?;
            Ok(model.predict(dataset.records()).iter().copied().map(Some).collect())
        }
        Method::Dbscan => {
            let parameters = Dbscan::params(MIN_POINTS).tolerance(radius(&matrix));
            let parameters = parameters.check().map_err(|error| failed(error.to_string()))?;
            Ok(parameters.transform(&matrix).iter().copied().collect())
        }
    }
}

/// Points within the radius that make a region dense (Ester et al.'s 4, and the point itself).
const MIN_POINTS: usize = 5;

fn radius(points: &Array2<f64>) -> f64 {
    let squares = |left: usize, right: usize| -> f64 {
        points.row(left).iter().zip(points.row(right)).map(|(a, b)| (a - b).powi(2)).sum()
    };
    let count = points.nrows();
    let mut distances: Vec<f64> = (0..count)
        .map(|row| {
            let mut all: Vec<f64> = (0..count).filter(|other| *other != row).map(|other| squares(row, other)).collect();
            all.sort_by(f64::total_cmp);
            all.get(MIN_POINTS - 2).or(all.last()).copied().unwrap_or(0.0).sqrt()
        })
        .collect();
    distances.sort_by(f64::total_cmp);
    // A radius of 0 would be refused, where all points are one.
    distances.get(count * 9 / 10).copied().unwrap_or(1.0).max(1e-12)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adjusted_rand_index;

    fn groups() -> (Vec<Vec<f64>>, Vec<usize>) {
        let centres = [[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]];
        let points = (0..120).map(|row| {
            // Spread over a disc as the seeds of a sunflower.
            let (angle, distance) = ((row / 3) as f64 * 2.399_963, ((row / 3) as f64 / 40.0).sqrt());
            let centre = centres[row % 3];
            vec![centre[0] + distance * angle.cos(), centre[1] + distance * angle.sin()]
        });
        (points.collect(), (0..120).map(|row| row % 3).collect())
    }

    #[test]
    fn each_method_finds_three_groups() {
        let (points, truth) = groups();
        for method in [Method::KMeans, Method::GaussianMixture, Method::Dbscan] {
            let found = cluster(&points, method, 3, 0).unwrap();
            let (kept, found): (Vec<usize>, Vec<usize>) =
                truth.iter().zip(&found).filter_map(|(truth, found)| Some((*truth, (*found)?))).unzip();
            let agreement = adjusted_rand_index(&kept, &found);
            assert!(
                kept.len() >= 108 && agreement > 0.99,
                "{method:?}: {} in a group, agreement {agreement}",
                kept.len()
            );
        }
    }

    #[test]
    fn a_lonely_point_is_noise_to_dbscan() {
        let (mut points, _) = groups();
        points.push(vec![50.0, 50.0]);
        assert_eq!(cluster(&points, Method::Dbscan, 3, 0).unwrap()[120], None);
    }

    #[test]
    fn equal_vectors_are_one_group_and_cannot_be_more() {
        for count in [10, 12, 40] {
            let points = vec![vec![0.5; 6]; count];
            for method in [Method::KMeans, Method::GaussianMixture] {
                assert_eq!(cluster(&points, method, 1, 0).unwrap(), vec![Some(0); count], "{method:?}");
                let message = cluster(&points, method, 2, 0).unwrap_err().message;
                assert!(message.contains("only 1 different vectors for 2 clusters"), "{message}");
            }
            assert_eq!(cluster(&points, Method::Dbscan, 1, 0).unwrap(), vec![Some(0); count]);
        }
    }

    #[test]
    fn more_clusters_than_points_is_an_error() {
        let error = cluster(&[vec![0.0], vec![1.0]], Method::KMeans, 3, 0).unwrap_err();
        assert_eq!(error.message, "the number of clusters must be from 1 to 2, got 3");
    }
}
