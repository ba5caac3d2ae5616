//! Shapes, masks and numbers of models, against PyTorch's.

mod common;
mod decoder;
mod shapes;
mod step_outputs;
mod torch;
