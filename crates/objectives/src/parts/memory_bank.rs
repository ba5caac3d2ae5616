//! Projected vectors, and a memory of one a training sequence, as CoMatch and SimMatch compare sequences by.

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::{relu, softmax};
use burn::tensor::{Device, Tensor};

use crate::parts::memory::{add_at, last_of_each, remembered, rows_at};

/// Stands for minus infinity without making `0 · ∞`.
const VERY_SMALL: f64 = 1e9;

/// Two layers, and a length of 1.
#[derive(Module, Debug)]
pub(crate) struct Projection {
    hidden: Linear,
    output: Linear,
}

impl Projection {
    pub fn new(input: usize, width: usize, device: &Device) -> Self {
        Self {
            hidden: LinearConfig::new(input, input).init(device),
            output: LinearConfig::new(input, width).init(device),
        }
    }

    /// `[rows, input]` to `[rows, width]`.
    pub fn forward(&self, vectors: Tensor<2>) -> Tensor<2> {
        of_length_one(self.output.forward(relu(self.hidden.forward(vectors))))
    }
}

/// Rows divided by their lengths. Both `[rows, width]`.
pub(crate) fn of_length_one(rows: Tensor<2>) -> Tensor<2> {
    let length = (rows.clone() * rows.clone()).sum_dim(1).sqrt().clamp_min(1e-12);
    rows / length
}

/// The last vector of each training sequence, and what its class is taken to be.
#[derive(Module, Debug)]
pub(crate) struct MemoryBank {
    /// `[train, width]`
    vectors: Param<Tensor<2>>,
    /// `[train, classes]`
    classes: Param<Tensor<2>>,
    /// 1 for sequences that are in the bank, `[1, train]`
    known: Param<Tensor<2>>,
    /// Sequences up to the last that is known to be in the bank. Labelled ones come first in the training part, so that
    /// a bank of those alone costs no more than they do.
    #[module(skip)]
    reach: usize,
}

impl MemoryBank {
    pub fn new(train: usize, width: usize, classes: usize, device: &Device) -> Self {
        Self {
            vectors: remembered(Tensor::zeros([train, width], device)),
            classes: remembered(Tensor::zeros([train, classes], device)),
            known: remembered(Tensor::zeros([1, train], device)),
            reach: 0,
        }
    }

    /// Rows of the bank that are looked at: at least one. After a resume the memory itself has to tell.
    fn reach(&self) -> usize {
        if self.reach > 0 {
            return self.reach;
        }
        let known: Vec<f32> = self.known.val().detach().into_data().iter::<f32>().collect();
        known.iter().rposition(|known| *known > 0.0).map_or(1, |last| last + 1)
    }

    /// 1 once anything is in the bank, before that 0, `[1, 1]`.
    pub fn begun(&self) -> Tensor<2> {
        self.known.val().detach().max_dim(1)
    }

    /// A distribution over the bank by likeness, `softmax(v · b / T)`, `[rows, bank]`.
    pub fn likeness(&self, vectors: Tensor<2>, temperature: f64) -> Tensor<2> {
        let reach = self.reach();
        let bank = self.vectors.val().detach().narrow(0, 0, reach);
        let products = vectors.matmul(bank.transpose()) / temperature;
        softmax(products + (self.known.val().detach().narrow(1, 0, reach) - 1.0) * VERY_SMALL, 1)
    }

    /// What the classes of the bank are taken to be, `[bank, classes]`.
    pub fn classes(&self) -> Tensor<2> {
        self.classes.val().detach().narrow(0, 0, self.reach())
    }

