//! The crate's tests, in one program.

mod change_points;
mod references;
mod warping;
