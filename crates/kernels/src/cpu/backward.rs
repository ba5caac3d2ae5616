//! The pass back through time.

use std::ops::Range;

use gemm::Parallelism;
use pulp::Arch;
use rayon::prelude::*;

use super::panels::{Panels, Rows, RowsMut, Target};
use super::slices::{by_batch, by_rows, parts};
use super::step::{Back, Real};
use super::{Layer, Saved, gru, lstm, rnn};
use crate::{Cell, Direction, GruReset};

/// The gradients that come in.
#[derive(Clone, Copy)]
pub(crate) struct Gradient<'a> {
    /// `[batch, time, hidden]`
    pub output: &'a [f32],
    /// `[batch, hidden]`, of the last state
    pub hidden: Option<&'a [f32]>,
    /// `[batch, hidden]`, of an LSTM's last memory
    pub memory: Option<&'a [f32]>,
}

/// The gradients that go out, in the shapes of what they belong to.
pub(crate) struct Gradients {
    pub input: Option<Vec<f32>>,
    pub hidden: Vec<f32>,
    pub memory: Option<Vec<f32>>,
    pub input_weight: Vec<f32>,
    pub recurrent_weight: Vec<f32>,
    pub input_bias: Vec<f32>,
    pub recurrent_bias: Vec<f32>,
}

/// Gradients of a layer; `input` says whether the input's is asked for.
pub(crate) fn backward(
    mut saved: Saved,
    input_weight: &[f32],
    recurrent_weight: &[f32],
    gradient: Gradient<'_>,
    input: bool,
) -> Gradients {
    let layer = saved.layer;
    let Layer { batch, time, hidden, .. } = layer;
    let arch = Arch::new();
    let to_state = Panels::new(arch, layer.gates(), hidden, |gate, unit| recurrent_weight[gate * hidden + unit]);
    let to_input = input
        .then(|| Panels::new(arch, layer.gates(), layer.input, |gate, unit| input_weight[gate * layer.input + unit]));
    let input_width = if input { time * layer.input } else { 0 };
    let mut grad = gradient.hidden.map_or_else(|| vec![0.0; batch * hidden], <[f32]>::to_vec);
    let mut grad_memory = gradient.memory.map_or_else(|| vec![0.0; batch * layer.memory()], <[f32]>::to_vec);
    let mut grad_input = vec![0.0; batch * input_width];

    let parts = parts(batch, layer.slices());
    let apart = layer.apart();
    let slices: Vec<Slice<'_>> = parts
        .iter()
        .cloned()
        .zip(by_rows(&mut saved.gates, time, layer.gates(), &parts))
        .zip(by_rows(&mut saved.extra, time, layer.extra(), &parts))
        .zip(by_batch(&mut grad, hidden, &parts))
        .zip(by_batch(&mut grad_memory, layer.memory(), &parts))
        .zip(by_batch(&mut grad_input, input_width, &parts))
        .map(|(((((part, gates), extra), grad), grad_memory), grad_input)| Slice {
            layer,
            rows: &saved.rows,
            memory: &saved.memory,
            mask: saved.mask.as_deref(),
            output: gradient.output,
            to_state: &to_state,
            to_input: to_input.as_ref().filter(|_| !apart),
            part,
            gates,
            extra,
            grad,
            grad_memory,
            grad_input,
        })
        .collect();
    match slices.len() {
        1 => slices.into_iter().for_each(Slice::run),
        _ => slices.into_par_iter().for_each(Slice::run),
    }
    if let (Some(panels), true) = (&to_input, apart) {
        input_gradient(layer, panels, &saved.gates, &mut grad_input);
    }
    let (input_weight, recurrent_weight, input_bias, recurrent_bias) = weight_gradients(&saved);
    Gradients {
        input: input.then_some(grad_input),
        hidden: grad,
        memory: layer.cell.has_memory().then_some(grad_memory),
        input_weight,
        recurrent_weight,
        input_bias,
        recurrent_bias,
    }
}

