//! The pass forward.

use std::ops::Range;

use rayon::prelude::*;

use super::gru::{self, GruPanels};
use super::isa::arch;
use super::lane::{Lane, Share, unite};
use super::panels::{Packing, Panels, Rows, RowsMut, Target};
use super::plan::{Plan, patience, row_shares, unit_shares};
use super::pool::Buffer;
use super::step::{Real, States, Step};
use super::thread_team::{Meeting, Shared};
use super::{Layer, Matrices, Saved, lstm, rnn};
use crate::{Cell, GruReset};

/// Rows whose products with the input are made at a time, where they are made for many steps at once.
const SPAN: usize = 32;

/// What a pass forward leaves for the pass back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    Nothing,
    /// The states, of which the pass back recomputes the gates.
    States,
    /// The gates too.
    Gates,
}

/// What a pass forward gives beside its outputs.
pub(super) struct Forward {
    /// `[batch, hidden]`
    pub hidden: Vec<f32>,
    /// `[batch, hidden]`, of an LSTM
    pub memory: Option<Vec<f32>>,
    pub saved: Option<Saved>,
}

/// Where the outputs go: `[batch, time, stride]`, of which they are `hidden` columns.
#[derive(Clone, Copy)]
pub(super) struct Outputs<'a> {
    pub values: Shared<'a>,
    pub first: usize,
    pub stride: usize,
}

/// What a pass forward reads.
#[derive(Clone, Copy)]
pub(super) struct Operands<'a> {
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
pub(super) enum Packed<'a> {
    Whole(Panels),
    Gru(GruPanels<'a>),
}

impl<'a> Packed<'a> {
    /// `c_n` of a GRU.
    pub fn bias(&self) -> &'a [f32] {
        match self {
            Self::Gru(panels) => panels.bias,
            Self::Whole(_) => &[],
        }
    }
}

/// Runs a layer over the whole sequence.
///
/// # Safety
///
/// Nobody else uses the columns of the outputs meanwhile.
pub(super) unsafe fn forward(layer: Layer, operands: Operands<'_>, keep: Keep, outputs: Outputs<'_>) -> Forward {
    let Layer { cell, batch, time, hidden, .. } = layer;
    let plan = Plan::new(layer);
    let span = match plan {
        Plan::Rows { .. } => None,
        Plan::Units { .. } => Some((SPAN / batch).clamp(1, time)),
    };
    let keep_states = keep != Keep::Nothing;
    // The gate of a simple network is its state.
    let keep_gates = keep == Keep::Gates && !matches!(cell, Cell::Rnn(_));
    // What is not kept needs the place of one step; none in a `Plan::Units`, whose threads have copies of their own.
    let slots = |kept: bool| if kept { time } else { usize::from(span.is_none()) };
    let states = if keep_states { time + 1 } else { span.unwrap_or(0).max(2) };
    let remembered = if keep_states || span.is_none() { slots(keep_states) + 1 } else { 0 };
    let mut rows = Buffer::new(states * batch * layer.width());
    let mut gates = Buffer::new(slots(keep_gates) * batch * layer.gates());
    let mut extra = Buffer::new(slots(keep_gates) * batch * layer.extra());
    let mut memory = Buffer::new(remembered * batch * layer.memory());

    let context = Context {
        layer,
        operands,
        keep: keep_states,
        span,
        states,
        rows: Shared::new(&mut rows),
        gates: Shared::new(&mut gates),
        extra: Shared::new(&mut extra),
        memory: Shared::new(&mut memory),
        outputs,
    };
    let (shares, memories): (_, Vec<_>) = match plan {
        Plan::Rows { threads } => {
            let packing = Packing { shared: true, rows: batch.div_ceil(threads), cut: None };
            let packed = pack(layer, operands.weights, 0..hidden, packing);
            let shares = row_shares(layer, threads);
            let run = |share| Worker::new(&context, share, (0, 1), &packed).run(&Meeting::alone());
            let memories = match threads {
                1 => shares.iter().map(run).collect(),
                _ => shares.par_iter().map(run).collect(),
            };
            (shares, memories)
        }
        Plan::Units { most } => {
            let memories = Meeting::gather(most, patience(layer), |member, members, meeting| {
                let share = &unit_shares(layer, members)[member];
                let packing = Packing { shared: false, rows: batch, cut: Some(layer.state()) };
                let packed = pack(layer, operands.weights, share.units.clone(), packing);
                Worker::new(&context, share, (member, members), &packed).run(meeting)
            });
            (unit_shares(layer, memories.len()), memories)
        }
    };

    let (width, state) = (layer.width(), layer.state());
    let last = &rows[(time % states) * batch * width..][..batch * width];
    let last = last.chunks_exact(width).flat_map(|row| &row[state..]).copied().collect();
    let memories = layer.cell.has_memory().then(|| unite(&shares, &memories, batch, hidden));
    let saved = keep_states.then(|| {
        let (gates, extra) = if keep_gates { (gates, extra) } else { Default::default() };
        Saved { layer, mask: operands.mask.map(<[f32]>::to_vec), rows, gates, extra, memory }
    });
    Forward { hidden: last, memory: memories, saved }
}

