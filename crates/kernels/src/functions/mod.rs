//! The recurrences, one file each, and what they share: the projection of all steps, and masks.

mod gru;
mod lstm;
mod rnn;

pub use gru::{GruReset, gru};
pub use lstm::{LstmState, lstm};
pub use rnn::{RnnActivation, rnn};

use burn::tensor::Tensor;

use crate::{Direction, Weights};

/// The input's part of every gate for all steps, with the input bias: one product. The steps come in
/// the order in which the direction reads them, each `[batch, gates * hidden]`.
fn project(input: Tensor<3>, weights: &Weights, direction: Direction) -> Vec<(usize, Tensor<2>)> {
    let [batch, time, features] = input.dims();
    let [width, _] = weights.input.dims();
    // Time first, so that each step is one contiguous block.
    let rows = input.swap_dims(0, 1).reshape([time * batch, features]);
    let projected = rows.matmul(weights.input.clone().transpose()) + weights.input_bias.clone().reshape([1, width]);
    let steps = projected.reshape([time, batch, width]);
    let order: Vec<usize> = match direction {
        Direction::Forward => (0..time).collect(),
        Direction::Backward => (0..time).rev().collect(),
    };
    order.into_iter().map(|step| (step, steps.clone().narrow(0, step, 1).reshape([batch, width]))).collect()
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
