//! Dropout (Srivastava et al. 2014): each value becomes 0 with a probability, the others grow by `1 / (1 - p)`.

use burn::tensor::{Distribution, Tensor};

/// Drops values of a tensor at random; what is drawn follows from the device's seed.
///
/// On the CPU backends the mask comes from a counter-based generator and is never stored, since drawing each value from
/// Burn's generator takes a good part of a training step.
///
/// # Shapes
///
/// - input and output: any
///
/// # Panics
///
/// If `probability` is not in [0, 1).
pub fn dropout<const D: usize>(input: Tensor<D>, probability: f64) -> Tensor<D> {
    assert!((0.0..1.0).contains(&probability), "a probability of dropout must be in [0, 1), got {probability}");
    let scale = 1.0 / (1.0 - probability);
    #[cfg(feature = "cpu")]
    if crate::functions::operands::place(&input) == crate::functions::operands::Place::Cpu {
        use burn::backend::Dispatch;

        use crate::ops::{DropoutOps, Drops};

        let drops = Drops { seed: drawn_seed(&input), probability, scale: scale as f32 };
        return Tensor::from_dispatch(<Dispatch as DropoutOps>::dropout(input.into_dispatch(), drops));
    }
    let kept = input.random_like(Distribution::Bernoulli(1.0 - probability));
    input * kept * scale
}

/// 64 bits from the device's generator.
#[cfg(feature = "cpu")]
fn drawn_seed<const D: usize>(input: &Tensor<D>) -> u64 {
    /// What one draw gives, and how many there are.
    const BITS: u32 = 16;
    const DRAWS: usize = 4;
    let range = f64::from(1 << BITS);
    let drawn: Tensor<1> = Tensor::random([DRAWS], Distribution::Uniform(0.0, range), &input.device());
    drawn.into_data().iter::<f32>().fold(0, |seed: u64, part| (seed << BITS) ^ part as u64)
}
