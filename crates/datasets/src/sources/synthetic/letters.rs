//! Letters: texts written as series, whose transcripts are to be read. Each letter has a shape of its own in three
//! channels, of random length, and nothing tells where one ends and the next begins.
//!
//! A letter is half a wave of a sine, up or down in each channel by the bits of its number; a space is silence. Two
//! equal letters are two half waves, so that they are told from one long one by the dip between them.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::random::normal;
use crate::sequence::{Sequence, Target};
use crate::series::Series;
use crate::sources::synthetic::Formula;

pub(super) const FORMULA: Formula = Formula {
    name: "letters",
    summary: "texts of 2 to 6 characters, each a shape of 4 to 10 steps in 3 channels and noise: a transcript",
    classes: &[],
    train: 1000,
    test: 500,
    sample,
};

const CHANNELS: usize = 3;
/// Letters from `a` on: one for each way up or down.
const LETTERS: u8 = 1 << CHANNELS;
/// Deviation of the noise, beside half waves of height 1.
const NOISE: f32 = 0.4;
/// How often a character between two letters is a space.
const SPACES: f64 = 0.25;

fn sample(_index: usize, rng: &mut ChaCha8Rng) -> (Sequence, Target) {
    let length = rng.random_range(2..=6);
    let mut text: Vec<Option<u8>> = Vec::with_capacity(length);
    for place in 0..length {
        let inside = place > 0 && place + 1 < length && text[place - 1].is_some();
        let letter = rng.random_range(0..LETTERS);
        let space = inside && rng.random_bool(SPACES);
        text.push((!space).then_some(letter));
    }
    let mut values = Vec::new();
    let silence = |values: &mut Vec<f32>, steps: usize| values.resize(values.len() + steps * CHANNELS, 0.0);
    silence(&mut values, rng.random_range(0..=5));
    for character in &text {
        let steps = rng.random_range(4..=10);
        match character {
            None => silence(&mut values, steps),
            Some(letter) => {
                for step in 0..steps {
                    let height = (std::f32::consts::PI * (step as f32 + 0.5) / steps as f32).sin();
                    let up = |channel: usize| letter >> channel & 1 == 1;
                    values.extend((0..CHANNELS).map(|channel| if up(channel) { height } else { -height }));
                }
            }
        }
    }
    silence(&mut values, rng.random_range(0..=5));
    values.iter_mut().for_each(|value| *value += NOISE * normal(rng));
    let written = text.iter().map(|letter| letter.map_or(' ', |letter| char::from(b'a' + letter))).collect();
    (Sequence::Series(Series { values, channels: CHANNELS }), Target::Sequence(Sequence::Text(written)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_words_and_their_sequences_are_longer() {
        let data = FORMULA.train_part(None, 0);
        let (mut spaces, mut doubles) = (0, 0);
        for (sequence, target) in data.sequences.iter().zip(&data.targets) {
            let (Sequence::Series(series), Target::Sequence(Sequence::Text(text))) = (sequence, target) else {
                panic!("a series and a text")
            };
            assert!((2..=6).contains(&text.len()) && text.trim() == text && !text.contains("  "), "{text}");
            assert!(text.chars().all(|letter| letter == ' ' || ('a'..='h').contains(&letter)), "{text}");
            assert!((4 * text.len()..=10 * text.len() + 10).contains(&series.time()));
            spaces += usize::from(text.contains(' '));
            doubles += usize::from(text.as_bytes().windows(2).any(|pair| pair[0] == pair[1]));
        }
        assert!(spaces > 200 && doubles > 100, "{spaces} {doubles}");
    }
}
