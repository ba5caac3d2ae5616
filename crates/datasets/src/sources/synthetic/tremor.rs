//! Tremor: how strong a trembling is, on a scale from 0 to 4, of our own making. The classes have an order, and
//! neighbours are hard to tell apart.
//!
//! At level `k` the signal over 80 steps is `a sin(2π f t + φ)` with `t` in [0, 1), the amplitude `a = 0.4 k + 0.2 η`
//! (no less than 0), `f` uniform in [6, 10) and `φ` in [0, 2π); to it come a slow wave `b sin(2π g t + ψ)` with `b` and
//! `g` uniform in [0.5, 1.5), and normal noise with a deviation of 0.4. η is standard normal.

use std::f32::consts::TAU;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::random::normal;
use crate::sequence::{Sequence, Target};
use crate::series::Series;
use crate::sources::synthetic::Formula;

pub(super) const FORMULA: Formula = Formula {
    name: "tremor",
    summary: "strength of a trembling from 0 to 4, classes in an order",
    classes: &["0", "1", "2", "3", "4"],
    train: 1000,
    test: 500,
    sample,
};

const STEPS: usize = 80;

fn sample(index: usize, rng: &mut ChaCha8Rng) -> (Sequence, Target) {
    let level = index % FORMULA.classes.len();
    let amplitude = (0.4 * level as f32 + 0.2 * normal(rng)).max(0.0);
    let (cycles, phase) = (rng.random_range(6.0f32..10.0), TAU * rng.random::<f32>());
    let (slow, slow_cycles) = (rng.random_range(0.5f32..1.5), rng.random_range(0.5f32..1.5));
    let slow_phase = TAU * rng.random::<f32>();
    let values = (0..STEPS).map(|step| {
        let time = TAU * step as f32 / STEPS as f32;
        let waves = amplitude * (cycles * time + phase).sin() + slow * (slow_cycles * time + slow_phase).sin();
        waves + 0.4 * normal(rng)
    });
    (Sequence::Series(Series { values: values.collect(), channels: 1 }), Target::Class(level))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_of_neighbouring_steps_grow_with_the_level() {
        let dataset = FORMULA.train_part(Some(500), 0);
        let mut sums = [0.0f32; 5];
        for (sequence, target) in dataset.sequences.iter().zip(&dataset.targets) {
            let ((values, _), [level]) = (sequence.values().expect("a series"), target.classes()) else {
                panic!("one level each");
            };
            sums[*level] += values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum::<f32>() / 79.0;
        }
        assert!(sums.windows(2).all(|pair| pair[0] < pair[1]), "{sums:?}");
    }
}
