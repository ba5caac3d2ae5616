//! The fused cross-entropy of a linear layer equals Burn's own operations, values and all gradients, on each backend;
//! and its numbers do not depend on the number of threads.

use crate::common::{assert_equal, cpu, numbers, on_threads, variants};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use proptest::prelude::*;
use semiseq_kernels::{Backend, linear_cross_entropy};

type Loss = fn(Tensor<2>, Tensor<2>, Option<Tensor<1>>, Tensor<2, Int>) -> Tensor<2>;

fn composed(input: Tensor<2>, weight: Tensor<2>, bias: Option<Tensor<1>>, classes: Tensor<2, Int>) -> Tensor<2> {
    let [_, count] = weight.dims();
    let logits = input.matmul(weight);
    let logits = match bias {
        Some(bias) => logits + bias.reshape([1, count]),
        None => logits,
    };
    -log_softmax(logits, 1).gather(1, classes)
}

/// The losses, and the gradients of input, weight and bias of their sum with random weights.
fn run(
    loss: Loss,
    [rows, width, count, picks]: [usize; 4],
    bias: bool,
    scale: f32,
    seed: u64,
    device: &Device,
) -> Vec<Vec<f32>> {
    let matrix = |salt: u64, rows: usize, columns: usize, scale: f32| {
        let values: Vec<f32> = numbers(seed + salt, rows * columns).iter().map(|value| value * scale).collect();
        Tensor::<2>::from_data(TensorData::new(values, [rows, columns]), device)
    };
    let (input, weight) = (matrix(1, rows, width, scale).require_grad(), matrix(2, width, count, 1.0).require_grad());
    let bias = bias.then(|| matrix(3, 1, count, 1.0).reshape([count]).require_grad());
    let classes: Vec<i32> = numbers(seed + 4, rows * picks)
        .iter()
        .map(|share| (share.abs() * count as f32) as i32 % count as i32)
        .collect();
    let classes = Tensor::<1, Int>::from_data(classes.as_slice(), device).reshape([rows, picks]);
    let losses = loss(input.clone(), weight.clone(), bias.clone(), classes);
    let grads = (losses.clone() * matrix(5, rows, picks, 1.0)).sum().backward();
    let list = |data: TensorData| data.iter::<f32>().collect::<Vec<f32>>();
    let mut found = vec![list(losses.into_data())];
    found.push(list(input.grad(&grads).expect("a gradient of the input").into_data()));
    found.push(list(weight.grad(&grads).expect("a gradient of the weight").into_data()));
    found.extend(bias.map(|bias| list(bias.grad(&grads).expect("a gradient of the bias").into_data())));
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn it_equals_the_composed_operations(
        rows in 1usize..100, width in 1usize..40, count in 1usize..1200, picks in 1usize..4, bias: bool,
        seed in 0u64..1000,
    ) {
        for backend in Backend::compiled() {
            let device = backend.device(0).expect("a compiled backend has a device").autodiff();
            let size = [rows, width, count, picks];
            let expected = run(composed, size, bias, 1.0, seed, &device);
            for device in variants(&device) {
                assert_equal(&run(linear_cross_entropy, size, bias, 1.0, seed, &device), &expected);
            }
        }
    }
}

#[test]
fn large_logits_overflow_nothing() {
    for backend in Backend::compiled() {
        let device = backend.device(0).expect("a compiled backend has a device").autodiff();
        let size = [5, 7, 50, 1];
        let fused = run(linear_cross_entropy, size, true, 300.0, 3, &device);
        assert!(fused.iter().flatten().all(|value| value.is_finite()), "{fused:?}");
        assert_equal(&fused, &run(composed, size, true, 300.0, 3, &device));
    }
}

#[test]
fn rows_in_several_parts_give_the_same_numbers_for_any_number_of_threads() {
    let Some(device) = cpu().map(Device::autodiff) else { return };
    // So many classes that the pass back takes the rows in parts.
    let size = [500, 3, 20_000, 2];
    let on = |threads| on_threads(threads, || run(linear_cross_entropy, size, true, 1.0, 5, &device));
    let one = on(1);
    assert!(one == on(3));
    assert_equal(&one, &run(composed, size, true, 1.0, 5, &device));
}

#[test]
#[cfg(any(feature = "flex", feature = "ndarray"))]
#[should_panic(expected = "one of the layer's 3")]
fn a_class_beyond_the_layer_is_told() {
    let device = cpu().expect("a CPU backend is compiled");
    let classes = Tensor::<2, Int>::from_data([[3]], &device);
    linear_cross_entropy(Tensor::zeros([1, 2], &device), Tensor::zeros([2, 3], &device), None, classes);
}
