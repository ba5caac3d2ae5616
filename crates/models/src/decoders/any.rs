//! What turns a vector back into a sequence: step by step, or for encoders that read images all at once.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};

use crate::InputSize;
use crate::decoders::image::ImageDecoder;
use crate::decoders::sequence::{Feeding, SequenceDecoder, SequenceDecoderConfig};
use crate::encoders::image::{Image, fitted};
use crate::layers::step_outputs::StepOutputs;
use crate::sequences::{Input, Sequences};

/// A decoder from vectors.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "one decoder an objective; a box would only hide it")]
pub enum AnyDecoder {
    /// Step by step.
    Steps(SequenceDecoder),
    /// All at once.
    Image(ImageDecoder),
}

impl AnyDecoder {
    /// Builds the decoder that goes with an encoder: `image` is what that reads at once, if it does.
    pub fn new(
        config: &SequenceDecoderConfig,
        vector: usize,
        input: InputSize,
        image: Option<Image>,
        device: &Device,
    ) -> Self {
        match image {
            Some(image) => Self::Image(ImageDecoder::new(vector, config.hidden, image, device)),
            None => Self::Steps(config.init(vector, input, device)),
        }
    }

    /// Rebuilds `sequences` from their vectors, aligned with [`AnyDecoder::targets`]; see
    /// [`SequenceDecoder::forward_with`].
    pub fn forward_with(&self, vector: Tensor<2>, sequences: &Sequences, feeding: Feeding) -> StepOutputs {
        match self {
            Self::Steps(decoder) => decoder.forward_with(vector, sequences, feeding),
            Self::Image(decoder) => fitted(decoder.forward(vector), sequences.dims()[1]).into(),
        }
    }

    /// Writes `time` steps from vectors alone; see [`SequenceDecoder::write`].
    pub fn write(&self, vector: Tensor<2>, time: usize, pick: impl FnMut(Tensor<2>) -> Tensor<1, Int>) -> Input {
        match self {
            Self::Steps(decoder) => decoder.write(vector, time, pick),
            Self::Image(decoder) => Input::Values(fitted(decoder.forward(vector), time)),
        }
    }

    /// What the decoder makes of vectors by itself; see [`SequenceDecoder::rebuild`].
    pub fn rebuild(&self, vector: Tensor<2>, sequences: &Sequences) -> Input {
        match self {
            Self::Steps(decoder) => decoder.rebuild(vector, sequences),
            Self::Image(decoder) => Input::Values(fitted(decoder.forward(vector), sequences.dims()[1])),
        }
    }

    /// The sequences in the order in which they are written.
    pub fn targets(&self, sequences: &Sequences) -> Sequences {
        match self {
            Self::Steps(decoder) => decoder.targets(sequences),
            Self::Image(_) => sequences.clone(),
        }
    }
}