    /// Puts vectors `[rows, width]` and class distributions `[rows, classes]` of training sequences in; of a sequence
    /// that is there already `keep` of its old vector stays. Of one that stands twice among the rows the last counts.
    pub fn note(&mut self, indices: &[usize], vectors: Tensor<2>, classes: Tensor<2>, keep: f64) {
        let device = vectors.device();
        self.reach = indices.iter().fold(self.reach(), |reach, index| reach.max(index + 1));
        let [rows, last] = rows_at(indices, &last_of_each(indices), &device);
        let old = self.vectors.val().detach().select(0, rows.clone());
        let there = self.known.val().detach().select(1, rows.clone()).transpose();
        let keep = there.clone() * keep;
        let new = vectors.detach().select(0, last.clone());
        let mixed = of_length_one(old.clone() * keep.clone() + new * (keep.neg() + 1.0));
        let old_classes = self.classes.val().detach().select(0, rows.clone());
        add_at(&mut self.vectors, 0, rows.clone(), mixed - old);
        add_at(&mut self.classes, 0, rows.clone(), classes.detach().select(0, last) - old_classes);
        add_at(&mut self.known, 1, rows, (there.neg() + 1.0).transpose());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::memory::evened;

    fn host(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().iter::<f32>().collect()
    }

    #[test]
    fn the_bank_knows_what_was_put_in_and_blends_what_comes_again() {
        let device = Device::flex();
        let mut bank = MemoryBank::new(3, 2, 2, &device);
        assert_eq!(host(bank.begun()), [0.0]);
        let row = |values: [f32; 2]| Tensor::<2>::from_data([values], &device);
        bank.note(&[1], row([1.0, 0.0]), row([0.0, 1.0]), 0.7);
        assert_eq!(host(bank.begun()), [1.0]);
        assert_eq!(host(bank.likeness(row([1.0, 0.0]), 0.1)), [0.0, 1.0], "only the second is known");
        let resumed = MemoryBank { reach: 0, ..bank.clone() };
        assert_eq!(host(resumed.likeness(row([1.0, 0.0]), 0.1)), [0.0, 1.0], "as the memory tells");
        // 0.6 (1, 0) + 0.4 (0, 1), divided by its length.
        bank.note(&[1], row([0.0, 1.0]), row([1.0, 0.0]), 0.6);
        let length = (0.36f32 + 0.16).sqrt();
        let found = host(bank.vectors.val());
        assert!((found[2] - 0.6 / length).abs() < 1e-6 && (found[3] - 0.4 / length).abs() < 1e-6, "{found:?}");
        assert_eq!(host(bank.classes())[2..4], [1.0, 0.0]);
    }

    /// A matrix of the numbers that PyTorch made.
    fn matrix(value: &serde_json::Value, device: &Device) -> Tensor<2> {
        let rows: Vec<Vec<f32>> = serde_json::from_value(value.clone()).expect("rows of numbers");
        let (count, width) = (rows.len(), rows[0].len());
        Tensor::from_data(burn::tensor::TensorData::new(rows.concat(), [count, width]), device)
    }

    fn assert_close(found: Tensor<2>, expected: &serde_json::Value, device: &Device, what: &str) {
        let expected = host(matrix(expected, device));
        let found = host(found);
        assert_eq!(found.len(), expected.len(), "{what}");
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-5, "{what}: {found} against {expected}");
        }
    }

    #[test]
    fn memory_and_running_mean_equal_pytorch_over_three_steps() {
        let text = include_str!("../../tests/fixtures/objectives.json");
        let fixture: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let case = &fixture["bank"];
        let number = |name: &str| case[name].as_f64().expect("a number");
        let device = Device::flex();
        let mut bank = MemoryBank::new(number("train") as usize, 4, 3, &device);
        let mut mean = remembered(Tensor::zeros([1, 3], &device));
        for step in case["steps"].as_array().expect("steps") {
            let indices: Vec<usize> = serde_json::from_value(step["indices"].clone()).expect("indices");
            let given = |name: &str| matrix(&step[name], &device);
            bank.note(&indices, given("vectors"), given("classes"), number("keep"));
            let likeness = bank.likeness(given("queries"), number("temperature"));
            assert_close(likeness.clone(), &step["likeness"], &device, "likeness");
            assert_close(likeness.matmul(bank.classes()), &step["voted"], &device, "what the memory votes for");
            let even = evened(given("pseudo_label"), &mut mean, number("momentum"));
            assert_close(even, &step["even"], &device, "the pseudo-label divided by its mean");
        }
    }
}
