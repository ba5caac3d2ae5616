//! The vectors of tokens, and their table's gradient, equal Burn's.

use crate::common::{numbers, variants};
use burn::tensor::{Device, Int, Tensor, TensorData};
use semiseq_kernels::{Backend, embedding};

/// Output and gradient of the table, where each token's vector counts differently.
fn run(device: &Device, look_up: fn(Tensor<2>, Tensor<2, Int>) -> Tensor<3>) -> Vec<f32> {
    // More tokens than a thread adds by itself, many of them alike, and rows that no token names.
    let [vocabulary, width, batch, time] = [50, 33, 40, 27];
    let matrix = |seed: u64, rows: usize, columns: usize| {
        Tensor::<2>::from_data(TensorData::new(numbers(seed, rows * columns), [rows, columns]), device)
    };
    let table = matrix(1, vocabulary, width).require_grad();
    let tokens: Vec<i32> = numbers(2, batch * time).iter().map(|number| (number.abs() * 40.0) as i32).collect();
    let tokens = Tensor::<2, Int>::from_data(TensorData::new(tokens, [batch, time]), device);
    let vectors = look_up(table.clone(), tokens);
    let weights = matrix(3, batch * time, width).reshape([batch, time, width]);
    let gradients = (vectors.clone() * weights).sum().backward();
    let gradient = table.grad(&gradients).expect("tracked");
    [vectors.into_data(), gradient.into_data()].iter().flat_map(|data| data.iter::<f32>().collect::<Vec<_>>()).collect()
}

#[test]
fn vectors_and_gradient_equal_burns() {
    for backend in Backend::compiled() {
        let device = backend.device(0).expect("a compiled backend has a device").autodiff();
        for device in variants(&device) {
            let (own, burns) = (run(&device, embedding), run(&device, burn::tensor::module::embedding));
            for (own, burns) in own.iter().zip(&burns) {
                assert!((own - burns).abs() < 1e-5, "{backend}: {own} against {burns}");
            }
        }
    }
}

#[test]
#[should_panic(expected = "a token must be one of the table's 3")]
fn a_token_that_the_table_does_not_have_is_named() {
    let cpu = Backend::compiled().into_iter().find(|backend| ["flex", "ndarray"].contains(&backend.name()));
    let device = cpu.expect("a CPU backend").device(0).expect("a device");
    embedding(Tensor::zeros([3, 2], &device), Tensor::from_data([[3]], &device));
}
