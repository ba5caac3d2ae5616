//! What a cell's file sees of one step: the rows and hidden units of one thread.

use std::ops::Range;

use super::panels::{Panels, Rows, RowsMut, Target};
use super::thread_team::Shared;

/// The `h` part of the rows that the next step reads.
pub(super) struct States<'a> {
    values: Shared<'a>,
    first: usize,
    stride: usize,
}

impl<'a> States<'a> {
    /// Row `r` starts at `first + r · stride`.
    ///
    /// # Safety
    ///
    /// Nobody else uses the places of the rows while this lives.
    pub unsafe fn new(values: Shared<'a>, first: usize, stride: usize) -> Self {
        Self { values, first, stride }
    }

    #[inline(always)]
    pub fn row(&mut self, row: usize, units: usize) -> &mut [f32] {
        let start = self.first + row * self.stride;
        // SAFETY: as promised to `new`; the row is borrowed from `self` for writing.
        unsafe { self.values.write(start..start + units) }
    }
}

/// Which rows of a step are no padding.
pub(super) struct Real<'a> {
    /// `[batch, time]`; absent where nothing is padded.
    pub mask: Option<&'a [f32]>,
    /// The first row's place in the batch.
    pub first: usize,
    pub time: usize,
    pub at: usize,
}

impl Real<'_> {
    #[inline(always)]
    pub fn at(&self, row: usize) -> bool {
        self.mask.is_none_or(|mask| mask[(self.first + row) * self.time + self.at] != 0.0)
    }
}

/// The first `COUNT · hidden` values, cut into gates.
#[inline(always)]
pub(super) fn parts<const COUNT: usize>(mut row: &mut [f32], hidden: usize) -> [&mut [f32]; COUNT] {
    std::array::from_fn(|_| row.split_off_mut(..hidden).unwrap_or_default())
}

/// One step forward. A row that is read holds `[x, 1, h']`, `width` values, `h'` from `state` on, and that of the
/// thread's `hidden` units from `own` on.
pub(super) struct Step<'a> {
    pub rows: usize,
    pub hidden: usize,
    pub width: usize,
    pub state: usize,
    pub own: usize,
    /// Whether `gates` holds the input's part already.
    pub projected: bool,
    pub read: &'a [f32],
    /// `[rows, gates · hidden]`
    pub gates: &'a mut [f32],
    /// `[rows, hidden]`, of a GRU: `U_n h + c_n`, or `r ⊙ h`
    pub extra: &'a mut [f32],
    /// `[rows, hidden]`, of an LSTM
    pub memory_before: &'a [f32],
    pub memory: &'a mut [f32],
    /// `[hidden]`, of a GRU: `c_n`, which the reset gate acts on too
    pub bias: &'a [f32],
    pub next: States<'a>,
}

impl Step<'_> {
    /// Fills the gates with the sums over `part` of the row that is read; panels and gates are of one width.
    pub fn project(&mut self, panels: &Panels, part: Range<usize>) {
        let width = panels.width();
        let (part, mode) = match self.projected {
            true => (part.start.max(self.state)..part.end, Target::Add),
            false => (part, Target::Replace),
        };
        let rows = Rows::new(self.read, part.start, self.width);
        panels.product(rows, part, RowsMut::new(self.gates, 0, width), self.rows, mode);
    }
}

/// One step back; `h'` of the thread's `hidden` units starts at `own` in a row that was read.
pub(super) struct Back<'a> {
    pub rows: usize,
    pub hidden: usize,
    pub width: usize,
    pub own: usize,
    pub real: Real<'a>,
    pub read: &'a [f32],
    /// The rows of the step after: `h` where `read` has `h'`.
    pub next: &'a [f32],
    /// In: the activations, but for a simple network's, which are `h`; out: the gradients of the sums.
    pub gates: &'a mut [f32],
    /// `[rows, hidden]`, of a GRU; out: the gradient of `U_n h + c_n`, or `r ⊙ h` as it was
    pub extra: &'a mut [f32],
    pub memory_before: &'a [f32],
    pub memory: &'a [f32],
    /// `[rows, hidden]`, in: gradient of `h`; out: of `h'`, but for what comes through the gates
    pub grad: &'a mut [f32],
    /// `[rows, hidden]`, in: gradient of `c`; out: of `c'`
    pub grad_memory: &'a mut [f32],
    /// `[rows, hidden]`
    pub scratch: &'a mut [f32],
}