/// The input's gradient from all gates, with all threads.
fn input_gradient(layer: Layer, panels: &Panels, gates: &[f32], grad_input: &mut [f32]) {
    const CHUNK: usize = 32;
    let (batch, time, width) = (layer.batch, layer.time, layer.input);
    grad_input.par_chunks_mut(time * width).enumerate().for_each(|(at, grad_input)| {
        grad_input.par_chunks_mut(CHUNK * width).enumerate().for_each(|(chunk, grad_input)| {
            let count = grad_input.len() / width;
            let times = chunk * CHUNK..chunk * CHUNK + count;
            // Read backward, later steps come first.
            let first = layer.time_of(times.start).min(layer.time_of(times.end - 1));
            let rows = Rows::new(gates, (first * batch + at) * layer.gates(), batch * layer.gates());
            let target = RowsMut::new(grad_input, 0, width);
            panels.product(rows, 0..layer.gates(), target, count, Target::Replace);
            if layer.direction == Direction::Backward {
                reverse_rows(grad_input, width);
            }
        });
    });
}

fn reverse_rows(rows: &mut [f32], width: usize) {
    let (mut first, mut last) = (0, rows.len() - width);
    while first < last {
        let (head, tail) = rows.split_at_mut(last);
        head[first..first + width].swap_with_slice(&mut tail[..width]);
        first += width;
        last -= width;
    }
}

/// The rows of one thread.
struct Slice<'a> {
    layer: Layer,
    rows: &'a [f32],
    memory: &'a [f32],
    mask: Option<&'a [f32]>,
    output: &'a [f32],
    to_state: &'a Panels,
    to_input: Option<&'a Panels>,
    part: Range<usize>,
    gates: Vec<&'a mut [f32]>,
    extra: Vec<&'a mut [f32]>,
    grad: &'a mut [f32],
    grad_memory: &'a mut [f32],
    grad_input: &'a mut [f32],
}

impl Slice<'_> {
    fn run(mut self) {
        let mut scratch = vec![0.0; self.part.len() * self.layer.hidden.max(self.layer.input)];
        for step in (0..self.layer.time).rev() {
            self.step(step, &mut scratch);
        }
    }

    fn step(&mut self, step: usize, scratch: &mut [f32]) {
        let layer = self.layer;
        let Layer { batch, time, hidden, .. } = layer;
        let (width, count, at) = (layer.width(), self.part.len(), layer.time_of(step));
        let real = Real { mask: self.mask, first: self.part.start, time, at };
        for (row, grad) in self.grad.chunks_exact_mut(hidden).enumerate().filter(|(row, _)| real.at(*row)) {
            let output = &self.output[((self.part.start + row) * time + at) * hidden..][..hidden];
            grad.iter_mut().zip(output).for_each(|(grad, output)| *grad += output);
        }
        let memory = |step: usize| match layer.cell.has_memory() {
            true => &self.memory[(step * batch + self.part.start) * hidden..][..count * hidden],
            false => &[],
        };
        let mut back = Back {
            rows: count,
            hidden,
            width,
            state: layer.state(),
            real,
            read: &self.rows[(step * batch + self.part.start) * width..][..count * width],
            gates: &mut *self.gates[step],
            extra: &mut *self.extra[step],
            memory_before: memory(step),
            memory: memory(step + 1),
            grad: &mut *self.grad,
            grad_memory: &mut *self.grad_memory,
            scratch,
        };
        match layer.cell {
            Cell::Lstm => lstm::backward(&mut back, self.to_state),
            Cell::Rnn(function) => rnn::backward(&mut back, self.to_state, function),
            Cell::Gru(GruReset::After) => gru::backward_after(&mut back, self.to_state),
            Cell::Gru(GruReset::Before) => gru::backward_before(&mut back, self.to_state),
        }
        if let Some(panels) = self.to_input {
            let gates = Rows::new(&*self.gates[step], 0, layer.gates());
            let target = RowsMut::new(self.grad_input, at * layer.input, time * layer.input);
            panels.product(gates, 0..layer.gates(), target, count, Target::Replace);
        }
    }
}

