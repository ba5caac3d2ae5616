//! What a recurrence is beside its tensors, and the shapes of what it makes.

use burn::tensor::Shape;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;

use crate::{Cell, Direction};

/// What a recurrence is, beside its tensors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub cell: Cell,
    pub direction: Direction,
    /// Whether there is a mask.
    pub masked: bool,
    /// Whether there is an initial state other than zeros.
    pub started: bool,
}

impl Settings {
    pub(super) fn reverse(self) -> bool {
        self.direction == Direction::Backward
    }
}

/// Shapes of the states and of what is kept, from those of the projected input and the recurrent weights.
pub(crate) fn forward_shapes(projected: &Shape, recurrent_weight: &Shape, cell: Cell) -> (Shape, Shape) {
    let (batch, time, hidden) = (projected[0], projected[1], recurrent_weight[1]);
    (Shape::new([batch, time + 2, hidden]), Shape::new([batch, time, kept(cell) * hidden]))
}

/// Shape of the gradients of the gates' sums.
pub(crate) fn sums_shape(states: &Shape, cell: Cell) -> Shape {
    Shape::new([states[0], states[1] - 2, sums(cell) * states[2]])
}

/// Values a hidden unit and step that the pass back needs beside the state.
pub(super) fn kept(cell: Cell) -> usize {
    match cell {
        Cell::Rnn(_) => 1,
        Cell::Lstm => 5,
        Cell::Gru(_) => 4,
    }
}

/// Gradients a hidden unit and step that the pass back gives.
pub(super) fn sums(cell: Cell) -> usize {
    match cell {
        Cell::Rnn(_) => 1,
        Cell::Lstm | Cell::Gru(_) => 4,
    }
}

/// A tensor beside another one, in row-major order.
pub(super) fn empty(beside: &CubeTensor, shape: Shape) -> CubeTensor {
    empty_device_contiguous_dtype(beside.client.clone(), beside.device.clone(), shape, beside.dtype)
}
