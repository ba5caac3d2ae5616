//! Label spreading (Zhou et al. 2004) over the graph of nearest rows: scikit-learn's
//! `LabelSpreading(kernel="knn", n_neighbors=10, alpha=0.5, max_iter=50)`, its choices of graph and ending included.

use ndarray::{Array2, s};

use crate::references::neighbours::Neighbourhood;

/// Share that comes from neighbours.
const ALPHA: f64 = 0.5;
const ROUNDS: usize = 50;
/// It ends where all distributions together move less.
const TOLERANCE: f64 = 1e-3;

/// The graph of nearest rows, over which labels spread.
#[derive(Clone, Debug)]
pub struct LabelSpreading {
    near: Neighbourhood,
    /// The root of how many rows name a training row as a neighbour.
    scale: Vec<f64>,
}

impl LabelSpreading {
    /// The graph of rows with their neighbours.
    pub fn new(near: Neighbourhood) -> Self {
        let mut named = vec![0usize; near.training.len()];
        for (row, near) in near.training.iter().enumerate() {
            near.iter().filter(|other| **other != row).for_each(|other| named[*other] += 1);
        }
        let scale = named.iter().map(|count| if *count == 0 { 1.0 } else { (*count as f64).sqrt() }).collect();
        Self { near, scale }
    }

    /// Distributions over the classes of all rows from those of a few, training rows with their labels: those of the
    /// others from their nearest training rows. Shape `[training + others, classes]`.
    pub fn spread(&self, known: &[(usize, usize)], classes: usize) -> Array2<f64> {
        let rows = self.near.training.len();
        let mut own = Array2::zeros((rows, classes));
        known.iter().for_each(|(row, label)| own[[*row, *label]] = 1.0);
        let mut distributions: Array2<f64> = own.clone();
        own *= 1.0 - ALPHA;
        let mut before = Array2::<f64>::zeros(distributions.dim());
        for _ in 0..ROUNDS {
            if (&distributions - &before).iter().map(|change| change.abs()).sum::<f64>() < TOLERANCE {
                break;
            }
            let mut next = own.clone();
            for (row, near) in self.near.training.iter().enumerate() {
                for other in near.iter().filter(|other| **other != row) {
                    let share = ALPHA / (self.scale[row] * self.scale[*other]);
                    next.row_mut(row).scaled_add(share, &distributions.row(*other));
                }
            }
            before = std::mem::replace(&mut distributions, next);
        }
        normalize(&mut distributions);
        let mut said = Array2::zeros((rows + self.near.others.len(), classes));
        said.slice_mut(s![..rows, ..]).assign(&distributions);
        for (row, near) in self.near.others.iter().enumerate() {
            near.iter().for_each(|other| said.row_mut(rows + row).scaled_add(1.0, &distributions.row(*other)));
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
        let near = Neighbourhood::new(&rows, &ndarray::array![[1.5f32, 1.0], [1.5, 99.0]], 10);
        let said = LabelSpreading::new(near).spread(&[(0, 0), (1, 1)], 2);
        for row in 0..60 {
            let reached = said.row(row).sum();
            assert!(reached == 0.0 || said[[row, row % 2]] > 0.99, "row {row}");
        }
        assert!(said[[60, 0]] > 0.99 && said[[61, 1]] > 0.99, "{said}");
    }
}
