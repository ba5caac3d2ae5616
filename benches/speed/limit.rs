//! What the machine's matrix products can reach: one large product by Burn's flex backend, which uses the `gemm` crate.

use std::time::Instant;

use burn::tensor::{Device, Distribution, Tensor};

const SIZE: usize = 1536;
const ROUNDS: usize = 12;

/// Operations a second of a single-precision product on all cores, the best of some rounds.
pub fn sgemm() -> f64 {
    let matrix = || Tensor::<2>::random([SIZE, SIZE], Distribution::Uniform(-1.0, 1.0), &Device::flex());
    let (left, right) = (matrix(), matrix());
    let round = |_| {
        let began = Instant::now();
        drop(left.clone().matmul(right.clone()).into_data());
        began.elapsed().as_secs_f64()
    };
    let best = (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min);
    2.0 * (SIZE as f64).powi(3) / best
}
