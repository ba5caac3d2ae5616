//! The weights' gradients from the gradients of the gates and the rows that were read.

use std::ops::Range;

use super::Layer;
use super::outer::{Columns, add_transposed_product};
use super::pool::Buffer;
use crate::{Cell, GruReset};

/// `dW`, `dU`, `db`, `dc`, as in [`Weights`](crate::Weights).
pub(crate) type WeightGradients = (Vec<f32>, Vec<f32>, Vec<f32>, Vec<f32>);

/// The gradients on the way, some steps after others.
pub(super) struct WeightSums {
    layer: Layer,
    /// `[gates, width]`, of the gates that see `[x, 1, h']` with one and the same gradient
    whole: Buffer,
    /// `[hidden, input + 1]`, of a GRU's candidate
    of_input: Buffer,
    /// `[hidden, 1 + hidden]`, or `[hidden, hidden]` where the reset comes before, of a GRU's candidate
    of_state: Buffer,
}

impl WeightSums {
    pub fn new(layer: Layer) -> Self {
        let (width, state, hidden) = (layer.width(), layer.state(), layer.extra());
        let of_state = match layer.cell {
            Cell::Gru(GruReset::After) => hidden + 1,
            _ => hidden,
        };
        let zeros = |rows: usize, columns: usize| {
            let mut sums = Buffer::new(rows * columns);
            sums.fill(0.0);
            sums
        };
        Self {
            layer,
            whole: zeros(layer.gates() - hidden, width),
            of_input: zeros(hidden, state),
            of_state: zeros(hidden, of_state),
        }
    }

    /// Takes part of some steps, whose gates' gradients are at hand.
    pub fn add(&mut self, rows: &[f32], gates: &[f32], extra: &[f32], steps: Range<usize>) {
        let layer = self.layer;
        let Layer { batch, input, hidden, .. } = layer;
        let (width, state, count) = (layer.width(), layer.state(), steps.len() * batch);
        let rows = &rows[steps.start * batch * width..][..count * width];
        let whole = layer.gates() - layer.extra();
        let left = Columns::new(gates, 0, whole, layer.gates());
        add_transposed_product(left, Columns::new(rows, 0, width, width), count, &mut self.whole);
        let Cell::Gru(reset) = layer.cell else { return };
        let candidate = Columns::new(gates, whole, hidden, layer.gates());
        add_transposed_product(candidate, Columns::new(rows, 0, state, width), count, &mut self.of_input);
        let extra = Columns::new(extra, 0, hidden, hidden);
        let (left, right) = match reset {
            GruReset::After => (extra, Columns::new(rows, input, hidden + 1, width)),
            GruReset::Before => (candidate, extra),
        };
        add_transposed_product(left, right, count, &mut self.of_state);
    }

    pub fn finish(self) -> WeightGradients {
        let Layer { cell, input, hidden, .. } = self.layer;
        let (gates, width, state) = (self.layer.gates(), self.layer.width(), self.layer.state());
        let mut weights = (vec![0.0; gates * input], vec![0.0; gates * hidden], vec![0.0; gates], vec![0.0; gates]);
        for (gate, row) in self.whole.chunks_exact(width).enumerate() {
            weights.0[gate * input..][..input].copy_from_slice(&row[..input]);
            weights.1[gate * hidden..][..hidden].copy_from_slice(&row[state..]);
            weights.2[gate] = row[input];
            weights.3[gate] = row[input];
        }
        let Cell::Gru(reset) = cell else { return weights };
        let whole = gates - hidden;
        for (unit, row) in self.of_input.chunks_exact(state).enumerate() {
            weights.0[(whole + unit) * input..][..input].copy_from_slice(&row[..input]);
            weights.2[whole + unit] = row[input];
        }
        match reset {
            GruReset::After => {
                for (unit, row) in self.of_state.chunks_exact(hidden + 1).enumerate() {
                    weights.1[(whole + unit) * hidden..][..hidden].copy_from_slice(&row[1..]);
                    weights.3[whole + unit] = row[0];
                }
            }
            GruReset::Before => {
                weights.1[whole * hidden..].copy_from_slice(&self.of_state);
                let (input_bias, recurrent_bias) = (&weights.2[whole..], &mut weights.3[whole..]);
                recurrent_bias.copy_from_slice(input_bias);
            }
        }
        weights
    }
}
