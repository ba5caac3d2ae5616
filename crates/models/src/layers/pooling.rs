//! From a vector per step to one vector per sequence.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use semiseq_kernels::{mean_over_time, tanh};
use serde::{Deserialize, Serialize};

use crate::layers::each_step;

/// How the steps become one vector; padded steps never count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Pooling {
    /// The last state; of a bidirectional encoder the last of each direction.
    #[default]
    Last,
    /// The mean over the steps.
    Mean,
    /// The largest value of each unit.
    Max,
    /// A learned weighted mean: `softmax(vᵀ tanh(W h_t))` (Yang et al. 2016).
    Attention,
}

/// A pooling with its weights, where it has some.
#[derive(Module, Debug)]
pub struct PoolingLayer {
    hidden: Option<Linear>,
    score: Option<Linear>,
    #[module(skip)]
    kind: Pooling,
    #[module(skip)]
    bidirectional: bool,
}

/// Stands for minus infinity without making `0 · ∞`.
pub(crate) const VERY_SMALL: f64 = -1e30;

impl Pooling {
    /// Builds the pooling of vectors of `width`.
    pub fn init(self, width: usize, bidirectional: bool, device: &Device) -> PoolingLayer {
        let attention = self == Self::Attention;
        PoolingLayer {
            hidden: attention.then(|| LinearConfig::new(width, width).init(device)),
            score: attention.then(|| LinearConfig::new(width, 1).with_bias(false).init(device)),
            kind: self,
            bidirectional,
        }
    }
}

impl PoolingLayer {
    /// # Shapes
    ///
    /// - steps: `[batch, time, width]`, mask: `[batch, time]`
    /// - output: `[batch, width]`
    pub fn forward(&self, steps: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<2> {
        let [batch, time, width] = steps.dims();
        match self.kind {
            Pooling::Last => self.last(steps, mask),
            Pooling::Mean => mean_over_time(steps, mask),
            Pooling::Max => {
                let steps = match mask {
                    Some(mask) => steps + (mask.sub_scalar(1.0).mul_scalar(-VERY_SMALL)).unsqueeze_dim(2),
                    None => steps,
                };
                steps.max_dim(1).reshape([batch, width])
            }
            Pooling::Attention => {
                let (Some(hidden), Some(score)) = (&self.hidden, &self.score) else {
                    return mean_over_time(steps, mask);
                };
                let scores = each_step(score, tanh(each_step(hidden, steps.clone()))).reshape([batch, time]);
                let scores = match mask {
                    Some(mask) => scores + mask.sub_scalar(1.0).mul_scalar(-VERY_SMALL),
                    None => scores,
                };
                let weights: Tensor<3> = softmax(scores, 1).unsqueeze_dim(2);
                (steps * weights).sum_dim(1).reshape([batch, width])
            }
        }
    }

    fn last(&self, steps: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<2> {
        let [batch, _, width] = steps.dims();
        if !self.bidirectional {
            return last_real(steps, mask);
        }
        let half = width / 2;
        let forward = last_real(steps.clone().narrow(2, 0, half), mask);
        let backward = steps.narrow(2, half, width - half).narrow(1, 0, 1).reshape([batch, width - half]);
        Tensor::cat(vec![forward, backward], 1)
    }
}

/// Each sequence's last real step. As [`PoolingLayer::forward`].
fn last_real(steps: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<2> {
    let [batch, time, width] = steps.dims();
    match mask {
        // 1 at the last real step: the mask minus the mask moved one step to the left.
        Some(mask) if time > 1 => {
            let end = Tensor::zeros([batch, 1], &mask.device());
            let next = Tensor::cat(vec![mask.clone().narrow(1, 1, time - 1), end], 1);
            mean_over_time(steps, Some(mask - next))
        }
        _ => steps.narrow(1, time - 1, 1).reshape([batch, width]),
    }
}
