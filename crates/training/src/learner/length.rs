//! How long a stage is, and how often it is validated.

use semiseq_datasets::{Loader, Pool};

use crate::learner::options::StageOptions;

/// How long a stage is.
#[derive(Clone, Copy)]
pub(super) struct Length {
    pub epochs: usize,
    /// Optimiser steps in all.
    pub steps: usize,
    pub steps_per_epoch: usize,
    pub batches_per_epoch: usize,
    /// Optimiser steps between two validations.
    pub validate_every: usize,
}

impl Length {
    /// `loader` makes the batches of a stage that reads a pool; the stage's own is `pool`.
    pub fn of(options: &StageOptions<'_>, pool: Pool, loader: impl Fn(Pool) -> Loader) -> Self {
        let config = &options.config;
        let batches_per_epoch = loader(pool).steps_per_epoch();
        let in_steps = |batches: usize| batches.max(1).div_ceil(config.gradient_accumulation);
        let steps_per_epoch = in_steps(batches_per_epoch);
        let wanted = options.pace.map(|pace| pace.steps).or(config.steps);
        let epochs = match wanted {
            Some(steps) => steps.div_ceil(steps_per_epoch),
            None => config.epochs.unwrap_or(1),
        };
        let steps = wanted.unwrap_or(epochs * steps_per_epoch);
        let own = options.pace.map(|pace| pace.validate_every).or(config.validate_every);
        let pass = |pool| in_steps(loader(pool).steps_per_epoch());
        let validate_every = own.unwrap_or_else(|| match pool {
            Pool::All | Pool::Streams => cadence(steps_per_epoch, steps_per_epoch, steps),
            Pool::Labeled | Pool::Paired => cadence(pass(Pool::Labeled), pass(Pool::Paired), steps),
        });
        Self { epochs, steps, steps_per_epoch, batches_per_epoch, validate_every }
    }
}

/// Most validations of a stage that names no `validate_every`.
const MOST: usize = 100;
/// And fewest, unless they would be closer to each other than passes over the labels, or than [`LONG`] where those are
/// longer.
const FEWEST: usize = 10;
/// Steps of a long pass.
const LONG: usize = 250;

/// Optimiser steps between two validations where the config does not say: a pass of labelled and unlabelled sequences
/// side by side, several of them, or a part of one. It follows from what all methods of a comparison share: the steps
/// of a pass over the labels, of one of a method that pairs them with unlabelled sequences, and of the stage.
///
/// Epochs will not do: a method that looks at ten labels alone has a hundred where a paired one has three, and would
/// choose among as many of its own weights.
fn cadence(labeled: usize, paired: usize, steps: usize) -> usize {
    let (least, most) = (steps.div_ceil(MOST), steps.div_ceil(FEWEST).max(labeled.min(LONG)));
    if paired < least { paired * least.div_ceil(paired) } else { paired.min(most) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cadence_is_a_pass_or_some_or_a_part_of_one() {
        // All labelled: 4 passes of 7 steps and 8 of 160 as they are, one of 10,000 and 3 of 1000 in parts.
        let labeled = [(7, 28), (160, 1280), (10_000, 10_000), (1000, 3000)];
        assert_eq!(labeled.map(|(pass, steps)| cadence(pass, pass, steps)), [7, 160, 1000, 300]);
        // Few labels: 20 passes of 10 steps as they are, 3 of 70 in parts, 333 of 3 by fours.
        let paired = [(1, 10, 200), (2, 70, 200), (1, 3, 1000)];
        assert_eq!(paired.map(|(labeled, paired, steps)| cadence(labeled, paired, steps)), [10, 20, 12]);
    }
}
