//! By chance: what every method has to do better than.

use crate::references::NumpyRandom;
use crate::selection::chosen::Chosen;

/// `n` of `count` rows: `numpy.random.RandomState(seed).permutation(count)[:n]`, each with the score 0.
pub fn random(count: usize, n: usize, seed: u64) -> Vec<Chosen> {
    let rows = NumpyRandom::of_seed(seed).permutation(count);
    rows.into_iter().take(n).map(|row| Chosen { row, score: 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_different_and_belong_to_the_seed() {
        let rows = |seed: u64| random(10, 10, seed).iter().map(|chosen| chosen.row).collect::<Vec<_>>();
        assert_eq!(rows(3), rows(3));
        assert_ne!(rows(3), rows(4));
        // numpy.random.RandomState(3).permutation(10)
        assert_eq!(rows(3), [5, 4, 1, 2, 9, 6, 7, 0, 3, 8]);
        let mut sorted = rows(3);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..10).collect::<Vec<_>>());
        assert_eq!(random(2, 5, 0).len(), 2);
    }
}
