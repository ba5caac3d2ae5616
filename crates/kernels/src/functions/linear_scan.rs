//! The linear recurrence `h_t = a_t h_{t-1} + b_t`.

use burn::tensor::Tensor;

#[cfg(feature = "cpu")]
use crate::functions::operands::{Place, place};
use crate::{Direction, Numbers, reference};

/// `h_t = a_t h_{t-1} + b_t` in each channel, of real or complex numbers.
///
/// On the CPU backends it is one operation with a hand-written derivative; elsewhere a scan of `log2(time)` rounds, in
/// Burn's operations, that goes through all steps at once.
///
/// # Shapes
///
/// `width` is the number of channels, or of complex ones twice that: real parts, then imaginary ones.
///
/// - a: `[batch, time, width]`, or `[1, 1, width]` where it is the same at all steps
/// - b: `[batch, time, width]`
/// - mask: `[batch, time]`, 1 at real steps and 0 at padded ones, which carry the state and give 0
/// - state: `[batch, width]`, zeros if absent
/// - output: `[batch, time, width]` and the last state `[batch, width]`
pub fn linear_scan(
    a: Tensor<3>,
    b: Tensor<3>,
    mask: Option<Tensor<2>>,
    state: Option<Tensor<2>>,
    numbers: Numbers,
    direction: Direction,
) -> (Tensor<3>, Tensor<2>) {
    #[cfg(feature = "cpu")]
    if !b.dims().contains(&0) && place(&b) == Place::Cpu {
        use crate::cpu::Recurrence;

        let constant = a.dims() != b.dims();
        return super::on_cpu::scan([b, a], mask, state, Recurrence::Linear { numbers, constant }, direction);
    }
    reference::linear_scan(a, b, mask, state, numbers, direction)
}
