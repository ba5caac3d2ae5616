//! Losses and gradients of the generative objectives equal numbers that PyTorch made from the papers' formulas
//! (`fixtures/generative.py`).

use burn::tensor::{Int, Tensor};
use semiseq_models::{Input, Sequences};
use semiseq_objectives::*;
use serde_json::Value;

use crate::close::assert_close;
use crate::common::{device, host, numbers, tensor};

fn fixture() -> Value {
    serde_json::from_str(include_str!("../fixtures/generative.json")).expect("the fixture")
}

/// A loss of the inputs that a case names equals the case's, as do its gradients by them.
fn check<const D: usize, const E: usize>(
    name: &str,
    inputs: &[&str],
    within: f32,
    loss: impl Fn(&[Tensor<D>], &Value) -> Tensor<E>,
) {
    let fixture = fixture();
    let case = &fixture[name];
    let tracked: Vec<Tensor<D>> = inputs.iter().map(|input| tensor::<D>(&case[input]).require_grad()).collect();
    let value = loss(&tracked, case);
    let gradients = value.clone().sum().backward();
    let close = |found: &[f32], expected: &[f32], what: &str| {
        if within <= 1e-5 {
            return assert_close(found, expected, what);
        }
        let size = expected.iter().fold(0.1f32, |size, value| size.max(value.abs()));
        let far = found.iter().zip(expected).any(|(found, expected)| (found - expected).abs() > within * size);
        assert!(!far, "{what}: {found:?} against {expected:?}");
    };
    close(&host(value), &numbers(&case["loss"]), name);
    for (input, tensor) in inputs.iter().zip(tracked) {
        let gradient = host(tensor.grad(&gradients).expect("a gradient"));
        close(&gradient, &numbers(&case["grads"][input]), &format!("{name}, gradient by {input}"));
    }
}

const NEAR: f32 = 1e-5;

#[test]
fn the_parts_of_the_bound() {
    let posterior = ["mean", "log_variance"];
    check("divergence", &posterior, NEAR, |inputs: &[Tensor<2>], _| divergence(inputs[0].clone(), inputs[1].clone()));
    check("draw", &posterior, NEAR, |inputs: &[Tensor<2>], case| {
        reparameterised(inputs[0].clone(), inputs[1].clone(), tensor::<2>(&case["noise"]))
    });
    check("free_bits", &posterior, NEAR, |inputs: &[Tensor<2>], _| {
        with_free_bits(divergence(inputs[0].clone(), inputs[1].clone()), 0.6)
    });
}

#[test]
fn the_likelihood_of_values_and_tokens() {
    let mask = || Some(tensor::<2>(&fixture()["values"]["mask"]));
    check("values", &["rebuilt"], NEAR, |inputs: &[Tensor<3>], case| {
        let sequences = Sequences { input: Input::Values(tensor::<3>(&case["values"])), mask: mask() };
        negative_log_likelihood(inputs[0].clone(), &sequences, 0.5)
    });
    check("tokens", &["rebuilt"], NEAR, |inputs: &[Tensor<3>], case| {
        let tokens: Tensor<2, Int> = tensor::<2>(&case["tokens"]).int();
        negative_log_likelihood(inputs[0].clone(), &Sequences { input: Input::Tokens(tokens), mask: mask() }, 0.5)
    });
}

#[test]
fn the_class_summed_out() {
    check("marginal", &["logits", "losses"], NEAR, |inputs: &[Tensor<2>], _| {
        marginal_bound(inputs[0].clone(), inputs[1].clone())
    });
}

#[test]
fn a_class_for_what_is_made() {
    check("real", &["logits"], NEAR, |inputs: &[Tensor<2>], _| real_loss(inputs[0].clone()));
    check("made", &["logits"], NEAR, |inputs: &[Tensor<2>], _| made_loss(inputs[0].clone()));
    check("feature_matching", &["made"], NEAR, |inputs: &[Tensor<2>], case| {
        feature_matching(tensor::<2>(&case["features"]), inputs[0].clone())
    });
}

#[test]
fn critics_and_generators() {
    for (name, loss) in
        [("non-saturating", GanLoss::NonSaturating), ("hinge", GanLoss::Hinge), ("wgan-gp", GanLoss::WganGp)]
    {
        check(&format!("critic {name}"), &["real", "made"], NEAR, |inputs: &[Tensor<1>], _| {
            critic_loss(loss, inputs[0].clone(), inputs[1].clone())
        });
        check(&format!("generator {name}"), &["made"], NEAR, |inputs: &[Tensor<1>], _| {
            generator_loss(loss, inputs[0].clone())
        });
    }
}

/// The slope is a central difference in single precision, so the bar is wider than for what is exact.
#[test]
fn the_gradient_penalty_by_a_difference() {
    check("gradient_penalty", &["weight", "output"], 1e-3, |inputs: &[Tensor<2>], case| {
        let between = tensor::<3>(&case["between"]);
        let [batch, time, features] = between.dims();
        let score = |values: Tensor<3>| {
            values
                .reshape([batch, time * features])
                .matmul(inputs[0].clone())
                .tanh()
                .matmul(inputs[1].clone())
                .reshape([batch])
        };
        gradient_penalty(between, score, score)
    });
    let device = device();
    let score = |values: Tensor<3>| values.sum_dim(1).reshape([2]) / 3f64.sqrt();
    let flat = gradient_penalty(Tensor::ones([2, 3, 1], &device), score, score);
    assert!(host(flat)[0] < 1e-6, "a slope of 1 costs nothing");
}
