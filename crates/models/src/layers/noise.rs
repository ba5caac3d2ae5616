//! Normal noise with Burn's switches, drawn once for all rows of a pass.

use burn::module::Module;
use burn::nn::{GaussianNoise, GaussianNoiseConfig};
use burn::tensor::Tensor;

use crate::crew::drawn;

/// Adds normal noise while training: on an autodiff device, in a module that is not frozen.
#[derive(Module, Debug)]
pub(crate) struct Noise {
    /// Draws the noise; holds its deviation, and whether a `freeze` has switched it off.
    noise: GaussianNoise,
}

impl Noise {
    /// # Panics
    ///
    /// If `deviation` is below 0 or not finite; configs are checked before.
    pub fn new(deviation: f64) -> Self {
        Self { noise: GaussianNoiseConfig::new(deviation).init() }
    }

    /// # Shapes
    ///
    /// - input and output: any
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let (shape, device) = (input.shape(), input.device());
        if !(self.noise.training.is_enabled() && device.is_autodiff() && self.noise.std > 0.0) {
            return input;
        }
        let values = shape.num_elements();
        let draw = |values: usize| self.noise.forward(Tensor::<1>::zeros([values], &device));
        let (noise, first) = drawn(values, draw);
        input + noise.narrow(0, first, values).to_device(&device).reshape(shape)
    }
}