/// `[W; b; U]` of some hidden units.
pub(super) fn pack<'a>(layer: Layer, weights: Matrices<'a>, units: Range<usize>, packing: Packing) -> Packed<'a> {
    let arch = arch();
    let Layer { input, hidden, .. } = layer;
    let both: Vec<f32> = weights.input_bias.iter().zip(weights.recurrent_bias).map(|(b, c)| b + c).collect();
    let panels = |gates: Range<usize>, bias: &[f32]| {
        Panels::from_columns(arch, layer.width(), gates.len() * units.len(), packing, |column| {
            let gate = (gates.start + column / units.len()) * hidden + units.start + column % units.len();
            let (row, state) = (&weights.input[gate * input..][..input], &weights.recurrent[gate * hidden..][..hidden]);
            [row, &bias[gate..=gate], state]
        })
    };
    match layer.cell {
        Cell::Gru(_) => Packed::Gru(GruPanels {
            gates: panels(0..2, &both),
            candidate: panels(2..3, weights.input_bias),
            bias: &weights.recurrent_bias[2 * hidden..][units.clone()],
        }),
        Cell::Lstm | Cell::Rnn(_) => Packed::Whole(panels(0..layer.cell.gates(), &both)),
    }
}

/// One step of a cell.
pub(super) fn advance(cell: Cell, step: &mut Step<'_>, packed: &Packed<'_>) {
    match (cell, packed) {
        (Cell::Rnn(function), Packed::Whole(panels)) => rnn::forward(step, panels, function),
        (_, Packed::Whole(panels)) => lstm::forward(step, panels),
        (Cell::Gru(GruReset::Before), Packed::Gru(panels)) => gru::forward_before(step, panels),
        (_, Packed::Gru(panels)) => gru::forward_after(step, panels),
    }
}

/// What all threads see.
struct Context<'a> {
    layer: Layer,
    operands: Operands<'a>,
    keep: bool,
    /// Steps whose products with the input are made at once.
    span: Option<usize>,
    /// Steps that stand in `rows`.
    states: usize,
    rows: Shared<'a>,
    gates: Shared<'a>,
    extra: Shared<'a>,
    memory: Shared<'a>,
    outputs: Outputs<'a>,
}

/// One thread.
struct Worker<'a> {
    context: &'a Context<'a>,
    packed: &'a Packed<'a>,
    share: Share,
    /// Which of how many threads with the same rows this is.
    member: (usize, usize),
    gates: Lane<'a>,
    extra: Lane<'a>,
    memory: Lane<'a>,
}

impl<'a> Worker<'a> {
    fn new(context: &'a Context<'a>, share: &Share, member: (usize, usize), packed: &'a Packed<'a>) -> Self {
        let layer = context.layer;
        // SAFETY: shares do not overlap, and a worker has one lane in each buffer.
        let lane = |shared, width: usize| unsafe { Lane::new(layer, shared, width / layer.hidden, share.clone()) };
        let (mut gates, mut extra, mut memory) = (
            lane(context.gates, layer.gates()),
            lane(context.extra, layer.extra()),
            lane(context.memory, layer.memory()),
        );
        if let Some(span) = context.span {
            (gates, extra, memory) = (gates.copied(span), extra.copied(1), memory.copied(2));
        }
        Self { context, packed, share: share.clone(), member, gates, extra, memory }
    }

    /// The last memory of the share.
    fn run(mut self, meeting: &Meeting) -> Vec<f32> {
        self.start();
        let Layer { time, .. } = self.context.layer;
        for step in 0..time {
            match self.context.span {
                Some(span) if step % span == 0 => self.project(step, span.min(time - step), meeting),
                Some(_) => {}
                None => self.fill(step),
            }
            self.step(step);
            meeting.wait();
        }
        self.memory.pair(time - 1).1.to_vec()
    }

    /// Where row `row` of a step stands.
    fn place(&self, step: usize, row: usize) -> usize {
        (step % self.context.states * self.context.layer.batch + row) * self.context.layer.width()
    }

