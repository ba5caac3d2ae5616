//! The functions that models call: fused where the backend has a fused operation, composed elsewhere.

mod adam;
mod both;
mod cross_entropy;
mod dropout;
mod embedding;
mod fused;
mod gated_scan;
mod gru;
mod linear_scan;
mod lstm;
mod mean;
#[cfg(feature = "cpu")]
mod on_cpu;
#[cfg(feature = "gpu")]
mod on_gpu;
mod operands;
mod rnn;
mod squared_error;
mod tanh;
mod weights;

pub use adam::adam;
pub use both::both;
pub use cross_entropy::linear_cross_entropy;
pub use dropout::{DropoutMask, dropout};
pub use embedding::embedding;
pub use gated_scan::gated_scan;
pub use gru::gru;
pub use linear_scan::linear_scan;
pub use lstm::lstm;
pub use mean::mean_over_time;
pub use rnn::rnn;
pub use squared_error::linear_squared_error;
pub use tanh::tanh;
pub use weights::{blend, scale, sum_of_squares};
