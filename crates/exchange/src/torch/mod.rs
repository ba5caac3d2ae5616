//! PyTorch's checkpoints.

mod parts;
mod pickle;
mod read;
mod state_dict;
mod write;

pub(crate) use parts::{matrices, stacks};
pub use read::read;
pub(crate) use state_dict::transposed;
pub use write::{checkpoint, module};
