//! What a decoder looks at while it writes: a weighted mean of the encoder's states.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use semiseq_kernels::tanh;
use serde::{Deserialize, Serialize};

use crate::layers::each_step;
use crate::layers::pooling::VERY_SMALL;

/// How a decoder weighs the encoder's states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AttentionKind {
    /// Not at all: the vector is all that the decoder gets.
    #[default]
    None,
    /// `softmax(vᵀ tanh(W s + U h))` with the state before the step, read by the cell (Bahdanau et al. 2015).
    Bahdanau,
    /// `softmax(sᵀ W h)` with the state after the step, joined to it before the output (Luong et al. 2015, "general").
    Luong,
}

/// An attention with its weights.
#[derive(Module, Debug)]
pub struct Attention {
    /// `W` of both kinds; Luong's goes from states to queries.
    query: Linear,
    /// Bahdanau's `U`.
    key: Option<Linear>,
    /// Bahdanau's `v`.
    score: Option<Linear>,
}

/// What is looked at, made ready once for all steps.
#[derive(Clone, Debug)]
pub struct Memory {
    /// `[batch, time, width]`
    states: Tensor<3>,
    /// What queries are held against, `[batch, time, hidden]`.
    keys: Tensor<3>,
    /// 0 at real steps and a very small number at padded ones, `[batch, 1, time]`.
    penalty: Option<Tensor<3>>,
}

impl AttentionKind {
    /// Builds the attention of a decoder of `hidden` units on states of `width`.
    pub fn init(self, hidden: usize, width: usize, device: &Device) -> Option<Attention> {
        let plain = |from, to| LinearConfig::new(from, to).with_bias(false).init(device);
        match self {
            Self::None => None,
            Self::Bahdanau => Some(Attention {
                query: LinearConfig::new(hidden, hidden).init(device),
                key: Some(plain(width, hidden)),
                score: Some(plain(hidden, 1)),
            }),
            Self::Luong => Some(Attention { query: plain(width, hidden), key: None, score: None }),
        }
    }
}

impl Attention {
    /// Makes states ready to be looked at.
    ///
    /// # Shapes
    ///
    /// - states: `[batch, time, width]`, mask: `[batch, time]`
    pub fn memory(&self, states: Tensor<3>, mask: Option<Tensor<2>>) -> Memory {
        let keys = each_step(self.key.as_ref().unwrap_or(&self.query), states.clone());
        let penalty = mask.map(|mask| mask.sub_scalar(1.0).mul_scalar(-VERY_SMALL).unsqueeze_dim(1));
        Memory { states, keys, penalty }
    }

    /// The weighted mean of the memory for each query, and the weights.
    ///
    /// # Shapes
    ///
    /// - queries: `[batch, steps, hidden]`, the decoder's states
    /// - output: `[batch, steps, width]` and weights `[batch, steps, time]`, which sum to 1 over the real steps
    pub fn look(&self, queries: Tensor<3>, memory: &Memory) -> (Tensor<3>, Tensor<3>) {
        let scores = match &self.score {
            Some(score) => {
                let [batch, steps, hidden] = queries.dims();
                let [_, time, _] = memory.keys.dims();
                let queries: Tensor<4> = each_step(&self.query, queries).unsqueeze_dim(2);
                let keys: Tensor<4> = memory.keys.clone().unsqueeze_dim(1);
                let all = tanh(queries + keys).reshape([batch, steps * time, hidden]);
                each_step(score, all).reshape([batch, steps, time])
            }
            None => queries.matmul(memory.keys.clone().swap_dims(1, 2)),
        };
        let scores = match &memory.penalty {
            Some(penalty) => scores + penalty.clone(),
            None => scores,
        };
        let weights = softmax(scores, 2);
        (weights.clone().matmul(memory.states.clone()), weights)
    }
}

impl Memory {
    /// The memories of chosen rows, in that order, with repetition.
    pub fn select(&self, rows: Tensor<1, burn::tensor::Int>) -> Self {
        Self {
            states: self.states.clone().select(0, rows.clone()),
            keys: self.keys.clone().select(0, rows.clone()),
            penalty: self.penalty.clone().map(|penalty| penalty.select(0, rows)),
        }
    }
}
