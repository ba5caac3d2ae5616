//! Label propagation by harmonic functions (Zhu, Ghahramani & Lafferty 2003, "Semi-supervised learning using Gaussian
//! fields and harmonic functions", eq. 5) on the graph of mutual neighbours.
//!
//! A row without a label says the mean of its neighbours, labelled rows say their label. Two rows that name each other
//! among their nearest are joined by an edge of weight 1, two of which one names the other by one of 0.01: that keeps
//! the graph whole, and few of its edges lead from one class to another (Ozaki et al. 2011, "Using the mutual k-nearest
//! neighbor graphs for semi-supervised classification of natural language data"). A leak takes a share of what a row
//! hears, so that far labels count less than near ones.

use ndarray::{Array2, s};

use crate::references::neighbours::Neighbourhood;

/// Weight of an edge whose ends do not name each other.
const WEAK: f64 = 0.01;
/// Conjugate gradients end where every class's residual has fallen to this share, or after so many rounds.
const TOLERANCE: f64 = 1e-4;
const ROUNDS: usize = 300;

/// The graph of mutual neighbours, over which labels are propagated.
#[derive(Clone, Debug)]
pub struct HarmonicLabels {
    /// The edges of each training row: the other end and the weight.
    edges: Vec<Vec<(usize, f64)>>,
    /// What each row's edges weigh together, with the leak.
    degrees: Vec<f64>,
    /// The nearest training rows of each other row.
    near_others: Vec<Vec<usize>>,
}

impl HarmonicLabels {
    /// The graph of rows with their neighbours; `leak` ≥ 0 is the share that is lost on each edge.
    pub fn new(near: &Neighbourhood, leak: f64) -> Self {
        let rows = near.training.len();
        let mut edges: Vec<Vec<(usize, f64)>> = vec![Vec::new(); rows];
        for (row, named) in near.training.iter().enumerate() {
            for other in named.iter().copied().filter(|other| *other != row) {
                let mutual = near.training[other].contains(&row);
                if mutual {
                    edges[row].push((other, 1.0));
                } else {
                    edges[row].push((other, WEAK));
                    edges[other].push((row, WEAK));
                }
            }
        }
        let degrees =
            edges.iter().map(|edges| (1.0 + leak) * edges.iter().map(|(_, weight)| weight).sum::<f64>()).collect();
        Self { edges, degrees, near_others: near.others.clone() }
    }

    /// Distributions over the classes of all rows from those of a few, training rows with their labels: those of the
    /// others from their nearest training rows. Rows that no label reaches are zeros. Shape `[training + others,
    /// classes]`.
    pub fn propagate(&self, known: &[(usize, usize)], classes: usize) -> Array2<f64> {
        let rows = self.edges.len();
        let mut fixed = vec![false; rows];
        let mut labels = Array2::<f64>::zeros((rows, classes));
        for (row, label) in known {
            fixed[*row] = true;
            labels[[*row, *label]] = 1.0;
        }
        let mut heard = Array2::<f64>::zeros((rows, classes));
        for row in (0..rows).filter(|row| !fixed[*row]) {
            for (other, weight) in self.edges[row].iter().filter(|(other, _)| fixed[*other]) {
                heard.row_mut(row).scaled_add(*weight, &labels.row(*other));
            }
        }
        let distributions = labels + self.solved(&heard, &fixed);
        let mut said = Array2::zeros((rows + self.near_others.len(), classes));
        said.slice_mut(s![..rows, ..]).assign(&distributions);
        for (row, near) in self.near_others.iter().enumerate() {
            near.iter().for_each(|other| said.row_mut(rows + row).scaled_add(1.0, &distributions.row(*other)));
        }
        for mut row in said.rows_mut() {
            row.mapv_inplace(|share| share.max(0.0));
            let sum = row.sum();
            if sum > f64::MIN_POSITIVE {
                row /= sum;
            }
        }
        said
    }

