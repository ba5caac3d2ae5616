//! The losses of the next item and their gradients equal numbers that PyTorch made from the paper's formulas, one
//! session and one step at a time (`fixtures/next_item.py`).

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Int, Tensor};
use semiseq_objectives::ItemScores;
use semiseq_objectives::losses::weighted_mean;
use serde_json::Value;

use crate::close::assert_close;
use crate::common::{device, host, numbers, tensor};

/// The mean loss over the steps that are no padding, and its gradients.
fn check(name: &str, loss: impl Fn(&Linear, Tensor<3>, Tensor<2, Int>, Tensor<2>, &Value) -> Tensor<1>) {
    let fixture: Value = serde_json::from_str(include_str!("../fixtures/next_item.json")).expect("the fixture");
    let weight = Param::from_tensor(tensor::<2>(&fixture["weight"]));
    let bias = Some(Param::from_tensor(tensor::<1>(&fixture["bias"])));
    let head = Linear { weight, bias };
    let states = tensor::<3>(&fixture["states"]).require_grad();
    let targets = tensor::<2>(&fixture["sessions"]).int().narrow(1, 1, 3);
    let lengths = tensor::<1>(&fixture["lengths"]).reshape([3, 1]);
    let steps: Tensor<2> = Tensor::arange(1..4, &device()).float().reshape([1, 3]);
    let mask = steps.repeat_dim(0, 3).lower(lengths.repeat_dim(1, 3)).float();
    // (batch, steps) -> (steps, batch)
    let mask = mask.swap_dims(0, 1);
    let each = loss(&head, states.clone().narrow(1, 0, 3), targets, mask.clone(), &fixture);
    let mean = weighted_mean(each, Some(mask.reshape([9])));
    let gradients = mean.backward();
    let case = &fixture[name];
    assert_close(&host(mean), &numbers(&case["loss"]), name);
    for (input, gradient) in [
        ("states", states.grad(&gradients).map(host)),
        ("weight", head.weight.val().grad(&gradients).map(host)),
        ("bias", head.bias.as_ref().and_then(|bias| bias.val().grad(&gradients)).map(host)),
    ] {
        let expected = numbers(&case["grads"][input]);
        assert_close(&gradient.expect("a gradient"), &expected, &format!("{name}, gradient by {input}"));
    }
}

fn sampled(head: &Linear, states: Tensor<3>, targets: Tensor<2, Int>, mask: Tensor<2>, fixture: &Value) -> ItemScores {
    let drawn: Vec<i32> = numbers(&fixture["drawn"]).into_iter().map(|item| item as i32).collect();
    ItemScores::sampled(head, states, targets, Some(mask), &drawn)
}

#[test]
fn the_right_item_against_those_of_the_batch_and_those_drawn() {
    check("cross_entropy_sampled", |head, states, targets, mask, fixture| {
        sampled(head, states, targets, mask, fixture).cross_entropy()
    });
    check("bpr_max_sampled", |head, states, targets, mask, fixture| {
        sampled(head, states, targets, mask, fixture).bpr_max(0.5)
    });
}

#[test]
fn the_right_item_against_all_that_stand_in_training() {
    check("bpr_max_all", |head, states, targets, _, fixture| {
        let states = states.swap_dims(0, 1).reshape([9, 3]);
        let targets = targets.swap_dims(0, 1).reshape([9]);
        ItemScores::of_all(head, tensor::<1>(&fixture["counts"]), states, targets).bpr_max(0.5)
    });
}

#[test]
fn without_another_item_bpr_max_is_nothing_and_cross_entropy_too() {
    let zeros = || Tensor::<2>::zeros([1, 2], &device());
    let scores = || ItemScores {
        right: Tensor::from_data([1.0f32], &device()),
        all: zeros() + 1.0,
        others: zeros().greater_elem(0.5),
    };
    assert_eq!(host(scores().bpr_max(1.0)), [0.0]);
    assert_close(&host(scores().cross_entropy()), &[0.0], "cross-entropy");
}
