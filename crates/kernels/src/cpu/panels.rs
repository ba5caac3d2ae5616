//! A matrix packed for many products with few rows, and the product.
//!
//! `gemm` packs the right side at each call. A recurrence multiplies by the same weights at each step,
//! so they are packed once: in panels of two vectors' width, each panel contiguous from the first row
//! to the last.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::pool::Buffer;

/// Vectors across a panel.
pub(super) const VECTORS: usize = 2;

/// Values that one thread packs by itself: waking another takes longer.
const ALONE: usize = 1 << 16;

/// A `[depth, width]` matrix in panels.
#[derive(Debug)]
pub(super) struct Panels {
    arch: Arch,
    values: Buffer,
    depth: usize,
    width: usize,
    /// Columns a panel; those of the last one that the matrix has not have no meaning.
    columns: usize,
}

/// Rows of equal length at equal distance.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub values: &'a [f32],
    /// Where the first row starts.
    pub offset: usize,
    /// From the start of a row to that of the next.
    pub stride: usize,
}

impl<'a> Rows<'a> {
    pub fn new(values: &'a [f32], offset: usize, stride: usize) -> Self {
        Self { values, offset, stride }
    }
}

/// Rows to write.
pub(super) struct RowsMut<'a> {
    pub values: &'a mut [f32],
    pub offset: usize,
    pub stride: usize,
}

impl<'a> RowsMut<'a> {
    pub fn new(values: &'a mut [f32], offset: usize, stride: usize) -> Self {
        Self { values, offset, stride }
    }
}

/// What happens to what stands in the target.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Replace,
    Add,
}

/// Who packs a matrix.
#[derive(Clone, Copy)]
pub(super) enum Packers {
    /// The thread that asks, as one that others wait for must.
    One,
    /// The whole pool, where the matrix is large.
    All,
}

impl Panels {
    fn empty(arch: Arch, depth: usize, width: usize) -> Self {
        let columns = VECTORS * lanes(arch);
        Self { arch, values: Buffer::new(width.div_ceil(columns) * depth * columns), depth, width, columns }
    }

    /// Fills each panel, whose first column and values it is given.
    fn fill(&mut self, packers: Packers, pack: impl Fn(usize, &mut [f32]) + Sync) {
        let (columns, size) = (self.columns, (self.depth * self.columns).max(1));
        match packers {
            Packers::All if self.values.len() > ALONE => {
                let panels = self.values.par_chunks_exact_mut(size).enumerate();
                panels.for_each(|(panel, values)| pack(panel * columns, values));
            }
            _ => {
                let panels = self.values.chunks_exact_mut(size).enumerate();
                panels.for_each(|(panel, values)| pack(panel * columns, values));
            }
        }
    }

    /// Packs the matrix that has these columns, each given in pieces from the first row on.
    pub fn from_columns<'a, const PIECES: usize>(
        arch: Arch,
        depth: usize,
        width: usize,
        packers: Packers,
        column: impl Fn(usize) -> [&'a [f32]; PIECES] + Sync,
    ) -> Self {
        let mut panels = Self::empty(arch, depth, width);
        let columns = panels.columns;
        panels.fill(packers, |first, values| {
            for at in 0..columns.min(width - first) {
                let mut values = values[at..].iter_mut().step_by(columns);
                for piece in column(first + at) {
                    piece.iter().zip(&mut values).for_each(|(element, value)| *value = *element);
                }
            }
        });
        panels
    }

    /// Packs the matrix that has these rows.
    pub fn from_rows<'a>(
        arch: Arch,
        depth: usize,
        width: usize,
        packers: Packers,
        row: impl Fn(usize) -> &'a [f32] + Sync,
    ) -> Self {
        let mut panels = Self::empty(arch, depth, width);
        let columns = panels.columns;
        panels.fill(packers, |first, values| {
            let count = columns.min(width - first);
            for (at, values) in values.chunks_exact_mut(columns).enumerate() {
                values[..count].copy_from_slice(&row(at)[first..][..count]);
            }
        });
        panels
    }

    pub fn arch(&self) -> Arch {
        self.arch
    }

    pub fn depth(&self) -> usize {
        self.depth
    }

    pub fn width(&self) -> usize {
        self.width
    }

    /// `target = rows · matrix[part]`, or goes on with the sums in it: `rows` has `part.len()` columns, `target` the
    /// matrix's width. Each element is summed in the order of `part`, whatever the number of rows, and whether in one
    /// product or several.
    pub fn product(&self, rows: Rows<'_>, part: Range<usize>, target: RowsMut<'_>, count: usize, mode: Target) {
        debug_assert!(part.end <= self.depth);
        self.arch.dispatch(Product { panels: self, rows, part, target, count, mode });
    }
}

/// Values of a vector.
pub(super) fn lanes(arch: Arch) -> usize {
    arch.dispatch(Lanes)
}

struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> usize {
        S::F32_LANES
    }
}

