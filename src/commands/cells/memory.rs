//! What cells need of the machine's memory, so that one more starts only where enough is left (Linux; elsewhere nobody
//! waits).

use std::process::{Child, Output};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use semiseq::training::memory::{available, peak};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// What the cells of a comparison have needed so far.
#[derive(Default)]
pub struct Memory {
    /// Cells that run.
    running: Mutex<usize>,
    /// Bytes at the peak of the largest one so far.
    largest: AtomicU64,
}

impl Memory {
    /// Waits until there is memory for a cell beside those that run, or none runs. The cell runs as long as what this
    /// gives lives.
    pub fn admit(&self) -> Place<'_> {
        loop {
            {
                let mut running = self.running();
                if *running == 0 || enough(available(), self.largest.load(Ordering::Relaxed)) {
                    *running += 1;
                    return Place(self);
                }
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn running(&self) -> MutexGuard<'_, usize> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the end of a cell, and learns what it needs. Its standard input, by which it knows that somebody waits
    /// for it, is closed where `stop` says so.
    pub fn wait(&self, mut child: Child, stop: &(dyn Fn() -> bool + Sync)) -> std::io::Result<Output> {
        let (process, over) = (child.id(), AtomicBool::new(false));
        let mut input = child.stdin.take();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // Moved here, so that it is open as long as the cell may run.
                let input = &mut input;
                while !over.load(Ordering::Relaxed) {
                    if let Some(peak) = peak(process) {
                        self.largest.fetch_max(peak, Ordering::Relaxed);
                    }
                    if input.is_some() && stop() {
                        *input = None;
                    }
                    std::thread::sleep(PAUSE);
                }
            });
            let output = child.wait_with_output();
            over.store(true, Ordering::Relaxed);
            output
        })
    }
}

/// A cell's place among those that run.
pub struct Place<'a>(&'a Memory);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.running() -= 1;
    }
}

/// Whether a cell like the largest fits, with half of it to spare: those that run may still grow.
fn enough(available: Option<u64>, largest: u64) -> bool {
    available.is_none_or(|available| available >= largest + largest / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_starts_where_there_is_room_for_it_or_nothing_is_known() {
        assert!(enough(Some(150), 100) && enough(Some(1), 0) && enough(None, 100));
        assert!(!enough(Some(149), 100));
    }
}
