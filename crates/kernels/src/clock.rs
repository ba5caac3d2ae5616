//! How long the fused recurrences of this process have taken: what of a training step is theirs, and what is the rest.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

static SPENT: AtomicU64 = AtomicU64::new(0);

/// Time spent in fused recurrences on the CPU backends since the process began, forward and back, of all threads that called
/// one.
pub fn recurrence_time() -> Duration {
    Duration::from_nanos(SPENT.load(Ordering::Relaxed))
}

/// Adds the time that `work` takes.
#[cfg(feature = "cpu")]
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let found = work();
    SPENT.fetch_add(began.elapsed().as_nanos() as u64, Ordering::Relaxed);
    found
}
