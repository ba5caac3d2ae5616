//! The directions in which rows differ most: truncated singular value decomposition by random projections (Halko,
//! Martinsson & Tropp 2011, algorithm 4.4), and principal components, both as scikit-learn finds them.

use linfa_linalg::eigh::{EigSort, Eigh};
use ndarray::{Array1, Array2, Axis, s};

use crate::AnalysisError;
use crate::references::features::Features;
use crate::references::numpy_random::NumpyRandom;

/// Directions that are drawn beside those that are asked for.
const MORE: usize = 10;

/// The first components of rows.
#[derive(Clone, Debug)]
pub struct Components {
    /// Taken off each row; zeros for a decomposition that is not centred.
    mean: Array1<f64>,
    /// `[width, components]`
    directions: Array2<f64>,
}

impl Components {
    /// Singular vectors of the rows as they are, for sparse ones: scikit-learn's `TruncatedSVD`.
    ///
    /// # Errors
    ///
    /// Where a small eigenvalue problem cannot be solved.
    pub fn truncated(rows: &Features, count: usize, seed: u32) -> Result<Self, AnalysisError> {
        let count = count.min(rows.rows().min(rows.width()));
        Ok(Self { mean: Array1::zeros(rows.width()), directions: by_projections(rows, count, 5, seed)? })
    }

    /// Principal components: singular vectors of the rows without their mean, exact where scikit-learn's `PCA` is, and
    /// by random projections where that is.
    ///
    /// # Errors
    ///
    /// Where an eigenvalue problem cannot be solved.
    pub fn principal(rows: &Array2<f64>, count: usize, seed: u32) -> Result<Self, AnalysisError> {
        let (number, width) = rows.dim();
        let least = number.min(width);
        let count = count.min(least);
        let mean = rows.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(width));
        let centred = rows - &mean;
        let small = (width <= 1000 && number >= 10 * width) || number.max(width) <= 500;
        let directions = if small || count as f64 >= 0.8 * least as f64 {
            exactly(&centred, count)?
        } else {
            let rounds = if (count as f64) < 0.1 * least as f64 { 7 } else { 4 };
            by_projections(&Features::Dense(centred), count, rounds, seed)?
        };
        Ok(Self { mean, directions })
    }

    /// Rows by their components, `[rows, components]`.
    pub fn transform(&self, rows: &Features) -> Array2<f64> {
        rows.times(&self.directions) - self.mean.dot(&self.directions)
    }
}

/// Right singular vectors `[width, count]` of the largest singular values, from products of all columns or of all rows.
fn exactly(rows: &Array2<f64>, count: usize) -> Result<Array2<f64>, AnalysisError> {
    let (number, width) = rows.dim();
    if width <= number {
        return Ok(largest(rows.t().dot(rows), count)?.1);
    }
    let (values, vectors) = largest(rows.dot(&rows.t()), count)?;
    Ok(scaled(rows.t().dot(&vectors), &values))
}

/// The same from the span of random projections, after some power iterations. As in scikit-learn the projections are
/// those of the longer side.
fn by_projections(rows: &Features, count: usize, rounds: usize, seed: u32) -> Result<Array2<f64>, AnalysisError> {
    let (number, width) = (rows.rows(), rows.width());
    let drawn = (count + MORE).min(number.min(width));
    let mut random = NumpyRandom::new(seed);
    let mut normal = |side: usize| Array2::from_shape_simple_fn((side, drawn), || random.normal());
    if number < width {
        let mut range = orthonormal(rows.transposed_times(&normal(number)));
        for _ in 0..rounds {
            range = orthonormal(rows.transposed_times(&orthonormal(rows.times(&range))));
        }
        let small = rows.times(&range);
        return Ok(range.dot(&largest(small.t().dot(&small), count)?.1));
    }
    let mut range = orthonormal(rows.times(&normal(width)));
    for _ in 0..rounds {
        range = orthonormal(rows.times(&orthonormal(rows.transposed_times(&range))));
    }
    // `Qᵀ A`, of which the right singular vectors are those of `A`.
    let small = rows.transposed_times(&range);
    let (values, vectors) = largest(small.t().dot(&small), count)?;
    Ok(scaled(small.dot(&vectors), &values))
}

/// The largest eigenvalues of a symmetric matrix, and their vectors as columns.
fn largest(matrix: Array2<f64>, count: usize) -> Result<(Array1<f64>, Array2<f64>), AnalysisError> {
    let failed = |error| AnalysisError::new(format!("components: {error}"));
    let (values, vectors) = matrix.eigh().map_err(failed)?.sort_eig_desc();
    Ok((values.slice(s![..count]).to_owned(), vectors.slice(s![.., ..count]).to_owned()))
}

/// Columns divided by the roots of eigenvalues; zeros where there is none.
fn scaled(mut columns: Array2<f64>, values: &Array1<f64>) -> Array2<f64> {
    for (mut column, value) in columns.columns_mut().into_iter().zip(values) {
        let length = value.max(0.0).sqrt();
        if length > 0.0 {
            column /= length;
        }
    }
    columns
}

/// Columns of length 1 at right angles with the same span (Gram & Schmidt, each column twice); a column that lies in
/// the span of those before becomes zeros.
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
    fn every_way_finds_the_same_directions() {
        // Three directions of unlike length and little noise, as many rows as values or more.
        for (number, width) in [(30, 12), (12, 30)] {
            let rows = Array2::from_shape_fn((number, width), |(row, column)| {
                let wave = |count: usize| ((row * count) as f64 * 0.7).sin() * ((column * count) as f64 * 0.3).cos();
                9.0 * wave(1) + 5.0 * wave(2) + 2.0 * wave(3) + 1e-6 * ((row * 7 + column * 3) % 11) as f64
            });
            let (exact, drawn) = (exactly(&rows, 3).unwrap(), by_projections(&Features::Dense(rows), 3, 5, 0).unwrap());
            // Up to the sign.
            let same = exact.t().dot(&drawn).mapv(f64::abs);
            for place in 0..3 {
                assert!((same[[place, place]] - 1.0).abs() < 1e-6, "{number} rows: {same}");
            }
        }
    }

    #[test]
    fn no_more_components_than_rows_or_values() {
        let rows = Array2::from_shape_fn((4, 3), |(row, column)| ((row + 1) * (column + 2) % 5) as f64);
        assert_eq!(Components::principal(&rows, 40, 0).unwrap().transform(&Features::Dense(rows)).ncols(), 3);
    }
}
