//! Initial weights, drawn when they are said to be drawn.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Bool, Int, Tensor};

/// Draws all weights of a module that were not drawn yet, in their order. Burn draws each where its value is first
/// read: what was drawn elsewhere before then, as in a run that is not resumed, would change it.
pub fn draw<M: Module>(module: &M) {
    module.visit(&mut Draw);
}

struct Draw;

impl ModuleVisitor for Draw {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let _ = param.val();
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        let _ = param.val();
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        let _ = param.val();
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::LinearConfig;
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn nothing_is_left_to_be_drawn_later() {
        let layer = LinearConfig::new(3, 2).init(&Device::flex());
        assert!(!layer.weight.is_initialized(), "Burn draws lazily");
        draw(&layer);
        assert!(layer.weight.is_initialized() && layer.bias.is_some_and(|bias| bias.is_initialized()));
    }
}
