//! The mean over time equals Burn's own operations, values and gradient, on each backend; and its numbers do not depend
//! on the number of threads.

use crate::common::{cpu, numbers, on_threads, variants};
use burn::tensor::{Device, Tensor, TensorData};
use proptest::prelude::*;
use semiseq_kernels::{Backend, mean_over_time};

type Mean = fn(Tensor<3>, Option<Tensor<2>>) -> Tensor<2>;

fn composed(steps: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<2> {
    let [batch, time, width] = steps.dims();
    let mask = mask.unwrap_or_else(|| Tensor::ones([batch, time], &steps.device()));
    let sums = (steps * mask.clone().unsqueeze_dim(2)).sum_dim(1).reshape([batch, width]);
    sums / mask.sum_dim(1).clamp_min(1.0)
}

/// The means, and the gradient of their sum with random weights. Where there is a mask, the sequences have lengths from
/// 0 on.
fn run(mean: Mean, [batch, time, width]: [usize; 3], masked: bool, seed: u64, device: &Device) -> [Vec<f32>; 2] {
    let tensor =
        |salt: u64, count: usize| Tensor::<1>::from_data(TensorData::new(numbers(seed + salt, count), [count]), device);
    let steps = tensor(1, batch * time * width).reshape([batch, time, width]).require_grad();
    let shown = |place: usize| if place % time < place / time % (time + 1) { 1.0 } else { 0.0 };
    let mask = masked.then(|| {
        let values: Vec<f32> = (0..batch * time).map(shown).collect();
        Tensor::<2>::from_data(TensorData::new(values, [batch, time]), device)
    });
    let means = mean(steps.clone(), mask);
    let grads = (means.clone() * tensor(2, batch * width).reshape([batch, width])).sum().backward();
    let gradient = steps.grad(&grads).expect("a gradient");
    [means.into_data(), gradient.into_data()].map(|data| data.iter().collect())
}

fn assert_equal(fused: &[Vec<f32>; 2], composed: &[Vec<f32>; 2]) {
    for (fused, composed) in fused.iter().zip(composed) {
        assert_eq!(fused.len(), composed.len());
        for (fused, composed) in fused.iter().zip(composed) {
            assert!((fused - composed).abs() <= 1e-6, "{fused} against {composed}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn it_equals_the_composed_operations(
        batch in 1usize..40, time in 1usize..30, width in 1usize..50, masked: bool, seed in 0u64..1000,
    ) {
        for backend in Backend::compiled() {
            let device = backend.device(0).expect("a compiled backend has a device").autodiff();
            let size = [batch, time, width];
            let expected = run(composed, size, masked, seed, &device);
            for device in variants(&device) {
                assert_equal(&run(mean_over_time, size, masked, seed, &device), &expected);
            }
        }
    }
}

#[test]
fn the_numbers_are_the_same_for_any_number_of_threads() {
    let Some(device) = cpu().map(Device::autodiff) else { return };
    // So many values that threads share them.
    let size = [70, 60, 130];
    let on = |threads| on_threads(threads, || run(mean_over_time, size, true, 5, &device));
    let one = on(1);
    assert!(one == on(3));
    assert_equal(&one, &run(composed, size, true, 5, &device));
}
