//! Adam's step in one pass equals the composed one, which tensors of an autodiff device take.

use burn::tensor::{Device, Distribution, Tensor};
use semiseq_kernels::{AdamStep, adam, compiled, device};

fn host(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

#[test]
fn one_pass_equals_the_composed_step() {
    for backend in compiled() {
        let plain = device(backend, 0).expect("a compiled backend has a device");
        plain.seed(2);
        let step = AdamStep { beta_1: 0.9, beta_2: 0.99, rate: 0.03, epsilon: 1e-6, decay: 0.01, shrink: 0.98 };
        // More values than a thread takes at a time, and no multiple of a vector.
        let normal = || Tensor::<2>::random([131, 257], Distribution::Normal(0.0, 1.0), &plain);
        let (weights, gradient, first) = (normal(), normal(), normal());
        let second = normal().square();
        let before = host(weights.clone());
        let on = |device: &Device| {
            let [weights, gradient, first, second] =
                [&weights, &gradient, &first, &second].map(|tensor| Tensor::from_data(tensor.to_data(), device));
            let (weights, [first, second]) = adam(weights, gradient, [first, second], step);
            [host(weights), host(first), host(second)]
        };
        let (fused, composed) = (on(&plain), on(&plain.clone().autodiff()));
        for (fused, composed) in fused.iter().flatten().zip(composed.iter().flatten()) {
            assert!((fused - composed).abs() < 1e-5, "{backend}: {fused} against {composed}");
        }
        // What somebody else holds stays as it is.
        let (moved, _) = adam(weights.clone(), gradient.clone(), [first.clone(), second.clone()], step);
        assert_eq!(host(weights), before, "{backend}");
        assert_ne!(host(moved), before, "{backend}");
    }
}
