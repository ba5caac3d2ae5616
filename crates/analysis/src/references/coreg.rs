//! COREG, co-training of two regressors (Zhou & Li 2005, "Semi-supervised regression with co-training", table 1): the
//! mean of the `k` nearest rows by Minkowski's distance of order 2, and of order 5. In each round each of the two gives
//! the other the row without a number, with the number that it says itself, that makes it fit its own neighbours of
//! that row best; none where all make it worse. What is said is the mean of both.
//!
//! As in the paper `k` is 3, there are 100 rounds at most, and 100 rows without a number are looked at in a round. Rows
//! are drawn into that pool once each, in the order of one permutation.

use std::cmp::Ordering;

use ndarray::{Array2, ArrayView1};

use crate::references::numpy_random::NumpyRandom;

const NEIGHBOURS: usize = 3;
const ROUNDS: usize = 100;
const POOL: usize = 100;
const ORDERS: [i32; 2] = [2, 5];

/// A distance to the power of its order, and the place of the known row that is so far.
type Near = (f64, usize);

/// One of the two: rows with their numbers.
struct NearestRows<'a> {
    rows: &'a Array2<f64>,
    order: i32,
    /// Row and number; what was given comes behind the labels.
    known: Vec<(usize, f64)>,
    /// The nearest known rows of each known row, itself among them.
    near_known: Vec<Vec<Near>>,
}

/// The mean number of the nearest of the first rows, by Euclid's distance.
pub(super) fn nearest_numbers(rows: &Array2<f64>, numbers: &[f64]) -> Vec<f64> {
    let regressor = NearestRows::of(rows, numbers, ORDERS[0]);
    (0..rows.nrows()).map(|row| regressor.mean(&regressor.near(row))).collect()
}

/// Distances of one value to another that COREG looks at for what it gives, at most.
pub(super) fn cost(numbers: usize, width: usize) -> usize {
    2 * ROUNDS * POOL * (numbers + ROUNDS) * width
}

/// Nearer first; of rows as near the first.
fn nearer(left: &Near, right: &Near) -> Ordering {
    left.0.total_cmp(&right.0).then(left.1.cmp(&right.1))
}

/// With another row, which is the last of the known ones, among the nearest.
fn with(mut near: Vec<Near>, other: Near) -> Vec<Near> {
    near.push(other);
    near.sort_by(nearer);
    near.truncate(NEIGHBOURS);
    near
}

impl<'a> NearestRows<'a> {
    fn of(rows: &'a Array2<f64>, numbers: &[f64], order: i32) -> Self {
        let known: Vec<(usize, f64)> = numbers.iter().copied().enumerate().collect();
        let mut found = Self { rows, order, known, near_known: Vec::new() };
        found.near_known = found.known.iter().map(|(row, _)| found.near(*row)).collect();
        found
    }

    /// Minkowski's distance of two rows, to the power of its order.
    fn distance(&self, left: usize, right: usize) -> f64 {
        let (left, right): (ArrayView1<'_, f64>, ArrayView1<'_, f64>) = (self.rows.row(left), self.rows.row(right));
        left.iter().zip(right).map(|(left, right)| (left - right).abs().powi(self.order)).sum()
    }

    /// The nearest known rows, nearest first.
    fn near(&self, row: usize) -> Vec<Near> {
        let mut near: Vec<Near> =
            self.known.iter().enumerate().map(|(place, (other, _))| (self.distance(row, *other), place)).collect();
        if NEIGHBOURS < near.len() {
            near.select_nth_unstable_by(NEIGHBOURS, nearer);
            near.truncate(NEIGHBOURS);
        }
        near.sort_unstable_by(nearer);
        near
    }

    /// The mean of their numbers.
    fn mean(&self, near: &[Near]) -> f64 {
        near.iter().map(|(_, place)| self.known[*place].1).sum::<f64>() / near.len() as f64
    }

