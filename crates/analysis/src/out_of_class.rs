//! How far vectors lie from the classes that are known (Lee et al. 2018, "A simple unified framework for detecting
//! out-of-distribution samples and adversarial attacks", eq. 2).

use linfa_linalg::eigh::Eigh;
use ndarray::{Array1, Array2, Axis};

use crate::{AnalysisError, matrix};

/// Variances along a direction are at least this share of the largest.
const LEAST: f64 = 1e-9;

/// A Gaussian for each class, all with one covariance. With fewer vectors than values the covariance within the classes
/// says nothing of most directions, so that it is drawn to a multiple of the identity by the share of Ledoit & Wolf
/// (2004), which is scikit-learn's `LedoitWolf` of the vectors less the mean of their class.
#[derive(Clone, Debug)]
pub struct ClassGaussians {
    /// Of each class that has a vector, in the turned and scaled space, `[classes, width]`.
    means: Array2<f64>,
    /// Turns and scales a vector so that the covariance is the identity, `[width, width]`.
    whitening: Array2<f64>,
}

impl ClassGaussians {
    /// Of vectors and their classes.
    ///
    /// # Errors
    ///
    /// Where there is no vector, one has no class, they differ in length, or the eigenvalue problem of the covariance
    /// cannot be solved.
    pub fn fit(vectors: &[Vec<f64>], classes: &[usize]) -> Result<Self, AnalysisError> {
        if vectors.len() != classes.len() {
            return Err(AnalysisError::new("each vector needs a class"));
        }
        let points = matrix(vectors)?;
        let mut known = classes.to_vec();
        known.sort_unstable();
        known.dedup();
        let mut means = Array2::zeros((known.len(), points.ncols()));
        for (mut mean, class) in means.rows_mut().into_iter().zip(&known) {
            let rows: Vec<usize> = (0..classes.len()).filter(|row| classes[*row] == *class).collect();
            mean.assign(&(points.select(Axis(0), &rows).sum_axis(Axis(0)) / rows.len() as f64));
        }
        let mut centred = points;
        for (mut row, class) in centred.rows_mut().into_iter().zip(classes) {
            let place = known.partition_point(|other| other < class);
            row -= &means.row(place);
        }
        let whitening = whitening(&shrunk_covariance(&centred))?;
        Ok(Self { means: means.dot(&whitening), whitening })
    }

    /// The squared Mahalanobis distance of each vector to the mean that is nearest to it.
    ///
    /// # Errors
    ///
    /// Where a vector is not as long as those of the classes.
    pub fn distances(&self, vectors: &[Vec<f64>]) -> Result<Vec<f64>, AnalysisError> {
        if vectors.is_empty() {
            return Ok(Vec::new());
        }
        let points = matrix(vectors)?;
        if points.ncols() != self.whitening.nrows() {
            return Err(AnalysisError::new("the vectors are not as long as those of the classes"));
        }
        let to = |point: Array1<f64>| {
            let distances =
                self.means.rows().into_iter().map(|mean| (&point - &mean).mapv(|value| value * value).sum());
            distances.fold(f64::INFINITY, f64::min)
        };
        Ok(points.dot(&self.whitening).rows().into_iter().map(|row| to(row.to_owned())).collect())
    }
}

/// `(1 - s) S + s · tr(S)/p · I` for the covariance S of rows whose mean is 0, `[width, width]`.
fn shrunk_covariance(rows: &Array2<f64>) -> Array2<f64> {
    let (count, width) = (rows.nrows() as f64, rows.ncols() as f64);
    let covariance = rows.t().dot(rows) / count;
    let scale = covariance.diag().sum() / width;
    let squares = rows.mapv(|value| value * value).sum_axis(Axis(1));
    let fourth = squares.mapv(|value| value * value).sum() / count;
    let squared = covariance.mapv(|value| value * value).sum();
    let spread = (squared - 2.0 * scale * covariance.diag().sum() + width * scale * scale) / width;
    let noise = ((fourth - squared) / (width * count)).min(spread);
    let share = if noise > 0.0 { noise / spread } else { 0.0 };
    covariance * (1.0 - share) + Array2::<f64>::eye(rows.ncols()) * (share * scale)
}

/// What turns vectors of this covariance into vectors of the identity; the identity where there is no variance.
fn whitening(covariance: &Array2<f64>) -> Result<Array2<f64>, AnalysisError> {
    let failed = |error| AnalysisError::new(format!("the covariance within the classes: {error}"));
    let (values, vectors) = covariance.eigh().map_err(failed)?;
    let largest = values.iter().copied().fold(0.0, f64::max);
    if largest <= 0.0 {
        return Ok(Array2::eye(covariance.nrows()));
    }
    Ok(vectors * values.mapv(|value| 1.0 / value.max(largest * LEAST).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> (Vec<Vec<f64>>, Vec<usize>) {
        let rows = [[0.0, 0.1, 1.0], [1.0, -0.4, 2.0], [0.5, 0.9, 0.0], [5.0, 5.5, 1.5], [6.5, 4.0, 1.0]];
        (rows.map(|row| row.to_vec()).to_vec(), vec![2, 2, 2, 7, 7])
    }

    #[test]
    fn distances_equal_scikit_learns() {
        let (rows, classes) = vectors();
        let gaussians = ClassGaussians::fit(&rows, &classes).unwrap();
        let asked = [[0.5, 0.2, 1.0], [3.0, 2.0, 9.0], [6.0, 4.5, 1.0]].map(|row| row.to_vec());
        // c = rows - class means; m = LedoitWolf(assume_centered=True).fit(c); the least of
        // (z - mean) @ m.precision_ @ (z - mean) over both classes.
        let expected = [0.0, 190.93067053513, 0.481718101125];
        for (found, expected) in gaussians.distances(&asked).unwrap().into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9 * expected.max(1.0), "{found} against {expected}");
        }
    }

    #[test]
    fn one_vector_of_each_class_leaves_plain_distances() {
        let gaussians = ClassGaussians::fit(&[vec![0.0, 0.0], vec![3.0, 4.0]], &[0, 1]).unwrap();
        assert_eq!(gaussians.distances(&[vec![0.0, 1.0], vec![3.0, 2.0]]).unwrap(), [1.0, 4.0]);
        assert!(gaussians.distances(&[vec![0.0]]).is_err() && ClassGaussians::fit(&[], &[]).is_err());
    }
}
