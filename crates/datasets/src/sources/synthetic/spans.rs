//! Spans: which steps of a noisy signal are a wave, which a plateau, and which neither, of our own making. A tagger's
//! task, with tags that begin a span and go on with it.
//!
//! Spans of 6 to 12 steps stand between gaps of 2 to 8, in 60 steps. A wave is `1.2 sin(2π t / 6 + φ)` with φ uniform
//! in [0, 2π), a plateau 1; either is as likely. To all comes normal noise with a deviation of 0.3.

use std::f32::consts::TAU;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::random::normal;
use crate::sequence::{Sequence, Target};
use crate::series::Series;
use crate::sources::synthetic::Formula;

pub(super) const FORMULA: Formula = Formula {
    name: "spans",
    summary: "waves and plateaus in a noisy signal, a tag each step that begins a span or goes on with it",
    classes: &["B-plateau", "B-wave", "I-plateau", "I-wave", "O"],
    train: 1000,
    test: 500,
    sample,
};

const STEPS: usize = 60;
/// Places in the classes.
const OUTSIDE: usize = 4;
const INSIDE: usize = 2;

fn sample(_index: usize, rng: &mut ChaCha8Rng) -> (Sequence, Target) {
    let mut values = Vec::with_capacity(STEPS);
    let mut tags = Vec::with_capacity(STEPS);
    while tags.len() < STEPS {
        let gap = rng.random_range(2..=8usize);
        values.extend(std::iter::repeat_n(0.0f32, gap));
        tags.extend(std::iter::repeat_n(OUTSIDE, gap));
        let (kind, length) = (rng.random_range(0..2usize), rng.random_range(6..=12usize));
        let phase = TAU * rng.random::<f32>();
        for step in 0..length {
            let wave = 1.2 * (TAU * step as f32 / 6.0 + phase).sin();
            values.push(if kind == 0 { 1.0 } else { wave });
            tags.push(if step == 0 { kind } else { INSIDE + kind });
        }
    }
    values.truncate(STEPS);
    tags.truncate(STEPS);
    values.iter_mut().for_each(|value| *value += 0.3 * normal(rng));
    (Sequence::Series(Series { values, channels: 1 }), Target::Steps(tags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_follows_what_began() {
        let dataset = FORMULA.train_part(Some(100), 0);
        for target in &dataset.targets {
            let Target::Steps(tags) = target else { panic!("steps") };
            assert_eq!((tags.len(), tags[0]), (STEPS, OUTSIDE));
            let follows = |pair: &[usize]| match pair[1] {
                OUTSIDE => true,
                tag if tag >= INSIDE => pair[0] == tag || pair[0] == tag - INSIDE,
                _ => pair[0] == OUTSIDE,
            };
            assert!(tags.windows(2).all(follows), "{tags:?}");
        }
    }
}
