//! Reversal: a sequence of symbols, to be written from its last to its first. With unequal lengths it is the least task
//! that an encoder-decoder cannot do position by position.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::sequence::{Sequence, Target};
use crate::sources::synthetic::Formula;

pub(super) const FORMULA: Formula = Formula {
    name: "reversal",
    summary: "write 5 to 15 symbols of ten backwards: a sequence for a sequence",
    classes: &[],
    train: 2000,
    test: 500,
    sample,
};

/// Tokens: 0 is padding, 1 to 10 are symbols.
const SYMBOLS: u32 = 10;

fn sample(_index: usize, rng: &mut ChaCha8Rng) -> (Sequence, Target) {
    let length = rng.random_range(5..=15);
    let symbols: Vec<u32> = (0..length).map(|_| rng.random_range(1..=SYMBOLS)).collect();
    let backwards = symbols.iter().rev().copied().collect();
    (Sequence::Tokens(symbols), Target::Sequence(Sequence::Tokens(backwards)))
}
