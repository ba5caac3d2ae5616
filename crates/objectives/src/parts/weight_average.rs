//! Moving averages of weights: a teacher, or the weights that evaluation uses.

use std::any::Any;
use std::collections::VecDeque;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::Tensor;
use semiseq_models::blend;

/// A copy of `model` with the same values that no optimiser moves and no graph reaches.
///
/// Its parameters get identities of their own, so that gradients of the original never find them.
pub fn fresh_copy<M: Module>(model: &M) -> M {
    model.clone().map(&mut Fresh)
}

/// `decay · average + (1 - decay) · model`, parameter by parameter. Both must have one structure.
pub fn average<M: Module>(average: M, model: &M, decay: f64) -> M {
    let mut collected = Collect::default();
    model.visit(&mut collected);
    average.map(&mut Blend { values: collected.values, decay })
}

struct Fresh;

impl ModuleMapper for Fresh {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (_, tensor, mapper) = param.consume();
        Param::from_mapped_value(ParamId::new(), tensor.detach().set_require_grad(false), mapper)
            .set_require_grad(false)
    }
}

#[derive(Default)]
struct Collect {
    values: VecDeque<Box<dyn Any>>,
}

impl ModuleVisitor for Collect {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.values.push_back(Box::new(param.val().detach()));
    }
}

struct Blend {
    values: VecDeque<Box<dyn Any>>,
    decay: f64,
}

impl ModuleMapper for Blend {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(value) = self.values.pop_front().and_then(|value| value.downcast::<Tensor<D>>().ok()) else {
            return param;
        };
        let decay = self.decay;
        param.map(|old| blend(old.detach(), *value, decay).set_require_grad(false))
    }
}
