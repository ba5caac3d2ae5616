//! What a thread holds of a buffer that stands step by step.

use std::ops::Range;

use super::Layer;
use super::thread_team::Shared;

/// What one thread computes at each step.
#[derive(Clone, Debug)]
pub(super) struct Share {
    pub rows: Range<usize>,
    pub units: Range<usize>,
}

impl Share {
    /// The share of `[batch, hidden]` values, `[rows, units]`.
    pub fn of(&self, values: &[f32], hidden: usize) -> Vec<f32> {
        self.rows.clone().flat_map(|row| &values[row * hidden..][self.units.clone()]).copied().collect()
    }
}

/// A thread's places in a `[slots, batch, parts · hidden]` buffer: its rows and units, packed to
/// `[rows, parts · units]`.
///
/// Where the share has all units these places stand together and are used as they are; else a copy is, which is loaded
/// and published.
pub(super) struct Lane<'a> {
    shared: Shared<'a>,
    batch: usize,
    hidden: usize,
    parts: usize,
    share: Share,
    /// How many steps stand in the buffer.
    held: usize,
    /// How many stand where the lane works: in the copy, if it has one.
    slots: usize,
    copy: Option<Vec<f32>>,
}

impl<'a> Lane<'a> {
    /// # Safety
    ///
    /// While the lane lives nobody else uses the share's places, but for reading what has been published.
    pub unsafe fn new(layer: Layer, shared: Shared<'a>, parts: usize, share: Share) -> Self {
        let Layer { batch, hidden, .. } = layer;
        let held = shared.len() / (batch * parts * hidden).max(1);
        Self { shared, batch, hidden, parts, share, held, slots: held, copy: None }
    }

    /// The same with a copy of `slots` steps.
    pub fn copied(self, slots: usize) -> Self {
        let copy = vec![0.0; slots * self.share.rows.len() * self.parts * self.share.units.len()];
        Self { slots, copy: Some(copy), ..self }
    }

    /// Values of a step.
    fn size(&self) -> usize {
        self.share.rows.len() * self.parts * self.share.units.len()
    }

    fn places(&self, step: usize) -> Range<usize> {
        let slot = if self.slots == 0 { 0 } else { step % self.slots };
        let start = match self.copy {
            Some(_) => slot * self.size(),
            None => (slot * self.batch + self.share.rows.start) * self.parts * self.hidden,
        };
        start..start + self.size()
    }

    /// `[rows, parts · units]`
    pub fn step(&mut self, step: usize) -> &mut [f32] {
        let places = self.places(step);
        match &mut self.copy {
            Some(copy) => &mut copy[places],
            // SAFETY: the lane's own places, borrowed from the lane for writing.
            None => unsafe { self.shared.write(places) },
        }
    }

    /// A step to read and the one after it to write.
    pub fn pair(&mut self, step: usize) -> (&[f32], &mut [f32]) {
        let (before, after) = (self.places(step), self.places(step + 1));
        assert!(before != after || before.is_empty(), "a pair takes two slots");
        match &mut self.copy {
            Some(copy) => {
                // A copy that is asked for pairs has two slots.
                let (first, second) = copy.split_at_mut(before.len());
                if before.start == 0 { (first, second) } else { (second, first) }
            }
            // SAFETY: the lane's own places, borrowed from the lane. They are two slots, as asserted, and slots do not
            // overlap.
            None => unsafe { (self.shared.read(before), self.shared.write(after)) },
        }
    }

    /// A number of steps from `step` on, which stand together in a copy alone.
    pub fn steps(&mut self, step: usize, count: usize) -> &mut [f32] {
        let places = self.places(step).start..self.places(step + count - 1).end;
        &mut self.copy.as_mut().expect("only a copy holds steps together")[places]
    }

    /// Puts the copy in its places, where there are such.
    pub fn publish(&mut self, step: usize) {
        self.exchange(step, |copy, shared| shared.copy_from_slice(copy));
    }

    /// Fills the copy from its places.
    pub fn load(&mut self, step: usize) {
        self.exchange(step, |copy, shared| copy.copy_from_slice(shared));
    }

    fn exchange(&mut self, step: usize, exchange: impl Fn(&mut [f32], &mut [f32])) {
        let own = self.places(step);
        let Some(copy) = self.copy.as_mut().filter(|_| !self.shared.is_empty()) else { return };
        let width = self.parts * self.hidden;
        let units = self.share.units.len();
        let rows = copy[own].chunks_exact_mut((self.parts * units).max(1));
        for (row, values) in self.share.rows.clone().zip(rows) {
            for (part, values) in values.chunks_exact_mut(units).enumerate() {
                let start = (step % self.held * self.batch + row) * width + part * self.hidden + self.share.units.start;
                // SAFETY: places of the share's rows and units, which `new` was promised; the slice ends here.
                exchange(values, unsafe { self.shared.write(start..start + units) });
            }
        }
    }
}

/// Puts together what the shares' owners hold, `[rows, units]` each, to `[batch, hidden]`.
pub(super) fn unite(shares: &[Share], values: &[Vec<f32>], batch: usize, hidden: usize) -> Vec<f32> {
    let mut whole = vec![0.0; batch * hidden];
    for (share, values) in shares.iter().zip(values) {
        for (row, values) in share.rows.clone().zip(values.chunks_exact(share.units.len())) {
            whole[row * hidden..][share.units.clone()].copy_from_slice(values);
        }
    }
    whole
}
