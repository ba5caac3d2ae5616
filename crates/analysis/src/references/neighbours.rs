//! The nearest rows, by products of blocks.

use ndarray::{Array2, ArrayView2, Axis, s};

/// Rows of which all distances are held at a time.
const BLOCK: usize = 512;

/// The nearest training rows of training rows and of others.
#[derive(Clone, Debug)]
pub struct Neighbourhood {
    /// Those of each training row, itself among them.
    pub training: Vec<Vec<usize>>,
    /// Those of each other row.
    pub others: Vec<Vec<usize>>,
}

impl Neighbourhood {
    /// The `count` nearest training rows of each row; shapes `[training, features]` and `[others, features]`.
    pub fn new(training: &Array2<f32>, others: &Array2<f32>, count: usize) -> Self {
        Self { training: nearest_rows(training, training, count), others: nearest_rows(training, others, count) }
    }
}

/// The places of the `count` nearest known rows of each row, the nearest first; of rows as near, the first.
pub fn nearest_rows(known: &Array2<f32>, rows: &Array2<f32>, count: usize) -> Vec<Vec<usize>> {
    let squares =
        |rows: ArrayView2<'_, f32>| -> Vec<f32> { rows.rows().into_iter().map(|row| row.dot(&row)).collect() };
    let lengths = squares(known.view());
    let count = count.min(known.nrows());
    let mut found = Vec::with_capacity(rows.nrows());
    for begin in (0..rows.nrows()).step_by(BLOCK) {
        let block = rows.slice(s![begin..(begin + BLOCK).min(rows.nrows()), ..]);
        let own = squares(block);
        let products = block.dot(&known.t());
        for (row, own) in products.axis_iter(Axis(0)).zip(own) {
            let mut near: Vec<(f32, usize)> = row
                .iter()
                .zip(&lengths)
                .enumerate()
                .map(|(place, (product, length))| ((own + length - 2.0 * product).max(0.0), place))
                .collect();
            let order =
                |left: &(f32, usize), right: &(f32, usize)| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1));
            if count < near.len() && count > 0 {
                near.select_nth_unstable_by(count - 1, order);
                near.truncate(count);
            }
            near.sort_unstable_by(order);
            found.push(near.into_iter().map(|(_, place)| place).collect());
        }
    }
    found
}

/// The class of the nearest labelled row, as a distribution.
pub fn nearest_label(known: &Array2<f32>, labels: &[usize], rows: &Array2<f32>, classes: usize) -> Array2<f64> {
    let mut said = Array2::zeros((rows.nrows(), classes));
    for (row, near) in nearest_rows(known, rows, 1).iter().enumerate() {
        near.iter().for_each(|place| said[[row, labels[*place]]] = 1.0);
    }
    said
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_nearest_come_first_and_of_equals_the_first() {
        let known = array![[0.0f32], [10.0], [1.0], [1.0]];
        assert_eq!(nearest_rows(&known, &array![[0.9f32], [9.0]], 3), [[2, 3, 0], [1, 2, 3]]);
        assert_eq!(nearest_rows(&known, &array![[5.0f32]], 9)[0].len(), 4);
        assert_eq!(nearest_label(&known, &[0, 1, 1, 0], &array![[0.9f32]], 2), array![[0.0, 1.0]]);
    }
}
