//! What the machine's matrix products can reach: one large product by Burn, on the CPU by its flex backend, which uses the `gemm`
//! crate.

use std::time::Instant;

use burn::tensor::{Device, Distribution, Tensor};

const SIZE: usize = 1536;

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