    /// How much less the squared error at the row's neighbours is where the row stands among the known ones, with what
    /// is said of it.
    fn gain(&self, row: usize) -> f64 {
        let near = self.near(row);
        let (said, last) = (self.mean(&near), self.known.len());
        let of = |(distance, place): &Near| {
            let (before, truth) = (&self.near_known[*place], self.known[*place].1);
            let after = with(before.clone(), (*distance, last));
            let sum: f64 =
                after.iter().map(|(_, place)| if *place == last { said } else { self.known[*place].1 }).sum();
            (truth - self.mean(before)).powi(2) - (truth - sum / after.len() as f64).powi(2)
        };
        near.iter().map(of).sum()
    }

    /// Takes a row with a number among the known ones.
    fn take(&mut self, row: usize, number: f64) {
        let last = self.known.len();
        for place in 0..last {
            let distance = self.distance(row, self.known[place].0);
            let near = std::mem::take(&mut self.near_known[place]);
            self.near_known[place] = with(near, (distance, last));
        }
        self.known.push((row, number));
        self.near_known.push(self.near(row));
    }
}

/// The number of each row, from those of the first rows; rows up to `training` help, others are only asked.
///
/// # Shapes
///
/// - rows: `[rows, width]`, numbers: at least one, of the first rows
pub(super) fn coreg(rows: &Array2<f64>, numbers: &[f64], training: usize, seed: u32) -> Vec<f64> {
    let mut two = ORDERS.map(|order| NearestRows::of(rows, numbers, order));
    let mut waiting: Vec<usize> = NumpyRandom::new(seed)
        .permutation(training.saturating_sub(numbers.len()))
        .into_iter()
        .map(|place| numbers.len() + place)
        .rev()
        .collect();
    let mut pool: Vec<usize> = Vec::new();
    for _ in 0..ROUNDS {
        while pool.len() < POOL
            && let Some(row) = waiting.pop()
        {
            pool.push(row);
        }
        let given = [0, 1].map(|place| {
            let row = pool.remove(best(&two[place], &pool)?);
            Some((row, two[place].mean(&two[place].near(row))))
        });
        if given == [None, None] {
            break;
        }
        let [first, second] = given;
        for (pupil, given) in [(0, second), (1, first)] {
            if let Some((row, number)) = given {
                two[pupil].take(row, number);
            }
        }
    }
    let said = |regressor: &NearestRows<'_>, row: usize| regressor.mean(&regressor.near(row));
    (0..rows.nrows()).map(|row| (said(&two[0], row) + said(&two[1], row)) / 2.0).collect()
}

/// The place in the pool of the row that helps most; `None` where none does.
fn best(regressor: &NearestRows<'_>, pool: &[usize]) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (place, row) in pool.iter().enumerate() {
        let gain = regressor.gain(*row);
        if gain > best.map_or(0.0, |(_, most)| most) {
            best = Some((place, gain));
        }
    }
    best.map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `tests/fixtures/coreg.py` says of the same rows, with all rows in the pool.
    #[test]
    fn numbers_equal_those_of_an_independent_implementation() {
        let fixture = include_str!("../../tests/fixtures/coreg.csv");
        let table: Vec<Vec<f64>> =
            fixture.lines().map(|line| line.split(',').map(|cell| cell.parse().expect("a number")).collect()).collect();
        let width = table[0].len() - 2;
        let rows = Array2::from_shape_fn((table.len(), width), |(row, column)| table[row][column]);
        let numbers: Vec<f64> = table.iter().map(|row| row[width]).take_while(|number| !number.is_nan()).collect();
        assert_eq!((numbers.len(), table.len()), (12, 60));
        for (row, found) in coreg(&rows, &numbers, 50, 0).into_iter().enumerate() {
            let expected = table[row][width + 1];
            assert!((found - expected).abs() < 1e-9, "row {row}: {found} against {expected}");
        }
    }

    #[test]
    fn labels_alone_leave_the_mean_of_the_nearest() {
        let rows = Array2::from_shape_fn((4, 1), |(row, _)| [0.0, 1.0, 5.0, 0.4][row]);
        assert_eq!(coreg(&rows, &[1.0, 2.0, 6.0], 3, 0), [3.0; 4]);
    }
}
