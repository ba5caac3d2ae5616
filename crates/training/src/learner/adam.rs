//! Adam and AdamW by our own kernel, with Burn's record of their state.

use burn::optim::{AdamState, AdaptiveMomentumState, LearningRate, Optimizer};
use burn::tensor::{Device, Tensor};
use semiseq_models::{AdamStep, adam};

use crate::config::optimizer::AdamConfig;

/// Adam (Kingma & Ba 2015), or with decoupled decay AdamW (Loshchilov & Hutter 2019).
#[derive(Clone, Debug)]
pub struct Adam {
    beta_1: f32,
    beta_2: f32,
    epsilon: f32,
    weight_decay: f32,
    decoupled: bool,
}

impl Adam {
    /// From the config, and what `beta_1` is where that says nothing; `decoupled` makes it AdamW.
    pub fn new(config: &AdamConfig, beta_1: f64, decoupled: bool) -> Self {
        Self {
            beta_1: config.beta_1.unwrap_or(beta_1) as f32,
            beta_2: config.beta_2 as f32,
            epsilon: config.epsilon as f32,
            weight_decay: config.weight_decay as f32,
            decoupled,
        }
    }

    /// The numbers of step `time`, which begins at 1.
    fn at(&self, time: usize, lr: LearningRate) -> AdamStep {
        let time = time as i32;
        let correction = (1.0 - self.beta_2.powi(time)).sqrt();
        let (decay, shrink) = match self.decoupled {
            true => (0.0, (1.0 - lr * f64::from(self.weight_decay)) as f32),
            false => (self.weight_decay, 1.0),
        };
        AdamStep {
            beta_1: self.beta_1,
            beta_2: self.beta_2,
            rate: lr as f32 * (correction / (1.0 - self.beta_1.powi(time))),
            epsilon: self.epsilon * correction,
            decay,
            shrink,
        }
    }
}

impl Optimizer for Adam {
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let (time, moments) = match state {
            Some(AdamState { momentum: state }) => (state.time, [state.moment_1, state.moment_2]),
            None => (0, [grad.zeros_like(), grad.zeros_like()]),
        };
        let time = time + 1;
        let (tensor, [first, second]) = adam(tensor, grad, moments, self.at(time, lr));
        (tensor, Some(AdamState::new(AdaptiveMomentumState::new(time, first, second))))
    }

    fn to_device<const D: usize>(mut state: Self::State<D>, device: &Device) -> Self::State<D> {
        state.momentum = state.momentum.to_device(device);
        state
    }
}
