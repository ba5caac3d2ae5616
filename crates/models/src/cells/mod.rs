//! Recurrent cells: one file per cell, with its settings and its layer in one direction. Parameters have PyTorch's
//! names, so that checkpoints move over.

pub(crate) mod gru;
mod hippo;
pub(crate) mod layer;
pub(crate) mod lru;
pub(crate) mod lstm;
pub(crate) mod min_gru;
pub(crate) mod min_lstm;
pub(crate) mod qrnn;
pub(crate) mod registry;
pub(crate) mod rnn;
pub(crate) mod s5;
pub(crate) mod settings;
pub(crate) mod slstm;
pub(crate) mod sru;
pub(crate) mod state;
mod state_space;
pub(crate) mod weights;

pub use gru::{GruConfig, GruLayer, Reset};
pub use lru::{LruConfig, LruLayer};
pub use lstm::{LstmConfig, LstmLayer};
pub use min_gru::{MinGruConfig, MinGruLayer};
pub use min_lstm::{MinLstmConfig, MinLstmLayer};
pub use qrnn::{QrnnConfig, QrnnLayer};
pub use rnn::{Activation, RnnConfig, RnnLayer};
pub use s5::{S5Config, S5Layer};
pub use slstm::{SlstmConfig, SlstmLayer};
pub use sru::{SruConfig, SruLayer};
pub use state::State;
