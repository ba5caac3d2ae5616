//! Recurrences that work channel by channel, forward and back through time: one loop over time with vectors over
//! channels. Threads share rows, and where these are few, the channels.
//!
//! Padded steps are left out of the loop, so that they neither change a state nor cost anything. No sum depends on the
//! number of threads.

mod gated;
mod linear;
mod rule;

use std::marker::PhantomData;
use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use self::rule::{Rule, Seen};
use super::pool::Buffer;
use super::simd::Vector;
use super::thread_team::Shared;
use crate::cpu::isa::arch;
use crate::{Direction, GatedCell, Numbers};

/// Values of a thread's turn at least: waking another takes longer.
const ALONE: usize = 1 << 14;
/// Channels of a task at least, and what their number is a multiple of.
const BLOCK: usize = 64;

/// What is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Recurrence {
    /// `a h + b`: b is the first tensor, and a the second, of each step or of the channel.
    Linear { numbers: Numbers, constant: bool },
    /// The sums are the first tensor, the weights the second.
    Gated(GatedCell),
}

/// What is read. No size is 0.
#[derive(Clone, Copy)]
pub(crate) struct Read<'a> {
    pub batch: usize,
    pub time: usize,
    pub channels: usize,
    pub direction: Direction,
    /// `[batch, time]`
    pub mask: Option<&'a [f32]>,
    /// `[batch, time, parts · channels]`
    pub first: &'a [f32],
    /// `[batch, time, parts · channels]`, or `[own, channels]`
    pub second: &'a [f32],
    /// `[batch, states · channels]`
    pub initial: &'a [f32],
}

/// What a pass forward gives.
pub(crate) struct Passed {
    /// `[batch, time, states · channels]`, or `[batch, time, channels]` where it is made of the state
    pub output: Vec<f32>,
    /// The states, where the output is another thing and the pass back wants them.
    pub states: Option<Buffer>,
    /// `[batch, states · channels]`
    pub last: Vec<f32>,
}

/// Gradients of what was read.
pub(crate) struct Found {
    pub first: Vec<f32>,
    pub second: Vec<f32>,
    pub initial: Vec<f32>,
}

/// Calls a function with the recurrence's rule.
macro_rules! with_rule {
    ($recurrence:expr, $call:ident($($argument:expr),*)) => {
        match $recurrence {
            Recurrence::Linear { numbers: Numbers::Real, constant: false } => $call(linear::Real, $($argument),*),
            Recurrence::Linear { numbers: Numbers::Real, constant: true } => {
                $call(linear::ConstantReal, $($argument),*)
            }
            Recurrence::Linear { numbers: Numbers::Complex, constant: false } => $call(linear::Complex, $($argument),*),
            Recurrence::Linear { numbers: Numbers::Complex, constant: true } => {
                $call(linear::ConstantComplex, $($argument),*)
            }
            Recurrence::Gated(GatedCell::MinGru) => $call(gated::MinGru, $($argument),*),
            Recurrence::Gated(GatedCell::MinLstm) => $call(gated::MinLstm, $($argument),*),
            Recurrence::Gated(GatedCell::Qrnn) => $call(gated::Qrnn, $($argument),*),
            Recurrence::Gated(GatedCell::Sru) => $call(gated::Sru, $($argument),*),
        }
    };
}

/// The pass forward; `keep` says that a pass back will follow.
pub(crate) fn scan(recurrence: Recurrence, read: Read<'_>, keep: bool) -> Passed {
    with_rule!(recurrence, forward(read, keep))
}

/// The pass back, from the states and the gradients of outputs and last states.
pub(crate) fn scan_gradients(
    recurrence: Recurrence,
    read: Read<'_>,
    states: &[f32],
    output: &[f32],
    last: Option<&[f32]>,
) -> Found {
    with_rule!(recurrence, backward(read, states, output, last))
}

impl<'a> Read<'a> {
    /// The real steps of a row, in the order of reading.
    fn steps(&self, row: usize) -> Vec<usize> {
        let real = |step: &usize| self.mask.is_none_or(|mask| mask[row * self.time + step] != 0.0);
        match self.direction {
            Direction::Forward => (0..self.time).filter(real).collect(),
            Direction::Backward => (0..self.time).rev().filter(real).collect(),
        }
    }

    /// Runs `work` on each row, and on parts of its channels where threads would have nothing else to share.
    fn share(&self, work: impl Fn(usize, Range<usize>) + Sync) {
        let wanted = rayon::current_num_threads().div_ceil(self.batch);
        let block = self.channels.div_ceil(wanted).next_multiple_of(BLOCK);
        let blocks = self.channels.div_ceil(block);
        let together = ALONE.div_ceil(self.time * block.min(self.channels));
        (0..self.batch * blocks).into_par_iter().with_min_len(together).for_each(|task| {
            let start = task % blocks * block;
            work(task / blocks, start..(start + block).min(self.channels));
        });
    }

