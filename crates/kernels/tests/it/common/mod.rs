//! What several of the tests draw, where they run, and how they compare.

use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::tensor::{Device, Tensor};
use semiseq_kernels::{Backend, Cell, RnnActivation};

/// Numbers in ±1, a function of seed and place.
pub fn numbers(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// A tensor's values.
pub fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter().collect()
}

/// The device's generator belongs to the process: whoever seeds it has it alone.
pub fn alone() -> MutexGuard<'static, ()> {
    static GENERATOR: Mutex<()> = Mutex::new(());
    GENERATOR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The device, and on CPUs the device with gradient checkpointing: on GPUs Burn 0.22 then writes over values that are
/// read later.
pub fn variants(device: &Device) -> Vec<Device> {
    let name = format!("{device:?}");
    let gpu = ["Wgpu", "Cuda"].iter().any(|kind| name.contains(kind));
    let checkpointing = (!gpu).then(|| device.clone().gradient_checkpointing());
    [device.clone()].into_iter().chain(checkpointing).collect()
}

/// How far two ways of computing the same may part, as a share of the largest value. Burn's matrix products on NVIDIA's
/// cards round their factors to ten bits (TF32).
pub fn accuracy(device: &Device) -> f32 {
    if format!("{device:?}").contains("Cuda") { 2e-3 } else { 1e-5 }
}

/// Whether a state of a rectified network stands so near to zero that rounding decides its slope, 0 or 1: two right
/// computations then part in their gradients. `found` and `expected` begin with the states.
pub fn rounding_decides(cell: Cell, found: &[Vec<f32>], expected: &[Vec<f32>]) -> bool {
    let is_near = |state: &f32| (0.0..1e-6).contains(state) && *state > 0.0;
    cell == Cell::Rnn(RnnActivation::Relu) && [found, expected].iter().any(|parts| parts[0].iter().any(is_near))
}

/// A device whose fused operations work in this process's memory.
pub fn cpu() -> Option<Device> {
    let cpu = Backend::compiled().into_iter().find(|backend| matches!(backend, Backend::Flex | Backend::NdArray))?;
    Some(cpu.device(0).expect("a CPU"))
}

/// What `work` gives on a pool of so many threads.
pub fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool").install(work)
}

/// Each list within 1e-5 of the other, as a part of its largest value.
pub fn assert_equal(fused: &[Vec<f32>], composed: &[Vec<f32>]) {
    assert_eq!(fused.len(), composed.len());
    for (fused, composed) in fused.iter().zip(composed) {
        assert_eq!(fused.len(), composed.len());
        let most = composed.iter().fold(1e-6, |most: f32, value| most.max(value.abs()));
        for (fused, composed) in fused.iter().zip(composed) {
            assert!((fused - composed).abs() <= 1e-5 * most, "{fused} against {composed}, the largest is {most}");
        }
    }
}
