//! How a layer's work is cut among threads.

use std::ops::Range;
use std::time::Duration;

use super::Layer;
use super::lane::Share;
use crate::{Cell, GruReset};

/// Rows from which on they are shared out rather than hidden units.
const SHARED: usize = 8;
/// Rows that a product needs at least to use the registers well.
const ROWS: usize = 4;
/// Units of a thread at least: a panel of the widest vectors.
const UNITS: usize = 32;
/// Weights that stay in a core's cache of the second level (1.75 MiB of commonly 2).
const CACHE: usize = 458_752;

/// What the threads share.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plan {
    /// Each takes some rows of the batch through the whole sequence: no step waits for another thread.
    Rows { threads: usize },
    /// Each takes some hidden units, and all meet after each step: where a step has few rows, or where the weights
    /// would not stay in one core's cache from step to step. The products with the input are made for many steps at
    /// once.
    Units { most: usize },
}

impl Plan {
    /// The numbers are the same whichever of the two it is, and whatever the threads.
    pub fn new(layer: Layer) -> Self {
        let Layer { cell, batch, hidden, threads, .. } = layer;
        let work = work(layer);
        let most = match cell {
            // The product with `r ⊙ h` would want a meeting amid each step.
            Cell::Gru(GruReset::Before) => 1,
            // It would be done before another thread had woken, or so little is a step that it is not worth a meeting.
            _ if work < 2_000_000 || batch * layer.gates() * hidden < 30_000 => 1,
            _ => threads.min(hidden / UNITS).max(1),
        };
        let rows = if most > 1 { SHARED } else { ROWS };
        if batch >= rows && layer.gates() * layer.width() <= CACHE {
            // Less is done before another thread would have woken.
            return Self::Rows { threads: if work < 500_000 { 1 } else { threads.min(batch.div_ceil(ROWS)) } };
        }
        Self::Units { most }
    }
}

/// Products and sums of a pass forward.
fn work(layer: Layer) -> usize {
    layer.batch * layer.time * layer.gates() * layer.width()
}

/// Whether the directions of a layer run at once with some of the threads each: where threads share hidden units, the
/// more of them the more they wait for each other, so that a direction for some is better, if their caches hold its
/// weights.
pub(super) fn at_once(layer: Layer, directions: usize) -> bool {
    /// Weights that stay in half of a core's cache of the second level (1 MiB).
    const HELD: usize = 1 << 18;
    let weights = layer.gates() * layer.width();
    let worth = work(layer) > 1_000_000;
    directions > 1 && matches!(Plan::new(layer), Plan::Units { .. }) && worth && weights <= HELD
}

/// How long a pass waits for the threads that are to share it: a tenth of what it would take one alone, or about what
/// it takes a quiet machine to wake a thread.
pub(super) fn patience(layer: Layer) -> Duration {
    const WAKING: Duration = Duration::from_micros(100);
    /// Products and sums of one thread in a nanosecond, roughly.
    const PACE: usize = 50;
    Duration::from_nanos((work(layer) / PACE / 10) as u64).max(WAKING)
}

/// Steps whose gates stand in memory at a time on the way back, where they have not been kept.
pub(super) fn span(layer: Layer) -> usize {
    // Enough for the products and the packing to be worth it.
    const ROWS: usize = 1024;
    const VALUES: usize = 1 << 20;
    ROWS.max(VALUES / layer.gates()).div_ceil(layer.batch).min(layer.time)
}

/// The rows of the batch, shared out.
pub(super) fn row_shares(layer: Layer, threads: usize) -> Vec<Share> {
    cut(layer.batch, threads).map(|rows| Share { rows, units: 0..layer.hidden }).collect()
}

/// The hidden units, shared out in whole panels.
pub(super) fn unit_shares(layer: Layer, threads: usize) -> Vec<Share> {
    let units = |blocks: Range<usize>| blocks.start * UNITS..(blocks.end * UNITS).min(layer.hidden);
    let blocks = cut(layer.hidden.div_ceil(UNITS), threads);
    blocks.map(|blocks| Share { rows: 0..layer.batch, units: units(blocks) }).collect()
}

/// Cuts `0..count` in `parts` ranges of nearly equal length.
fn cut(count: usize, parts: usize) -> impl Iterator<Item = Range<usize>> {
    (0..parts).map(move |part| part * count / parts..(part + 1) * count / parts)
}
