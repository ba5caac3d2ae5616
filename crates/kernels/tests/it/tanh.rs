//! The hyperbolic tangent on every backend of this build, and its gradient, against double precision.

use crate::common::{numbers, variants};
use burn::tensor::{Tensor, TensorData};
use semiseq_kernels::{Backend, tanh};

#[test]
fn it_equals_the_tangent_in_double_precision_from_end_to_end() {
    // No multiple of a vector, and more than one thread's turn.
    let values: Vec<f32> = numbers(3, 40_007).into_iter().map(|value| value * 12.0).collect();
    let count = values.len();
    for backend in Backend::compiled() {
        let device = backend.device(0).expect("a compiled backend has a device").autodiff();
        for device in variants(&device) {
            let input = Tensor::<1>::from_data(TensorData::new(values.clone(), [count]), &device).require_grad();
            let weights = numbers(4, count);
            let output = tanh(input.clone());
            let weighted = output.clone() * Tensor::from_data(TensorData::new(weights.clone(), [count]), &device);
            let gradients = weighted.sum().backward();
            let found: Vec<f32> = output.into_data().iter().collect();
            let gradient: Vec<f32> = input.grad(&gradients).expect("tracked").into_data().iter().collect();
            for (((value, weight), found), gradient) in values.iter().zip(weights).zip(found).zip(gradient) {
                let exact = f64::from(*value).tanh();
                assert!((f64::from(found) - exact).abs() < 1e-6, "{device:?}: tanh {value} is {exact}, not {found}");
                let slope = f64::from(weight) * (1.0 - exact * exact);
                assert!((f64::from(gradient) - slope).abs() < 1e-6, "{device:?}: at {value} {slope}, not {gradient}");
            }
        }
    }
}

#[test]
fn what_is_shared_stays_as_it_is() {
    for backend in Backend::compiled() {
        let device = backend.device(0).expect("a compiled backend has a device");
        let input = Tensor::<2>::ones([3, 5], &device);
        let made = tanh(input.clone());
        assert!(input.into_data().iter::<f32>().all(|value| value == 1.0), "{device:?}");
        assert!(made.into_data().iter::<f32>().all(|value| (value - 1.0f32.tanh()).abs() < 1e-6), "{device:?}");
    }
}
