//! From tensors to the fused operations and back: which one a tensor's device has, if any.

use crate::cell::Cell;
use crate::functions::operands::{Operands, Outputs, Place, place};
use crate::weights::Direction;

/// Runs the fused operation of the input's device for its type and size; gives the operands back where there is
/// none.
#[allow(clippy::result_large_err, reason = "the operands come back as they went in; a box would only hide it")]
pub(super) fn recurrence(operands: Operands, cell: Cell, direction: Direction) -> Result<Outputs, Operands> {
    let empty = operands.input.dims().contains(&0);
    match place(&operands.input) {
        #[cfg(feature = "cpu")]
        Place::Cpu if !empty => Ok(super::on_cpu::recurrence(operands, cell, direction)),
        #[cfg(feature = "gpu")]
        Place::Gpu if !empty && crate::gpu::supports(cell, operands.weights.recurrent.dims()[1]) => {
            Ok(super::on_gpu::recurrence(operands, cell, direction))
        }
        _ => {
            // Which arms read them depends on the features.
            let _ = (empty, cell, direction);
            Err(operands)
        }
    }
}
