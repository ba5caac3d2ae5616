//! Sessions whose next item follows from the last two by a known rule, with noise: what recommends has to know the
//! order of items, and not only which of them stand together.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::sequence::{Sequence, Target};
use crate::sources::synthetic::Formula;

pub(super) const FORMULA: Formula = Formula {
    name: "item-walks",
    summary: "sessions of 3 to 12 of 200 items; the next follows from the last two, 7 times in 10",
    classes: &[],
    train: 4000,
    test: 1000,
    sample,
};

/// Tokens: 0 is padding, 1 to 200 are items.
const ITEMS: u32 = 200;
/// How often the rule tells the next item: recall@1 of whoever knows it, beside what chance adds.
const RULED: f64 = 0.7;

/// The item that follows two others by the rule: one of two that the last item leads to, which of them by the parity of
/// the one before it.
fn follower(before: u32, last: u32) -> u32 {
    (last * 7 + 13 * (before % 2) + 1) % ITEMS + 1
}

fn sample(_index: usize, rng: &mut ChaCha8Rng) -> (Sequence, Target) {
    let length = rng.random_range(3..=12);
    // The smaller of two draws: low numbers are popular.
    let any = |rng: &mut ChaCha8Rng| rng.random_range(1..=ITEMS).min(rng.random_range(1..=ITEMS));
    let mut items = vec![any(rng), any(rng)];
    while items.len() < length {
        let (before, last) = (items[items.len() - 2], items[items.len() - 1]);
        let item = any(rng);
        items.push(if rng.random_bool(RULED) { follower(before, last) } else { item });
    }
    (Sequence::Tokens(items), Target::Missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_tells_seven_in_ten() {
        let data = FORMULA.train_part(None, 0);
        let (mut all, mut ruled) = (0, 0);
        for sequence in &data.sequences {
            let Sequence::Tokens(items) = sequence else { panic!("items") };
            assert!(items.iter().all(|item| (1..=ITEMS).contains(item)));
            for three in items.windows(3) {
                all += 1;
                ruled += usize::from(follower(three[0], three[1]) == three[2]);
            }
        }
        let share = ruled as f64 / all as f64;
        assert!((share - RULED).abs() < 0.02, "{share}");
    }
}
