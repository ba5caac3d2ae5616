//! From noise to a series: the generator of a recurrent GAN (Esteban et al. 2017).

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use semiseq_kernels::Direction;

use crate::cells::{Layer, LstmLayer};

/// An LSTM that reads a vector of noise at each step, with a linear output a step.
#[derive(Module, Debug)]
pub struct SequenceGenerator {
    cell: Layer,
    head: Linear,
}

impl SequenceGenerator {
    /// Builds a generator of `features` a step, which reads `noise` numbers a step.
    pub fn new(noise: usize, hidden: usize, features: usize, device: &Device) -> Self {
        Self {
            cell: Layer::Lstm(LstmLayer::new(noise, hidden, 0.0, device)),
            head: LinearConfig::new(hidden, features).init(device),
        }
    }

    /// # Shapes
    ///
    /// - noise: `[batch, time, noise]`, output: `[batch, time, features]`
    pub fn forward(&self, noise: Tensor<3>) -> Tensor<3> {
        let (steps, _) = self.cell.forward(noise, None, None, Direction::Forward);
        self.head.forward(steps)
    }
}
