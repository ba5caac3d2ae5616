#![doc = include_str!("../README.md")]
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
mod scan;
mod weights;

pub use adam_step::AdamStep;
pub use cell::{Cell, GruReset, LstmState, RnnActivation, SlstmState};
pub use clock::{cross_entropy_time, recurrence_time};
pub use devices::{Backend, BackendError, instruction_set, processor_features};
pub use functions::{
    DropoutMask, adam, blend, both, dropout, embedding, gated_scan, gru, linear_cross_entropy, linear_scan,
    linear_squared_error, lstm, mean_over_time, rnn, scale, sum_of_squares, tanh,
};
pub use scan::{GatedCell, Numbers};
pub use weights::{Direction, Weights};
