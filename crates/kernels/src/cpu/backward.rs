//! The pass back through time.

use std::ops::Range;

use rayon::prelude::*;

use super::isa::arch;
use super::lane::{Lane, Share, unite};
use super::panels::{Packing, Panels, Rows, RowsMut, Target};
use super::plan::{Plan, patience, row_shares, span, unit_shares};
use super::pool::Buffer;
use super::recompute::Recompute;
use super::step::{Back, Real};
use super::thread_team::{Meeting, Shared};
use super::weight_sums::{WeightGradients, WeightSums};
use super::{Layer, Matrices, Saved, gru, lstm, rnn};
use crate::{Cell, Direction, GruReset};

/// The gradients that come in.
#[derive(Clone, Copy)]
pub(super) struct Incoming<'a> {
    /// `[batch, time, stride]`, of which the outputs' are `hidden` columns from `first` on
    pub output: &'a [f32],
    pub first: usize,
    pub stride: usize,
    /// `[batch, hidden]`, of the last state
    pub hidden: Option<&'a [f32]>,
    /// `[batch, hidden]`, of an LSTM's last memory
    pub memory: Option<&'a [f32]>,
}

/// The gradients that go out beside the input's, in the shapes of what they belong to.
pub(super) struct Outgoing {
    pub hidden: Vec<f32>,
    pub memory: Option<Vec<f32>>,
    pub weights: WeightGradients,
}

/// The input's gradient, `[batch, time, input]`, and whether it is added to what stands there.
pub(super) struct InputGradient<'a> {
    pub values: &'a mut [f32],
    pub mode: Target,
}

/// Gradients of a layer; the input's where it is asked for.
pub(super) fn backward(
    mut saved: Saved,
    weights: Matrices<'_>,
    incoming: Incoming<'_>,
    input: Option<InputGradient<'_>>,
) -> Outgoing {
    let layer = saved.layer;
    let Layer { cell, batch, time, hidden, .. } = layer;
    let (mut gates, mut extra) = (std::mem::take(&mut saved.gates), std::mem::take(&mut saved.extra));
    let kept = !gates.is_empty();
    let span = if kept { time } else { span(layer) };
    if !kept {
        gates = Buffer::new(span * batch * layer.gates());
        extra = Buffer::new(span * batch * layer.extra());
    }
    // A simple network's gates are its states.
    let recompute = (!kept && !matches!(cell, Cell::Rnn(_))).then(|| Recompute::new(layer, weights));
    let to_input = input.is_some().then(|| {
        let row = |gate: usize| &weights.input[gate * layer.input..];
        Panels::from_rows(arch(), layer.gates(), layer.input, Packing::MANY, row)
    });
    let InputGradient { values: grad_input, mode } =
        input.unwrap_or(InputGradient { values: &mut [], mode: Target::Replace });
    let mut sums = WeightSums::new(layer);
    let shared = SharedOut::new(layer, weights.recurrent);
    let apart = matches!(shared, SharedOut::Units { .. });
    // Of the state and memory after the span that is at hand.
    let mut carried: Option<(Vec<f32>, Vec<f32>)> = None;
    for first in (0..time).step_by(span).rev() {
        let steps = first..time.min(first + span);
        if let Some(recompute) = &recompute {
            recompute.fill(&saved, steps.clone(), &mut gates, &mut extra);
        }
        let (hidden, memory) = carried.as_ref().map(|(hidden, memory)| (&hidden[..], &memory[..])).unzip();
        let incoming = Incoming { hidden: hidden.or(incoming.hidden), memory: memory.or(incoming.memory), ..incoming };
        let context = Context {
            layer,
            steps: steps.clone(),
            span,
            apart,
            incoming,
            mask: saved.mask.as_deref(),
            rows: &saved.rows,
            gates: Shared::new(&mut gates),
            extra: Shared::new(&mut extra),
            memory: Shared::new(&mut saved.memory),
            grad_input: Shared::new(grad_input),
            mode,
            to_input: to_input.as_ref(),
        };
        carried = Some(through_time(&context, &shared));
        if let (Some(panels), true) = (&to_input, apart) {
            input_gradient(layer, steps.clone(), panels, &gates, grad_input, mode);
        }
        sums.add(&saved.rows, &gates, &extra, steps);
    }
    let (hidden, memory) = carried.unwrap_or_else(|| (vec![0.0; batch * hidden], vec![0.0; batch * layer.memory()]));
    Outgoing { hidden, memory: cell.has_memory().then_some(memory), weights: sums.finish() }
}

/// A plan, and the weights through which the gates hand gradients to the state: packed once for all spans, or by each
/// thread those of its units.
enum SharedOut<'a> {
    Rows { threads: usize, to_state: Panels },
    Units { most: usize, recurrent_weight: &'a [f32] },
}

