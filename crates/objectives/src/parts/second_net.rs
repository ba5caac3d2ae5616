//! A second net beside the run's model: as random, and with weights of its own.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor};

use crate::parts::random::{Draws, step_seed};
use crate::parts::weight_average::fresh_copy;

/// The model with the values of each of its parameters in another order, which an optimiser moves by itself.
pub(crate) fn second_net<M: Module>(model: &M, device: &Device) -> M {
    fresh_copy(model).map(&mut Shuffle(Draws::new(step_seed(device))))
}

/// Puts the values of each parameter in another order, and lets it learn.
struct Shuffle(Draws);

impl ModuleMapper for Shuffle {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let tensor = tensor.detach();
        let (shape, device) = (tensor.dims(), tensor.device());
        let count = shape.iter().product();
        let shuffled = tensor.reshape([count]).select(0, self.0.order(count, &device)).reshape(shape);
        // The objective of a finished run is loaded off the autodiff device, where nothing learns.
        match device.is_autodiff() {
            true => Param::from_mapped_value(id, shuffled.require_grad(), mapper).set_require_grad(true),
            false => Param::from_mapped_value(id, shuffled, mapper),
        }
    }
}
