//! Recurrent cells: one file a cell, with its settings and its layer in one direction. Parameters have PyTorch's names,
//! so that checkpoints move over.

pub(crate) mod gru;
pub(crate) mod layer;
pub(crate) mod lstm;
pub(crate) mod registry;
pub(crate) mod rnn;
pub(crate) mod settings;
pub(crate) mod state;
pub(crate) mod weights;

pub use gru::{GruConfig, GruLayer, Reset};
pub use lstm::{LstmConfig, LstmLayer};
pub use rnn::{Activation, RnnConfig, RnnLayer};
pub use state::State;
