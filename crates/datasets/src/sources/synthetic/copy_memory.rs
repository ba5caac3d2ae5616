//! The copying problem (Hochreiter & Schmidhuber 1997; as in Arjovsky et al. 2016): ten symbols of eight,
//! a wait, a signal, and the ten symbols to be written again. A tagger's task: a class each step.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::sequence::{Sequence, Target};
use crate::sources::synthetic::Formula;

pub(super) const FORMULA: Formula = Formula {
    name: "copy-memory",
    summary: "write ten symbols again after a wait of 30 steps, a class each step (Hochreiter & Schmidhuber 1997)",
    classes: &["blank", "1", "2", "3", "4", "5", "6", "7", "8"],
    train: 2000,
    test: 500,
    sample,
};

const SYMBOLS: u32 = 8;
const REMEMBERED: usize = 10;
const WAIT: usize = 30;
/// Tokens: 0 is padding, 1 to 8 are symbols.
const BLANK: u32 = 9;
const SIGNAL: u32 = 10;

fn sample(_index: usize, rng: &mut ChaCha8Rng) -> (Sequence, Target) {
    let symbols: Vec<u32> = (0..REMEMBERED).map(|_| rng.random_range(1..=SYMBOLS)).collect();
    let mut tokens = symbols.clone();
    tokens.extend(std::iter::repeat_n(BLANK, WAIT - 1));
    tokens.push(SIGNAL);
    tokens.extend(std::iter::repeat_n(BLANK, REMEMBERED));
    let mut steps = vec![0; REMEMBERED + WAIT];
    steps.extend(symbols.iter().map(|symbol| *symbol as usize));
    (Sequence::Tokens(tokens), Target::Steps(steps))
}
