//! The gates of a pass forward, recomputed on the way back: all states are there, so that no step waits for another.

use std::ops::Range;

use rayon::prelude::*;

use super::forward::{Packed, advance, pack};
use super::panels::Packing;
use super::pool::Buffer;
use super::step::{States, Step};
use super::thread_team::Shared;
use super::{Layer, Matrices, Saved};

/// Rows that a thread makes at a time.
const ROWS: usize = 64;

/// Recomputes the gates of a layer.
pub(super) struct Recompute<'a> {
    layer: Layer,
    packed: Packed<'a>,
}

impl<'a> Recompute<'a> {
    pub fn new(layer: Layer, weights: Matrices<'a>) -> Self {
        Self { layer, packed: pack(layer, weights, 0..layer.hidden, Packing::MANY) }
    }

    /// Fills `gates`, and of a GRU `extra`, with the activations of some steps.
    pub fn fill(&self, saved: &Saved, steps: Range<usize>, gates: &mut [f32], extra: &mut [f32]) {
        let Layer { batch, hidden, .. } = self.layer;
        let (first, count) = (steps.start * batch, steps.len() * batch);
        // A cell without `extra` has no chunks of it.
        let mut extras: Vec<&mut [f32]> = extra[..count * self.layer.extra()].chunks_mut(ROWS * hidden).collect();
        extras.resize_with(count.div_ceil(ROWS), Default::default);
        let chunks = gates[..count * self.layer.gates()].par_chunks_mut(ROWS * self.layer.gates());
        chunks.zip(extras).enumerate().for_each(|(chunk, (gates, extra))| {
            let from = chunk * ROWS;
            self.rows(saved, first + from..first + count.min(from + ROWS), gates, extra);
        });
    }

    fn rows(&self, saved: &Saved, rows: Range<usize>, gates: &mut [f32], extra: &mut [f32]) {
        let Layer { cell, hidden, .. } = self.layer;
        let (width, state, remembered) = (self.layer.width(), self.layer.state(), self.layer.memory());
        let (mut memory, mut next) = (Buffer::new(rows.len() * remembered), Buffer::new(rows.len() * hidden));
        let mut step = Step {
            rows: rows.len(),
            hidden,
            width,
            state,
            own: state,
            projected: false,
            read: &saved.rows[rows.start * width..rows.end * width],
            gates,
            extra,
            memory_before: &saved.memory[rows.start * remembered..rows.end * remembered],
            memory: &mut memory,
            bias: self.packed.bias(),
            // SAFETY: the buffer is this call's own.
            next: unsafe { States::new(Shared::new(&mut next), 0, hidden) },
        };
        advance(cell, &mut step, &self.packed);
    }
}
