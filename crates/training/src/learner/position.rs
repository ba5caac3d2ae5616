//! Where a stage stands, beside the tensors.

use serde::{Deserialize, Serialize};

use crate::learner::progress::Best;

/// A number with all its bits: text would lose the last of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Exact(pub f64);

impl Serialize for Exact {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0.to_bits())
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(|bits| Self(f64::from_bits(bits)))
    }
}

/// Where a stage stands between two optimiser steps.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Position {
    /// Epochs that are through.
    pub epoch: usize,
    /// Batches of the epoch under way that are through.
    pub batch: usize,
    /// Optimiser steps.
    pub step: usize,
    /// Those of the epoch under way.
    pub step_in_epoch: usize,
    /// Generations that are through, where the objective cuts the stage into some.
    #[serde(default)]
    pub generation: usize,
    /// Whether a validation is due that was interrupted.
    #[serde(default)]
    pub unvalidated: bool,
    /// Validations so far.
    pub validations: usize,
    best: Option<Exact>,
    pub best_epoch: usize,
    pub best_step: usize,
    best_validation: usize,
    /// Whether the objective has warned: it does so once per stage, however often that is resumed.
    #[serde(default)]
    pub warned: bool,
    pub wall_seconds: f64,
    pub train_seconds: f64,
    pub samples: usize,
}

impl Position {
    /// Whether so many validations have brought nothing better.
    pub fn waits(&self, patience: usize) -> bool {
        self.best_validation > 0 && self.validations - self.best_validation >= patience
    }

    /// Notes a validation; whether it is better than all before. Without a value, as without labels to validate on, the
    /// last weights are the best known.
    pub fn validated(&mut self, value: Option<f64>, higher: bool) -> bool {
        self.validations += 1;
        let better = match (value, self.best) {
            (Some(value), Some(Exact(best))) if higher => value > best,
            (Some(value), Some(Exact(best))) => value < best,
            _ => true,
        };
        if better {
            self.best = value.map(Exact);
            // The epoch under way, or the one that ends here.
            self.best_epoch = self.epoch + 1;
            (self.best_step, self.best_validation) = (self.step, self.validations);
        }
        better
    }

    /// The best validation so far, where it measured anything.
    pub fn best(&self) -> Option<Best> {
        self.best.map(|Exact(value)| Best {
            value,
            epoch: self.best_epoch,
            step: self.best_step,
            waited: self.validations - self.best_validation,
        })
    }

    pub fn samples_per_second(&self) -> f64 {
        self.samples as f64 / self.train_seconds.max(1e-9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equal_value_is_no_better_after_it_was_written_and_read() {
        // Read from its text by serde_json, 14/15 loses its last bit.
        let mut position = Position { step: 5, ..Position::default() };
        assert!(position.validated(Some(14.0 / 15.0), true));
        let text = serde_json::to_string(&position).unwrap();
        let mut position: Position = serde_json::from_str(&text).unwrap();
        assert!(!position.validated(Some(14.0 / 15.0), true));
        assert_eq!((position.best_epoch, position.best_step), (1, 5));
    }

    #[test]
    fn patience_counts_validations() {
        let mut position = Position::default();
        let ends = [0.5, 0.4, 0.45, 0.6].map(|loss| {
            position.validated(Some(loss), false);
            position.waits(2)
        });
        assert_eq!(ends, [false, false, false, true]);
    }
}
