//! Recurrent operations for Burn: a whole sequence of one layer and one direction, for RNN, LSTM and GRU.
//!
//! This is the one crate of semiseq that knows backends. The functions take plain [`Tensor`]s on any
//! device; today they are composed of Burn's own operations, with two matrix products a step.
//!
//! [`Tensor`]: burn::tensor::Tensor

mod devices;
mod functions;
mod weights;

pub use devices::{Backend, BackendError, compiled, device};
pub use functions::{GruReset, LstmState, RnnActivation, gru, lstm, rnn};
pub use weights::{Direction, Weights};
