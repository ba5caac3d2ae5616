//! Encoders and their settings.

mod config;
mod recurrent;

pub use config::{Activation, EncoderConfig, GruConfig, LstmConfig, Reset, RnnConfig};
pub use recurrent::RecurrentEncoder;
