//! The crate's tests, in one program.

mod references;
mod warping;