    /// `(D - W)⁻¹ heard` on the rows that are not fixed, by conjugate gradients scaled by `D`, a solution a class at
    /// once.
    fn solved(&self, heard: &Array2<f64>, fixed: &[bool]) -> Array2<f64> {
        let (rows, classes) = heard.dim();
        let open: Vec<usize> = (0..rows).filter(|row| !fixed[*row] && self.degrees[*row] > 0.0).collect();
        let mut solution = Array2::<f64>::zeros((rows, classes));
        let mut residual = heard.clone();
        let mut direction = Array2::<f64>::zeros((rows, classes));
        let mut product = Array2::<f64>::zeros((rows, classes));
        let mut before = vec![0.0; classes];
        let mut first = vec![0.0; classes];
        for round in 0..ROUNDS {
            let mut lengths = vec![0.0; classes];
            for row in &open {
                for (class, length) in lengths.iter_mut().enumerate() {
                    *length += residual[[*row, class]].powi(2) / self.degrees[*row];
                }
            }
            if round == 0 {
                first.clone_from(&lengths);
            }
            let ends = lengths.iter().zip(&first).all(|(now, first)| *now <= TOLERANCE * TOLERANCE * first);
            if ends {
                break;
            }
            let share = |over: f64, under: f64| if under > 0.0 { over / under } else { 0.0 };
            for row in &open {
                for class in 0..classes {
                    let along = if round == 0 { 0.0 } else { share(lengths[class], before[class]) };
                    direction[[*row, class]] =
                        residual[[*row, class]] / self.degrees[*row] + along * direction[[*row, class]];
                }
            }
            let mut bends = vec![0.0; classes];
            for row in &open {
                for class in 0..classes {
                    product[[*row, class]] = self.degrees[*row] * direction[[*row, class]];
                }
                for (other, weight) in self.edges[*row].iter().filter(|(other, _)| !fixed[*other]) {
                    for class in 0..classes {
                        product[[*row, class]] -= weight * direction[[*other, class]];
                    }
                }
                for (class, bend) in bends.iter_mut().enumerate() {
                    *bend += direction[[*row, class]] * product[[*row, class]];
                }
            }
            for row in &open {
                for class in 0..classes {
                    let far = share(lengths[class], bends[class]);
                    solution[[*row, class]] += far * direction[[*row, class]];
                    residual[[*row, class]] -= far * product[[*row, class]];
                }
            }
            before = lengths;
        }
        solution
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows on a line that each name the row before and after them.
    fn line(rows: usize) -> Neighbourhood {
        let near = |row: usize| {
            [Some(row), row.checked_sub(1), Some(row + 1)].into_iter().flatten().filter(|other| *other < rows).collect()
        };
        Neighbourhood { training: (0..rows).map(near).collect(), others: vec![vec![1, 2]] }
    }

    #[test]
    fn between_two_labels_the_distribution_is_the_way_between_them() {
        // The harmonic function on a line is linear: the chance of a random walk to end at either label.
        let said = HarmonicLabels::new(&line(6), 0.0).propagate(&[(0, 0), (5, 1)], 2);
        for row in 0..6 {
            assert!((said[[row, 1]] - row as f64 / 5.0).abs() < 1e-6, "{said}");
        }
        assert!((said[[6, 1]] - 0.3).abs() < 1e-6, "{said}");
        assert!(said.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-9));
    }

    #[test]
    fn a_leak_leaves_distributions_and_rows_out_of_reach_stay_zero() {
        let mut near = line(6);
        near.training.push(vec![6]);
        let said = HarmonicLabels::new(&near, 0.1).propagate(&[(0, 0), (5, 1)], 2);
        assert!(said[[1, 0]] > 0.8 && said[[1, 0]] < 1.0 && (said[[2, 0]] + said[[2, 1]] - 1.0).abs() < 1e-9, "{said}");
        assert_eq!(said.row(6).sum(), 0.0);
    }

    #[test]
    fn an_edge_that_only_one_end_names_counts_little() {
        // Row 2 names both labelled rows; only row 0 names it too.
        let near = Neighbourhood { training: vec![vec![0, 2], vec![1], vec![2, 0, 1]], others: Vec::new() };
        let said = HarmonicLabels::new(&near, 0.0).propagate(&[(0, 0), (1, 1)], 2);
        assert!((said[[2, 0]] - 1.0 / 1.01).abs() < 1e-9, "{said}");
    }
}
