//! The recurrences in Burn's own operations, one file each, and what they share: the projection of the input, and
//! masks.
//!
//! They run on every backend and dtype, and are what the fused operations are tested against.

mod gated_scan;
mod gru;
mod linear_scan;
mod lstm;
mod rnn;
mod slstm;

pub use gated_scan::gated_scan;
pub use gru::gru;
pub use linear_scan::linear_scan;
pub use lstm::lstm;
pub use rnn::rnn;
pub use slstm::slstm;

use burn::tensor::Tensor;

use crate::{Direction, Weights};

/// The input's part of every gate, with the input bias. The steps come in the order in which the direction
/// reads them, each `[batch, gates * hidden]`.
///
/// A product per step, and not one for all steps: a slice of a tracked tensor gives a gradient of the whole
/// tensor's size at each step, which is cheap for the input and dear for its projection.
fn project(input: Tensor<3>, weights: &Weights, direction: Direction) -> Vec<(usize, Tensor<2>)> {
    let [batch, time, features] = input.dims();
    let [width, _] = weights.input.dims();
    let matrix = weights.input.clone().transpose();
    let bias = weights.input_bias.clone().reshape([1, width]);
    let order: Vec<usize> = match direction {
        Direction::Forward => (0..time).collect(),
        Direction::Backward => (0..time).rev().collect(),
    };
    let step = |step: usize| {
        let values = input.clone().narrow(1, step, 1).reshape([batch, features]);
        (step, values.matmul(matrix.clone()) + bias.clone())
    };
    order.into_iter().map(step).collect()
}

/// The columns of the mask, `[batch, 1]` each; none where nothing is padded.
fn columns(mask: Option<Tensor<2>>) -> Option<Vec<Tensor<2>>> {
    let mask = mask?;
    let [_, time] = mask.dims();
    Some((0..time).map(|step| mask.clone().narrow(1, step, 1)).collect())
}

/// The new state at real steps, the old one at padded steps.
fn carry(new: Tensor<2>, old: Tensor<2>, column: Option<&Tensor<2>>) -> Tensor<2> {
    match column {
        Some(column) => old.clone() + (new - old) * column.clone(),
        None => new,
    }
}

/// Puts the steps' outputs in the order of time, `[batch, time, hidden]`, zero at padded steps.
fn gather(mut outputs: Vec<(usize, Tensor<2>)>, mask: Option<Tensor<2>>) -> Tensor<3> {
    outputs.sort_by_key(|(step, _)| *step);
    let output: Tensor<3> = Tensor::stack(outputs.into_iter().map(|(_, output)| output).collect(), 1);
    match mask {
        Some(mask) => output * mask.unsqueeze_dim(2),
        None => output,
    }
}
