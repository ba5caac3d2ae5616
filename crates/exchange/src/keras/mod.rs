//! Weights of Keras: `.weights.h5`, `.keras`, and the older `.h5`.

mod config;
mod hdf5;
mod layers;
mod legacy;
mod parts;
mod read;

use crate::tensors::Foreign;

pub(crate) use hdf5::SIGNATURE;
pub(crate) use parts::{matrices, stacks};
pub(crate) use read::is_archive;
pub use read::read;

/// Whether tensors have Keras's names, such as `layers/lstm/cell/vars/0`.
pub(crate) fn named_it(foreign: &Foreign) -> bool {
    foreign.keys().any(|name| name.contains("/vars/"))
}
