//! The fused operation on GPUs: Burn's matrix product for the input's part of all steps, then one kernel for the
//! steps.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::functions::operands::{Operands, Outputs};
use crate::ops::RecurrentGpuOps;
use crate::{Cell, Direction};

pub(super) fn recurrence(operands: Operands, cell: Cell, direction: Direction) -> Outputs {
    let Operands { input, mask, hidden, memory, weights } = operands;
    let [batch, time, features] = input.dims();
    let [rows, width] = weights.recurrent.dims();
    // An operation's tensors cannot be absent: any stands for a mask or a state that nothing reads.
    let any = weights.input_bias.clone().detach();
    let (masked, started) = (mask.is_some(), hidden.is_some() || memory.is_some());
    let initial = started.then(|| {
        let zeros = || Tensor::<2>::zeros([batch, width], &input.device());
        let mut initial = vec![hidden.unwrap_or_else(zeros)];
        if cell.has_memory() {
            initial.push(memory.unwrap_or_else(zeros));
        }
        Tensor::<2>::stack::<3>(initial, 0).into_dispatch()
    });
    let projected = input.reshape([batch * time, features]).matmul(weights.input.transpose());
    let (states, _) = <Dispatch as RecurrentGpuOps>::recurrence_on_gpu(
        projected.reshape([batch, time, rows]).into_dispatch(),
        mask.clone().map_or_else(|| any.clone().into_dispatch(), Tensor::into_dispatch),
        initial.unwrap_or_else(|| any.into_dispatch()),
        weights.recurrent.into_dispatch(),
        weights.input_bias.into_dispatch(),
        weights.recurrent_bias.into_dispatch(),
        cell,
        direction,
        masked,
        started,
    );
    let states: Tensor<3> = Tensor::from_dispatch(states);
    let row = |step: usize| states.clone().narrow(1, step, 1).reshape([batch, width]);
    // The initial state stands before the first step, or behind the last one that is read first.
    let (first, last) = match direction {
        Direction::Forward => (1, time),
        Direction::Backward => (0, 0),
    };
    let (hidden, memory) = (row(last), row(time + 1));
    let output = states.narrow(1, first, time);
    let output = match mask {
        Some(mask) => output * mask.unsqueeze_dim(2),
        None => output,
    };
    (output, hidden, memory)
}
