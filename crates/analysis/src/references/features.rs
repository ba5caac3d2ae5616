//! Rows of features, sparse or dense, as the methods need them: products with a few columns.

use ndarray::{Array1, Array2, Axis};

/// Rows of features.
#[derive(Clone, Debug)]
pub enum Features {
    /// Every value, `[rows, width]`.
    Dense(Array2<f64>),
    /// The values that are not 0.
    Sparse(SparseRows),
}

/// Rows most of whose values are 0.
#[derive(Clone, Debug, Default)]
pub struct SparseRows {
    width: usize,
    /// Where each row begins; one more than there are rows.
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
}

impl SparseRows {
    /// No row yet, each of `width` values.
    pub fn new(width: usize) -> Self {
        Self { width, starts: vec![0], ..Self::default() }
    }

    /// Adds a row: its columns in any order, each once, with their values.
    pub fn push(&mut self, row: impl IntoIterator<Item = (u32, f64)>) {
        for (column, value) in row {
            self.columns.push(column);
            self.values.push(value);
        }
        self.starts.push(self.columns.len());
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    fn row(&self, row: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.starts[row]..self.starts[row + 1];
        self.columns[range.clone()].iter().map(|column| *column as usize).zip(self.values[range].iter().copied())
    }

    fn select(&self, rows: &[usize]) -> Self {
        let mut selected = Self::new(self.width);
        rows.iter().for_each(|row| selected.push(self.row(*row).map(|(column, value)| (column as u32, value))));
        selected
    }
}

impl Features {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        match self {
            Self::Dense(matrix) => matrix.nrows(),
            Self::Sparse(rows) => rows.rows(),
        }
    }

    /// Values of a row.
    pub fn width(&self) -> usize {
        match self {
            Self::Dense(matrix) => matrix.ncols(),
            Self::Sparse(rows) => rows.width,
        }
    }

    /// Some rows, in that order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Dense(matrix) => Self::Dense(matrix.select(Axis(0), rows)),
            Self::Sparse(all) => Self::Sparse(all.select(rows)),
        }
    }

    /// `X w`, `[rows, columns]`, of `w: [width, columns]`.
    pub fn times(&self, weights: &Array2<f64>) -> Array2<f64> {
        match self {
            Self::Dense(matrix) => matrix.dot(weights),
            Self::Sparse(rows) => {
                let mut product = Array2::zeros((rows.rows(), weights.ncols()));
                for (row, mut out) in product.rows_mut().into_iter().enumerate() {
                    rows.row(row).for_each(|(column, value)| out.scaled_add(value, &weights.row(column)));
                }
                product
            }
        }
    }

    /// `Xᵀ r`, `[width, columns]`, of `r: [rows, columns]`.
    pub fn transposed_times(&self, right: &Array2<f64>) -> Array2<f64> {
        match self {
            Self::Dense(matrix) => matrix.t().dot(right),
            Self::Sparse(rows) => {
                let mut product = Array2::zeros((rows.width, right.ncols()));
                for (row, values) in right.rows().into_iter().enumerate() {
                    rows.row(row).for_each(|(column, value)| product.row_mut(column).scaled_add(value, &values));
                }
                product
            }
        }
    }
}

/// Each row divided by its length; a row of zeros stays as it is.
pub(crate) fn normalized(mut rows: Array2<f64>) -> Array2<f64> {
    for mut row in rows.rows_mut() {
        let length = row.dot(&row).sqrt();
        if length > 0.0 {
            row /= length;
        }
    }
    rows
}

/// Mean and deviation of each column; a column without any deviation but for rounding has 1, so that it can be divided
/// by.
pub(crate) fn moments(rows: &Array2<f64>) -> (Array1<f64>, Array1<f64>) {
    let mean = rows.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(rows.ncols()));
    let mut deviation = rows.std_axis(Axis(0), 0.0);
    for (deviation, mean) in deviation.iter_mut().zip(&mean) {
        if *deviation <= rows.nrows() as f64 * f64::EPSILON * mean.abs() {
            *deviation = 1.0;
        }
    }
    (mean, deviation)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn sparse_and_dense_rows_have_the_same_products() {
        let dense = array![[0.0, 2.0, 0.0], [1.0, 0.0, -3.0]];
        let mut rows = SparseRows::new(3);
        rows.push([(1, 2.0)]);
        rows.push([(2, -3.0), (0, 1.0)]);
        let (sparse, dense) = (Features::Sparse(rows), Features::Dense(dense));
        let (weights, right) = (array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], array![[1.0, 2.0], [3.0, 4.0]]);
        assert_eq!(sparse.times(&weights), dense.times(&weights));
        assert_eq!(sparse.transposed_times(&right), dense.transposed_times(&right));
        assert_eq!(sparse.select(&[1, 1]).times(&weights), dense.select(&[1, 1]).times(&weights));
    }

    #[test]
    fn rows_of_zeros_and_constant_columns_can_be_divided() {
        assert_eq!(normalized(array![[3.0, 4.0], [0.0, 0.0]]), array![[0.6, 0.8], [0.0, 0.0]]);
        let (mean, deviation) = moments(&array![[1.0, 5.0], [3.0, 5.0]]);
        assert_eq!((mean, deviation), (array![2.0, 5.0], array![1.0, 1.0]));
        assert_eq!(moments(&Array2::from_elem((97, 2), 0.1)).1, array![1.0, 1.0], "rounding is no deviation");
    }
}
