//! Initial weights of a recurrent layer, as PyTorch draws them.

use burn::module::{Param, ParamId};
use burn::nn::Initializer;
use burn::tensor::{Device, Distribution, Shape, Tensor};

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

/// Weights of a linear layer, `[input, outputs]`, uniform in `±1/√input`.
pub(super) fn linear_weight(input: usize, outputs: usize, device: &Device) -> Param<Tensor<2>> {
    let bound = 1.0 / (input.max(1) as f64).sqrt();
    Initializer::Uniform { min: -bound, max: bound }.init([input, outputs], device)
}

/// Rows of biases, `[levels, hidden]`, each uniform in `±1/√input` about its level.
pub(super) fn biases<const ROWS: usize>(
    levels: [f64; ROWS],
    input: usize,
    hidden: usize,
    device: &Device,
) -> Param<Tensor<2>> {
    let bound = 1.0 / (input.max(1) as f64).sqrt();
    made([ROWS, hidden], device, move |device| {
        let levels = Tensor::<1>::from_data(levels.map(|level| level as f32), device).reshape([ROWS, 1]);
        Tensor::random([ROWS, hidden], Distribution::Uniform(-bound, bound), device) + levels
    })
}

/// A parameter that is made where it is first read, as Burn's own are.
pub(super) fn made<const D: usize>(
    shape: [usize; D],
    device: &Device,
    make: impl FnOnce(&Device) -> Tensor<D> + Send + Sync + 'static,
) -> Param<Tensor<D>> {
    let make = move |device: &Device, tracked: bool| {
        let tensor = make(device).detach();
        if tracked { tensor.require_grad() } else { tensor }
    };
    Param::uninitialized(ParamId::new(), make, device.clone(), true, Shape::new(shape))
}
