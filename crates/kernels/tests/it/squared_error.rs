//! The fused squared error of a linear layer equals Burn's own operations, values and all gradients, on each backend;
//! and its numbers do not depend on the number of threads.

use crate::common::{assert_equal, cpu, numbers, on_threads, variants};
use burn::tensor::{Device, Tensor, TensorData};
use proptest::prelude::*;
use semiseq_kernels::{Backend, linear_squared_error};

type Loss = fn(Tensor<2>, Tensor<2>, Option<Tensor<1>>, Tensor<2>) -> Tensor<1>;

fn composed(input: Tensor<2>, weight: Tensor<2>, bias: Option<Tensor<1>>, targets: Tensor<2>) -> Tensor<1> {
    let [rows, outputs] = targets.dims();
    let made = input.matmul(weight);
    let made = match bias {
        Some(bias) => made + bias.reshape([1, outputs]),
        None => made,
    };
    (made - targets).powi_scalar(2).mean_dim(1).reshape([rows])
}

/// The errors, and the gradients of input, weight, bias and targets of their sum with random weights.
fn run(loss: Loss, [rows, width, outputs]: [usize; 3], bias: bool, seed: u64, device: &Device) -> Vec<Vec<f32>> {
    let matrix = |salt: u64, rows: usize, columns: usize| {
        Tensor::<2>::from_data(TensorData::new(numbers(seed + salt, rows * columns), [rows, columns]), device)
    };
    let (input, weight) = (matrix(1, rows, width).require_grad(), matrix(2, width, outputs).require_grad());
    let bias = bias.then(|| matrix(3, 1, outputs).reshape([outputs]).require_grad());
    let targets = matrix(4, rows, outputs).require_grad();
    let errors = loss(input.clone(), weight.clone(), bias.clone(), targets.clone());
    let grads = (errors.clone() * matrix(5, 1, rows).reshape([rows])).sum().backward();
    let list = |data: TensorData| data.iter::<f32>().collect::<Vec<f32>>();
    let mut found = vec![list(errors.into_data())];
    for tensor in [&input, &weight, &targets] {
        found.push(list(tensor.grad(&grads).expect("a gradient").into_data()));
    }
    found.extend(bias.map(|bias| list(bias.grad(&grads).expect("a gradient of the bias").into_data())));
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn it_equals_the_composed_operations(
        rows in 1usize..150, width in 1usize..70, outputs in 1usize..80, bias: bool, seed in 0u64..1000,
    ) {
        for backend in Backend::compiled() {
            let device = backend.device(0).expect("a compiled backend has a device").autodiff();
            let size = [rows, width, outputs];
            let expected = run(composed, size, bias, seed, &device);
            for device in variants(&device) {
                assert_equal(&run(linear_squared_error, size, bias, seed, &device), &expected);
            }
        }
    }
}

#[test]
fn the_numbers_are_the_same_for_any_number_of_threads() {
    let Some(device) = cpu().map(Device::autodiff) else { return };
    // So many multiplications that threads share them.
    let size = [500, 70, 60];
    let on = |threads| on_threads(threads, || run(linear_squared_error, size, true, 5, &device));
    let one = on(1);
    assert!(one == on(3));
    assert_equal(&one, &run(composed, size, true, 5, &device));
}
