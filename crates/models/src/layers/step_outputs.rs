//! What a linear head says at each step, made only as far as it is asked for.
//!
//! A head over a vocabulary makes thousands of numbers per step. Where only the loss counts, they need not all
//! stand in memory.

use burn::nn::Linear;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};
use semiseq_kernels::{linear_cross_entropy, linear_squared_error};

use crate::layers::each_step::linear_each_step;

/// Values or logits of each step.
#[derive(Clone, Debug)]
pub struct StepOutputs {
    /// `[batch, time, width]`: what the head reads, or what is said where there is none
    steps: Tensor<3>,
    head: Option<(Tensor<2>, Option<Tensor<1>>)>,
}

impl StepOutputs {
    /// What `head` says of `steps`, `[batch, time, width]`.
    pub fn new(steps: Tensor<3>, head: &Linear) -> Self {
        Self { steps, head: Some((head.weight.val(), head.bias.as_ref().map(|bias| bias.val()))) }
    }

    /// All of it, `[batch, time, outputs]`.
    pub fn whole(self) -> Tensor<3> {
        match self.head {
            Some((weight, bias)) => linear_each_step(self.steps, weight, bias),
            None => self.steps,
        }
    }

    /// Cross-entropy of the tokens of each step, in nats. Tokens and output `[batch, time · picks]`; a step has one
    /// token, or as many as a bag of words holds.
    pub fn cross_entropy(self, tokens: Tensor<2, Int>) -> Tensor<2> {
        let [batch, time, width] = self.steps.dims();
        let ([_, all], rows) = (tokens.dims(), batch * time);
        let (steps, tokens) = (self.steps.reshape([rows, width]), tokens.reshape([rows, all / time]));
        let each = match self.head {
            Some((weight, bias)) => linear_cross_entropy(steps, weight, bias, tokens),
            None => -log_softmax(steps, 1).gather(1, tokens),
        };
        each.reshape([batch, all])
    }

    /// Squared error of each step, the mean over its outputs, `[batch, time]`. Values `[batch, time, outputs]`.
    pub fn squared_error(self, values: Tensor<3>) -> Tensor<2> {
        let ([batch, time, outputs], [_, _, width]) = (values.dims(), self.steps.dims());
        let Some((weight, bias)) = self.head else {
            let difference = self.steps - values;
            return (difference.clone() * difference).mean_dim(2).reshape([batch, time]);
        };
        let rows = batch * time;
        let (steps, values) = (self.steps.reshape([rows, width]), values.reshape([rows, outputs]));
        linear_squared_error(steps, weight, bias, values).reshape([batch, time])
    }
}

impl From<Tensor<3>> for StepOutputs {
    fn from(steps: Tensor<3>) -> Self {
        Self { steps, head: None }
    }
}
