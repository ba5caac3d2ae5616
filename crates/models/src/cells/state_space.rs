//! What the diagonal state space layers LRU and S5 share: the recurrence between two matrices, and the block around it.

use burn::module::{Module, Param};
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::activation::{gelu_approximate, sigmoid};
use burn::tensor::{Device, Distribution, Tensor};
use semiseq_kernels::{Direction, Numbers, linear_scan};

use crate::cells::weights::made;
use crate::layers::each_step::{each_step, linear_each_step};

/// `x_t = λ x_{t-1} + B u_t`, `y_t = Re(C x_t) + D u_t`, with a diagonal λ of complex numbers.
///
/// # Shapes
///
/// `state` is the number of complex numbers; real parts stand before imaginary ones.
///
/// - input: `[batch, time, hidden]`, mask: `[batch, time]`, state: `[batch, 2 · state]`
/// - lambda: `[2 · state]`, b: `[hidden, 2 · state]`, d: `[hidden]`
/// - c: `[2 · state, hidden]`, the imaginary parts negative: `Re(C x) = Re C Re x - Im C Im x`
/// - output: `[batch, time, hidden]` and the last state
pub(super) fn diagonal(
    input: Tensor<3>,
    mask: Option<Tensor<2>>,
    state: Option<Tensor<2>>,
    [lambda, d]: [Tensor<1>; 2],
    [b, c]: [Tensor<2>; 2],
    direction: Direction,
) -> (Tensor<3>, Tensor<2>) {
    let ([hidden], [width]) = (d.dims(), lambda.dims());
    let brought = linear_each_step(input.clone(), b, None);
    let lambda = lambda.reshape([1, 1, width]);
    let (states, last) = linear_scan(lambda, brought, mask, state, Numbers::Complex, direction);
    (linear_each_step(states, c, None) + input * d.reshape([1, 1, hidden]), last)
}

/// Normal values with a deviation, made where they are first read.
pub(super) fn normal<const D: usize>(shape: [usize; D], deviation: f64, device: &Device) -> Param<Tensor<D>> {
    made(shape, device, move |device| Tensor::random(shape, Distribution::Normal(0.0, deviation), device))
}

/// The gated unit after the recurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gating {
    /// `(W g + b) ⊙ σ(W' g + b')`, `g = gelu(y)` (Orvieto et al. 2023).
    Full,
    /// `g ⊙ σ(W g + b)`, `g = gelu(y)` (Smith et al. 2023, appendix G.1).
    Half,
}

/// `u + gated(layer(norm(u)))`, where `u` is the input, or where that has another width than the layer a projection of
/// it.
#[derive(Module, Debug)]
pub struct Block {
    projection: Option<Linear>,
    norm: LayerNorm,
    gate: Linear,
    #[module(skip)]
    hidden: usize,
}

impl Block {
    pub(super) fn new(input: usize, hidden: usize, gating: Gating, device: &Device) -> Self {
        let outputs = match gating {
            Gating::Full => 2 * hidden,
            Gating::Half => hidden,
        };
        Self {
            projection: (input != hidden).then(|| LinearConfig::new(input, hidden).init(device)),
            norm: LayerNormConfig::new(hidden).init(device),
            gate: LinearConfig::new(hidden, outputs).init(device),
            hidden,
        }
    }

    /// Runs the block around what `layer` makes of its normalised input.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, time, input]`, mask: `[batch, time]`
    /// - output: `[batch, time, hidden]`, 0 at padded steps, and what `layer` says beside it
    pub(super) fn around<T>(
        &self,
        input: Tensor<3>,
        mask: Option<Tensor<2>>,
        layer: impl FnOnce(Tensor<3>) -> (Tensor<3>, T),
    ) -> (Tensor<3>, T) {
        let skipped = match &self.projection {
            Some(projection) => each_step(projection, input),
            None => input,
        };
        let (output, state) = layer(self.norm.forward(skipped.clone()));
        let active = gelu_approximate(output);
        let gate = each_step(&self.gate, active.clone());
        let [_, _, outputs] = gate.dims();
        let gated = match outputs == self.hidden {
            true => active * sigmoid(gate),
            false => gate.clone().narrow(2, 0, self.hidden) * sigmoid(gate.narrow(2, self.hidden, self.hidden)),
        };
        let output = skipped + gated;
        let output = match mask {
            Some(mask) => output * mask.unsqueeze_dim(2),
            None => output,
        };
        (output, state)
    }
}

/// Weights of a block.
pub(super) fn block_weights(input: usize, hidden: usize, gating: Gating) -> [[usize; 3]; 2] {
    let outputs = match gating {
        Gating::Full => 2,
        Gating::Half => 1,
    };
    [[usize::from(input != hidden), input, hidden], [outputs, hidden, hidden]]
}
