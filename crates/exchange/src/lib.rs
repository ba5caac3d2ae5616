#![doc = include_str!("../README.md")]

mod error;
pub mod keras;
mod layers;
mod names;
mod network;
pub mod onnx;
mod parts;
mod read;
pub mod safetensors;
mod tensors;
pub mod torch;

pub use error::ExchangeError;
pub use names::{FoundModel, Renamed, as_ours, renamed};
pub use network::{About, Network};
pub use read::read;
pub use tensors::{Foreign, modules};
