//! Recurrent operations for Burn: a whole sequence of one layer and one direction, for RNN, LSTM and GRU.
//!
//! This is the one crate of semiseq that knows backends. The functions take plain [`Tensor`]s on any device. On the
//! CPU backends (`flex`, `ndarray`) and on GPUs (`wgpu`, `cuda`) a sequence is one fused operation with a
//! hand-written derivative; elsewhere it is composed of Burn's own operations, which stay here as
//! [`reference`](mod@reference).
//!
//! Beside them stand the other operations of a training step that Burn's own make too slow: the vectors of tokens, dropout, the
//! cross-entropy of a linear layer with many classes, a linear layer's squared error, the mean over time, the hyperbolic tangent,
//! the gradient's norm, Adam's step, and averages of weights.
//!
//! [`Tensor`]: burn::tensor::Tensor

#![allow(unsafe_code, reason = "this crate alone holds what is fast because it is unchecked")]
#![deny(clippy::undocumented_unsafe_blocks)]

mod adam_step;
mod backends;
mod cell;
mod clock;
#[cfg(feature = "cpu")]
mod cpu;
mod devices;
mod functions;
#[cfg(feature = "gpu")]
mod gpu;
#[allow(deprecated, reason = "our users asked for ndarray, which Burn means to drop")]
mod ops;
pub mod reference;
mod weights;

pub use adam_step::AdamStep;
pub use cell::{Cell, GruReset, LstmState, RnnActivation};
pub use clock::{cross_entropy_time, recurrence_time};
pub use devices::{Backend, BackendError};
pub use functions::{
    adam, blend, both, dropout, embedding, gru, linear_cross_entropy, linear_squared_error, lstm, mean_over_time, rnn,
    scale, sum_of_squares, tanh,
};
pub use weights::{Direction, Weights};
