//! Scores of the item that follows and of others, and what ranks it above them.

use burn::nn::Linear;
use burn::tensor::activation::{log_sigmoid, log_softmax};
use burn::tensor::module::linear;
use burn::tensor::{Bool, Int, Tensor};

/// Stands for the score of an item that does not count.
const NEVER: f64 = -1e9;

/// Scores of the right item and of others.
#[derive(Clone, Debug)]
pub struct ItemScores {
    /// Of the right item, `[rows]`.
    pub right: Tensor<1>,
    /// Of all candidates, `[rows, items]`.
    pub all: Tensor<2>,
    /// Which of these are other items than the right one, `[rows, items]`.
    pub others: Tensor<2, Bool>,
}

impl ItemScores {
    /// Of all items; those with `known` 0 do not count.
    ///
    /// # Shapes
    ///
    /// - known: `[items]`, states: `[rows, width]`, targets: `[rows]`
    pub fn of_all(head: &Linear, known: Tensor<1>, states: Tensor<2>, targets: Tensor<1, Int>) -> Self {
        let [rows, _] = states.dims();
        let all = head.forward(states);
        let [_, items] = all.dims();
        let targets = targets.reshape([rows, 1]);
        let right = all.clone().gather(1, targets.clone()).reshape([rows]);
        let numbers: Tensor<2, Int> = Tensor::arange(0..items as i64, &all.device()).reshape([1, items]);
        let known = known.greater_elem(0.0).reshape([1, items]).repeat_dim(0, rows);
        let other = numbers.repeat_dim(0, rows).not_equal(targets.repeat_dim(1, items));
        Self { right, all, others: other.bool_and(known) }
    }

    /// Of what the sessions of a batch go on to at the same step, and of items that were drawn; rows step by step.
    ///
    /// # Shapes
    ///
    /// - states: `[batch, steps, width]`, targets: `[batch, steps]`, mask: `[steps, batch]`
    /// - rows of the scores: `steps * batch`, items: `batch + drawn`
    pub fn sampled(
        head: &Linear,
        states: Tensor<3>,
        targets: Tensor<2, Int>,
        mask: Option<Tensor<2>>,
        drawn: &[i32],
    ) -> Self {
        let [batch, steps, width] = states.dims();
        let (rows, device) = (batch * steps, states.device());
        let (weight, bias) = (head.weight.val(), head.bias.as_ref().map(|bias| bias.val()));
        let states = states.swap_dims(0, 1);
        let targets = targets.swap_dims(0, 1).reshape([rows]);
        // (width, steps * batch) -> (steps, width, batch)
        let vectors = weight.clone().select(1, targets.clone()).reshape([width, steps, batch]).swap_dims(0, 1);
        let mut all = states.clone().matmul(vectors);
        if let Some(bias) = &bias {
            all = all + bias.clone().select(0, targets.clone()).reshape([steps, 1, batch]);
        }
        let mut all = all.reshape([rows, batch]);
        let own = Tensor::<2>::eye(batch, &device).repeat_dim(0, steps);
        let right = (all.clone() * own).sum_dim(1).reshape([rows]);
        let mut numbers: Tensor<2, Int> =
            targets.clone().reshape([steps, 1, batch]).repeat_dim(1, batch).reshape([rows, batch]);
        let there = mask.unwrap_or_else(|| Tensor::ones([steps, batch], &device));
        let mut there: Tensor<2> = there.reshape([steps, 1, batch]).repeat_dim(1, batch).reshape([rows, batch]);
        if !drawn.is_empty() {
            let count = drawn.len();
            let drawn: Tensor<1, Int> = Tensor::from_data(drawn, &device);
            let (weight, bias) = (weight.select(1, drawn.clone()), bias.map(|bias| bias.select(0, drawn.clone())));
            all = Tensor::cat(vec![all, linear(states.reshape([rows, width]), weight, bias)], 1);
            numbers = Tensor::cat(vec![numbers, drawn.reshape([1, count]).repeat_dim(0, rows)], 1);
            there = Tensor::cat(vec![there, Tensor::ones([rows, count], &device)], 1);
        }
        let [_, items] = all.dims();
        let other = numbers.not_equal(targets.reshape([rows, 1]).repeat_dim(1, items));
        Self { right, all, others: other.bool_and(there.greater_elem(0.5)) }
    }

    /// Cross-entropy of the right item against the others, `[rows]`.
    pub fn cross_entropy(self) -> Tensor<1> {
        let [rows, _] = self.all.dims();
        let others = self.all.mask_fill(self.others.bool_not(), NEVER);
        let scores = Tensor::cat(vec![self.right.reshape([rows, 1]), others], 1);
        -log_softmax(scores, 1).narrow(1, 0, 1).reshape([rows])
    }

    /// BPR-max of the right item against the others, `[rows]`; 0 where there is no other.
    pub fn bpr_max(self, regularisation: f64) -> Tensor<1> {
        let Self { right, all, others } = self;
        let [rows, _] = all.dims();
        let some = others.clone().float().sum_dim(1).greater_elem(0.0).float().reshape([rows]);
        let log_share = log_softmax(all.clone().mask_fill(others.bool_not(), NEVER), 1);
        let above = log_sigmoid(right.reshape([rows, 1]) - all.clone()) + log_share.clone();
        let highest = above.clone().detach().max_dim(1);
        let sum = (above - highest.clone()).exp().sum_dim(1).log() + highest;
        let large = (log_share.exp() * all.clone() * all).sum_dim(1).mul_scalar(regularisation);
        (large - sum).reshape([rows]) * some
    }
}
