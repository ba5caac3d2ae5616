//! Dropout (Srivastava et al. 2014): each value becomes 0 with a probability, the others grow by `1 / (1 - p)`.

use burn::tensor::{Distribution, Tensor};

/// Drops values of a tensor at random; what is drawn follows from the device's seed.
///
/// On the CPU backends the mask comes from a counter-based generator, since drawing each value from Burn's generator
/// takes a good part of a training step.
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
    if super::fused::place(&input) == super::fused::Place::Host {
        let mask = host_mask(&input, probability, scale as f32);
        return input * mask;
    }
    let kept = input.random_like(Distribution::Bernoulli(1.0 - probability));
    input * kept * scale
}

/// Zeros and `scale`, in the shape of the input.
#[cfg(feature = "cpu")]
fn host_mask<const D: usize>(input: &Tensor<D>, probability: f64, scale: f32) -> Tensor<D> {
    use burn::tensor::TensorData;
    use rayon::prelude::*;

    /// Values that one counter's 64 bits decide on, and bits for each.
    const VALUES: usize = 4;
    const BITS: u32 = 16;
    /// Counters of a thread's turn.
    const TURN: usize = 4096;
    let range = f64::from(1 << BITS);
    let device = input.device();
    let drawn: Tensor<1> = Tensor::random([VALUES], Distribution::Uniform(0.0, range), &device);
    let seed = drawn.into_data().iter::<f32>().fold(0, |seed: u64, part| (seed << BITS) ^ part as u64);
    let least = (probability * range).round() as u64;
    let mut mask = vec![0.0; input.shape().num_elements()];
    mask.par_chunks_mut(TURN * VALUES).enumerate().for_each(|(turn, mask)| {
        for (index, values) in mask.chunks_mut(VALUES).enumerate() {
            let mut bits = split_mix(seed.wrapping_add((turn * TURN + index) as u64));
            for value in values {
                *value = if bits % (1 << BITS) >= least { scale } else { 0.0 };
                bits >>= BITS;
            }
        }
    });
    Tensor::from_data(TensorData::new(mask, input.shape()), &device)
}

/// 64 random bits for a counter (SplitMix64, Steele et al. 2014).
#[cfg(feature = "cpu")]
fn split_mix(counter: u64) -> u64 {
    let bits = counter.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
