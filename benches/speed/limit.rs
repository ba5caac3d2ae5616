//! What the machine can reach: in matrix products, one large one by Burn, on the CPU by its flex backend, which uses
//! the `gemm` crate; and where a step has a single row, in reading the recurrent weights, each of which takes part in
//! one multiplication.

use std::time::Instant;

use burn::tensor::{Device, Distribution, Tensor};
use pulp::{Arch, Simd, WithSimd};

use crate::case::Case;

/// Rows and columns of the product.
pub const SIZE: usize = 1536;
/// Times that weights are read in a turn.
const SWEEPS: usize = 200;

/// A single-precision product by the whole device, which says how many seconds it took.
pub fn product(device: Device) -> impl Fn() -> f64 {
    let matrix = || Tensor::<2>::random([SIZE, SIZE], Distribution::Uniform(-1.0, 1.0), &device);
    let (left, right) = (matrix(), matrix());
    move || {
        let began = Instant::now();
        drop(left.clone().matmul(right.clone()));
        // A GPU goes on when the call is over.
        device.sync().expect("the device works");
        began.elapsed().as_secs_f64()
    }
}

/// Operations a second of a product that took so long.
pub fn rate(seconds: f64) -> f64 {
    2.0 * (SIZE as f64).powi(3) / seconds
}

/// Seconds in which all threads together read the case's recurrent weights once, each its share again and again out of
/// its own caches, with a multiplication and an addition for each.
pub fn sweep(case: Case) -> f64 {
    let share = case.recurrent_weights() / rayon::current_num_threads();
    let seconds = rayon::broadcast(|_| {
        let weights = vec![1.0; share];
        let arch = Arch::new();
        let read = || {
            std::hint::black_box(arch.dispatch(Read(std::hint::black_box(&weights))));
        };
        read();
        let began = Instant::now();
        (0..SWEEPS).for_each(|_| read());
        began.elapsed().as_secs_f64() / SWEEPS as f64
    });
    seconds.into_iter().fold(0.0, f64::max)
}

/// Seconds of a case at least, where its weights take so long to read: once per step forward and once back. The input's
/// products and the gradients of the weights are as fast as others are.
pub fn least(case: Case, sweep: f64, rate: f64) -> f64 {
    let (sweeps, once) = (if case.train { 2.0 } else { 1.0 }, 2.0 * case.recurrent_weights() as f64);
    let steps = case.shape[1] as f64;
    sweeps * steps * sweep + (case.operations() - sweeps * steps * once) / rate
}

/// The sum of all weights times one number, of as many sums beside each other as keep the processor busy.
struct Read<'a>(&'a [f32]);

impl WithSimd for Read<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        const SUMS: usize = 8;
        let row = simd.splat_f32s(0.5);
        let mut sums = [simd.splat_f32s(0.0); SUMS];
        for weights in S::as_simd_f32s(self.0).0.as_chunks::<SUMS>().0 {
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = simd.mul_add_f32s(row, *weights, *sum);
            }
        }
        sums.into_iter().map(|sum| simd.reduce_sum_f32s(sum)).sum()
    }
}
