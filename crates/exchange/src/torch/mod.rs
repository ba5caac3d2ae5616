//! PyTorch's checkpoints.

mod pickle;
mod read;
mod state_dict;
mod write;

pub use read::read;
pub(crate) use state_dict::transposed;
pub use write::{checkpoint, module};
