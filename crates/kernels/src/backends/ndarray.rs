//! The CPU backend on the `ndarray` crate.

#[allow(deprecated, reason = "our users asked for ndarray, which Burn means to drop")]
use burn::backend::NdArray;
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::tensor::{Shape, TensorData, read_sync};

use super::cross_entropy::host_cross_entropy;
use super::dropout::host_dropout;
use super::embedding::host_embedding;
use super::mean::host_mean;
use super::scan::host_scan;
use super::slices::{Slices, recurrence_on_slices};
use super::squared_error::host_squared_error;
use super::tanh::host_tanh;
use super::weights::host_weights;
use crate::ops::{
    CrossEntropyOps, DropoutOps, EmbeddingOps, MeanOps, RecurrentOps, ScanOps, SquaredErrorOps, TanhOps, WeightOps,
};

/// A tensor's data in row-major order.
pub struct NdArrayValues(TensorData);

impl AsRef<[f32]> for NdArrayValues {
    fn as_ref(&self) -> &[f32] {
        self.0.as_slice().expect("f32, as `supports` asks for")
    }
}

impl AsMut<[f32]> for NdArrayValues {
    fn as_mut(&mut self) -> &mut [f32] {
        self.0.as_mut_slice().expect("f32, as `supports` asks for")
    }
}

#[allow(deprecated, reason = "our users asked for ndarray, which Burn means to drop")]
impl Slices for NdArray {
    type Values = NdArrayValues;

    fn values(tensor: FloatTensor<Self>) -> NdArrayValues {
        NdArrayValues(read_sync(Self::float_into_data(tensor)).expect("host memory can always be read"))
    }

    fn tensor(values: Vec<f32>, shape: Shape) -> FloatTensor<Self> {
        Self::float_from_data(TensorData::new(values, shape), &Default::default())
    }

    fn returned(values: NdArrayValues) -> FloatTensor<Self> {
        Self::float_from_data(values.0, &Default::default())
    }
}

recurrence_on_slices!(NdArray);
host_cross_entropy!(NdArray);
host_dropout!(NdArray);
host_embedding!(NdArray);
host_mean!(NdArray);
host_scan!(NdArray);
host_squared_error!(NdArray);
host_tanh!(NdArray);
host_weights!(NdArray);
