//! The product `leftᵀ · right` of two matrices with many rows, as the gradients of weights are.
//!
//! `gemm` shares out and packs for square products; here the result is small and the sum is long. Each thread takes
//! some columns of `left`, and goes through all rows block by block: a block's columns of `left` stand packed in a
//! core's cache, and those of `right` are read where they are.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::isa::arch;
use super::panels::{FEWER_ROWS, ROWS, VECTORS, lanes, multiply};
use super::pool::Buffer;
use super::thread_team::LINE;

/// Some columns of a row-major matrix.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    values: &'a [f32],
    first: usize,
    count: usize,
    /// Values a row of the whole matrix.
    width: usize,
}

impl<'a> Columns<'a> {
    pub fn new(values: &'a [f32], first: usize, count: usize, width: usize) -> Self {
        assert!(first + count <= width);
        Self { values, first, count, width }
    }

    fn row(&self, row: usize) -> &'a [f32] {
        &self.values[row * self.width + self.first..][..self.count]
    }
}

/// Rows of a block: a panel of so many rows is two thirds of a core's first cache.
const BLOCK: usize = 256;
/// Panels that stay in a core's second cache while all tiles pass by.
const GROUP: usize = 8;

/// Adds `leftᵀ · right` over `rows` rows to `product`, `[columns of left, columns of right]`. Sums run in the order of
/// the rows.
pub(super) fn add_transposed_product(left: Columns<'_>, right: Columns<'_>, rows: usize, product: &mut [f32]) {
    let arch = arch();
    let columns = VECTORS * lanes(arch);
    let panels = left.count.div_ceil(columns);
    let work = left.count * right.count * rows;
    let threads = if work < 1_000_000 { 1 } else { rayon::current_num_threads().min(panels) };
    let part = panels.div_ceil(threads) * columns;
    let shares = product.par_chunks_mut(part * right.count).enumerate();
    shares.for_each(|(index, product)| {
        let left = Columns { first: left.first + index * part, count: product.len() / right.count, ..left };
        arch.dispatch(Outer { left, right, rows, columns, product });
    });
}

/// One thread's part.
struct Outer<'a> {
    left: Columns<'a>,
    right: Columns<'a>,
    rows: usize,
    columns: usize,
    /// `[left, right]`
    product: &'a mut [f32],
}

impl WithSimd for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::REGISTER_COUNT >= 32 { self.run::<S, ROWS>(simd) } else { self.run::<S, FEWER_ROWS>(simd) }
    }
}

impl Outer<'_> {
    /// With tiles of so many columns of `right`.
    #[inline(always)]
    fn run<S: Simd, const TILE: usize>(self, simd: S) {
        let Self { left, right, rows, columns, product } = self;
        let panels = left.count.div_ceil(columns);
        let tiles = right.count.div_ceil(TILE);
        // `[panels, BLOCK, columns]`; what stands beyond the edge has no meaning. With a line of the cache in between,
        // the panels' first lines have places of their own in it: at a distance of whole pages all compete for a few.
        let panel_step = BLOCK * columns + LINE;
        let mut packed_left = Buffer::new(panels * panel_step);
        // `[BLOCK, TILE]`: the columns of `right` that fill no tile.
        let mut edge = Buffer::new(BLOCK * TILE);
        // `[tiles, TILE, panels · columns]`
        let mut sums = Buffer::new(tiles * TILE * panels * columns);
        for first in (0..rows).step_by(BLOCK) {
            let count = BLOCK.min(rows - first);
            for row in 0..count {
                pack::<S>(simd, left.row(first + row), columns, row, &mut packed_left);
                pack_edge::<TILE>(right.row(first + row), row, &mut edge);
            }
            let block = &right.values[first * right.width + right.first..];
            for (group, tile) in (0..panels).step_by(GROUP).flat_map(|group| (0..tiles).map(move |tile| (group, tile)))
            {
                let (rows, step) = match (tile + 1) * TILE <= right.count {
                    true => (&block[tile * TILE..], right.width),
                    false => (&edge[..], TILE),
                };
                for panel in group..panels.min(group + GROUP) {
                    let values = S::as_simd_f32s(&packed_left[panel * panel_step..][..count * columns]).0;
                    let place = |row: usize| ((tile * TILE + row) * panels + panel) * columns;
                    let mut tile = [[simd.splat_f32s(0.0); VECTORS]; TILE];
                    for (row, tile) in tile.iter_mut().enumerate().filter(|_| first > 0) {
                        tile.copy_from_slice(S::as_simd_f32s(&sums[place(row)..][..columns]).0);
                    }
                    let tile = multiply::<S, TILE, VECTORS>(simd, rows, (1, step), (values, VECTORS), count, tile);
                    for (row, tile) in tile.iter().enumerate() {
                        S::as_mut_simd_f32s(&mut sums[place(row)..][..columns]).0.copy_from_slice(tile);
                    }
                }
            }
        }
        let width = panels * columns;
        for column in 0..right.count {
            let sums = &sums[column * width..][..left.count];
            product[column..].iter_mut().step_by(right.count).zip(sums).for_each(|(value, sum)| *value += *sum);
        }
    }
}

/// Puts a row in its place of each panel.
#[inline(always)]
fn pack<S: Simd>(simd: S, row: &[f32], columns: usize, at: usize, packed: &mut [f32]) {
    let (whole, rest) = S::as_simd_f32s(row);
    let mut panels = packed.chunks_exact_mut(BLOCK * columns + LINE).map(|panel| &mut panel[at * columns..][..columns]);
    let (pairs, single) = whole.as_chunks::<VECTORS>();
    for (pair, panel) in pairs.iter().zip(&mut panels) {
        S::as_mut_simd_f32s(panel).0.copy_from_slice(pair);
    }
    if let Some(panel) = panels.next() {
        let panel = S::as_mut_simd_f32s(panel).0;
        panel[..single.len()].copy_from_slice(single);
        if !rest.is_empty() {
            panel[single.len()] = simd.partial_load_f32s(rest);
        }
    }
}

/// Puts what of a row is less than a tile in its place.
#[inline(always)]
fn pack_edge<const TILE: usize>(row: &[f32], at: usize, packed: &mut [f32]) {
    let rest = row.as_chunks::<TILE>().1;
    packed[at * TILE..][..rest.len()].copy_from_slice(rest);
}
