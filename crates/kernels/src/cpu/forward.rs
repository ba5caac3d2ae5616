//! The pass forward.

use std::ops::Range;

use pulp::Arch;
use rayon::prelude::*;

use super::gru::{self, GruPanels};
use super::panels::{Panels, Rows, RowsMut, Target};
use super::pool::Buffer;
use super::slices::{by_batch, by_rows, parts};
use super::step::{Real, States, Step};
use super::{Layer, Matrices, ROWS, Saved, lstm, rnn};
use crate::{Cell, GruReset};

/// Steps that are held at a time where nothing is kept for a backward pass, and the batch is not tiny.
const SPAN: usize = 16;

/// What a pass forward gives.
pub(crate) struct Forward {
    /// `[batch, time, hidden]`
    pub output: Vec<f32>,
    /// `[batch, hidden]`
    pub hidden: Vec<f32>,
    /// `[batch, hidden]`, of an LSTM
    pub memory: Option<Vec<f32>>,
    pub saved: Option<Saved>,
}

/// What a pass forward reads.
#[derive(Clone, Copy)]
pub(crate) struct Operands<'a> {
    /// `[batch, time, input]`
    pub input: &'a [f32],
    /// `[batch, time]`
    pub mask: Option<&'a [f32]>,
    /// `[batch, hidden]`
    pub hidden: &'a [f32],
    /// `[batch, hidden]`, read for an LSTM
    pub memory: &'a [f32],
    pub weights: Matrices<'a>,
}

/// The packed weights of a cell.
enum Packed<'a> {
    Whole(Panels),
    Gru(GruPanels<'a>),
}

/// Runs a layer over the whole sequence; with `keep` what the backward pass needs stays.
pub(crate) fn forward(layer: Layer, operands: Operands<'_>, keep: bool) -> Forward {
    let Layer { batch, time, hidden, .. } = layer;
    // So few rows need little memory, and gain most where the input's products are made for all steps at once.
    let whole = keep || batch < ROWS;
    let span = if whole { time } else { time.min(SPAN) };

    let mut rows = Buffer::new((span + 1) * batch * layer.width());
    let mut gates = Buffer::new(span * batch * layer.gates());
    let mut extra = Buffer::new(span * batch * layer.extra());
    let mut memory = Buffer::new((span + 1) * batch * layer.memory());
    let mut output = vec![0.0; batch * time * hidden];
    let mut last_hidden = vec![0.0; batch * hidden];
    let mut last_memory = vec![0.0; batch * layer.memory()];

    let packed = pack(layer, operands.weights);
    let parts = parts(batch, layer.slices());
    let projected = whole && layer.apart();
    if projected {
        project_all(layer, operands.input, &packed, &mut rows, &mut gates);
    }
    let slices: Vec<Slice<'_>> = parts
        .iter()
        .cloned()
        .zip(by_rows(&mut rows, span + 1, layer.width(), &parts))
        .zip(by_rows(&mut gates, span, layer.gates(), &parts))
        .zip(by_rows(&mut extra, span, layer.extra(), &parts))
        .zip(by_rows(&mut memory, span + 1, layer.memory(), &parts))
        .zip(by_batch(&mut output, time * hidden, &parts))
        .zip(by_batch(&mut last_hidden, hidden, &parts))
        .zip(by_batch(&mut last_memory, layer.memory(), &parts))
        .map(|(((((((part, rows), gates), extra), memory), output), last_hidden), last_memory)| Slice {
            layer,
            operands,
            packed: &packed,
            projected,
            part,
            rows,
            gates,
            extra,
            memory,
            output,
            last_hidden,
            last_memory,
        })
        .collect();
    match slices.len() {
        1 => slices.into_iter().for_each(Slice::run),
        _ => slices.into_par_iter().for_each(Slice::run),
    }
    let saved = keep.then(|| Saved { layer, mask: operands.mask.map(<[f32]>::to_vec), rows, gates, extra, memory });
    Forward { output, hidden: last_hidden, memory: layer.cell.has_memory().then_some(last_memory), saved }
}

fn pack<'a>(layer: Layer, weights: Matrices<'a>) -> Packed<'a> {
    let arch = Arch::new();
    let Layer { input, hidden, .. } = layer;
    let width = layer.width();
    // `[W; b; U]` of the gates from `first` on.
    let panels = |first: usize, count: usize, both: bool| {
        Panels::new(arch, width, count, |row, column| {
            let gate = first + column;
            match row {
                row if row < input => weights.input[gate * input + row],
                row if row == input && both => weights.input_bias[gate] + weights.recurrent_bias[gate],
                row if row == input => weights.input_bias[gate],
                row => weights.recurrent[gate * hidden + row - input - 1],
            }
        })
    };
    match layer.cell {
        Cell::Gru(_) => Packed::Gru(GruPanels {
            gates: panels(0, 2 * hidden, true),
            candidate: panels(2 * hidden, hidden, false),
            bias: &weights.recurrent_bias[2 * hidden..],
        }),
        Cell::Lstm | Cell::Rnn(_) => Packed::Whole(panels(0, layer.gates(), true)),
    }
}

