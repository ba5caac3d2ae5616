//! Data sets made by formula, by their published definitions. Each sequence has a generator of its own,
//! so that a larger data set begins with the smaller one.

mod adding;
mod cbf;
mod chords;
mod copy_memory;
mod item_walks;
mod letters;
mod reversal;
mod spans;
mod spectra;
mod synthetic_control;
mod tremor;
mod two_patterns;

use rand_chacha::ChaCha8Rng;

use crate::random::generator;
use crate::sequence::{Dataset, Sequence, Target};

/// A data set made by formula.
pub struct Formula {
    /// The name in configs.
    pub name: &'static str,
    /// What it is, with its source.
    pub summary: &'static str,
    /// Class names in order; empty where the target is a number or a sequence.
    pub classes: &'static [&'static str],
    /// Training sequences unless `data.size` says otherwise.
    pub train: usize,
    /// Test sequences.
    pub test: usize,
    sample: fn(usize, &mut ChaCha8Rng) -> (Sequence, Target),
}

/// All of them.
pub const FORMULAS: &[Formula] = &[
    cbf::FORMULA,
    synthetic_control::FORMULA,
    two_patterns::FORMULA,
    adding::FORMULA,
    copy_memory::FORMULA,
    reversal::FORMULA,
    item_walks::FORMULA,
    letters::FORMULA,
    spectra::FORMULA,
    chords::FORMULA,
    tremor::FORMULA,
    spans::FORMULA,
];

/// Streams of the generator: training and test sequences never share a draw.
const TRAIN: u64 = 1 << 40;
const TEST: u64 = 2 << 40;

impl Formula {
    /// The training part.
    pub fn train_part(&self, size: Option<usize>, seed: u64) -> Dataset {
        self.make(size.unwrap_or(self.train), seed, TRAIN)
    }

    /// The test part.
    pub fn test_part(&self, seed: u64) -> Dataset {
        self.make(self.test, seed, TEST)
    }

    fn make(&self, size: usize, seed: u64, part: u64) -> Dataset {
        let (sequences, targets) =
            (0..size).map(|index| (self.sample)(index, &mut generator(seed, part + index as u64))).unzip();
        Dataset {
            name: self.name.into(),
            sequences,
            targets,
            classes: self.classes.iter().map(ToString::to_string).collect(),
            ..Dataset::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_nest_and_classes_are_balanced() {
        for formula in FORMULAS {
            let (small, large) = (formula.train_part(Some(12), 3), formula.train_part(Some(24), 3));
            assert_eq!(small.sequences[..], large.sequences[..12], "{}", formula.name);
            assert_ne!(small.sequences[..], formula.train_part(Some(12), 4).sequences[..], "{}", formula.name);
            if matches!(small.targets[0], Target::Class(_)) {
                for class in 0..formula.classes.len() {
                    let classes = formula.classes.len();
                    assert_eq!(
                        small.targets.iter().filter(|target| **target == Target::Class(class)).count(),
                        12 / classes + usize::from(class < 12 % classes)
                    );
                }
            }
        }
    }
}
