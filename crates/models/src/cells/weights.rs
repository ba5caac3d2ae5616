//! Initial weights of a recurrent layer, as PyTorch draws them.

use burn::module::Param;
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};

/// `weight_ih [gates·hidden, input]`, `weight_hh [gates·hidden, hidden]`, `bias_ih` and `bias_hh
/// [gates·hidden]`, all uniform in `±1/√hidden`.
pub(super) fn uniform(
    gates: usize,
    input: usize,
    hidden: usize,
    device: &Device,
) -> (Param<Tensor<2>>, Param<Tensor<2>>, Param<Tensor<1>>, Param<Tensor<1>>) {
    let bound = 1.0 / (hidden as f64).sqrt();
    let draw = Initializer::Uniform { min: -bound, max: bound };
    let width = gates * hidden;
    (
        draw.init([width, input], device),
        draw.init([width, hidden], device),
        draw.init([width], device),
        draw.init([width], device),
    )
}