    /// A task's values in a tensor of so many `parts` at a place, which counts rows and steps.
    #[inline(always)]
    fn cut<const COUNT: usize>(&self, values: &'a [f32], place: usize, channels: &Range<usize>) -> [&'a [f32]; COUNT] {
        std::array::from_fn(|part| &values[(place * COUNT + part) * self.channels..][channels.clone()])
    }

    /// The step's values, of the first tensor and of the second.
    #[inline(always)]
    fn parts<const PARTS: usize>(&self, first: usize, place: usize, channels: &Range<usize>) -> [&'a [f32]; PARTS] {
        std::array::from_fn(|part| {
            let (values, count, part) =
                if part < first { (self.first, first, part) } else { (self.second, PARTS - first, part - first) };
            &values[(place * count + part) * self.channels..][channels.clone()]
        })
    }
}

/// A task's places in a tensor of `count` parts at a place.
///
/// # Safety
///
/// Nothing else uses them while the slices live.
#[inline(always)]
unsafe fn places<'a, const COUNT: usize>(
    values: Shared<'a>,
    width: usize,
    place: usize,
    channels: &Range<usize>,
) -> [&'a mut [f32]; COUNT] {
    std::array::from_fn(|part| {
        let start = (place * COUNT + part) * width + channels.start;
        // SAFETY: as promised; the parts do not overlap.
        unsafe { values.write(start..start + channels.len()) }
    })
}

#[inline(always)]
fn load<S: Simd, const COUNT: usize>(simd: S, slices: &[&[f32]; COUNT], at: usize) -> [Vector<S>; COUNT] {
    std::array::from_fn(|part| Vector::load(simd, slices[part], at))
}

#[inline(always)]
fn load_own<S: Simd, const COUNT: usize>(simd: S, slices: &[Vec<f32>; COUNT], at: usize) -> [Vector<S>; COUNT] {
    std::array::from_fn(|part| Vector::load(simd, &slices[part], at))
}

fn forward<R, const PARTS: usize, const OWN: usize, const STATES: usize>(_rule: R, read: Read<'_>, keep: bool) -> Passed
where
    R: Rule<PARTS, OWN, STATES>,
{
    let places = read.batch * read.time * read.channels;
    let mut output = vec![0.0; places * if R::OUTPUT { 1 } else { STATES }];
    let mut states = (keep && R::OUTPUT).then(|| Buffer::new(places * STATES));
    let mut last = vec![0.0; read.batch * STATES * read.channels];
    let arch = arch();
    let shared = [&mut output, &mut last].map(|values| Shared::new(values));
    let kept = states.as_mut().map(|states| Shared::new(states));
    read.share(|row, channels| {
        let [output, last] = shared;
        arch.dispatch(Forward::<R, PARTS, OWN, STATES> { read, row, channels, output, kept, last, rule: PhantomData });
    });
    Passed { output, states, last }
}

/// A task of a pass forward. Nobody else uses its row and channels.
struct Forward<'a, R, const PARTS: usize, const OWN: usize, const STATES: usize> {
    read: Read<'a>,
    row: usize,
    channels: Range<usize>,
    output: Shared<'a>,
    kept: Option<Shared<'a>>,
    last: Shared<'a>,
    rule: PhantomData<R>,
}

impl<R, const PARTS: usize, const OWN: usize, const STATES: usize> WithSimd for Forward<'_, R, PARTS, OWN, STATES>
where
    R: Rule<PARTS, OWN, STATES>,
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { read, row, channels, .. } = self;
        let (width, count) = (read.channels, channels.len());
        let own: [&[f32]; OWN] = read.cut(read.second, 0, &channels);
        let initial: [&[f32]; STATES] = read.cut(read.initial, row, &channels);
        let mut state = initial.map(<[f32]>::to_vec);
        for step in read.steps(row) {
            let place = row * read.time + step;
            let parts: [&[f32]; PARTS] = read.parts(R::FIRST, place, &channels);
            let mut kept = match (R::OUTPUT, self.kept) {
                // SAFETY: the task's own places. The output has `STATES` parts where it is the state, and one
                // otherwise.
                (false, _) => Some(unsafe { places::<STATES>(self.output, width, place, &channels) }),
                // SAFETY: as above.
                (true, kept) => kept.map(|kept| unsafe { places::<STATES>(kept, width, place, &channels) }),
            };
            // SAFETY: as above.
            let mut output = R::OUTPUT.then(|| unsafe { places::<1>(self.output, width, place, &channels) });
            for at in (0..count).step_by(S::F32_LANES) {
                let before = load_own(simd, &state, at);
                let seen = Seen { parts: load(simd, &parts, at), own: load(simd, &own, at), before };
                let after = R::state(seen);
                for (after, state) in after.into_iter().zip(&mut state) {
                    after.store(state, at);
                }
                if let Some(kept) = &mut kept {
                    for (after, kept) in after.into_iter().zip(kept) {
                        after.store(kept, at);
                    }
                }
                if let Some([output]) = &mut output {
                    R::output(seen, after).store(output, at);
                }
            }
        }
        // SAFETY: the task's own places.
        let last = unsafe { places::<STATES>(self.last, width, row, &channels) };
        last.into_iter().zip(&state).for_each(|(last, state)| last.copy_from_slice(state));
    }
}

