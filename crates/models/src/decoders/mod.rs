//! What writes sequences: from a vector, from another sequence, or from noise.

pub(crate) mod any;
pub(crate) mod attention;
pub mod beam;
pub mod crf;
pub mod ctc;
pub(crate) mod gan_generator;
pub(crate) mod image;
pub(crate) mod sequence;

pub use any::AnyDecoder;
pub use attention::{Attention, AttentionKind, Memory};
pub use gan_generator::{SequenceGenerator, StepGenerator};
pub use image::ImageDecoder;
pub use sequence::{DecoderSource, Feeding, SequenceDecoder, SequenceDecoderConfig};
