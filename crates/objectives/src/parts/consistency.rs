//! What the methods share that ask for one prediction under two draws of noise: labelled and unlabelled rows in one
//! mean, and the teacher's memory.

use burn::tensor::Tensor;
use burn::tensor::activation::{sigmoid, softmax};
use semiseq_models::SequenceModel;

use crate::parts::losses::{class_logits, weighted_mean};

/// The fraction of a stage over which a consistency weight grows: the first quarter, as 80 of the papers' 300 epochs
/// and 100 of ICT's 400.
pub(crate) const RAMP_UP: f64 = 0.25;

/// What two views are compared by: distributions over the classes, `[rows, classes]`; the probability of each label,
/// `[rows, labels]`, where a sequence has any number of them; or the numbers that a head predicts in the scale of the
/// targets, `[rows, predictions]`. Logits `[rows, outputs]`.
pub(crate) fn predicted<M: SequenceModel>(model: &M, logits: Tensor<2>) -> Tensor<2> {
    match model.numbers() {
        Some(head) => head.predictions(logits),
        None if model.multi_label() => sigmoid(logits),
        None => softmax(class_logits(logits), 1),
    }
}

/// Logits as a classifier of one class for each row has them. Where a sequence has any number of labels each label is a
/// row of its own, of a sigmoid classifier that says whether it holds: `[rows * labels, 1]`.
pub(crate) fn decisions<M: SequenceModel>(model: &M, logits: Tensor<2>) -> Tensor<2> {
    let [rows, outputs] = logits.dims();
    if model.multi_label() { logits.reshape([rows * outputs, 1]) } else { logits }
}

/// The mean of what is said of the [`decisions`] of each row, `[rows]`.
pub(crate) fn over_decisions<M: SequenceModel>(model: &M, values: Tensor<1>) -> Tensor<1> {
    let [decisions] = values.dims();
    match model.multi_label() {
        true => {
            let labels = model.outputs().max(1);
            values.reshape([decisions / labels, labels]).mean_dim(1).reshape([decisions / labels])
        }
        false => values,
    }
}

/// 1 for rows of which both say the same class, or the share of the labels on which they agree, `[rows]`, without
/// graph. Both `[rows, classes]`, as [`predicted`] gives them.
pub(crate) fn agreement<M: SequenceModel>(model: &M, left: Tensor<2>, right: Tensor<2>) -> Tensor<1> {
    let (left, right) = (left.detach(), right.detach());
    let [rows, _] = left.dims();
    let agree = match model.multi_label() {
        true => left.greater_elem(0.5).equal(right.greater_elem(0.5)).float().mean_dim(1),
        false => left.argmax(1).equal(right.argmax(1)).float(),
    };
    agree.reshape([rows])
}

/// Distances of rows, gathered over the parts of a step: the papers take the mean over the whole batch, labelled or
/// not.
#[derive(Default)]
pub(crate) struct Distances {
    values: Vec<Tensor<1>>,
    counted: Vec<Tensor<1>>,
}

impl Distances {
    /// Adds a part's rows, and 1 for those that are no padding where some are. Both `[rows]`.
    pub fn add(&mut self, values: Tensor<1>, counted: Option<Tensor<1>>) {
        self.counted.push(counted.unwrap_or_else(|| values.ones_like().detach()));
        self.values.push(values);
    }

    /// The mean over all rows that are no padding, `[1]`; `None` where there was no part.
    pub fn mean(self) -> Option<Tensor<1>> {
        (!self.values.is_empty())
            .then(|| weighted_mean(Tensor::cat(self.values, 0), Some(Tensor::cat(self.counted, 0))))
    }
}

/// The teacher's decay in an update that `before` others came before: `min(1 - 1/(t + 1), decay)` in update `t`,
/// counted from 1, so that it is the true average of all weights until its memory is full (Tarvainen & Valpola's code).
pub(crate) fn teacher_decay(before: usize, decay: f64) -> f64 {
    (1.0 - 1.0 / (before as f64 + 2.0)).min(decay)
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn rows_of_both_parts_count_alike() {
        let device = Device::flex();
        let row = |values: &[f32]| Tensor::<1>::from_data(values, &device);
        let mut distances = Distances::default();
        distances.add(row(&[1.0]), None);
        distances.add(row(&[2.0, 3.0, 90.0]), Some(row(&[1.0, 1.0, 0.0])));
        let mean: Vec<f32> = distances.mean().expect("two parts").into_data().iter::<f32>().collect();
        assert_eq!(mean, [2.0]);
        assert!(Distances::default().mean().is_none());
    }

    #[test]
    fn the_teacher_is_the_mean_of_all_weights_until_its_memory_is_full() {
        assert_eq!([0, 2, 8].map(|before| teacher_decay(before, 0.8)), [0.5, 0.75, 0.8]);
    }
}
