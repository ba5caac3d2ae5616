//! Numbers of the fixtures as tensors, and back.

use burn::tensor::{Device, Tensor, TensorData};
use serde_json::Value;

pub fn device() -> Device {
    Device::flex().autodiff()
}

pub fn numbers(value: &Value) -> Vec<f32> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        Value::Number(number) => vec![number.as_f64().expect("a number") as f32],
        other => panic!("not numbers: {other}"),
    }
}

pub fn tensor<const D: usize>(value: &Value) -> Tensor<D> {
    let mut here = value;
    let shape: [usize; D] = std::array::from_fn(|_| {
        let items = here.as_array().expect("a list");
        here = &items[0];
        items.len()
    });
    Tensor::from_data(TensorData::new(numbers(value), shape), &device())
}

pub fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}
