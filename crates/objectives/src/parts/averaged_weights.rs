//! The moving average of a model's weights, whatever the model is: for methods whose type does not name it.

use std::collections::VecDeque;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

use crate::parts::memory::remembered;
use crate::parts::weight_average::{average, fresh_copy};

/// The weights one after the other, in the order in which a model is visited, each as `[values]`.
#[derive(Module, Debug)]
pub(crate) struct AveragedWeights {
    values: Vec<Param<Tensor<1>>>,
}

impl AveragedWeights {
    /// Begins as a copy of the model's weights.
    pub fn of<M: Module>(model: &M) -> Self {
        let mut flat = Flat { values: Vec::new() };
        model.visit(&mut flat);
        Self { values: flat.values }
    }

    /// `decay · average + (1 - decay) · model`.
    #[must_use]
    pub fn follow<M: Module>(self, model: &M, decay: f64) -> Self {
        Self::of(&average(self.model(model), model, decay))
    }

    /// A model with these weights, which learns nothing.
    pub fn model<M: Module>(&self, like: &M) -> M {
        let values = self.values.iter().map(|value| value.val().detach()).collect();
        fresh_copy(like).map(&mut Filled { values })
    }
}

struct Flat {
    values: Vec<Param<Tensor<1>>>,
}

impl ModuleVisitor for Flat {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val().detach().set_require_grad(false);
        let size = value.shape().num_elements();
        self.values.push(remembered(value.reshape([size])));
    }
}

struct Filled {
    values: VecDeque<Tensor<1>>,
}

impl ModuleMapper for Filled {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.values.pop_front() {
            Some(value) => param.map(|old| value.clone().reshape(old.shape()).set_require_grad(false)),
            None => param,
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::LinearConfig;
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn the_average_of_any_model_is_that_of_its_weights() {
        let device = Device::flex().autodiff();
        device.seed(2);
        let [first, second] = [(); 2].map(|()| LinearConfig::new(3, 2).init(&device));
        let found = AveragedWeights::of(&first).follow(&second, 0.75).model(&second);
        let expected = first.weight.val().inner() * 0.75 + second.weight.val().inner() * 0.25;
        let difference = (found.weight.val().inner() - expected).abs().max().into_scalar::<f32>();
        assert!(difference < 1e-6, "{difference}");
        assert!(!found.weight.is_require_grad());
        assert_ne!(found.weight.id, second.weight.id);
    }
}
