//! What cells need of the machine's memory, so that one more starts only where enough is left (Linux; elsewhere nobody
//! waits).

use std::process::{Child, Output};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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

    /// Waits for the end of a cell, and learns what it needs.
    pub fn wait(&self, child: Child) -> std::io::Result<Output> {
        let (process, over) = (child.id(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    if let Some(peak) = peak(process) {
                        self.largest.fetch_max(peak, Ordering::Relaxed);
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

/// Bytes that the system could still give.
fn available() -> Option<u64> {
    kilobytes(&std::fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")
}

/// Bytes of a process at its peak.
fn peak(process: u32) -> Option<u64> {
    kilobytes(&std::fs::read_to_string(format!("/proc/{process}/status")).ok()?, "VmHWM:")
}

/// The bytes of a line such as `VmHWM:  1024 kB`.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|count| count * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_system_is_read() {
        let text = "VmPeak:\t 99 kB\nVmHWM:\t   1024 kB\n";
        assert_eq!(kilobytes(text, "VmHWM:"), Some(1 << 20));
        assert_eq!(kilobytes(text, "VmSwap:"), None);
    }

    #[test]
    fn one_more_starts_where_there_is_room_for_it_or_nothing_is_known() {
        assert!(enough(Some(150), 100) && enough(Some(1), 0) && enough(None, 100));
        assert!(!enough(Some(149), 100));
    }
}