    /// The `h` part of the thread's rows.
    fn states(&self, step: usize) -> States<'a> {
        let layer = self.context.layer;
        let first = self.place(step, self.share.rows.start) + layer.state() + self.share.units.start;
        // SAFETY: the rows and units of this worker, read by others only after the next meeting.
        unsafe { States::new(self.context.rows, first, layer.width()) }
    }

    /// The initial state.
    fn start(&mut self) {
        let (hidden, units) = (self.context.layer.hidden, self.share.units.clone());
        let part = |values: &'a [f32], row: usize| &values[row * hidden..][units.clone()];
        let mut states = self.states(0);
        for (row, at) in self.share.rows.clone().enumerate() {
            states.row(row, units.len()).copy_from_slice(part(self.context.operands.hidden, at));
        }
        if self.context.layer.cell.has_memory() {
            for (memory, at) in self.memory.step(0).chunks_exact_mut(units.len()).zip(self.share.rows.clone()) {
                memory.copy_from_slice(part(self.context.operands.memory, at));
            }
            self.memory.publish(0);
        }
    }

    /// Writes `[x, 1]` of the thread's rows.
    fn fill(&self, step: usize) {
        let Layer { time, input, .. } = self.context.layer;
        let at = self.context.layer.time_of(step);
        for row in self.share.rows.clone() {
            let place = self.place(step, row);
            // SAFETY: a row of this worker, or of a step that is this worker's to fill.
            let row_values = unsafe { self.context.rows.write(place..place + input + 1) };
            row_values[..input].copy_from_slice(&self.context.operands.input[(row * time + at) * input..][..input]);
            row_values[input] = 1.0;
        }
    }

    /// Fills a span of steps, shared out among the threads, and makes their products with the input.
    fn project(&mut self, first: usize, count: usize, meeting: &Meeting) {
        let (member, members) = self.member;
        (first..first + count).filter(|step| step % members == member).for_each(|step| self.fill(step));
        meeting.wait();
        let layer = self.context.layer;
        let (width, state) = (layer.width(), layer.state());
        let (place, rows) = (self.place(first, 0), count * self.share.rows.len());
        // SAFETY: between two meetings in which nobody writes rows.
        let read = unsafe { self.context.rows.read(place..place + rows * width) };
        let stride = layer.cell.gates() * self.share.units.len();
        let sums = self.gates.steps(first, count);
        let mut product = |panels: &Panels, column: usize| {
            let target = RowsMut::new(sums, column, stride);
            panels.product(Rows::new(read, 0, width), 0..state, target, rows, Target::Replace);
        };
        match self.packed {
            Packed::Whole(panels) => product(panels, 0),
            Packed::Gru(panels) => {
                product(&panels.gates, 0);
                product(&panels.candidate, 2 * self.share.units.len());
            }
        }
        meeting.wait();
    }

    fn step(&mut self, at: usize) {
        let Layer { cell, time, .. } = self.context.layer;
        let Outputs { values: outputs, first, stride } = self.context.outputs;
        let (width, state) = (self.context.layer.width(), self.context.layer.state());
        let (rows, units) = (self.share.rows.clone(), self.share.units.clone());
        let place = self.place(at, rows.start);
        // SAFETY: written before the last meeting, or by this worker.
        let read = unsafe { self.context.rows.read(place..place + rows.len() * width) };
        let next = self.states(at + 1);
        let (memory_before, memory) = self.memory.pair(at);
        let mut step = Step {
            rows: rows.len(),
            hidden: units.len(),
            width,
            state,
            own: state + units.start,
            projected: self.context.span.is_some(),
            read,
            gates: self.gates.step(at),
            extra: self.extra.step(at),
            memory_before,
            memory,
            bias: self.packed.bias(),
            next,
        };
        advance(cell, &mut step, self.packed);
        let Step { memory_before, memory, mut next, .. } = step;
        let time_of = self.context.layer.time_of(at);
        let real = Real { mask: self.context.operands.mask, first: rows.start, time, at: time_of };
        for row in 0..rows.len() {
            let h = next.row(row, units.len());
            if real.at(row) {
                let start = ((rows.start + row) * time + time_of) * stride + first + units.start;
                // SAFETY: the rows and units of this worker, in columns that the caller leaves to this layer; nobody
                // reads the output before all are done.
                unsafe { outputs.write(start..start + units.len()) }.copy_from_slice(h);
            } else {
                h.copy_from_slice(&read[row * width + state..][units.clone()]);
                if cell.has_memory() {
                    let part = row * units.len()..(row + 1) * units.len();
                    memory[part.clone()].copy_from_slice(&memory_before[part]);
                }
            }
        }
        if self.context.keep {
            self.gates.publish(at);
            self.extra.publish(at);
            self.memory.publish(at + 1);
        }
    }
}
