//! The squared error of a linear layer's outputs, and its derivative.
//!
//! Composed, outputs, differences, squares and the gradients of each are tensors of their own, each written and read
//! once more.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::isa::arch;
use super::outer::{Columns, add_transposed_product};
use super::panels::{Packing, Panels, Rows, RowsMut, Target};
use super::pool::Buffer;
use super::simd::Vector;
use super::zeros::zeros;

/// A linear layer, what it reads and what it should say.
#[derive(Clone, Copy)]
pub(crate) struct Fitted<'a> {
    /// `[rows, width]`
    pub input: &'a [f32],
    /// `[width, outputs]`
    pub weight: &'a [f32],
    /// `[outputs]`
    pub bias: &'a [f32],
    /// `[rows, outputs]`
    pub targets: &'a [f32],
}

/// What the pass back finds, in the shapes of what it belongs to.
pub(crate) struct FittedGradients {
    pub input: Vec<f32>,
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
    /// Where they are asked for.
    pub targets: Option<Vec<f32>>,
}

/// Outputs less targets, `[rows, outputs]`.
#[derive(Debug)]
pub(crate) struct Differences(Buffer);

/// Rows that a thread takes at a time.
const BLOCK: usize = 32;
/// So few outputs are taken one after the other.
const FEW: usize = 4;
/// Multiplications of a product that one thread makes by itself: waking another takes longer.
const ALONE: usize = 1_000_000;

impl Fitted<'_> {
    fn outputs(&self) -> usize {
        self.bias.len()
    }

    fn rows(&self) -> usize {
        self.targets.len() / self.outputs()
    }

    fn width(&self) -> usize {
        self.weight.len() / self.outputs()
    }

    /// Blocks that a thread takes one after the other.
    fn blocks(&self) -> usize {
        let work = self.rows() * self.weight.len();
        if work < ALONE { usize::MAX } else { 1 }
    }
}

/// The mean over the outputs of each row's squared differences, `[rows]`.
pub(crate) fn errors(layer: Fitted<'_>) -> (Vec<f32>, Differences) {
    let (width, outputs) = (layer.width(), layer.outputs());
    let arch = arch();
    let product = WithWeight::new(arch, layer);
    let mut differences = Buffer::new(layer.targets.len());
    let mut errors = vec![0.0; layer.rows()];
    let blocks = differences
        .par_chunks_mut(BLOCK * outputs)
        .zip(errors.par_chunks_mut(BLOCK))
        .zip(layer.input.par_chunks(BLOCK * width))
        .zip(layer.targets.par_chunks(BLOCK * outputs));
    blocks.with_min_len(layer.blocks()).for_each(|(((differences, errors), input), targets)| {
        arch.dispatch(|| {
            for (differences, targets) in differences.chunks_exact_mut(outputs).zip(targets.chunks_exact(outputs)) {
                let values = layer.bias.iter().zip(targets);
                differences.iter_mut().zip(values).for_each(|(difference, (bias, target))| *difference = bias - target);
            }
        });
        product.add(arch, input, differences, errors.len());
        arch.dispatch(MeanSquares { differences, errors });
    });
    (errors, Differences(differences))
}

