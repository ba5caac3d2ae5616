//! The functions that models call: fused where the backend has a fused operation, composed elsewhere.

mod dropout;
mod fused;
mod gru;
mod lstm;
mod rnn;

pub use dropout::dropout;
pub use gru::gru;
pub use lstm::lstm;
pub use rnn::rnn;
