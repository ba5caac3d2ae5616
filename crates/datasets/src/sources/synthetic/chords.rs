//! Chords: any number of five tones at once, each a label, of our own making. Some chords are silent: none of the
//! labels holds.
//!
//! A tone is `a sin(2π f t + φ)` over 60 steps, `t` in [0, 1), with `f` 2, 3, 5, 8 or 13 by its name, the amplitude `a`
//! uniform in [0.6, 1.4) and the phase `φ` in [0, 2π). It sounds with probability 0.35, whatever the others do. To the
//! sum comes normal noise with a deviation of 0.5.

use std::f32::consts::TAU;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::random::normal;
use crate::sequence::{Sequence, Target};
use crate::series::Series;
use crate::sources::synthetic::Formula;

pub(super) const FORMULA: Formula = Formula {
    name: "chords",
    summary: "any number of five tones at once, multi-label",
    classes: &["a", "b", "c", "d", "e"],
    train: 1000,
    test: 500,
    sample,
};

/// Cycles of each tone.
const CYCLES: [f32; 5] = [2.0, 3.0, 5.0, 8.0, 13.0];
const STEPS: usize = 60;
/// How likely a tone sounds.
const SHARE: f32 = 0.35;
/// Deviation of the noise.
const NOISE: f32 = 0.5;

fn sample(_index: usize, rng: &mut ChaCha8Rng) -> (Sequence, Target) {
    let mut values = vec![0.0f32; STEPS];
    let mut held = Vec::new();
    for (tone, cycles) in CYCLES.into_iter().enumerate() {
        let (sounds, amplitude) = (rng.random::<f32>() < SHARE, rng.random_range(0.6f32..1.4));
        let phase = TAU * rng.random::<f32>();
        if sounds {
            held.push(tone);
            for (step, value) in values.iter_mut().enumerate() {
                *value += amplitude * (TAU * cycles * step as f32 / STEPS as f32 + phase).sin();
            }
        }
    }
    values.iter_mut().for_each(|value| *value += NOISE * normal(rng));
    (Sequence::Series(Series { values, channels: 1 }), Target::Labels(held))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strength_at_each_frequency_tells_its_tone() {
        let dataset = FORMULA.train_part(Some(300), 0);
        let strength = |sequence: &Sequence, cycles: f32| {
            let (values, _) = sequence.values().expect("a series");
            let angle = |step: usize| TAU * cycles * step as f32 / STEPS as f32;
            let sum = |wave: fn(f32) -> f32| (0..STEPS).map(|step| values[step] * wave(angle(step))).sum::<f32>();
            sum(f32::sin).hypot(sum(f32::cos)) * 2.0 / STEPS as f32
        };
        let mut right = 0;
        for (sequence, target) in dataset.sequences.iter().zip(&dataset.targets) {
            let told = (0..CYCLES.len()).filter(|tone| strength(sequence, CYCLES[*tone]) > 0.35).collect();
            right += usize::from(*target == Target::Labels(told));
        }
        assert!(right > 285, "{right} of 300");
        assert!(dataset.targets.contains(&Target::Labels(Vec::new())), "some are silent");
    }
}
