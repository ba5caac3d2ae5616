//! Encoders and their settings.

mod any;
mod config;
mod convolutional;
mod dense;
mod picture;
mod recurrent;

pub use any::AnyEncoder;
pub use config::{Activation, EncoderConfig, GruConfig, LstmConfig, MOST_WEIGHTS, Reset, RnnConfig};
pub(crate) use convolutional::quarter;
pub use convolutional::{ConvolutionalConfig, ConvolutionalEncoder};
pub(crate) use dense::SLOPE;
pub use dense::{DenseConfig, DenseEncoder};
pub(crate) use picture::fitted;
pub use picture::{Picture, PictureKind};
pub use recurrent::RecurrentEncoder;