type WeightGradients = (Vec<f32>, Vec<f32>, Vec<f32>, Vec<f32>);

/// `dW`, `dU`, `db`, `dc` from the gradients of the gates and the rows that were read.
fn weight_gradients(saved: &Saved) -> WeightGradients {
    let layer = saved.layer;
    let Layer { input, hidden, .. } = layer;
    let (gates, width, state) = (layer.gates(), layer.width(), layer.state());
    let count = layer.time * layer.batch;
    let mut weights = (vec![0.0; gates * input], vec![0.0; gates * hidden], vec![0.0; gates], vec![0.0; gates]);
    // Rows of gates that see `[x, 1, h']` with one and the same gradient.
    let whole = if matches!(layer.cell, Cell::Gru(_)) { 2 * hidden } else { gates };
    let all = transposed_product(&saved.gates, (0, whole, gates), &saved.rows, (0, width, width), count);
    for (gate, row) in all.chunks_exact(width).enumerate() {
        weights.0[gate * input..][..input].copy_from_slice(&row[..input]);
        weights.1[gate * hidden..][..hidden].copy_from_slice(&row[state..]);
        weights.2[gate] = row[input];
        weights.3[gate] = row[input];
    }
    let Cell::Gru(reset) = layer.cell else { return weights };
    let of_input = transposed_product(&saved.gates, (whole, hidden, gates), &saved.rows, (0, state, width), count);
    for (unit, row) in of_input.chunks_exact(state).enumerate() {
        weights.0[(whole + unit) * input..][..input].copy_from_slice(&row[..input]);
        weights.2[whole + unit] = row[input];
    }
    match reset {
        GruReset::After => {
            let columns = (input, hidden + 1, width);
            let of_state = transposed_product(&saved.extra, (0, hidden, hidden), &saved.rows, columns, count);
            for (unit, row) in of_state.chunks_exact(hidden + 1).enumerate() {
                weights.1[(whole + unit) * hidden..][..hidden].copy_from_slice(&row[1..]);
                weights.3[whole + unit] = row[0];
            }
        }
        GruReset::Before => {
            let columns = (0, hidden, hidden);
            let of_state = transposed_product(&saved.gates, (whole, hidden, gates), &saved.extra, columns, count);
            weights.1[whole * hidden..].copy_from_slice(&of_state);
            let (input_bias, recurrent_bias) = (&weights.2[whole..], &mut weights.3[whole..]);
            recurrent_bias.copy_from_slice(input_bias);
        }
    }
    weights
}

/// `leftᵀ · right` over `count` rows, `[columns of left, columns of right]`. Columns are given as first, number
/// and values a row.
fn transposed_product(
    left: &[f32],
    (left_first, left_columns, left_width): (usize, usize, usize),
    right: &[f32],
    (right_first, right_columns, right_width): (usize, usize, usize),
    count: usize,
) -> Vec<f32> {
    assert!(left_first + left_columns <= left_width && count * left_width <= left.len());
    assert!(right_first + right_columns <= right_width && count * right_width <= right.len());
    let mut product = vec![0.0f32; left_columns * right_columns];
    // SAFETY: the two assertions keep all places that the strides reach inside the slices; the product has
    // just been made with its size, and nothing else points into it.
    unsafe {
        gemm::gemm(
            left_columns,
            right_columns,
            count,
            product.as_mut_ptr(),
            1,
            right_columns as isize,
            false,
            left.as_ptr().add(left_first),
            left_width as isize,
            1,
            right.as_ptr().add(right_first),
            1,
            right_width as isize,
            0.0,
            1.0,
            false,
            false,
            false,
            Parallelism::Rayon(0),
        );
    }
    product
}
