//! The cross-entropy of a linear layer's output with many classes, such as a vocabulary, and its derivative.
//!
//! Composed, a step writes and reads the logits of all rows a dozen times, which for a vocabulary are far larger than
//! all else in it. Here some rows at a time go from logits to loss, and back from logits to gradients, while they stand
//! in a core's cache; the pass back makes them anew instead of keeping them.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::isa::arch;
use super::panels::{Packing, Panels, Rows, RowsMut, Target};
use super::pool::Buffer;
use super::simd::{Vector, exp};
use super::zeros::zeros;

/// A linear layer and what it reads.
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    /// `[rows, width]`
    pub input: &'a [f32],
    /// `[width, classes]`
    pub weight: &'a [f32],
    /// `[classes]`
    pub bias: &'a [f32],
    /// `[rows, picks]`: the classes that each row is held against.
    pub classes: &'a [usize],
    /// How many that are.
    pub picks: usize,
}

/// What the pass back finds, in the shapes of what it belongs to.
pub(crate) struct HeadGradients {
    pub input: Vec<f32>,
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

/// Rows that a thread takes through at a time.
const BLOCK: usize = 32;
/// Gradients of logits that stand in memory at a time, in values (8 MiB), unless a block has more.
const VALUES: usize = 1 << 21;
/// Rows of the weights' gradient that a thread makes at a time.
const TURNED: usize = 16;
/// Classes whose part of a product with the weights is summed at a time.
const PART: usize = 512;

impl Head<'_> {
    fn count(&self) -> usize {
        self.bias.len()
    }

    fn rows(&self) -> usize {
        self.classes.len() / self.picks
    }

    fn width(&self) -> usize {
        self.input.len() / self.rows()
    }

    /// `[W; b]`, for rows `[x, 1]`.
    fn panels(&self, arch: Arch) -> Panels {
        let (width, count) = (self.width(), self.count());
        Panels::from_rows(arch, width + 1, count, Packing::MANY, |row| match row == width {
            true => self.bias,
            false => &self.weight[row * count..],
        })
    }

    /// Rows `[x, 1]` from `first` on.
    fn extended(&self, first: usize, count: usize) -> Buffer {
        let width = self.width();
        let mut rows = Buffer::new(count * (width + 1));
        let input = self.input[first * width..].chunks_exact(width);
        for (row, input) in rows.chunks_exact_mut(width + 1).zip(input) {
            row[..width].copy_from_slice(input);
            row[width] = 1.0;
        }
        rows
    }
}

/// What the pass back needs of the pass forward.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The logarithm of the sum of the exponents of a row's logits, `[rows]`.
    logs: Vec<f32>,
    /// `[W; b]`
    panels: Panels,
}

/// The cross-entropies of each row, `[rows, picks]`.
pub(crate) fn losses(head: Head<'_>) -> (Vec<f32>, Kept) {
    let (count, width) = (head.count(), head.width());
    let panels = head.panels(arch());
    let mut losses = vec![0.0; head.classes.len()];
    let mut logs = vec![0.0; head.rows()];
    let blocks = losses.par_chunks_mut(BLOCK * head.picks).zip(logs.par_chunks_mut(BLOCK)).enumerate();
    blocks.for_each(|(block, (losses, logs))| {
        let first = block * BLOCK;
        let rows = head.extended(first, logs.len());
        let mut logits = Buffer::new(logs.len() * count);
        let target = RowsMut::new(&mut logits, 0, count);
        panels.product(Rows::new(&rows, 0, width + 1), 0..width + 1, target, logs.len(), Target::Replace);
        let classes = head.classes[first * head.picks..].chunks_exact(head.picks);
        let found = logits.chunks_exact(count).zip(classes);
        for ((logits, classes), (losses, log)) in found.zip(losses.chunks_exact_mut(head.picks).zip(logs)) {
            *log = panels.arch().dispatch(LogSum(logits));
            losses.iter_mut().zip(classes).for_each(|(loss, class)| *loss = *log - logits[*class]);
        }
    });
    (losses, Kept { logs, panels })
}

