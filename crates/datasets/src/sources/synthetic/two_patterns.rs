//! Two patterns (Geurts 2001, "Pattern extraction for time series classification").
//!
//! On 128 steps of standard normal noise stand two patterns that do not overlap, each an upward step (-5,
//! then 5) or a downward step (5, then -5); the class is their order. The paper leaves positions and
//! lengths random; here a length is uniform in 10..=40, and the first pattern lies in the first half.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::random::normal;
use crate::sequence::{Sequence, Target};
use crate::series::Series;
use crate::sources::synthetic::Formula;

pub(super) const FORMULA: Formula = Formula {
    name: "two-patterns",
    summary: "two steps, up or down, in noise: 4 orders, 128 steps (Geurts 2001)",
    classes: &["down-down", "up-down", "down-up", "up-up"],
    train: 1000,
    test: 1000,
    sample,
};

const HALF: usize = 64;

fn sample(index: usize, rng: &mut ChaCha8Rng) -> (Sequence, Target) {
    let class = index % 4;
    let mut values: Vec<f32> = (0..2 * HALF).map(|_| normal(rng)).collect();
    for (half, up) in [class % 2 == 1, class >= 2].into_iter().enumerate() {
        let length = rng.random_range(10..=40usize);
        let start = half * HALF + rng.random_range(0..=HALF - length);
        for step in 0..length {
            let first = step < length / 2;
            values[start + step] = if first == up { -5.0 } else { 5.0 };
        }
    }
    (Sequence::Series(Series { values, channels: 1 }), Target::Class(class))
}