struct Product<'a> {
    panels: &'a Panels,
    rows: Rows<'a>,
    part: Range<usize>,
    target: RowsMut<'a>,
    count: usize,
    mode: Target,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { panels, rows, part, mut target, count, mode } = self;
        // Rows a tile: as many sums as the registers hold beside one row of the panel.
        let most = if S::REGISTER_COUNT >= 32 { 8 } else { 4 };
        // Few rows take several panels at a time, so that sums do not wait for each other.
        let wide = if count <= 2 { 4 } else { 1 };
        let tiles = count.div_ceil(most);
        let size = panels.depth * panels.columns;
        for (group, values) in panels.values.chunks((wide * size).max(1)).enumerate() {
            let first = group * wide * panels.columns;
            let tile = Tile {
                values,
                size,
                part: part.start * panels.columns..part.end * panels.columns,
                rows,
                depth: part.len(),
                column: first,
                width: panels.width - first,
                mode,
            };
            let number = values.len() / size.max(1);
            match (count, number) {
                (1, 4) => tile.run::<S, 1, 4>(simd, 0, &mut target),
                (2, 4) => tile.run::<S, 2, 4>(simd, 0, &mut target),
                _ => {
                    for (panel, index) in (0..number).flat_map(|panel| (0..tiles).map(move |index| (panel, index))) {
                        let tile = tile.panel(panel, panels.columns);
                        let (from, to) = (index * count / tiles, (index + 1) * count / tiles);
                        match to - from {
                            1 => tile.run::<S, 1, 1>(simd, from, &mut target),
                            2 => tile.run::<S, 2, 1>(simd, from, &mut target),
                            3 => tile.run::<S, 3, 1>(simd, from, &mut target),
                            4 => tile.run::<S, 4, 1>(simd, from, &mut target),
                            5 => tile.run::<S, 5, 1>(simd, from, &mut target),
                            6 => tile.run::<S, 6, 1>(simd, from, &mut target),
                            7 => tile.run::<S, 7, 1>(simd, from, &mut target),
                            _ => tile.run::<S, 8, 1>(simd, from, &mut target),
                        }
                    }
                }
            }
        }
    }
}

/// Some rows times some panels that stand one after the other.
struct Tile<'a> {
    /// The panels, `size` values each.
    values: &'a [f32],
    size: usize,
    /// The part of each panel that takes part.
    part: Range<usize>,
    rows: Rows<'a>,
    depth: usize,
    /// Where the first panel's columns start, and how many columns there are from there on.
    column: usize,
    width: usize,
    mode: Target,
}

impl Tile<'_> {
    /// One panel alone.
    #[inline(always)]
    fn panel(&self, panel: usize, columns: usize) -> Self {
        Self {
            values: &self.values[panel * self.size..][..self.size],
            part: self.part.clone(),
            column: self.column + panel * columns,
            width: self.width - panel * columns,
            ..*self
        }
    }

    #[inline(always)]
    fn run<S: Simd, const ROWS: usize, const PANELS: usize>(&self, simd: S, first: usize, target: &mut RowsMut<'_>) {
        let depth = self.depth;
        let (start, stride) = (self.rows.offset + first * self.rows.stride, self.rows.stride);
        let rows = &self.rows.values[start..start + (ROWS - 1) * stride + depth];
        let panels: [&[S::f32s]; PANELS] =
            std::array::from_fn(|panel| S::as_simd_f32s(&self.values[panel * self.size..][self.part.clone()]).0);
        let width = self.width.min(PANELS * VECTORS * S::F32_LANES);
        let place = |row: usize| {
            let start = target.offset + (first + row) * target.stride + self.column;
            start..start + width
        };
        let mut sums = [[[simd.splat_f32s(0.0); VECTORS]; PANELS]; ROWS];
        if self.mode == Target::Add {
            for (row, sums) in sums.iter_mut().enumerate() {
                let target = target.values[place(row)].chunks(S::F32_LANES);
                sums.as_flattened_mut()
                    .iter_mut()
                    .zip(target)
                    .for_each(|(sum, from)| *sum = simd.partial_load_f32s(from));
            }
        }
        let sums = multiply::<S, ROWS, PANELS>(simd, rows, (stride, 1), panels, depth, sums);
        for (row, sums) in sums.iter().enumerate() {
            let target = target.values[place(row)].chunks_mut(S::F32_LANES);
            for (sum, to) in sums.as_flattened().iter().zip(target) {
                if to.len() == S::F32_LANES {
                    S::as_mut_simd_f32s(to).0[0] = *sum;
                } else {
                    simd.partial_store_f32s(to, *sum);
                }
            }
        }
    }
}

/// The sums of one tile: the rows' elements stand at distance `step`. Apart from what becomes of them, so that they stay in registers.
#[inline(always)]
pub(super) fn multiply<S: Simd, const ROWS: usize, const PANELS: usize>(
    simd: S,
    rows: &[f32],
    (stride, step): (usize, usize),
    panels: [&[S::f32s]; PANELS],
    depth: usize,
    mut sums: [[[S::f32s; VECTORS]; PANELS]; ROWS],
) -> [[[S::f32s; VECTORS]; PANELS]; ROWS] {
    assert!(rows.len() > (ROWS - 1) * stride + depth.max(1) * step - step);
    assert!(panels.iter().all(|panel| panel.len() >= VECTORS * depth));
    for index in 0..depth {
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: row < ROWS and index < depth, so all places lie in the slices measured above. Checked access
            // keeps the sums out of the registers.
            let left = simd.splat_f32s(unsafe { *rows.get_unchecked(row * stride + index * step) });
            for (panel, sums) in panels.iter().zip(sums) {
                let place = VECTORS * index;
                let right = unsafe { [*panel.get_unchecked(place), *panel.get_unchecked(place + 1)] };
                sums[0] = simd.mul_add_e_f32s(left, right[0], sums[0]);
                sums[1] = simd.mul_add_e_f32s(left, right[1], sums[1]);
            }
        }
    }
    sums
}
