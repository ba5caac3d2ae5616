//! Burn's own CPU backend: its storage is read in place.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{Shape, TensorData};

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

/// A contiguous tensor.
pub struct FlexValues(FloatTensor<Flex>);

impl AsRef<[f32]> for FlexValues {
    fn as_ref(&self) -> &[f32] {
        &self.0.storage()[self.0.layout().start_offset()..][..self.0.shape().num_elements()]
    }
}

impl AsMut<[f32]> for FlexValues {
    fn as_mut(&mut self) -> &mut [f32] {
        let (start, count) = (self.0.layout().start_offset(), self.0.shape().num_elements());
        &mut self.0.storage_mut()[start..][..count]
    }
}

impl Slices for Flex {
    type Values = FlexValues;

    fn values(tensor: FloatTensor<Self>) -> FlexValues {
        FlexValues(if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() })
    }

    fn tensor(values: Vec<f32>, shape: Shape) -> FloatTensor<Self> {
        FloatTensor::<Self>::from_data(TensorData::new(values, shape))
    }

    fn returned(values: FlexValues) -> FloatTensor<Self> {
        values.0
    }
}

recurrence_on_slices!(Flex);
host_cross_entropy!(Flex);
host_dropout!(Flex);
host_embedding!(Flex);
host_mean!(Flex);
host_scan!(Flex);
host_squared_error!(Flex);
host_tanh!(Flex);
host_weights!(Flex);