fn backward<R, const PARTS: usize, const OWN: usize, const STATES: usize>(
    _rule: R,
    read: Read<'_>,
    states: &[f32],
    output: &[f32],
    last: Option<&[f32]>,
) -> Found
where
    R: Rule<PARTS, OWN, STATES>,
{
    let width = read.channels;
    let mut first = vec![0.0; read.first.len()];
    let mut initial = vec![0.0; read.initial.len()];
    let each = PARTS > R::FIRST;
    // Of a channel's own values each row has a gradient.
    let mut second = vec![0.0; if each { read.second.len() } else { read.batch * OWN * width }];
    let arch = arch();
    let gradients = [&mut first, &mut second, &mut initial].map(|values| Shared::new(values));
    read.share(|row, channels| {
        let task = Backward::<R, PARTS, OWN, STATES> {
            read,
            row,
            channels,
            states,
            output,
            last,
            gradients,
            rule: PhantomData,
        };
        arch.dispatch(task);
    });
    if !each {
        let rows = second;
        second = vec![0.0; OWN * width];
        for row in rows.chunks_exact((OWN * width).max(1)) {
            second.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
    }
    Found { first, second, initial }
}

/// A task of a pass back. Nobody else uses its row and channels.
struct Backward<'a, R, const PARTS: usize, const OWN: usize, const STATES: usize> {
    read: Read<'a>,
    row: usize,
    channels: Range<usize>,
    states: &'a [f32],
    output: &'a [f32],
    last: Option<&'a [f32]>,
    /// Of the first tensor, the second and the initial state.
    gradients: [Shared<'a>; 3],
    rule: PhantomData<R>,
}

impl<R, const PARTS: usize, const OWN: usize, const STATES: usize> WithSimd for Backward<'_, R, PARTS, OWN, STATES>
where
    R: Rule<PARTS, OWN, STATES>,
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { read, row, channels, .. } = self;
        let [first, second, initial] = self.gradients;
        let (width, count) = (read.channels, channels.len());
        let own: [&[f32]; OWN] = read.cut(read.second, 0, &channels);
        let beginning: [&[f32]; STATES] = read.cut(read.initial, row, &channels);
        let mut carried: [Vec<f32>; STATES] = match self.last {
            Some(last) => read.cut::<STATES>(last, row, &channels).map(<[f32]>::to_vec),
            None => std::array::from_fn(|_| vec![0.0; count]),
        };
        let mut of_own: [Vec<f32>; OWN] = std::array::from_fn(|_| vec![0.0; count]);
        let steps = read.steps(row);
        for (number, step) in steps.iter().enumerate().rev() {
            let place = row * read.time + step;
            let parts: [&[f32]; PARTS] = read.parts(R::FIRST, place, &channels);
            let state: [&[f32]; STATES] = read.cut(self.states, place, &channels);
            let before = match number {
                0 => beginning,
                _ => read.cut(self.states, row * read.time + steps[number - 1], &channels),
            };
            let output: [&[f32]; STATES] = match R::OUTPUT {
                true => [&self.output[place * width..][channels.clone()]; STATES],
                false => read.cut(self.output, place, &channels),
            };
            let mut of_parts: [&mut [f32]; PARTS] = std::array::from_fn(|part| {
                let (values, count, part) =
                    if part < R::FIRST { (first, R::FIRST, part) } else { (second, PARTS - R::FIRST, part - R::FIRST) };
                let start = (place * count + part) * width + channels.start;
                // SAFETY: the task's own places; the parts do not overlap.
                unsafe { values.write(start..start + channels.len()) }
            });
            for at in (0..count).step_by(S::F32_LANES) {
                let seen =
                    Seen { parts: load(simd, &parts, at), own: load(simd, &own, at), before: load(simd, &before, at) };
                let (mut after, of_output) = (load_own(simd, &carried, at), load(simd, &output, at));
                if !R::OUTPUT {
                    after = std::array::from_fn(|part| after[part] + of_output[part]);
                }
                let found = R::gradients(seen, load(simd, &state, at), of_output[0], after);
                // Loops and no closures: what is not inlined is compiled for the oldest processor.
                for (found, part) in found.parts.into_iter().zip(&mut of_parts) {
                    found.store(part, at);
                }
                for (found, own) in found.own.into_iter().zip(&mut of_own) {
                    (Vector::load(simd, own, at) + found).store(own, at);
                }
                for (found, state) in found.before.into_iter().zip(&mut carried) {
                    found.store(state, at);
                }
            }
        }
        // SAFETY: the task's own places.
        let initial = unsafe { places::<STATES>(initial, width, row, &channels) };
        initial.into_iter().zip(&carried).for_each(|(initial, carried)| initial.copy_from_slice(carried));
        if OWN > 0 {
            // SAFETY: as above.
            let sums = unsafe { places::<OWN>(second, width, row, &channels) };
            sums.into_iter().zip(&of_own).for_each(|(sum, own)| sum.copy_from_slice(own));
        }
    }
}
