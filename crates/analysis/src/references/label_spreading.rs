//! Label spreading (Zhou et al. 2004) over the graph of nearest rows: scikit-learn's
//! `LabelSpreading(kernel="knn", n_neighbors=10, alpha=0.5, max_iter=50)`, its choices of graph and ending included.

use ndarray::Array2;

use crate::references::neighbours::nearest_rows;

/// Neighbours of a row, itself among them.
const NEIGHBOURS: usize = 10;
/// Share that comes from neighbours.
const ALPHA: f64 = 0.5;
const ROUNDS: usize = 50;
/// It ends where all distributions together move less.
const TOLERANCE: f64 = 1e-3;

/// Labels that have spread over training rows.
#[derive(Clone, Debug)]
pub struct LabelSpreading {
    rows: Array2<f32>,
    /// `[rows, classes]`
    distributions: Array2<f64>,
}

impl LabelSpreading {
    /// `labels` of the first rows; the others have none.
    pub fn fit(rows: Array2<f32>, labels: &[usize], classes: usize) -> Self {
        let near = nearest_rows(&rows, &rows, NEIGHBOURS);
        // How many rows name a row as a neighbour, itself left out.
        let mut named = vec![0usize; rows.nrows()];
        for (row, near) in near.iter().enumerate() {
            near.iter().filter(|other| **other != row).for_each(|other| named[*other] += 1);
        }
        let scale: Vec<f64> =
            named.iter().map(|count| if *count == 0 { 1.0 } else { (*count as f64).sqrt() }).collect();
        let mut own = Array2::zeros((rows.nrows(), classes));
        labels.iter().enumerate().for_each(|(row, label)| own[[row, *label]] = 1.0);
        let mut distributions: Array2<f64> = own.clone();
        own *= 1.0 - ALPHA;
        let mut before = Array2::<f64>::zeros(distributions.dim());
        for _ in 0..ROUNDS {
            if (&distributions - &before).iter().map(|change| change.abs()).sum::<f64>() < TOLERANCE {
                break;
            }
            let mut next = own.clone();
            for (row, near) in near.iter().enumerate() {
                for other in near.iter().filter(|other| **other != row) {
                    let share = ALPHA / (scale[row] * scale[*other]);
                    next.row_mut(row).scaled_add(share, &distributions.row(*other));
                }
            }
            before = std::mem::replace(&mut distributions, next);
        }
        normalize(&mut distributions);
        Self { rows, distributions }
    }

    /// Distributions of the training rows, `[rows, classes]`.
    pub fn training(&self) -> &Array2<f64> {
        &self.distributions
    }

    /// Distributions of other rows, from those of their nearest training rows.
    pub fn probabilities(&self, rows: &Array2<f32>) -> Array2<f64> {
        let mut said = Array2::zeros((rows.nrows(), self.distributions.ncols()));
        for (row, near) in nearest_rows(&self.rows, rows, NEIGHBOURS).iter().enumerate() {
            near.iter().for_each(|other| said.row_mut(row).scaled_add(1.0, &self.distributions.row(*other)));
        }
        normalize(&mut said);
        said
    }
}

/// Rows that sum to 1; one that no label has reached stays zeros.
fn normalize(rows: &mut Array2<f64>) {
    for mut row in rows.rows_mut() {
        let sum = row.sum();
        if sum > 0.0 {
            row /= sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_reach_the_rows_of_their_cluster() {
        // Two lines of thirty rows, far from each other, one label each.
        let mut rows = Array2::zeros((60, 2));
        for row in 0..60 {
            rows[[row, 0]] = (row / 2) as f32;
            rows[[row, 1]] = if row % 2 == 0 { 0.0 } else { 100.0 };
        }
        let spread = LabelSpreading::fit(rows.clone(), &[0, 1], 2);
        for row in 0..60 {
            let reached = spread.training().row(row).sum();
            assert!(reached == 0.0 || spread.training()[[row, row % 2]] > 0.99, "row {row}");
        }
        let said = spread.probabilities(&ndarray::array![[1.5f32, 1.0], [1.5, 99.0]]);
        assert!(said[[0, 0]] > 0.99 && said[[1, 1]] > 0.99, "{said}");
    }
}
