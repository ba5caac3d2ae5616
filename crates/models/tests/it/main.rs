//! Shapes, masks and numbers of models, against PyTorch's.

mod common;
mod crew;
mod decoder;
mod ordinal;
mod parallel_cells;
mod shapes;
mod step_outputs;
mod torch;