/// The gradients, from those of the errors, `[rows]`, and what [`errors`] found.
pub(crate) fn error_gradients(
    layer: Fitted<'_>,
    differences: &Differences,
    gradient: &[f32],
    with_targets: bool,
) -> FittedGradients {
    let (width, outputs, rows) = (layer.width(), layer.outputs(), layer.rows());
    let arch = arch();
    let column = |column: usize| [&layer.weight[column * outputs..][..outputs]];
    let panels = Panels::from_columns(arch, outputs, width, Packing::MANY, column);
    let mut slopes = Buffer::new(layer.targets.len());
    let mut input = zeros(layer.input.len());
    let blocks = slopes
        .par_chunks_mut(BLOCK * outputs)
        .zip(differences.0.par_chunks(BLOCK * outputs))
        .zip(gradient.par_chunks(BLOCK))
        .zip(input.par_chunks_mut(BLOCK * width));
    blocks.with_min_len(layer.blocks()).for_each(|(((slopes, differences), gradient), input)| {
        arch.dispatch(|| {
            let rows = slopes.chunks_exact_mut(outputs).zip(differences.chunks_exact(outputs));
            for ((slopes, differences), gradient) in rows.zip(gradient) {
                let scale = 2.0 / outputs as f32 * gradient;
                slopes.iter_mut().zip(differences).for_each(|(slope, difference)| *slope = scale * difference);
            }
        });
        let target = RowsMut::new(input, 0, width);
        panels.product(Rows::new(slopes, 0, outputs), 0..outputs, target, gradient.len(), Target::Replace);
    });
    let mut weight = zeros(layer.weight.len());
    let (left, right) = (Columns::new(layer.input, 0, width, width), Columns::new(&slopes, 0, outputs, outputs));
    add_transposed_product(left, right, rows, &mut weight);
    let mut bias = vec![0.0; outputs];
    for slopes in slopes.chunks_exact(outputs) {
        bias.iter_mut().zip(slopes).for_each(|(sum, slope)| *sum += slope);
    }
    let targets = with_targets.then(|| slopes.iter().map(|slope| -slope).collect());
    FittedGradients { input, weight, bias, targets }
}

/// The weights, ready for products with rows.
enum WithWeight {
    /// `[outputs, width]`: a panel would stand all but empty.
    Few(Vec<f32>),
    Many(Panels),
}

impl WithWeight {
    fn new(arch: Arch, layer: Fitted<'_>) -> Self {
        let (width, outputs) = (layer.width(), layer.outputs());
        if outputs <= FEW {
            let column = |output: usize| layer.weight[output..].iter().step_by(outputs).copied();
            return Self::Few((0..outputs).flat_map(column).collect());
        }
        let row = |row: usize| &layer.weight[row * outputs..];
        Self::Many(Panels::from_rows(arch, width, outputs, Packing::MANY, row))
    }

    /// `differences += input · weight`, of `count` rows.
    fn add(&self, arch: Arch, input: &[f32], differences: &mut [f32], count: usize) {
        let (width, outputs) = (input.len() / count, differences.len() / count);
        match self {
            Self::Few(columns) => arch.dispatch(AddDots { differences, input, columns, width }),
            Self::Many(panels) => {
                let target = RowsMut::new(differences, 0, outputs);
                panels.product(Rows::new(input, 0, width), 0..width, target, count, Target::Add);
            }
        }
    }
}

/// `differences += input · columns`, of some rows.
struct AddDots<'a> {
    differences: &'a mut [f32],
    input: &'a [f32],
    /// `[outputs, width]`
    columns: &'a [f32],
    width: usize,
}

impl WithSimd for AddDots<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { differences, input, columns, width } = self;
        let outputs = columns.len() / width;
        for (differences, input) in differences.chunks_exact_mut(outputs).zip(input.chunks_exact(width)) {
            for (difference, column) in differences.iter_mut().zip(columns.chunks_exact(width)) {
                let mut sum = Vector::splat(simd, 0.0);
                for at in (0..width).step_by(S::F32_LANES) {
                    sum = Vector::load(simd, input, at).mul_add(Vector::load(simd, column, at), sum);
                }
                *difference += simd.reduce_sum_f32s(sum.values());
            }
        }
    }
}

/// The mean of the squares of each row.
struct MeanSquares<'a> {
    differences: &'a [f32],
    errors: &'a mut [f32],
}

impl WithSimd for MeanSquares<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let outputs = self.differences.len() / self.errors.len();
        for (error, differences) in self.errors.iter_mut().zip(self.differences.chunks_exact(outputs)) {
            let sum = if outputs <= FEW {
                differences.iter().map(|difference| difference * difference).sum()
            } else {
                let mut sum = Vector::splat(simd, 0.0);
                for at in (0..outputs).step_by(S::F32_LANES) {
                    let difference = Vector::load(simd, differences, at);
                    sum = difference.mul_add(difference, sum);
                }
                simd.reduce_sum_f32s(sum.values())
            };
            *error = sum / outputs as f32;
        }
    }
}
