//! Buffers for another use.
//!
//! A training step asks for the same large buffers again and again. The system hands out fresh pages each time, and
//! mapping and clearing them would be a good part of the step.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Buffers kept at most, and values in all of them at most (512 MiB).
const BUFFERS: usize = 32;
const VALUES: usize = 1 << 27;

static POOL: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

/// A buffer that goes back to the pool when it is dropped. What it holds at first has no meaning.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    /// At least as many as are asked for.
    values: Vec<f32>,
    length: usize,
}

impl Buffer {
    pub fn new(length: usize) -> Self {
        if length == 0 {
            return Self::default();
        }
        let found = {
            let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
            // No buffer of more than twice the size: the rest of it would lie idle.
            let fits = |buffer: &Vec<f32>| (length..=2 * length).contains(&buffer.len());
            pool.iter().rposition(fits).map(|place| pool.swap_remove(place))
        };
        Self { values: found.unwrap_or_else(|| vec![0.0; length]), length }
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        let mut copy = Self::new(self.len());
        copy.copy_from_slice(self);
        copy
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.values.is_empty() {
            return;
        }
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        pool.push(std::mem::take(&mut self.values));
        while pool.len() > BUFFERS || pool.iter().map(Vec::len).sum::<usize>() > VALUES {
            pool.remove(0);
        }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values[..self.length]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[..self.length]
    }
}
