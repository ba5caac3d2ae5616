//! How long the layers' own operations of this process have taken: what of a training step is
//! theirs, and what is the rest.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Of the fused recurrences.
pub(crate) static RECURRENCE: Clock = Clock(AtomicU64::new(0));
/// Of the cross-entropies of layers over a vocabulary.
pub(crate) static CROSS_ENTROPY: Clock = Clock(AtomicU64::new(0));

/// Nanoseconds of all threads that called.
pub(crate) struct Clock(AtomicU64);

impl Clock {
    /// Adds the time that `work` takes.
    #[cfg(feature = "cpu")]
    pub fn timed<T>(&self, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let found = work();
        self.0.fetch_add(began.elapsed().as_nanos() as u64, Ordering::Relaxed);
        found
    }

    fn read(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

/// Time spent in fused recurrences on the CPU backends since the process began, forward and back, of all threads that
/// called one.
pub fn recurrence_time() -> Duration {
    RECURRENCE.read()
}

/// As [`recurrence_time`], of [`linear_cross_entropy`](crate::linear_cross_entropy).
pub fn cross_entropy_time() -> Duration {
    CROSS_ENTROPY.read()
}
