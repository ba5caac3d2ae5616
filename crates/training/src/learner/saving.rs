//! When a stage writes checkpoints.

use std::time::{Duration, Instant};

use crate::config::checkpoint::CheckpointEvery;

/// Between two checkpoints at least, where the config does not say.
const PAUSE: Duration = Duration::from_secs(2);
/// And so many times as long as the one before took.
const SHARE: u32 = 20;

/// Tells when a checkpoint is due: often enough that little is lost, rarely enough that the disk does not slow the run.
pub(super) struct Saving {
    every: Option<CheckpointEvery>,
    pause: Duration,
    last: Instant,
}

impl Saving {
    pub fn new(every: Option<CheckpointEvery>) -> Self {
        let pause = match every {
            Some(CheckpointEvery::Seconds(seconds)) => Duration::from_secs_f64(seconds),
            _ => PAUSE,
        };
        Self { every, pause, last: Instant::now() }
    }

    /// Whether one is due after an optimiser step, counted from 1.
    pub fn due(&self, step: usize) -> bool {
        match self.every {
            Some(CheckpointEvery::Steps(steps)) => step.is_multiple_of(steps),
            _ => self.last.elapsed() > self.pause,
        }
    }

    /// Whether one is due at the end of an epoch, whatever the time: by default there is one soon.
    pub fn due_after_epoch(&self, epoch: usize) -> bool {
        self.every.is_none() && epoch == 1
    }

    /// A checkpoint was begun then, and is written.
    pub fn saved(&mut self, began: Instant) {
        self.last = Instant::now();
        if self.every.is_none() {
            self.pause = PAUSE.max((self.last - began) * SHARE);
        }
    }
}
