//! How long a stage is, and how often it is validated.

use semiseq_datasets::{Loader, Pool};

use super::stage::StageOptions;

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
    /// `loader` makes the stage's batches, `paired` those of a method that reads labelled and unlabelled sequences side by
    /// side.
    pub fn of(options: &StageOptions<'_>, pool: Pool, loader: &Loader, paired: &Loader) -> Self {
        let config = options.config;
        let in_steps = |loader: &Loader| loader.steps_per_epoch().max(1).div_ceil(config.gradient_accumulation);
        let steps_per_epoch = in_steps(loader);
        let wanted = options.pace.map(|pace| pace.steps).or(config.steps);
        let epochs = match wanted {
            Some(steps) => steps.div_ceil(steps_per_epoch),
            None => config.epochs.unwrap_or(1),
        };
        let steps = wanted.unwrap_or(epochs * steps_per_epoch);
        let pass = match pool {
            Pool::All | Pool::Streams => steps_per_epoch,
            Pool::Labeled | Pool::Paired => in_steps(paired),
        };
        let own = options.pace.map(|pace| pace.validate_every).or(config.validate_every);
        let validate_every = own.unwrap_or_else(|| cadence(pass, steps));
        Self { epochs, steps, steps_per_epoch, batches_per_epoch: loader.steps_per_epoch(), validate_every }
    }
}

/// Most validations of a stage that names no `validate_every`.
const MOST: usize = 100;
/// And fewest, where its passes are long.
const FEWEST: usize = 10;
/// Steps of a pass that is not long.
const SHORT: usize = 250;

/// Optimiser steps between two validations where the config does not say: a pass of labelled and unlabelled sequences side
/// by side, `pass` steps; several of them, or a part of one, where limits that follow from the stage's steps ask for it.
///
/// Methods that are compared read different pools, and their epochs differ in length: one that looks at ten labels alone has a
/// hundred epochs where a paired one has three. The pass of the paired one is the same for both, and so is the choice that each
/// has among its own weights.
fn cadence(pass: usize, steps: usize) -> usize {
    let (least, most) = (steps.div_ceil(MOST), steps.div_ceil(FEWEST).max(SHORT));
    if pass < least { pass * least.div_ceil(pass) } else { pass.div_ceil(pass.div_ceil(most)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cadence_is_a_pass_or_some_or_a_part_of_one() {
        // 12 passes of 7 steps and 8 of 160 as they are; of 3 steps four at a time; of 10,000 and of 1000 a part.
        let passes = [(7, 84), (160, 1280), (3, 1000), (10_000, 10_000), (1000, 3000)];
        assert_eq!(passes.map(|(pass, steps)| cadence(pass, steps)), [7, 160, 12, 1000, 250]);
    }
}
