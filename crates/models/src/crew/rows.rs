//! What goes into a pass and comes out of it, cut and joined by rows.

use std::ops::Range;

use burn::tensor::kind::Basic;
use burn::tensor::{Device, Tensor};

use crate::cells::state::State;
use crate::sequences::{Input, Sequences};

/// What a pass reads.
pub(crate) trait Rows {
    /// How many sequences there are.
    fn rows(&self) -> usize;

    /// Some of them, on a device.
    fn part(&self, rows: Range<usize>, device: &Device) -> Self;
}

/// What a pass gives.
pub(crate) trait Joined: Sized {
    /// The parts one after the other, on a device.
    fn joined(parts: Vec<Self>, device: &Device) -> Self;
}

fn cut<const D: usize, K: Basic>(tensor: &Tensor<D, K>, rows: Range<usize>, device: &Device) -> Tensor<D, K> {
    tensor.clone().narrow(0, rows.start, rows.len()).to_device(device)
}

impl Rows for Sequences {
    fn rows(&self) -> usize {
        self.dims()[0]
    }

    fn part(&self, rows: Range<usize>, device: &Device) -> Self {
        let input = match &self.input {
            Input::Values(values) => Input::Values(cut(values, rows.clone(), device)),
            Input::Tokens(tokens) => Input::Tokens(cut(tokens, rows.clone(), device)),
        };
        Self { input, mask: self.mask.as_ref().map(|mask| cut(mask, rows, device)) }
    }
}

/// Steps `[batch, time, width]` and their mask.
impl Rows for (Tensor<3>, Option<Tensor<2>>) {
    fn rows(&self) -> usize {
        self.0.dims()[0]
    }

    fn part(&self, rows: Range<usize>, device: &Device) -> Self {
        (cut(&self.0, rows.clone(), device), self.1.as_ref().map(|mask| cut(mask, rows, device)))
    }
}

/// Sequences and the states that they go on from.
impl Rows for (Sequences, Option<Vec<State>>) {
    fn rows(&self) -> usize {
        self.0.rows()
    }

    fn part(&self, rows: Range<usize>, device: &Device) -> Self {
        let state = |state: &State| State {
            hidden: cut(&state.hidden, rows.clone(), device),
            cell: state.cell.as_ref().map(|cell| cut(cell, rows.clone(), device)),
        };
        let states = self.1.as_ref().map(|states| states.iter().map(state).collect());
        (self.0.part(rows.clone(), device), states)
    }
}

impl<const D: usize> Joined for Tensor<D> {
    fn joined(parts: Vec<Self>, device: &Device) -> Self {
        Tensor::cat(parts.into_iter().map(|part| part.to_device(device)).collect(), 0)
    }
}

/// Logits and the states after them, of a model that carries some.
impl Joined for Option<(Tensor<2>, Vec<State>)> {
    fn joined(parts: Vec<Self>, device: &Device) -> Self {
        let (logits, states): (Vec<_>, Vec<_>) = parts.into_iter().collect::<Option<Vec<_>>>()?.into_iter().unzip();
        let mut states: Vec<_> = states.into_iter().map(Vec::into_iter).collect();
        let mut next = || states.iter_mut().map(Iterator::next).collect::<Option<Vec<State>>>();
        let states = std::iter::from_fn(|| {
            let (hidden, cells): (Vec<_>, Vec<_>) = next()?.into_iter().map(|state| (state.hidden, state.cell)).unzip();
            let cell = cells.into_iter().collect::<Option<Vec<_>>>().map(|cells| Tensor::joined(cells, device));
            Some(State { hidden: Tensor::joined(hidden, device), cell })
        });
        Some((Tensor::joined(logits, device), states.collect()))
    }
}
