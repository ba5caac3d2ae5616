//! What several of the tests draw, and where they run.

use burn::tensor::Device;

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

/// The device, and on CPUs the device with gradient checkpointing: on GPUs Burn 0.22 then writes over values that are read later.
pub fn variants(device: &Device) -> Vec<Device> {
    let name = format!("{device:?}");
    let gpu = ["Wgpu", "Cuda"].iter().any(|kind| name.contains(kind));
    let checkpointing = (!gpu).then(|| device.clone().gradient_checkpointing());
    [device.clone()].into_iter().chain(checkpointing).collect()
}
