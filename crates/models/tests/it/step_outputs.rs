//! The loss of a head's outputs is the same, whether they are made first or never.

use burn::nn::LinearConfig;
use burn::tensor::{Device, Distribution, Int, Tensor};
use semiseq_kernels::Backend;
use semiseq_models::StepOutputs;

use crate::common::{floats, seeded};

fn assert_close(found: Vec<f32>, wanted: Vec<f32>, what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (found, wanted) in found.iter().zip(&wanted) {
        assert!((found - wanted).abs() < 1e-5, "{what}: {found} against {wanted}");
    }
}

#[test]
fn a_head_and_its_outputs_have_the_same_loss_and_gradients() {
    for backend in Backend::compiled() {
        check(&backend.device(0).expect("a compiled backend has a device").autodiff());
    }
}

fn check(device: &Device) {
    let _alone = seeded(device, 5);
    let head = LinearConfig::new(6, 40).init(device);
    let steps = Tensor::<3>::random([3, 4, 6], Distribution::Normal(0.0, 1.0), device).require_grad();
    // One token per step, then a bag of three.
    for picks in [1, 3] {
        let count = 3 * 4 * picks as i64;
        let tokens: Tensor<2, Int> = (Tensor::<1, Int>::arange(0..count, device) * 7 % 40).reshape([3, 4 * picks]);
        let lazy = StepOutputs::new(steps.clone(), &head);
        assert_close(floats(lazy.clone().whole()), floats(head.forward(steps.clone())), "outputs");
        let [lazy, made] =
            [lazy, head.forward(steps.clone()).into()].map(|outputs| outputs.cross_entropy(tokens.clone()));
        assert_eq!(lazy.dims(), [3, 4 * picks]);
        assert_close(floats(lazy.clone()), floats(made.clone()), "losses");
        let [lazy, made] = [lazy, made].map(|losses| {
            let weights = Tensor::<1, Int>::arange(1..count + 1, device).float().reshape([3, 4 * picks]);
            let gradients = (losses * weights / count as f64).sum().backward();
            let bias = head.bias.as_ref().expect("a bias").grad(&gradients);
            [
                floats(steps.grad(&gradients).expect("of the steps")),
                floats(head.weight.grad(&gradients).expect("of the weights")),
                floats(bias.expect("of the bias")),
            ]
        });
        for ((lazy, made), what) in lazy.into_iter().zip(made).zip(["steps", "weights", "bias"]) {
            assert_close(lazy, made, what);
        }
    }
    let values = Tensor::<3>::random([3, 4, 40], Distribution::Normal(0.0, 1.0), device);
    let [lazy, made] = [StepOutputs::new(steps.clone(), &head), head.forward(steps.clone()).into()]
        .map(|outputs| outputs.squared_error(values.clone()));
    assert_eq!(lazy.dims(), [3, 4]);
    assert_close(floats(lazy), floats(made), "squared errors");
}