/// Writes `[x, 1]` into all rows and its products into all gates, with all threads.
fn project_all(layer: Layer, input: &[f32], packed: &Packed<'_>, rows: &mut [f32], gates: &mut [f32]) {
    const CHUNK: usize = 64;
    let (batch, width, state) = (layer.batch, layer.width(), layer.state());
    let chunks = rows.par_chunks_mut(CHUNK * width).zip(gates.par_chunks_mut(CHUNK * layer.gates()));
    chunks.enumerate().for_each(|(chunk, (rows, gates))| {
        let count = gates.len() / layer.gates();
        for (index, row) in rows.chunks_exact_mut(width).take(count).enumerate() {
            let (step, at) = ((chunk * CHUNK + index) / batch, (chunk * CHUNK + index) % batch);
            fill(row, layer, input, at, layer.time_of(step));
        }
        let read = Rows::new(rows, 0, width);
        let mut product = |panels: &Panels, first: usize| {
            let target = RowsMut::new(gates, first, layer.gates());
            panels.product(read, 0..state, target, count, Target::Replace);
        };
        match packed {
            Packed::Whole(panels) => product(panels, 0),
            Packed::Gru(panels) => {
                product(&panels.gates, 0);
                product(&panels.candidate, 2 * layer.hidden);
            }
        }
    });
}

/// `[x, 1]` of one row.
fn fill(row: &mut [f32], layer: Layer, input: &[f32], batch: usize, time: usize) {
    let width = layer.input;
    row[..width].copy_from_slice(&input[(batch * layer.time + time) * width..][..width]);
    row[width] = 1.0;
}

/// The rows of one thread.
struct Slice<'a> {
    layer: Layer,
    operands: Operands<'a>,
    packed: &'a Packed<'a>,
    projected: bool,
    part: Range<usize>,
    rows: Vec<&'a mut [f32]>,
    gates: Vec<&'a mut [f32]>,
    extra: Vec<&'a mut [f32]>,
    memory: Vec<&'a mut [f32]>,
    output: &'a mut [f32],
    last_hidden: &'a mut [f32],
    last_memory: &'a mut [f32],
}

impl Slice<'_> {
    fn run(mut self) {
        let span = self.gates.len();
        self.start();
        let mut last = 0;
        for step in 0..self.layer.time {
            let slot = step % span;
            if step > 0 && slot == 0 {
                self.wrap(span);
            }
            self.step(slot, self.layer.time_of(step));
            last = slot + 1;
        }
        self.finish(last);
    }

    /// The initial state.
    fn start(&mut self) {
        let (hidden, width, state) = (self.layer.hidden, self.layer.width(), self.layer.state());
        for (row, at) in self.part.clone().enumerate() {
            self.rows[0][row * width + state..][..hidden]
                .copy_from_slice(&self.operands.hidden[at * hidden..][..hidden]);
        }
        if self.layer.cell.has_memory() {
            let part = self.part.start * hidden..self.part.end * hidden;
            self.memory[0].copy_from_slice(&self.operands.memory[part]);
        }
    }

    /// Moves the state from the end of a span to the start of the next.
    fn wrap(&mut self, span: usize) {
        let (first, last) = self.rows.split_at_mut(span);
        first[0].copy_from_slice(last[0]);
        let (first, last) = self.memory.split_at_mut(span);
        first[0].copy_from_slice(last[0]);
    }

    fn step(&mut self, slot: usize, time: usize) {
        let Layer { hidden, .. } = self.layer;
        let (width, state, count) = (self.layer.width(), self.layer.state(), self.part.len());
        if !self.projected {
            for (row, at) in self.rows[slot].chunks_exact_mut(width).zip(self.part.clone()) {
                fill(row, self.layer, self.operands.input, at, time);
            }
        }
        let (read, next) = self.rows.split_at_mut(slot + 1);
        let (memory_before, memory) = self.memory.split_at_mut(slot + 1);
        let mut step = Step {
            rows: count,
            hidden,
            width,
            state,
            projected: self.projected,
            read: &*read[slot],
            gates: &mut *self.gates[slot],
            extra: &mut *self.extra[slot],
            memory_before: &*memory_before[slot],
            memory: &mut *memory[0],
            bias: match self.packed {
                Packed::Gru(panels) => panels.bias,
                Packed::Whole(_) => &[],
            },
            next: States { values: &mut *next[0], offset: state, stride: width },
        };
        match (self.layer.cell, self.packed) {
            (Cell::Rnn(function), Packed::Whole(panels)) => rnn::forward(&mut step, panels, function),
            (_, Packed::Whole(panels)) => lstm::forward(&mut step, panels),
            (Cell::Gru(GruReset::Before), Packed::Gru(panels)) => gru::forward_before(&mut step, panels),
            (_, Packed::Gru(panels)) => gru::forward_after(&mut step, panels),
        }
        let Step { read, memory_before, memory, mut next, .. } = step;
        let real = Real { mask: self.operands.mask, first: self.part.start, time: self.layer.time, at: time };
        for row in 0..count {
            let h = next.row(row, hidden);
            if real.at(row) {
                self.output[(row * self.layer.time + time) * hidden..][..hidden].copy_from_slice(h);
            } else {
                h.copy_from_slice(&read[row * width + state..][..hidden]);
                if self.layer.cell.has_memory() {
                    let units = row * hidden..(row + 1) * hidden;
                    memory[units.clone()].copy_from_slice(&memory_before[units]);
                }
            }
        }
    }

    fn finish(self, last: usize) {
        let (hidden, width, state) = (self.layer.hidden, self.layer.width(), self.layer.state());
        for (h, row) in self.last_hidden.chunks_exact_mut(hidden).zip(self.rows[last].chunks_exact(width)) {
            h.copy_from_slice(&row[state..]);
        }
        self.last_memory.copy_from_slice(self.memory[last]);
    }
}