/// The gradients, from those of the losses, `[rows, picks]`, and what [`losses`] found.
pub(crate) fn gradients(head: Head<'_>, kept: &Kept, gradient: &[f32]) -> HeadGradients {
    let (count, width) = (head.count(), head.width());
    let Kept { logs, panels } = kept;
    let arch = panels.arch();
    let to_input =
        Panels::from_columns(arch, count, width, Packing::MANY, |column| [&head.weight[column * count..][..count]]);
    let mut input = zeros(head.input.len());
    // With a last row for the bias.
    let mut weight = zeros((width + 1) * count);
    let most = (VALUES / count).max(BLOCK);
    for first in (0..head.rows()).step_by(most) {
        let rows_here = most.min(head.rows() - first);
        let rows = head.extended(first, rows_here);
        let mut derivatives = Buffer::new(rows_here * count);
        let blocks = derivatives
            .par_chunks_mut(BLOCK * count)
            .zip(input[first * width..].par_chunks_mut(BLOCK * width))
            .zip(rows.par_chunks(BLOCK * (width + 1)))
            .enumerate();
        blocks.for_each(|(block, ((derivatives, input), rows))| {
            let first = first + block * BLOCK;
            let here = derivatives.len() / count;
            let target = RowsMut::new(derivatives, 0, count);
            panels.product(Rows::new(rows, 0, width + 1), 0..width + 1, target, here, Target::Replace);
            for (row, derivatives) in derivatives.chunks_exact_mut(count).enumerate() {
                let picks = (first + row) * head.picks..(first + row + 1) * head.picks;
                let (log, gradient) = (logs[first + row], &gradient[picks.clone()]);
                let scale = gradient.iter().sum();
                arch.dispatch(Derivative { logits: derivatives, log, scale });
                let picked = head.classes[picks].iter().zip(gradient);
                picked.for_each(|(class, gradient)| derivatives[*class] -= gradient);
            }
            for part in (0..count).step_by(PART) {
                let part = part..(part + PART).min(count);
                let mode = if part.start == 0 { Target::Replace } else { Target::Add };
                to_input.product(
                    Rows::new(derivatives, part.start, count),
                    part,
                    RowsMut::new(input, 0, width),
                    here,
                    mode,
                );
            }
        });
        let mode = if first == 0 { Target::Replace } else { Target::Add };
        add_outer(&rows, &derivatives, rows_here, &mut weight, mode);
    }
    let bias = weight.split_off(width * count);
    HeadGradients { input, weight, bias }
}

/// Puts `rowsᵀ · derivatives` into `[columns of rows, columns of derivatives]`, or adds it.
fn add_outer(rows: &[f32], derivatives: &[f32], count: usize, target: &mut [f32], mode: Target) {
    let (width, columns) = (rows.len() / count, derivatives.len() / count);
    let mut turned = Buffer::new(rows.len());
    for (column, turned) in turned.chunks_exact_mut(count).enumerate() {
        turned.iter_mut().zip(rows[column..].iter().step_by(width)).for_each(|(value, from)| *value = *from);
    }
    let panels = Panels::from_rows(arch(), count, columns, Packing::MANY, |row| &derivatives[row * columns..]);
    let shares = target.par_chunks_mut(TURNED * columns).zip(turned.par_chunks(TURNED * count));
    shares.for_each(|(target, turned)| {
        let (rows, here) = (Rows::new(turned, 0, count), turned.len() / count);
        panels.product(rows, 0..count, RowsMut::new(target, 0, columns), here, mode);
    });
}

/// `ln Σ exp` of a row.
struct LogSum<'a>(&'a [f32]);

impl WithSimd for LogSum<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let (whole, rest) = S::as_simd_f32s(self.0);
        let mut most = simd.splat_f32s(f32::NEG_INFINITY);
        for values in whole {
            most = simd.max_f32s(most, *values);
        }
        let most = rest.iter().copied().fold(simd.reduce_max_f32s(most), f32::max);
        let shift = Vector::splat(simd, most);
        let mut sum = Vector::splat(simd, 0.0);
        for values in whole {
            sum = sum + exp(Vector::new(simd, *values) - shift);
        }
        let rest: f32 = rest.iter().map(|value| (value - most).exp()).sum();
        most + (simd.reduce_sum_f32s(sum.values()) + rest).ln()
    }
}

/// From a row's logits to `scale · softmax`, in place.
struct Derivative<'a> {
    logits: &'a mut [f32],
    log: f32,
    scale: f32,
}

impl WithSimd for Derivative<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (whole, rest) = S::as_mut_simd_f32s(self.logits);
        let (log, scale) = (Vector::splat(simd, self.log), Vector::splat(simd, self.scale));
        for values in whole {
            *values = (exp(Vector::new(simd, *values) - log) * scale).values();
        }
        rest.iter_mut().for_each(|value| *value = (*value - self.log).exp() * self.scale);
    }
}
