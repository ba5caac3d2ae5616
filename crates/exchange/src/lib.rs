#![doc = include_str!("../README.md")]

mod error;
mod layers;
mod names;
mod network;
pub mod onnx;
mod read;
pub mod safetensors;
mod tensors;
pub mod torch;

pub use error::ExchangeError;
pub use names::{FoundModel, Renamed, as_ours, modules, renamed};
pub use network::{About, Network};
pub use read::read;
pub use tensors::Foreign;
