//! Encoders: one file each, with its settings. Recurrent cells lie in [`crate::cells`].

pub(crate) mod any;
pub(crate) mod convolutional;
pub(crate) mod dense;
pub(crate) mod image;
pub(crate) mod recurrent;
pub(crate) mod registry;
pub(crate) mod settings;

pub use any::AnyEncoder;
pub use convolutional::{ConvolutionalConfig, ConvolutionalEncoder};
pub use dense::{DenseConfig, DenseEncoder};
pub use image::{Image, ImageKind};
pub use recurrent::RecurrentEncoder;
pub use registry::{ENCODERS, EncoderConfig, MOST_WEIGHTS};

/// What `cargo xtask new encoder` writes, so that it compiles and its test runs.
#[cfg(test)]
#[path = "../../../../xtask/templates/encoder.rs"]
mod skeleton;
