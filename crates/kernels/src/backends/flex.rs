//! Burn's own CPU backend: its storage is read in place.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{Shape, TensorData};

use super::host::{Host, host_recurrence};
use crate::ops::RecurrentOps;

/// A contiguous tensor.
pub struct Values(FloatTensor<Flex>);

impl AsRef<[f32]> for Values {
    fn as_ref(&self) -> &[f32] {
        &self.0.storage()[self.0.layout().start_offset()..][..self.0.shape().num_elements()]
    }
}

impl Host for Flex {
    type Values = Values;

    fn values(tensor: FloatTensor<Self>) -> Values {
        Values(if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() })
    }

    fn tensor(values: Vec<f32>, shape: Shape) -> FloatTensor<Self> {
        FloatTensor::<Self>::from_data(TensorData::new(values, shape))
    }
}

host_recurrence!(Flex);
