//! What was last said of each training sequence, and when an epoch begins.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::parts::memory::{add_at, last_of_each, remembered, rows_at};

/// The last distribution of each training sequence; zeros where there was none.
#[derive(Module, Debug)]
pub(crate) struct Latest {
    /// `[train, classes]`
    values: Param<Tensor<2>>,
}

impl Latest {
    pub fn new(train: usize, classes: usize, device: &Device) -> Self {
        Self { values: remembered(Tensor::zeros([train, classes], device)) }
    }

    /// Notes the rows of a batch, `[rows, classes]`; of a sequence that stands there twice the last one.
    pub fn note(&mut self, indices: &[usize], said: Tensor<2>) {
        let [rows, positions] = rows_at(indices, &last_of_each(indices), &said.device());
        let old = self.values.val().detach().select(0, rows.clone());
        add_at(&mut self.values, 0, rows, said.detach().select(0, positions) - old);
    }

    /// The sum of each class, on the host.
    pub fn counts(&self) -> Vec<f64> {
        let sums = self.values.val().detach().sum_dim(0);
        sums.into_data().iter::<f32>().map(f64::from).collect()
    }

    /// All rows, on the host.
    pub fn rows(&self) -> Vec<Vec<f32>> {
        let [_, classes] = self.values.dims();
        let values: Vec<f32> = self.values.val().detach().into_data().iter::<f32>().collect();
        values.chunks(classes).map(<[f32]>::to_vec).collect()
    }
}

/// The epoch in which something was last renewed.
#[derive(Module, Debug)]
pub(crate) struct Epochs {
    /// `[1]`, for the checkpoint.
    last: Param<Tensor<1>>,
    /// The same on the host; `None` until it was read.
    #[module(skip)]
    known: Option<usize>,
}

impl Epochs {
    pub fn new(device: &Device) -> Self {
        Self { last: remembered(Tensor::ones([1], device)), known: None }
    }

    /// Whether an epoch begins that is not the first.
    pub fn begins(&mut self, epoch: usize, device: &Device) -> bool {
        let read = || self.last.val().into_data().iter::<f32>().next().unwrap_or(1.0) as usize;
        let last = self.known.unwrap_or_else(read);
        if epoch != last {
            self.last = remembered(Tensor::full([1], epoch as f64, device));
        }
        self.known = Some(epoch);
        epoch != last
    }
}
