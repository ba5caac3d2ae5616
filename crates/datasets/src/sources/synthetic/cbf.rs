//! Cylinder, bell, funnel (Saito 1994, "Local feature extraction and its applications").
//!
//! On 128 steps, with `a` uniform in 16..=32, `b - a` uniform in 32..=96, and `η`, `ε(t)` standard normal:
//! cylinder `(6+η)·[a≤t≤b] + ε(t)`, bell `(6+η)·[a≤t≤b]·(t-a)/(b-a) + ε(t)`, funnel
//! `(6+η)·[a≤t≤b]·(b-t)/(b-a) + ε(t)`.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::random::normal;
use crate::sequence::{Sequence, Target};
use crate::series::Series;
use crate::sources::synthetic::Formula;

pub(super) const FORMULA: Formula = Formula {
    name: "cbf",
    summary: "cylinder, bell, funnel: 3 shapes in noise, 128 steps (Saito 1994)",
    classes: &["cylinder", "bell", "funnel"],
    train: 750,
    test: 900,
    sample,
};

fn sample(index: usize, rng: &mut ChaCha8Rng) -> (Sequence, Target) {
    let class = index % 3;
    let start = rng.random_range(16..=32) as f32;
    let length = rng.random_range(32..=96) as f32;
    let height = 6.0 + normal(rng);
    let values = (1..=128).map(|step| {
        let along = (step as f32 - start) / length;
        let shape = match class {
            _ if !(0.0..=1.0).contains(&along) => 0.0,
            0 => 1.0,
            1 => along,
            _ => 1.0 - along,
        };
        height * shape + normal(rng)
    });
    (Sequence::Series(Series { values: values.collect(), channels: 1 }), Target::Class(class))
}
