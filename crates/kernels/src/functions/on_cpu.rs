//! The fused operation on the CPU backends.

use std::sync::Arc;

use burn::backend::Dispatch;
use burn::tensor::{Int, Tensor};

use crate::cpu::Recurrence;
use crate::functions::operands::{Operands, Outputs};
use crate::ops::{RecurrentOps, ScanOps};
use crate::{Cell, Direction, Weights};

pub(super) fn recurrence(operands: Operands, cell: Cell, direction: Direction) -> Outputs {
    let Operands { input, mask, hidden, memory, weights } = operands;
    let device = input.device();
    let [batch, _, _] = input.dims();
    let [_, width] = weights.recurrent.dims();
    let hidden = hidden.unwrap_or_else(|| Tensor::zeros([batch, width], &device));
    let memory = memory.unwrap_or_else(|| Tensor::zeros([batch, width], &device));
    let masked = mask.is_some();
    // An operation's tensors cannot be absent: any stands for the mask where nothing is padded.
    let mask = mask.unwrap_or_else(|| Tensor::zeros([1, 1], &device));
    let (output, hidden, memory) = <Dispatch as RecurrentOps>::recurrence(
        input.into_dispatch(),
        mask.into_dispatch(),
        hidden.into_dispatch(),
        memory.into_dispatch(),
        weights.input.into_dispatch(),
        weights.recurrent.into_dispatch(),
        weights.input_bias.into_dispatch(),
        weights.recurrent_bias.into_dispatch(),
        cell,
        direction,
        masked,
    );
    (Tensor::from_dispatch(output), Tensor::from_dispatch(hidden), Tensor::from_dispatch(memory))
}

pub(super) fn both(
    input: Tensor<3>,
    mask: Option<Tensor<2>>,
    states: Option<[Tensor<3>; 2]>,
    [forward, backward]: [Weights; 2],
    cell: Cell,
) -> (Tensor<3>, [Tensor<3>; 2]) {
    let device = input.device();
    let ([batch, _, _], [_, width]) = (input.dims(), forward.recurrent.dims());
    let [hidden, memory] = states.unwrap_or_else(|| [(); 2].map(|()| Tensor::zeros([2, batch, width], &device)));
    let masked = mask.is_some();
    // As above.
    let mask = mask.unwrap_or_else(|| Tensor::zeros([1, 1], &device));
    let (output, hidden, memory) = <Dispatch as RecurrentOps>::both_recurrences(
        input.into_dispatch(),
        mask.into_dispatch(),
        hidden.into_dispatch(),
        memory.into_dispatch(),
        forward.input.into_dispatch(),
        forward.recurrent.into_dispatch(),
        forward.input_bias.into_dispatch(),
        forward.recurrent_bias.into_dispatch(),
        backward.input.into_dispatch(),
        backward.recurrent.into_dispatch(),
        backward.input_bias.into_dispatch(),
        backward.recurrent_bias.into_dispatch(),
        cell,
        masked,
    );
    (Tensor::from_dispatch(output), [hidden, memory].map(Tensor::from_dispatch))
}

/// A recurrence that works channel by channel, of its two tensors.
pub(super) fn scan(
    [first, second]: [Tensor<3>; 2],
    mask: Option<Tensor<2>>,
    state: Option<Tensor<2>>,
    recurrence: Recurrence,
    direction: Direction,
) -> (Tensor<3>, Tensor<2>) {
    let device = first.device();
    let ([batch, _, _], [_, _, width]) = (first.dims(), second.dims());
    let state = state.unwrap_or_else(|| Tensor::zeros([batch, width], &device));
    let masked = mask.is_some();
    // As above.
    let mask = mask.unwrap_or_else(|| Tensor::zeros([1, 1], &device));
    let (output, last) = <Dispatch as ScanOps>::scan(
        first.into_dispatch(),
        second.into_dispatch(),
        state.into_dispatch(),
        mask.into_dispatch(),
        recurrence,
        direction,
        masked,
    );
    (Tensor::from_dispatch(output), Tensor::from_dispatch(last))
}

/// Whole numbers below `count`.
///
/// # Panics
///
/// Says `what` of a number that is not.
pub(super) fn numbers(tensor: Tensor<2, Int>, count: usize, what: &str) -> Arc<[usize]> {
    let number = |number: i64| {
        let number = usize::try_from(number).ok().filter(|number| *number < count);
        number.unwrap_or_else(|| panic!("{what} {count}"))
    };
    tensor.into_data().iter::<i64>().map(number).collect()
}
