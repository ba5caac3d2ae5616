//! A matrix packed for many products with few rows, and the product.
//!
//! `gemm` packs the right side at each call. A recurrence multiplies by the same weights at each step,
//! so they are packed once: in panels of some vectors' width, each panel contiguous from the first row
//! to the last. The fewer rows a product has, the wider the panels, so that as many sums are under way at a time, and
//! the weights come as one stream: with one row, nothing else sets the pace.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::pool::Buffer;
use super::thread_team::LINE;

/// Vectors across the narrowest panel.
pub(super) const VECTORS: usize = 2;

/// Rows of a tile: as many sums as 32 registers hold beside one row of the panel, and as 16 do.
pub(super) const ROWS: usize = 8;
pub(super) const FEWER_ROWS: usize = 6;

/// Values that one thread packs by itself: waking another takes longer.
const ALONE: usize = 1 << 16;

/// A `[depth, width]` matrix in panels.
#[derive(Debug)]
pub(super) struct Panels {
    arch: Arch,
    values: Buffer,
    depth: usize,
    width: usize,
    /// The panels of the rows before this one stand before all others.
    cut: usize,
    /// Columns a panel. The last one may have fewer, in whole pairs of vectors; what lies beyond the matrix means
    /// nothing.
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

    /// Asks for all lines of the cache at once. Where another core has written them, they would come one after the
    /// other while the product waits for each.
    fn touch(self, count: usize, depth: usize) {
        let lines =
            (0..count).flat_map(|row| self.values[self.offset + row * self.stride..][..depth].iter().step_by(LINE));
        std::hint::black_box(lines.sum::<f32>());
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

/// Rows whose product takes no longer than to fetch them from another core.
const FEW: usize = 2;

/// How a matrix is packed.
#[derive(Clone, Copy)]
pub(super) struct Packing {
    /// Whether the whole pool packs a large matrix; a thread that others wait for must do it alone.
    pub shared: bool,
    /// Rows that products will have.
    pub rows: usize,
    /// A row before which no product goes on that began before: what is read from there on stands in one piece, since
    /// gaps slow the stream of weights down.
    pub cut: Option<usize>,
}

impl Packing {
    /// For products with many rows, by all threads.
    pub const MANY: Self = Self { shared: true, rows: usize::MAX, cut: None };
}

impl Panels {
    fn empty(arch: Arch, depth: usize, width: usize, packing: Packing) -> Self {
        let Shape { lanes, registers } = shape(arch);
        let narrowest = VECTORS * lanes;
        let values = Buffer::new(width.div_ceil(narrowest) * depth * narrowest);
        let (columns, cut) = (across(packing.rows, registers) * lanes, packing.cut.unwrap_or(depth));
        Self { arch, values, depth, width, cut, columns }
    }

    /// Fills each panel, whose first column, columns, rows and values it is given.
    fn fill(&mut self, packing: Packing, pack: impl Fn(usize, usize, Range<usize>, &mut [f32]) + Sync) {
        let (columns, shared) = (self.columns, packing.shared && self.values.len() > ALONE);
        let place = self.place(self.cut);
        let (before, after) = self.values.split_at_mut(place);
        for (rows, values) in [(0..self.cut, before), (self.cut..self.depth, after)] {
            let depth = rows.len().max(1);
            let pack = |(panel, values): (usize, &mut [f32])| {
                pack(panel * columns, values.len() / depth, rows.clone(), values);
            };
            if shared {
                values.par_chunks_mut(depth * columns).enumerate().for_each(pack);
            } else {
                values.chunks_mut(depth * columns).enumerate().for_each(pack);
            }
        }
    }

    /// Where the panels of a row start that are apart from those before.
    fn place(&self, row: usize) -> usize {
        self.values.len() / self.depth.max(1) * row
    }

    /// Packs the matrix that has these columns, each given in pieces from the first row on.
    pub fn from_columns<'a, const PIECES: usize>(
        arch: Arch,
        depth: usize,
        width: usize,
        packing: Packing,
        column: impl Fn(usize) -> [&'a [f32]; PIECES] + Sync,
    ) -> Self {
        let mut panels = Self::empty(arch, depth, width, packing);
        panels.fill(packing, |first, columns, rows, values| {
            for at in (0..columns.min(width - first)).step_by(LINE) {
                let count = LINE.min(columns.min(width - first) - at);
                let together: [_; LINE] = std::array::from_fn(|place| column(first + at + place.min(count - 1)));
                let mut before = 0;
                for piece in 0..PIECES {
                    let length = together[0][piece].len();
                    let taken = rows.start.max(before)..rows.end.min(before + length);
                    if !taken.is_empty() {
                        let part = taken.start - before..taken.end - before;
                        let pieces = together.map(|pieces| &pieces[piece][part.clone()]);
                        interleave(&pieces[..count], &mut values[(taken.start - rows.start) * columns + at..], columns);
                    }
                    before += length;
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
        packing: Packing,
        row: impl Fn(usize) -> &'a [f32] + Sync,
    ) -> Self {
        let mut panels = Self::empty(arch, depth, width, packing);
        panels.fill(packing, |first, columns, rows, values| {
            let count = columns.min(width - first);
            for (at, values) in rows.zip(values.chunks_exact_mut(columns)) {
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
        if count <= FEW {
            rows.touch(count, part.len());
        }
        let (first, last) = if part.start < self.cut { (0, self.cut) } else { (self.cut, self.depth) };
        assert!(part.start <= part.end && part.end <= last, "a product over both sides of the cut");
        let values = &self.values[self.place(first)..self.place(last)];
        let part = part.start - first..part.end - first;
        self.arch.dispatch(Product { panels: self, values, depth: last - first, rows, part, target, count, mode });
    }
}

/// Writes columns side by side, `stride` values from row to row.
fn interleave(columns: &[&[f32]], values: &mut [f32], stride: usize) {
    /// Rows at a time, whose lines of the cache stay at hand from column to column.
    const ROWS: usize = 64;
    for first in (0..columns[0].len()).step_by(ROWS) {
        for (at, column) in columns.iter().enumerate() {
            let values = values[first * stride + at..].iter_mut().step_by(stride).take(ROWS);
            values.zip(&column[first..]).for_each(|(value, element)| *value = *element);
        }
    }
}

/// Vectors across the panels, or tiles, for products with so many rows: half of the registers for sums at most.
fn across(rows: usize, registers: usize) -> usize {
    [8, 4].into_iter().find(|across| rows <= registers / 2 / across).unwrap_or(VECTORS)
}

/// Values of a vector.
pub(super) fn lanes(arch: Arch) -> usize {
    shape(arch).lanes
}

/// What the processor's vectors are.
struct Shape {
    /// Values of a vector.
    lanes: usize,
    registers: usize,
}

fn shape(arch: Arch) -> Shape {
    struct Ask;
    impl WithSimd for Ask {
        type Output = Shape;

        #[inline(always)]
        fn with_simd<S: Simd>(self, _simd: S) -> Shape {
            Shape { lanes: S::F32_LANES, registers: S::REGISTER_COUNT }
        }
    }
    arch.dispatch(Ask)
}

struct Product<'a> {
    panels: &'a Panels,
    /// The panels' rows on one side of the cut, and how many there are.
    values: &'a [f32],
    depth: usize,
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
        let Self { panels, values, depth, rows, part, mut target, count, mode } = self;
        let most = if S::REGISTER_COUNT >= 32 { ROWS } else { FEWER_ROWS };
        let tiles = count.div_ceil(most);
        let widest = across(count, S::REGISTER_COUNT);
        for (panel, values) in values.chunks((depth * panels.columns).max(1)).enumerate() {
            let across = values.len() / (depth * S::F32_LANES);
            let values = &S::as_simd_f32s(values).0[part.start * across..part.end * across];
            let mut vector = 0;
            while vector < across {
                let vectors = [8, 4].into_iter().find(|size| *size <= widest.min(across - vector)).unwrap_or(VECTORS);
                let column = panel * panels.columns + vector * S::F32_LANES;
                let tile = Tile { values, across, vector, rows, depth: part.len(), column, width: panels.width, mode };
                for index in 0..tiles {
                    let (from, to) = (index * count / tiles, (index + 1) * count / tiles);
                    match (to - from, vectors) {
                        (1, 8) => tile.run::<S, 1, 8>(simd, from, &mut target),
                        (1, 4) => tile.run::<S, 1, 4>(simd, from, &mut target),
                        (1, _) => tile.run::<S, 1, 2>(simd, from, &mut target),
                        (2, 8) => tile.run::<S, 2, 8>(simd, from, &mut target),
                        (2, 4) => tile.run::<S, 2, 4>(simd, from, &mut target),
                        (2, _) => tile.run::<S, 2, 2>(simd, from, &mut target),
                        (3, 4) => tile.run::<S, 3, 4>(simd, from, &mut target),
                        (3, _) => tile.run::<S, 3, 2>(simd, from, &mut target),
                        (4, 4) => tile.run::<S, 4, 4>(simd, from, &mut target),
                        (4, _) => tile.run::<S, 4, 2>(simd, from, &mut target),
                        (5, _) => tile.run::<S, 5, 2>(simd, from, &mut target),
                        (6, _) => tile.run::<S, 6, 2>(simd, from, &mut target),
                        (7, _) => tile.run::<S, 7, 2>(simd, from, &mut target),
                        _ => tile.run::<S, 8, 2>(simd, from, &mut target),
                    }
                }
                vector += vectors;
            }
        }
    }
}

/// Some rows times some vectors of a panel.
struct Tile<'a, V> {
    /// The part of the panel that takes part, `[depth, across]`.
    values: &'a [V],
    across: usize,
    /// The first of the vectors.
    vector: usize,
    rows: Rows<'a>,
    depth: usize,
    /// The column of the matrix where the tile starts, and how many columns the matrix has.
    column: usize,
    width: usize,
    mode: Target,
}

impl<V: Copy> Tile<'_, V> {
    #[inline(always)]
    fn run<S: Simd<f32s = V>, const ROWS: usize, const COLUMNS: usize>(
        &self,
        simd: S,
        first: usize,
        target: &mut RowsMut<'_>,
    ) {
        let depth = self.depth;
        let (start, stride) = (self.rows.offset + first * self.rows.stride, self.rows.stride);
        let rows = &self.rows.values[start..start + (ROWS - 1) * stride + depth];
        let width = (self.width - self.column).min(COLUMNS * S::F32_LANES);
        let place = |row: usize| {
            let start = target.offset + (first + row) * target.stride + self.column;
            start..start + width
        };
        let mut sums = [[simd.splat_f32s(0.0); COLUMNS]; ROWS];
        if self.mode == Target::Add {
            for (row, sums) in sums.iter_mut().enumerate() {
                let target = target.values[place(row)].chunks(S::F32_LANES);
                sums.iter_mut().zip(target).for_each(|(sum, from)| *sum = simd.partial_load_f32s(from));
            }
        }
        let panel = &self.values[self.vector.min(self.values.len())..];
        // Most tiles are as wide as their panel, and faster where the compiler knows it.
        let sums = match self.across == COLUMNS {
            true => multiply::<S, ROWS, COLUMNS>(simd, rows, (stride, 1), (panel, COLUMNS), depth, sums),
            false => multiply::<S, ROWS, COLUMNS>(simd, rows, (stride, 1), (panel, self.across), depth, sums),
        };
        for (row, sums) in sums.iter().enumerate() {
            let target = target.values[place(row)].chunks_mut(S::F32_LANES);
            for (sum, to) in sums.iter().zip(target) {
                if to.len() == S::F32_LANES {
                    S::as_mut_simd_f32s(to).0[0] = *sum;
                } else {
                    simd.partial_store_f32s(to, *sum);
                }
            }
        }
    }
}

/// The sums of one tile: the rows' elements stand at distance `step`, the panel's rows at distance `across` vectors.
/// Apart from what becomes of them, so that they stay in registers.
#[inline(always)]
pub(super) fn multiply<S: Simd, const ROWS: usize, const COLUMNS: usize>(
    simd: S,
    rows: &[f32],
    (stride, step): (usize, usize),
    (panel, across): (&[S::f32s], usize),
    depth: usize,
    mut sums: [[S::f32s; COLUMNS]; ROWS],
) -> [[S::f32s; COLUMNS]; ROWS] {
    assert!(rows.len() > (ROWS - 1) * stride + depth.max(1) * step - step);
    assert!(depth == 0 || panel.len() >= (depth - 1) * across + COLUMNS);
    for index in 0..depth {
        // SAFETY: index < depth, so all places lie in the slice measured above. Checked access keeps the sums out of
        // the registers.
        let right: [S::f32s; COLUMNS] =
            std::array::from_fn(|vector| unsafe { *panel.get_unchecked(index * across + vector) });
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: row < ROWS and index < depth, so all places lie in the slice measured above.
            let left = simd.splat_f32s(unsafe { *rows.get_unchecked(row * stride + index * step) });
            for (right, sum) in right.iter().zip(sums) {
                *sum = simd.mul_add_e_f32s(left, *right, *sum);
            }
        }
    }
    sums
}
