//! The hyperbolic tangent of each value.

use burn::tensor::Tensor;

/// The hyperbolic tangent of each value. On the CPU backends it is made with the processor's vectors, and the pass back
/// takes it from what came out: Burn's own makes each value by itself, and once more on the way back.
///
/// # Shapes
///
/// - input and output: any
pub fn tanh<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    #[cfg(feature = "cpu")]
    if crate::functions::operands::place(&input) == crate::functions::operands::Place::Cpu {
        use burn::backend::Dispatch;

        use crate::ops::TanhOps;

        return Tensor::from_dispatch(<Dispatch as TanhOps>::tanh(input.into_dispatch()));
    }
    input.tanh()
}
