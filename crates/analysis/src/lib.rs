#![doc = include_str!("../README.md")]

mod agreement;
mod change_points;
mod clustering;
mod intervals;
mod minimise;
mod nearest;
mod normal;
mod out_of_class;
mod projection;
mod ranking;
pub mod references;
pub mod selection;
mod significance;
pub mod warping;

pub use agreement::{adjusted_rand_index, normalized_mutual_information, silhouette};
pub use change_points::change_points;
pub use clustering::{Method, cluster};
pub use intervals::{Bootstrap, wilson};
pub use nearest::nearest_class;
pub use normal::normal_quantile;
pub use out_of_class::ClassGaussians;
pub use projection::{pca, principal_components, tsne};
pub use ranking::{Ranked, Ranking, area_under_roc};
pub use significance::{holm, mean_and_deviation, mean_interval, mean_ranks, wilcoxon_signed_rank};

/// Why points cannot be worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnalysisError {
    /// What is wrong, and what was expected.
    pub message: String,
}

impl AnalysisError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl std::fmt::Display for AnalysisError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for AnalysisError {}

/// The points as a matrix, `[points, values]`.
fn matrix(points: &[Vec<f64>]) -> Result<ndarray::Array2<f64>, AnalysisError> {
    let width = points.first().map_or(0, Vec::len);
    if width == 0 || points.iter().any(|point| point.len() != width) {
        return Err(AnalysisError::new("points of one and the same length, at least 1, are needed"));
    }
    if points.iter().flatten().any(|value| !value.is_finite()) {
        return Err(AnalysisError::new("a point has a value that is no finite number"));
    }
    let values: Vec<f64> = points.iter().flatten().copied().collect();
    ndarray::Array2::from_shape_vec((points.len(), width), values)
        .map_err(|error| AnalysisError::new(error.to_string()))
}

/// How many of the points are different.
fn different(points: &[Vec<f64>]) -> usize {
    let bits = |point: &Vec<f64>| point.iter().map(|value| (value + 0.0).to_bits()).collect::<Vec<u64>>();
    points.iter().map(bits).collect::<std::collections::HashSet<_>>().len()
}
