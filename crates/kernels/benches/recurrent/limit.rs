//! The machine's limit: the rate of one large matrix product in single precision.

use std::time::Instant;

/// Operations a second, the best of a few products of 1536³ with all threads.
pub fn sgemm() -> f64 {
    const SIZE: usize = 1536;
    let left = vec![0.5f32; SIZE * SIZE];
    let right = left.clone();
    let mut product = vec![0.0f32; SIZE * SIZE];
    let best = (0..8)
        .map(|_| {
            let began = Instant::now();
            // SAFETY: the three matrices have SIZE · SIZE elements each and do not overlap.
            unsafe {
                gemm::gemm(
                    SIZE,
                    SIZE,
                    SIZE,
                    product.as_mut_ptr(),
                    1,
                    SIZE as isize,
                    false,
                    left.as_ptr(),
                    1,
                    SIZE as isize,
                    right.as_ptr(),
                    1,
                    SIZE as isize,
                    0.0,
                    1.0,
                    false,
                    false,
                    false,
                    gemm::Parallelism::Rayon(0),
                );
            }
            began.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min);
    2.0 * (SIZE as f64).powi(3) / best
}
