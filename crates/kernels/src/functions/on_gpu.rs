//! The fused operation on GPUs: Burn's matrix product for the input's part of all steps, then one kernel for the
//! steps.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::functions::operands::{Operands, Outputs};
use crate::ops::RecurrentGpuOps;
use crate::{Cell, Direction};

pub(super) fn recurrence(operands: Operands, cell: Cell, direction: Direction) -> Outputs {
    let Operands { input, mask, hidden, memory, weights } = operands;
    let device = input.device();
    let [batch, time, features] = input.dims();
    let [rows, width] = weights.recurrent.dims();
    let zeros = || Tensor::<2>::zeros([batch, width], &device);
    let mut initial = vec![hidden.unwrap_or_else(zeros)];
    if cell.has_memory() {
        initial.push(memory.unwrap_or_else(zeros));
    }
    let initial: Tensor<3> = Tensor::stack(initial, 0);
    let projected = input.reshape([batch * time, features]).matmul(weights.input.transpose())
        + weights.input_bias.reshape([1, rows]);
    let masked = mask.is_some();
    // An operation's tensors cannot be absent: any stands for the mask where nothing is padded.
    let padding = mask.clone().unwrap_or_else(|| Tensor::zeros([1, 1], &device));
    let (states, _) = <Dispatch as RecurrentGpuOps>::recurrence_on_gpu(
        projected.reshape([batch, time, rows]).into_dispatch(),
        padding.into_dispatch(),
        initial.into_dispatch(),
        weights.recurrent.into_dispatch(),
        weights.recurrent_bias.into_dispatch(),
        cell,
        direction,
        masked,
    );
    let states: Tensor<3> = Tensor::from_dispatch(states);
    let last = match direction {
        Direction::Forward => time - 1,
        Direction::Backward => 0,
    };
    let row = |step: usize| states.clone().narrow(1, step, 1).reshape([batch, width]);
    let (hidden, memory) = (row(last), row(time));
    let output = states.narrow(1, 0, time);
    let output = match mask {
        Some(mask) => output * mask.unsqueeze_dim(2),
        None => output,
    };
    (output, hidden, memory)
}
