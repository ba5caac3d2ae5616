//! What several of the tests read and draw.

use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::tensor::{Device, Tensor, TensorData};
use serde_json::Value;

/// A tensor's values.
pub fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter().collect()
}

/// Seeds the device's generator, which belongs to the process: a test that draws has it alone while it holds the guard.
pub fn seeded(device: &Device, seed: u64) -> MutexGuard<'static, ()> {
    static GENERATOR: Mutex<()> = Mutex::new(());
    let guard = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    device.seed(seed);
    guard
}

/// The numbers of a fixture's nested lists, in their order.
pub fn numbers(value: &Value) -> Vec<f32> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        Value::Number(number) => vec![number.as_f64().expect("a number") as f32],
        other => panic!("not numbers: {other}"),
    }
}

/// A fixture's nested lists.
pub fn data<const D: usize>(value: &Value) -> TensorData {
    let mut here = value;
    let shape: [usize; D] = std::array::from_fn(|_| {
        let items = here.as_array().expect("a list");
        here = &items[0];
        items.len()
    });
    TensorData::new(numbers(value), shape)
}

/// A fixture's nested lists as a tensor.
pub fn tensor<const D: usize>(value: &Value, device: &Device) -> Tensor<D> {
    Tensor::from_data(data::<D>(value), device)
}
