//! Any encoder that a config can name.

use burn::module::Module;
use burn::tensor::Tensor;

use super::{ConvolutionalEncoder, DenseEncoder, Picture, RecurrentEncoder};
use crate::{Encoder, State};

/// Any encoder that a config can name.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "one encoder a model; a box would only hide it")]
pub enum AnyEncoder {
    /// Recurrent layers.
    Recurrent(RecurrentEncoder),
    /// Fully connected layers over the whole sequence.
    Dense(DenseEncoder),
    /// Convolutions over the sequence as a picture.
    Convolutional(ConvolutionalEncoder),
}

macro_rules! each {
    ($self:ident, $encoder:ident => $body:expr) => {
        match $self {
            AnyEncoder::Recurrent($encoder) => $body,
            AnyEncoder::Dense($encoder) => $body,
            AnyEncoder::Convolutional($encoder) => $body,
        }
    };
}

impl Encoder for AnyEncoder {
    fn forward(&self, input: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<3> {
        each!(self, encoder => encoder.forward(input, mask))
    }

    fn hidden(&self) -> usize {
        each!(self, encoder => encoder.hidden())
    }

    fn causal(&self) -> bool {
        each!(self, encoder => encoder.causal())
    }

    fn bidirectional(&self) -> bool {
        each!(self, encoder => encoder.bidirectional())
    }

    fn picture(&self) -> Option<Picture> {
        each!(self, encoder => encoder.picture())
    }

    fn forward_from(&self, input: Tensor<3>, states: Option<Vec<State>>) -> Option<(Tensor<3>, Vec<State>)> {
        each!(self, encoder => encoder.forward_from(input, states))
    }
}
