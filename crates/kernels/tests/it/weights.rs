//! What happens to gradients and weights in one pass equals the composed operations, which tensors of an autodiff
//! device take.

use burn::tensor::{Device, Distribution, Tensor};
use semiseq_kernels::{AdamStep, Backend, adam, blend, scale, sum_of_squares};

use crate::common::{alone, floats};

#[test]
fn one_pass_equals_the_composed_step() {
    let _alone = alone();
    for backend in Backend::compiled() {
        let plain = backend.device(0).expect("a compiled backend has a device");
        plain.seed(2);
        let step = AdamStep { beta_1: 0.9, beta_2: 0.99, rate: 0.03, epsilon: 1e-6, decay: 0.01, shrink: 0.98 };
        // More values than a thread takes at a time, and no multiple of a vector.
        let normal = || Tensor::<2>::random([131, 257], Distribution::Normal(0.0, 1.0), &plain);
        let (weights, gradient, first) = (normal(), normal(), normal());
        let second = normal().square();
        let before = floats(weights.clone());
        let on = |device: &Device| {
            let [weights, gradient, first, second]: [Tensor<2>; 4] =
                [&weights, &gradient, &first, &second].map(|tensor| Tensor::from_data(tensor.to_data(), device));
            let (weights, [first, second]) = adam(weights, gradient, [first, second], step);
            [floats(weights), floats(first), floats(second)]
        };
        let (fused, composed) = (on(&plain), on(&plain.clone().autodiff()));
        for (fused, composed) in fused.iter().flatten().zip(composed.iter().flatten()) {
            assert!((fused - composed).abs() < 1e-5, "{backend}: {fused} against {composed}");
        }
        // What somebody else holds stays as it is.
        let (moved, _) = adam(weights.clone(), gradient.clone(), [first.clone(), second.clone()], step);
        assert_eq!(floats(weights), before, "{backend}");
        assert_ne!(floats(moved), before, "{backend}");
    }
}

/// More values than a thread takes at a time, and no multiple of a vector.
const SHAPE: [usize; 2] = [131, 257];

#[test]
fn a_norm_and_what_it_scales_equal_the_composed_ones() {
    let _alone = alone();
    for backend in Backend::compiled() {
        let plain = backend.device(0).expect("a compiled backend has a device");
        plain.seed(3);
        let values: Tensor<2> = Tensor::random(SHAPE, Distribution::Normal(0.0, 1.0), &plain);
        let composed = values.clone().square().sum().into_scalar::<f32>();
        let own = sum_of_squares(values.clone()).into_scalar::<f32>();
        assert!((own - composed).abs() <= 1e-5 * composed, "{backend}: {own} against {composed}");
        for factor in [0.25, 1.0] {
            let scaled = floats(scale(values.clone(), Tensor::from_data([factor], &plain)));
            let expected = floats(values.clone() * factor);
            assert_eq!(scaled, expected, "{backend}");
        }
    }
}

#[test]
fn an_average_equals_the_composed_one_and_stays_where_it_is() {
    let _alone = alone();
    for backend in Backend::compiled() {
        let plain = backend.device(0).expect("a compiled backend has a device");
        plain.seed(4);
        let normal = || Tensor::<2>::random(SHAPE, Distribution::Normal(0.0, 1.0), &plain);
        let (old, new) = (normal(), normal());
        let before = floats(old.clone());
        let expected = floats(old.clone() * 0.9 + new.clone() * 0.1);
        for device in [plain.clone(), plain.clone().autodiff(), plain.clone().autodiff().gradient_checkpointing()] {
            let [old, new] = [&old, &new].map(|tensor| Tensor::<2>::from_data(tensor.to_data(), &device));
            let blended = blend(old, new, 0.9);
            assert_eq!(
                (blended.is_autodiff(), blended.gradient_checkpointing_strategy()),
                (device.is_autodiff(), device.gradient_checkpointing_strategy()),
                "{backend}"
            );
            for (own, expected) in floats(blended).iter().zip(&expected) {
                assert!((own - expected).abs() < 1e-6, "{backend}: {own} against {expected}");
            }
        }
        // What somebody else holds stays as it is.
        drop(blend(old.clone(), new, 0.9));
        assert_eq!(floats(old), before, "{backend}");
    }
}
