//! Optimisers from our config, Burn's but for Adam, and gradient clipping by the norm of the whole gradient.
//!
//! Burn clips each parameter by its own norm; PyTorch and the papers clip the gradient as one vector.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, ModuleOptimizer, RmsPropConfig, SgdConfig};
use burn::tensor::Tensor;
use semiseq_models::{scale, sum_of_squares};

use crate::config::optimizer::OptimizerConfig;
use crate::learner::adam::Adam;

/// Decay of the gradient's mean in Adam, where the config does not say: one player alone, and two who move each other's
/// goal.
const BETA_1: [f64; 2] = [0.9, 0.5];

/// Builds the optimiser, of two players who take turns where `plays`.
pub fn build(config: &OptimizerConfig, plays: bool) -> ModuleOptimizer {
    let beta_1 = BETA_1[usize::from(plays)];
    let decay = |value: f64| (value > 0.0).then(|| WeightDecayConfig::new(value as f32));
    match config {
        OptimizerConfig::Sgd(sgd) | OptimizerConfig::Momentum(sgd) => {
            let default = if matches!(config, OptimizerConfig::Momentum(_)) { 0.9 } else { 0.0 };
            let momentum = sgd.momentum.unwrap_or(default);
            let momentum = (momentum > 0.0).then(|| MomentumConfig::new().with_momentum(momentum).with_dampening(0.0));
            SgdConfig::new().with_weight_decay(decay(sgd.weight_decay)).with_momentum(momentum).init()
        }
        OptimizerConfig::Adam(adam) => ModuleOptimizer::from(Adam::new(adam, beta_1, false)),
        OptimizerConfig::AdamW(adam) => ModuleOptimizer::from(Adam::new(adam, beta_1, true)),
        OptimizerConfig::RmsProp(rms) => RmsPropConfig::new()
            .with_alpha(rms.alpha as f32)
            .with_momentum(rms.momentum as f32)
            .with_epsilon(rms.epsilon as f32)
            .with_weight_decay(decay(rms.weight_decay))
            .init(),
    }
}

/// Clips every entry to `[-value, value]`, then the whole gradient to `norm`.
pub fn clip<M: Module>(module: &M, grads: GradientsParams, norm: Option<f64>, value: Option<f64>) -> GradientsParams {
    let grads = match value {
        Some(limit) => rewrite(module, grads, Rewrite::Clamp(limit)),
        None => grads,
    };
    let Some(limit) = norm else { return grads };
    let mut squares = Squares { grads: &grads, sum: None };
    module.visit(&mut squares);
    match squares.sum {
        Some(sum) => {
            let factor = (sum.sqrt() + 1e-6).recip().mul_scalar(limit).clamp_max(1.0);
            rewrite(module, grads, Rewrite::Scale(Box::new(factor)))
        }
        None => grads,
    }
}

struct Squares<'a> {
    grads: &'a GradientsParams,
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(grad) = self.grads.get::<D>(param.id) else { return };
        let square = sum_of_squares(grad);
        self.sum = Some(match self.sum.take() {
            Some(sum) => sum + square,
            None => square,
        });
    }
}

enum Rewrite {
    Clamp(f64),
    Scale(Box<Tensor<1>>),
}

struct Rewriter {
    from: GradientsParams,
    to: GradientsParams,
    how: Rewrite,
}

fn rewrite<M: Module>(module: &M, grads: GradientsParams, how: Rewrite) -> GradientsParams {
    let mut rewriter = Rewriter { from: grads, to: GradientsParams::new(), how };
    module.visit(&mut rewriter);
    rewriter.to
}

impl ModuleVisitor for Rewriter {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(grad) = self.from.remove::<D>(param.id) else { return };
        let grad = match &self.how {
            Rewrite::Clamp(limit) => grad.clamp(-limit, *limit),
            Rewrite::Scale(factor) => scale(grad, factor.as_ref().clone()),
        };
        self.to.register(param.id, grad);
    }
}