impl<'a> SharedOut<'a> {
    fn new(layer: Layer, recurrent_weight: &'a [f32]) -> Self {
        match Plan::new(layer) {
            Plan::Rows { threads } => {
                let packing = Packing { shared: true, rows: layer.batch.div_ceil(threads), cut: None };
                Self::Rows { threads, to_state: to_state(layer, recurrent_weight, &(0..layer.hidden), packing) }
            }
            Plan::Units { most } => Self::Units { most, recurrent_weight },
        }
    }
}

/// The recurrent weights of some units, packed.
fn to_state(layer: Layer, recurrent_weight: &[f32], units: &Range<usize>, packing: Packing) -> Panels {
    let row = |gate: usize| &recurrent_weight[gate * layer.hidden..][units.clone()];
    Panels::from_rows(arch(), layer.gates(), units.len(), packing, row)
}

/// Turns the gates of the steps into gradients of their sums; the gradients of the state and memory before them.
fn through_time(context: &Context<'_>, shared: &SharedOut<'_>) -> (Vec<f32>, Vec<f32>) {
    let layer = context.layer;
    let Layer { batch, hidden, .. } = layer;
    let (shares, (grads, memories)): (_, (Vec<_>, Vec<_>)) = match shared {
        SharedOut::Rows { threads, to_state } => {
            let shares = row_shares(layer, *threads);
            let run = |share| Worker::new(context, share, to_state).run(&Meeting::alone());
            let found = match threads {
                1 => shares.iter().map(run).unzip(),
                _ => shares.par_iter().map(run).unzip(),
            };
            (shares, found)
        }
        SharedOut::Units { most, recurrent_weight } => {
            let found = Meeting::gather(*most, patience(layer), |member, members, meeting| {
                let share = &unit_shares(layer, members)[member];
                let packing = Packing { shared: false, rows: batch, cut: None };
                let to_state = to_state(layer, recurrent_weight, &share.units, packing);
                Worker::new(context, share, &to_state).run(meeting)
            });
            (unit_shares(layer, found.len()), found.into_iter().unzip())
        }
    };
    let memory = if layer.cell.has_memory() { unite(&shares, &memories, batch, hidden) } else { Vec::new() };
    (unite(&shares, &grads, batch, hidden), memory)
}

/// The input's gradient at some steps from all gates, with all threads.
fn input_gradient(
    layer: Layer,
    steps: Range<usize>,
    panels: &Panels,
    gates: &[f32],
    grad_input: &mut [f32],
    mode: Target,
) {
    const CHUNK: usize = 32;
    let (batch, time, width) = (layer.batch, layer.time, layer.input);
    // Read backward, later steps come first.
    let earliest = layer.time_of(steps.start).min(layer.time_of(steps.end - 1));
    grad_input.par_chunks_mut(time * width).enumerate().for_each(|(at, grad_input)| {
        let grad_input = &mut grad_input[earliest * width..][..steps.len() * width];
        grad_input.par_chunks_mut(CHUNK * width).enumerate().for_each(|(chunk, grad_input)| {
            let count = grad_input.len() / width;
            let from = earliest + chunk * CHUNK;
            let first = layer.time_of(from).min(layer.time_of(from + count - 1)) - steps.start;
            let rows = Rows::new(gates, (first * batch + at) * layer.gates(), batch * layer.gates());
            let backward = layer.direction == Direction::Backward;
            if backward && mode == Target::Add {
                reverse_rows(grad_input, width);
            }
            panels.product(rows, 0..layer.gates(), RowsMut::new(grad_input, 0, width), count, mode);
            if backward {
                reverse_rows(grad_input, width);
            }
        });
    });
}

fn reverse_rows(rows: &mut [f32], width: usize) {
    let (mut first, mut last) = (0, rows.len() - width);
    while first < last {
        let (head, tail) = rows.split_at_mut(last);
        head[first..first + width].swap_with_slice(&mut tail[..width]);
        first += width;
        last -= width;
    }
}

/// What all threads see.
struct Context<'a> {
    layer: Layer,
    /// The steps at hand.
    steps: Range<usize>,
    /// Steps whose gates stand in memory.
    span: usize,
    /// Whether the input's gradient is made after the recurrence.
    apart: bool,
    incoming: Incoming<'a>,
    mask: Option<&'a [f32]>,
    rows: &'a [f32],
    gates: Shared<'a>,
    extra: Shared<'a>,
    memory: Shared<'a>,
    grad_input: Shared<'a>,
    mode: Target,
    to_input: Option<&'a Panels>,
}

/// One thread.
struct Worker<'a> {
    context: &'a Context<'a>,
    to_state: &'a Panels,
    share: Share,
    gates: Lane<'a>,
    extra: Lane<'a>,
    memory: Lane<'a>,
    /// `[rows, units]`, of `h`
    grad: Vec<f32>,
    /// `[rows, units]`, of `c`
    grad_memory: Vec<f32>,
    /// `[rows, units]`
    scratch: Vec<f32>,
}

