//! Cells whose gates read the input alone, or no more of the state than their own channel.

use burn::tensor::Tensor;

#[cfg(feature = "cpu")]
use crate::functions::operands::{Place, place};
use crate::{Direction, GatedCell, reference};

/// Runs a cell over the sums that its layer makes of whole sequences. On the CPU backends gates, recurrence and output
/// are one operation with a hand-written derivative; elsewhere they are composed of Burn's operations, which for all
/// cells but SRU go through all steps at once.
///
/// # Shapes
///
/// - sums: `[batch, time, sums · hidden]`, in the order that the [`GatedCell`] names
/// - mask: `[batch, time]`, 1 at real steps and 0 at padded ones, which carry the state and give 0
/// - state: `[batch, hidden]`, zeros if absent: `h` of the minimal cells, `c` of the others
/// - weights: `[weights, hidden]`
/// - output: `[batch, time, hidden]` and the last state
pub fn gated_scan(
    sums: Tensor<3>,
    mask: Option<Tensor<2>>,
    state: Option<Tensor<2>>,
    weights: Tensor<2>,
    cell: GatedCell,
    direction: Direction,
) -> (Tensor<3>, Tensor<2>) {
    #[cfg(feature = "cpu")]
    if !sums.dims().contains(&0) && place(&sums) == Place::Cpu {
        let recurrence = crate::cpu::Recurrence::Gated(cell);
        return super::on_cpu::scan([sums, weights.unsqueeze_dim(0)], mask, state, recurrence, direction);
    }
    reference::gated_scan(sums, mask, state, weights, cell, direction)
}
