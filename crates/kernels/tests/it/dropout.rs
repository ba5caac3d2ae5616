//! Dropout on every backend of this build.

use burn::tensor::{Device, Tensor};
use semiseq_kernels::{Backend, dropout};

use crate::common::{alone, floats};

fn devices() -> impl Iterator<Item = Device> {
    Backend::compiled().into_iter().filter_map(|backend| backend.device(0).ok()).map(Device::autodiff)
}

#[test]
fn as_many_values_are_dropped_as_asked_for_and_the_others_grow() {
    let _alone = alone();
    for device in devices() {
        device.seed(3);
        let values = floats(dropout(Tensor::<2>::full([100, 333], 2.0, &device), 0.25));
        let dropped = values.iter().filter(|value| **value == 0.0).count() as f64 / values.len() as f64;
        // Five standard deviations of the share among 33 300 draws.
        assert!((dropped - 0.25).abs() < 0.012, "{device:?}: {dropped}");
        assert!(values.iter().all(|value| *value == 0.0 || (value - 2.0 / 0.75).abs() < 1e-6), "{device:?}");
    }
}

#[test]
fn the_seed_decides_and_each_call_draws_anew() {
    let _alone = alone();
    for device in devices() {
        let draw = || floats(dropout(Tensor::<1>::ones([500], &device), 0.5));
        device.seed(7);
        let (first, second) = (draw(), draw());
        device.seed(7);
        assert_eq!(draw(), first, "{device:?}");
        assert_ne!(first, second, "{device:?}");
    }
}

#[test]
fn the_gradient_is_the_mask() {
    let _alone = alone();
    for device in devices() {
        let input = Tensor::<1>::full([200], 3.0, &device).require_grad();
        let output = dropout(input.clone(), 0.4);
        let gradients = output.clone().sum().backward();
        let gradient = floats(input.grad(&gradients).expect("tracked"));
        for (output, gradient) in floats(output).into_iter().zip(gradient) {
            assert!((output - 3.0 * gradient).abs() < 1e-5, "{device:?}: {output} and {gradient}");
        }
    }
}
