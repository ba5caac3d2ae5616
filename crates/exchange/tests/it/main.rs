//! Files of PyTorch's own, and files that PyTorch and ONNX Runtime read.

mod checkpoints;
mod exported;
