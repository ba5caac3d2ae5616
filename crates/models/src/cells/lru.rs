//! One block of linear recurrent units (Orvieto et al. 2023, "Resurrecting recurrent neural networks for long
//! sequences").
//!
//! `x_t = λ ⊙ x_{t-1} + exp(γ) ⊙ B u_t`, `y_t = Re(C x_t) + D u_t` with `λ = exp(-exp(ν) + i exp(θ))`, so that |λ|
//! stays below 1. λ begins uniformly on the ring between two radii, and γ so that the state has the variance of its
//! input, `exp(γ) = √(1 - |λ|²)`; both are learned. The recurrence stands in the paper's block: a norm before it, a
//! gated linear unit after it, and the input is added. The paper normalises over the batch; here, as padding must not
//! matter and a sequence can go on where it ended, each step is normalised by itself.

use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor};
use semiseq_kernels::Direction;
use semiseq_schema::{Problem, problem};

use crate::cells::layer::RecurrentLayer;
use crate::cells::settings::{CellSettings, Stack, cell_settings, product};
use crate::cells::state::State;
use crate::cells::state_space::{Block, Gating, block_weights, diagonal, normal};
use crate::cells::weights::made;

cell_settings! {
    /// Settings of `lru`.
    LruConfig {
        /// Complex numbers of the state. Default 128.
        state: usize = 128,
        /// The smallest initial |λ|, in [0, `radius_max`): `1 / (1 - |λ|)` steps are remembered. Default 0.9.
        radius_min: f64 = 0.9,
        /// The largest initial |λ|, below 1. Default 0.999, as Orvieto et al. 2023 for their longest tasks; sequences
        /// of a hundred steps do with 0.99.
        radius_max: f64 = 0.999,
        /// The largest initial phase of λ, in (0, 2π]. Default 2π; a tenth of it helps sequences of thousands of steps.
        max_phase: f64 = std::f64::consts::TAU,
    }
}

/// One block of linear recurrent units.
#[derive(Module, Debug)]
pub struct LruLayer {
    block: Block,
    /// `ln(-ln |λ|)`, `[state]`
    nu: Param<Tensor<1>>,
    /// `ln(arg λ)`, `[state]`
    theta: Param<Tensor<1>>,
    /// `[state]`
    gamma: Param<Tensor<1>>,
    /// Real parts, then imaginary ones, `[hidden, 2 · state]`
    b: Param<Tensor<2>>,
    /// Real parts, then negative imaginary ones, `[2 · state, hidden]`
    c: Param<Tensor<2>>,
    /// `[hidden]`
    d: Param<Tensor<1>>,
}

impl LruLayer {
    /// Draws the weights as the paper does (section 3.4 and appendix A): λ uniform in area between the radii.
    pub fn new(input: usize, hidden: usize, config: &LruConfig, device: &Device) -> Self {
        let LruConfig { state, radius_min, radius_max, max_phase, .. } = *config;
        let nu: Param<Tensor<1>> = made([state], device, move |device| {
            // Both bounds squared; 0 has no logarithm.
            let (least, most) = (radius_min.powi(2), radius_max.powi(2));
            let square = Tensor::<1>::random([state], Distribution::Uniform(least, most), device).clamp_min(1e-12);
            square.log().mul_scalar(-0.5).log()
        });
        let beginning = nu.clone();
        Self {
            block: Block::new(input, hidden, Gating::Full, device),
            theta: made([state], device, move |device| {
                Tensor::<1>::random([state], Distribution::Uniform(0.0, max_phase), device).clamp_min(1e-12).log()
            }),
            gamma: made([state], device, move |device| {
                // |λ|² = exp(-2 exp(ν))
                let nu = beginning.val().detach().to_device(device);
                nu.exp().mul_scalar(-2.0).exp().neg().add_scalar(1.0).sqrt().log()
            }),
            nu,
            b: normal([hidden, 2 * state], 1.0 / (2.0 * hidden as f64).sqrt(), device),
            c: normal([2 * state, hidden], 1.0 / (state as f64).sqrt(), device),
            d: normal([hidden], 1.0, device),
        }
    }

    /// λ, `[2 · state]`, and B with its scale.
    fn matrices(&self) -> (Tensor<1>, Tensor<2>) {
        let radius = self.nu.val().exp().neg().exp();
        let phase = self.theta.val().exp();
        let lambda = Tensor::cat(vec![radius.clone() * phase.clone().cos(), radius * phase.sin()], 0);
        let scale = self.gamma.val().exp().repeat_dim(0, 2);
        (lambda, self.b.val() * scale.unsqueeze_dim(0))
    }
}

impl RecurrentLayer for LruLayer {
    fn read(
        &self,
        input: Tensor<3>,
        mask: Option<Tensor<2>>,
        state: Option<State>,
        direction: Direction,
    ) -> (Tensor<3>, State) {
        let (lambda, b) = self.matrices();
        let state = state.map(|state| state.hidden);
        let (output, hidden) = self.block.around(input, mask.clone(), |steps| {
            diagonal(steps, mask, state, [lambda, self.d.val()], [b, self.c.val()], direction)
        });
        (output, State { hidden, cell: None })
    }
}

impl CellSettings for LruConfig {
    type Layer = LruLayer;

    fn stack(&self) -> Stack {
        self.of_all()
    }

    fn check_own(&self, path: &str, problems: &mut Vec<Problem>) {
        if self.state == 0 {
            problems.push(problem(format!("{path}.state"), "must be at least 1, got 0", Some("the default is 128")));
        }
        let (least, most) = (self.radius_min, self.radius_max);
        if !(0.0..1.0).contains(&least) {
            let hint = Some("0.9 remembers ten steps, 0 begins anywhere in the circle");
            problems.push(problem(format!("{path}.radius_min"), format!("must be in [0, 1), got {least}"), hint));
        }
        if !(most > least && most < 1.0) {
            let hint = Some("0.999 remembers a thousand steps");
            let said = format!("must be above `radius_min` and below 1, got {most}");
            problems.push(problem(format!("{path}.radius_max"), said, hint));
        }
        if !(self.max_phase > 0.0 && self.max_phase <= std::f64::consts::TAU) {
            let said = format!("must be in (0, 2π], got {}", self.max_phase);
            problems.push(problem(format!("{path}.max_phase"), said, None));
        }
    }

    fn layer_weights(&self, input: usize, hidden: usize) -> u64 {
        let block = block_weights(input, hidden, Gating::Full);
        block.iter().fold(product(&[4, self.state, hidden]), |sum, sizes| sum.saturating_add(product(sizes)))
    }

    fn layer(&self, input: usize, hidden: usize, device: &Device) -> LruLayer {
        LruLayer::new(input, hidden, self, device)
    }
}
