//! Files of PyTorch's and Keras's own, and files that PyTorch and ONNX Runtime read.

mod checkpoints;
mod exported;
mod keras;
