//! A whole sequence of one layer and direction on the CPU, forward and back through time.
//!
//! Plain slices in and out: no backend type appears here. What makes it fast:
//!
//! - Each thread takes a slice of the batch through the whole sequence, and no step waits for another thread; or,
//!   where the batch is small or the weights are large, some hidden units ([`plan`]).
//! - Rows hold `[x, 1, h']`, so that one product with the packed `[W; b; U]` gives all sums of a step.
//! - The weights are packed once a pass ([`panels`]), not at each step.
//! - The weights' gradients are one product over all steps and rows ([`outer`]).
//! - Both directions of a layer write side by side where they are read ([`directions`]).
//! - Activations that are not kept are recomputed for many steps at once ([`recompute`]).
//!
//! Sums run in an order that depends on neither the number of threads nor their shares: results are the same
//! for any number of threads.

mod adam;
mod backward;
mod cross_entropy;
mod directions;
mod dropout;
mod elementwise;
mod embedding;
mod forward;
mod gru;
mod isa;
mod lane;
mod lstm;
mod mean;
mod outer;
mod panels;
mod plan;
mod pool;
mod recompute;
mod rnn;
mod scan;
mod simd;
mod squared_error;
mod step;
mod tanh;
mod thread_team;
mod weight_sums;
mod zeros;

pub(crate) use adam::adam;
pub(crate) use cross_entropy::{Head, HeadGradients, Kept, gradients, losses};
pub(crate) use directions::{Bundle, Gradient, backward, forward};
pub(crate) use dropout::drop_values;
pub(crate) use elementwise::{blend, scale, sum_of_squares};
pub(crate) use embedding::{look_up, table_gradient};
pub(crate) use forward::Keep;
pub(crate) use isa::instruction_set;
pub(crate) use mean::{Steps, mean, mean_gradient};
pub(crate) use pool::Buffer;
pub(crate) use scan::{Passed, Read, Recurrence, scan, scan_gradients};
pub(crate) use squared_error::{Differences, Fitted, FittedGradients, error_gradients, errors};
pub(crate) use tanh::{tanh, tanh_gradient};

use crate::{Cell, Direction};

/// What runs, and on what sizes. No size is 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer {
    pub cell: Cell,
    pub direction: Direction,
    pub batch: usize,
    pub time: usize,
    pub input: usize,
    pub hidden: usize,
    /// Threads at most.
    pub threads: usize,
}

impl Layer {
    /// Values of a row `[x, 1, h']`.
    fn width(&self) -> usize {
        self.state() + self.hidden
    }

    /// Where `h'` starts in a row.
    fn state(&self) -> usize {
        self.input + 1
    }

    fn gates(&self) -> usize {
        self.cell.gates() * self.hidden
    }

    /// Values a row of what a GRU keeps beside its gates.
    fn extra(&self) -> usize {
        if matches!(self.cell, Cell::Gru(_)) { self.hidden } else { 0 }
    }

    /// Values a row of the memory.
    fn memory(&self) -> usize {
        if self.cell.has_memory() { self.hidden } else { 0 }
    }

    /// The place in time of the step that is read as number `step`.
    fn time_of(&self, step: usize) -> usize {
        match self.direction {
            Direction::Forward => step,
            Direction::Backward => self.time - 1 - step,
        }
    }
}

/// The weights of a layer, as in [`Weights`](crate::Weights).
#[derive(Clone, Copy)]
pub(crate) struct Matrices<'a> {
    /// `[gates · hidden, input]`
    pub input: &'a [f32],
    /// `[gates · hidden, hidden]`
    pub recurrent: &'a [f32],
    /// `[gates · hidden]`
    pub input_bias: &'a [f32],
    /// `[gates · hidden]`
    pub recurrent_bias: &'a [f32],
}

/// What the backward pass needs of a forward pass, step by step in the order of reading.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    layer: Layer,
    mask: Option<Vec<f32>>,
    /// `[time + 1, batch, input + 1 + hidden]`: `[x, 1, h']`
    rows: Buffer,
    /// `[time, batch, gates · hidden]`: activations; empty where they are to be recomputed
    gates: Buffer,
    /// `[time, batch, hidden]`, of a GRU; empty as the gates are
    extra: Buffer,
    /// `[time + 1, batch, hidden]`, of an LSTM
    memory: Buffer,
}
