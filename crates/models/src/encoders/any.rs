//! Any encoder that a config can name.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::cells::state::State;
use crate::encoder::Encoder;
use crate::encoders::image::Image;

/// A row is the name in the enum, the encoder, and what it is. All cells are one kind of encoder.
macro_rules! encoders {
    ($($variant:ident $encoder:ty, $summary:literal;)*) => {
        /// Any encoder that a config can name.
        #[derive(Module, Debug)]
        #[allow(clippy::large_enum_variant, reason = "one encoder a model; a box would only hide it")]
        #[non_exhaustive]
        pub enum AnyEncoder {
            $(#[doc = $summary] $variant($encoder),)*
        }

        $(impl From<$encoder> for AnyEncoder {
            fn from(encoder: $encoder) -> Self {
                Self::$variant(encoder)
            }
        })*

        impl Encoder for AnyEncoder {
            fn forward(&self, input: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<3> {
                match self { $(Self::$variant(encoder) => encoder.forward(input, mask),)* }
            }

            fn hidden(&self) -> usize {
                match self { $(Self::$variant(encoder) => encoder.hidden(),)* }
            }

            fn causal(&self) -> bool {
                match self { $(Self::$variant(encoder) => encoder.causal(),)* }
            }

            fn bidirectional(&self) -> bool {
                match self { $(Self::$variant(encoder) => encoder.bidirectional(),)* }
            }

            fn image(&self) -> Option<Image> {
                match self { $(Self::$variant(encoder) => encoder.image(),)* }
            }

            fn forward_from(&self, input: Tensor<3>, states: Option<Vec<State>>) -> Option<(Tensor<3>, Vec<State>)> {
                match self { $(Self::$variant(encoder) => encoder.forward_from(input, states),)* }
            }
        }
    };
}

encoders! {
    Recurrent crate::encoders::recurrent::RecurrentEncoder, "Recurrent layers.";
    Dense crate::encoders::dense::DenseEncoder, "Fully connected layers over the whole sequence.";
    Convolutional crate::encoders::convolutional::ConvolutionalEncoder, "Convolutions over the sequence as an image.";
}