impl<'a> Worker<'a> {
    fn new(context: &'a Context<'a>, share: &Share, to_state: &'a Panels) -> Self {
        let layer = context.layer;
        // SAFETY: shares do not overlap, and a worker has one lane in each buffer.
        let lane = |shared, width: usize| unsafe { Lane::new(layer, shared, width / layer.hidden, share.clone()) };
        let (mut gates, mut extra, mut memory) = (
            lane(context.gates, layer.gates()),
            lane(context.extra, layer.extra()),
            lane(context.memory, layer.memory()),
        );
        if context.apart {
            (gates, extra, memory) = (gates.copied(1), extra.copied(1), memory.copied(2));
        }
        let own = |values: Option<&[f32]>| match values {
            Some(values) => share.of(values, layer.hidden),
            None => vec![0.0; share.rows.len() * share.units.len()],
        };
        let grad = own(context.incoming.hidden);
        let grad_memory = if layer.cell.has_memory() { own(context.incoming.memory) } else { Vec::new() };
        let scratch = vec![0.0; grad.len()];
        Self { context, to_state, share: share.clone(), gates, extra, memory, grad, grad_memory, scratch }
    }

    /// The gradients of the initial state and memory.
    fn run(mut self, meeting: &Meeting) -> (Vec<f32>, Vec<f32>) {
        let steps = self.context.steps.clone();
        self.memory.load(steps.end);
        for step in steps.rev() {
            self.through_gates(step);
            meeting.wait();
            self.through_weights(step);
        }
        (self.grad, self.grad_memory)
    }

    /// The gates of the share become the gradients of their sums.
    fn through_gates(&mut self, step: usize) {
        let Layer { cell, batch, time, .. } = self.context.layer;
        let Incoming { output, first, stride, .. } = self.context.incoming;
        let (rows, units) = (self.share.rows.clone(), self.share.units.clone());
        let (width, at) = (self.context.layer.width(), self.context.layer.time_of(step));
        let real = Real { mask: self.context.mask, first: rows.start, time, at };
        for (row, grad) in self.grad.chunks_exact_mut(units.len()).enumerate().filter(|(row, _)| real.at(*row)) {
            let output = &output[((rows.start + row) * time + at) * stride + first..][units.clone()];
            grad.iter_mut().zip(output).for_each(|(grad, output)| *grad += output);
        }
        self.gates.load(step);
        self.extra.load(step);
        self.memory.load(step);
        let (memory_before, memory) = self.memory.pair(step);
        let read = |step: usize| &self.context.rows[(step * batch + rows.start) * width..][..rows.len() * width];
        let mut back = Back {
            rows: rows.len(),
            hidden: units.len(),
            width,
            own: self.context.layer.state() + units.start,
            real,
            read: read(step),
            next: read(step + 1),
            gates: self.gates.step(step),
            extra: self.extra.step(step),
            memory_before,
            memory,
            grad: &mut self.grad,
            grad_memory: &mut self.grad_memory,
            scratch: &mut self.scratch,
        };
        let arch = self.to_state.arch();
        match cell {
            Cell::Lstm => lstm::backward(&mut back, arch),
            Cell::Rnn(function) => rnn::backward(&mut back, arch, function),
            Cell::Gru(GruReset::After) => gru::backward_after(&mut back, arch),
            Cell::Gru(GruReset::Before) => gru::backward_before(&mut back, self.to_state),
        }
        self.gates.publish(step);
        self.extra.publish(step);
    }

    /// What all gates hand to the state of the share and to the input.
    fn through_weights(&mut self, step: usize) {
        let layer = self.context.layer;
        let Layer { cell, batch, time, hidden, .. } = layer;
        let (rows, count) = (self.share.rows.clone(), self.share.rows.len());
        let read = |values: Shared<'a>, width: usize| {
            let start = (step % self.context.span * batch + rows.start) * width;
            // SAFETY: written before the last meeting, or by this worker.
            let values = unsafe { values.read(start..start + count * width) };
            Rows::new(values, 0, width)
        };
        let gates = read(self.context.gates, layer.gates());
        let through_gates = if matches!(cell, Cell::Gru(_)) { 2 * hidden } else { layer.gates() };
        let mut product = |rows: Rows<'_>, part: Range<usize>| {
            let target = RowsMut::new(&mut self.grad, 0, self.share.units.len());
            self.to_state.product(rows, part, target, count, Target::Add);
        };
        product(gates, 0..through_gates);
        if cell == Cell::Gru(GruReset::After) {
            product(read(self.context.extra, hidden), through_gates..layer.gates());
        }
        if let Some(panels) = self.context.to_input.filter(|_| !self.context.apart) {
            let (start, end) = (rows.start * time * layer.input, rows.end * time * layer.input);
            // SAFETY: the rows of this worker, which has all units here.
            let target = unsafe { self.context.grad_input.write(start..end) };
            let target = RowsMut::new(target, layer.time_of(step) * layer.input, time * layer.input);
            panels.product(gates, 0..layer.gates(), target, count, self.context.mode);
        }
    }
}
