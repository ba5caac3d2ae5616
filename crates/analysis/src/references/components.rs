//! The directions in which rows differ most: truncated singular value decomposition by random projections (Halko, Martinsson &
//! Tropp 2011, algorithm 4.4 with as many power iterations as scikit-learn's `TruncatedSVD`), and principal components.

use linfa_linalg::eigh::{EigSort, Eigh};
use ndarray::{Array1, Array2, Axis, s};

use crate::AnalysisError;
use crate::references::features::Features;
use crate::references::numpy_random::NumpyRandom;

/// Directions that are drawn beside those that are asked for.
const MORE: usize = 10;
/// Power iterations.
const ROUNDS: usize = 5;

/// The first components of rows.
#[derive(Clone, Debug)]
pub struct Components {
    /// Taken off each row; zeros for a decomposition that is not centred.
    mean: Array1<f64>,
    /// `[width, components]`
    directions: Array2<f64>,
}

impl Components {
    /// Singular vectors of the rows as they are, for sparse ones.
    ///
    /// # Errors
    ///
    /// Where a small eigenvalue problem cannot be solved.
    pub fn truncated(rows: &Features, count: usize, seed: u32) -> Result<Self, AnalysisError> {
        let mean = Array1::zeros(rows.width());
        Self::fit(rows, mean, count, seed)
    }

    /// Principal components: singular vectors of the rows without their mean.
    ///
    /// # Errors
    ///
    /// Where a small eigenvalue problem cannot be solved.
    pub fn principal(rows: &Array2<f64>, count: usize, seed: u32) -> Result<Self, AnalysisError> {
        let mean = rows.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(rows.ncols()));
        Self::fit(&Features::Dense(rows - &mean), mean, count, seed)
    }

    fn fit(rows: &Features, mean: Array1<f64>, count: usize, seed: u32) -> Result<Self, AnalysisError> {
        let most = rows.rows().min(rows.width());
        let (count, drawn) = (count.min(most), (count + MORE).min(most));
        let mut random = NumpyRandom::new(seed);
        let mut range =
            orthonormal(rows.times(&Array2::from_shape_simple_fn((rows.width(), drawn), || random.normal())));
        for _ in 0..ROUNDS {
            range = orthonormal(rows.times(&orthonormal(rows.transposed_times(&range))));
        }
        // `Qᵀ A`, of which the right singular vectors are those of `A`.
        let small = rows.transposed_times(&range);
        let failed = |error| AnalysisError::new(format!("components: {error}"));
        let (values, vectors) = small.t().dot(&small).eigh().map_err(failed)?.sort_eig_desc();
        let mut directions = small.dot(&vectors.slice(s![.., ..count]));
        for (mut direction, value) in directions.columns_mut().into_iter().zip(&values) {
            let length = value.max(0.0).sqrt();
            if length > 0.0 {
                direction /= length;
            }
        }
        Ok(Self { mean, directions })
    }

    /// Rows by their components, `[rows, components]`.
    pub fn transform(&self, rows: &Features) -> Array2<f64> {
        rows.times(&self.directions) - self.mean.dot(&self.directions)
    }
}

/// Columns of length 1 at right angles with the same span (Gram & Schmidt, each column twice); a column that lies in the span
/// of those before becomes zeros.
fn orthonormal(mut columns: Array2<f64>) -> Array2<f64> {
    // Rows lie together in memory.
    let mut rows = columns.t().to_owned();
    for place in 0..rows.nrows() {
        let (done, mut rest) = rows.view_mut().split_at(Axis(0), place);
        let mut row = rest.row_mut(0);
        let before = row.dot(&row).sqrt();
        for _ in 0..2 {
            let shares = done.dot(&row);
            row -= &shares.dot(&done);
        }
        let length = row.dot(&row).sqrt();
        if length > 1e-12 * before {
            row /= length;
        } else {
            row.fill(0.0);
        }
    }
    columns.assign(&rows.t());
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_plane_keep_their_distances() {
        // Twelve rows of five values that lie in a plane off the origin.
        let rows = Array2::from_shape_fn((12, 5), |(row, column)| {
            let (a, b) = ((row * 7 % 5) as f64, (row * 3 % 4) as f64);
            10.0 + a * (column as f64 - 2.0) + b * ((column * column) as f64 - 1.0)
        });
        let found = Components::principal(&rows, 2, 0).unwrap().transform(&Features::Dense(rows.clone()));
        assert_eq!(found.dim(), (12, 2));
        let distance = |rows: &Array2<f64>, a: usize, b: usize| {
            let gap = &rows.row(a) - &rows.row(b);
            gap.dot(&gap).sqrt()
        };
        for (a, b) in [(0, 1), (3, 11), (5, 8)] {
            assert!((distance(&rows, a, b) - distance(&found, a, b)).abs() < 1e-9);
        }
        let whole = Components::truncated(&Features::Dense(rows.clone()), 3, 0).unwrap();
        let found = whole.transform(&Features::Dense(rows.clone()));
        for row in 0..12 {
            assert!((found.row(row).dot(&found.row(row)) - rows.row(row).dot(&rows.row(row))).abs() < 1e-6);
        }
    }

    #[test]
    fn no_more_components_than_rows_or_values() {
        let rows = Array2::from_shape_fn((4, 3), |(row, column)| ((row + 1) * (column + 2) % 5) as f64);
        assert_eq!(Components::principal(&rows, 40, 0).unwrap().transform(&Features::Dense(rows)).ncols(), 3);
    }
}
