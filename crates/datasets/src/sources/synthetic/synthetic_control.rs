//! Synthetic control charts (Alcock & Manolopoulos 1999, "Time-series similarity queries employing a
//! feature-based approach").
//!
//! On 60 steps, around `m = 30` with noise `r·s`, `r` uniform in [-3, 3], `s = 2`: normal; cyclic
//! `a·sin(2πt/T)` with `a`, `T` in [10, 15]; trends `±g·t` with `g` in [0.2, 0.5]; shifts `±x` with `x` in
//! [7.5, 20] from a step in the middle third on.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::sequence::{Sequence, Target};
use crate::series::Series;
use crate::sources::synthetic::Formula;

pub(super) const FORMULA: Formula = Formula {
    name: "synthetic-control",
    summary: "control charts: 6 kinds of course, 60 steps (Alcock & Manolopoulos 1999)",
    classes: &["normal", "cyclic", "increasing", "decreasing", "upward-shift", "downward-shift"],
    train: 600,
    test: 600,
    sample,
};

const STEPS: usize = 60;

fn sample(index: usize, rng: &mut ChaCha8Rng) -> (Sequence, Target) {
    let class = index % 6;
    let amplitude = rng.random_range(10.0..=15.0f32);
    let period = rng.random_range(10.0..=15.0f32);
    let slope = rng.random_range(0.2..=0.5f32);
    let shift = rng.random_range(7.5..=20.0f32);
    let from = rng.random_range(STEPS / 3..=2 * STEPS / 3);
    let values = (1..=STEPS).map(|step| {
        let time = step as f32;
        let after = if step >= from { shift } else { 0.0 };
        let course = match class {
            0 => 0.0,
            1 => amplitude * (std::f32::consts::TAU * time / period).sin(),
            2 => slope * time,
            3 => -slope * time,
            4 => after,
            _ => -after,
        };
        30.0 + 2.0 * rng.random_range(-3.0..=3.0f32) + course
    });
    (Sequence::Series(Series { values: values.collect(), channels: 1 }), Target::Class(class))
}
