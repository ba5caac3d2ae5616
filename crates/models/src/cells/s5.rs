//! One block of simplified state space layers (Smith et al. 2023, "Simplified state space layers for sequence
//! modeling").
//!
//! `x' = Λ x + B u` in continuous time, held between two steps (zero-order hold): `x_t = exp(Λ Δ) x_{t-1} + Λ^-1 (exp(Λ
//! Δ) - 1) B u_t`, `y_t = 2 Re(C x_t) + D u_t`, of each conjugate pair of eigenvalues one alone. Λ, B and C begin with
//! the eigenvalues and eigenvectors of the normal part of HiPPO-LegS, in equal blocks; all are learned, as is the step
//! Δ of each eigenvalue. The recurrence stands in the authors' block: a norm before it, a gated unit after it
//! (`half_glu1` in their code), and the input is added.

use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use semiseq_kernels::Direction;
use semiseq_schema::{Problem, problem};

use crate::cells::hippo::{Eigen, legs};
use crate::cells::layer::RecurrentLayer;
use crate::cells::settings::{CellSettings, Stack, cell_settings, product};
use crate::cells::state::State;
use crate::cells::state_space::{Block, Gating, block_weights, diagonal, normal};
use crate::cells::weights::made;

/// Numbers of a block's state at most: its eigenvectors take a second for 256.
const LARGEST_BLOCK: usize = 512;

cell_settings! {
    /// Settings of `s5`.
    S5Config {
        /// Numbers of the state, P of the paper: half as many complex ones. A multiple of `2 · blocks`. Default 64.
        state: usize = 64,
        /// Blocks that the state begins with, J of the paper. Default 1.
        blocks: usize = 1,
        /// The smallest initial step Δ, above 0. Default 0.001; about the inverse of the longest memory that is needed.
        step_min: f64 = 0.001,
        /// The largest initial step Δ, at least `step_min`. Default 0.1.
        step_max: f64 = 0.1,
    }
}

/// One block of simplified state space layers.
#[derive(Module, Debug)]
pub struct S5Layer {
    block: Block,
    /// Re Λ and Im Λ, `[2, state / 2]`
    lambda: Param<Tensor<2>>,
    /// ln Δ, `[state / 2]`
    log_step: Param<Tensor<1>>,
    /// Real parts, then imaginary ones, `[hidden, state]`
    b: Param<Tensor<2>>,
    /// Real parts, then negative imaginary ones, `[state, hidden]`
    c: Param<Tensor<2>>,
    /// `[hidden]`
    d: Param<Tensor<1>>,
}

impl S5Layer {
    /// Draws the weights as the authors' code does.
    pub fn new(input: usize, hidden: usize, config: &S5Config, device: &Device) -> Self {
        let S5Config { state, blocks, step_min, step_max, .. } = *config;
        let half = state / 2;
        let in_block = state / blocks;
        let deviation = 1.0 / (state as f64).sqrt();
        Self {
            block: Block::new(input, hidden, Gating::Half, device),
            lambda: made([2, half], device, move |device| {
                let Eigen { values, .. } = legs(in_block);
                let part =
                    |part: usize| values.iter().map(|value| value[part] as f32).collect::<Vec<_>>().repeat(blocks);
                Tensor::from_data(TensorData::new([part(0), part(1)].concat(), [2, half]), device)
            }),
            log_step: made([half], device, move |device| {
                Tensor::random([half], Distribution::Uniform(step_min.ln(), step_max.ln()), device)
            }),
            b: made([hidden, state], device, move |device| {
                // V^H B, transposed: the conjugate of V, block by block, times what is drawn.
                let [re, im] = eigenvectors(in_block, device);
                let drawn = Tensor::<2>::random([hidden, state], Distribution::Normal(0.0, deviation), device);
                let of = |matrix: Tensor<2>| by_blocks(drawn.clone(), matrix, blocks);
                Tensor::cat(vec![of(re), of(im).neg()], 1)
            }),
            c: made([state, hidden], device, move |device| {
                // Re and -Im of C V, transposed.
                let [re, im] = eigenvectors(in_block, device);
                let drawn = || Tensor::<2>::random([hidden, state], Distribution::Normal(0.0, deviation), device);
                let (c_re, c_im) = (drawn(), drawn());
                let of = |c: &Tensor<2>, matrix: &Tensor<2>| by_blocks(c.clone(), matrix.clone(), blocks);
                let real = of(&c_re, &re) - of(&c_im, &im);
                let imaginary = of(&c_re, &im) + of(&c_im, &re);
                Tensor::cat(vec![real, imaginary.neg()], 1).transpose()
            }),
            d: normal([hidden], 1.0, device),
        }
    }

    /// `exp(Λ Δ)`, `[state]`, and B held between two steps.
    fn held(&self) -> (Tensor<1>, Tensor<2>) {
        let lambda = self.lambda.val();
        let [_, half] = lambda.dims();
        let step = self.log_step.val().exp();
        let part = |part: usize| lambda.clone().narrow(0, part, 1).reshape([half]);
        let (re, im) = (part(0), part(1));
        let radius = (re.clone() * step.clone()).exp();
        let phase = im.clone() * step;
        let (bar_re, bar_im) = (radius.clone() * phase.clone().cos(), radius * phase.sin());
        // (exp(Λ Δ) - 1) / Λ, by the conjugate of Λ over its square.
        let square = re.clone().square() + im.clone().square();
        let less = bar_re.clone().sub_scalar(1.0);
        let scale_re = (less.clone() * re.clone() + bar_im.clone() * im.clone()) / square.clone();
        let scale_im = (bar_im.clone() * re - less * im) / square;
        let b = self.b.val();
        let (b_re, b_im) = (b.clone().narrow(1, 0, half), b.narrow(1, half, half));
        let (scale_re, scale_im) = (scale_re.unsqueeze_dim::<2>(0), scale_im.unsqueeze_dim::<2>(0));
        let held_re = b_re.clone() * scale_re.clone() - b_im.clone() * scale_im.clone();
        let held_im = b_re * scale_im + b_im * scale_re;
        (Tensor::cat(vec![bar_re, bar_im], 0), Tensor::cat(vec![held_re, held_im], 1))
    }
}

/// V, `[size, size / 2]`: real and imaginary parts.
fn eigenvectors(size: usize, device: &Device) -> [Tensor<2>; 2] {
    let Eigen { vectors, .. } = legs(size);
    [0, 1].map(|part| {
        let values: Vec<f32> = vectors.iter().flatten().map(|value| value[part] as f32).collect();
        Tensor::from_data(TensorData::new(values, [size, size / 2]), device)
    })
}

/// `[rows, blocks · size]`, each block of columns times the matrix, `[size, columns]`: `[rows, blocks · columns]`
fn by_blocks(values: Tensor<2>, matrix: Tensor<2>, blocks: usize) -> Tensor<2> {
    let ([rows, _], [size, columns]) = (values.dims(), matrix.dims());
    values.reshape([rows * blocks, size]).matmul(matrix).reshape([rows, blocks * columns])
}

impl RecurrentLayer for S5Layer {
    fn read(
        &self,
        input: Tensor<3>,
        mask: Option<Tensor<2>>,
        state: Option<State>,
        direction: Direction,
    ) -> (Tensor<3>, State) {
        let (lambda, b) = self.held();
        let state = state.map(|state| state.hidden);
        // Both of a conjugate pair count.
        let c = self.c.val().mul_scalar(2.0);
        let (output, hidden) = self.block.around(input, mask.clone(), |steps| {
            diagonal(steps, mask, state, [lambda, self.d.val()], [b, c], direction)
        });
        (output, State { hidden, cell: None })
    }
}

impl CellSettings for S5Config {
    type Layer = S5Layer;

    fn stack(&self) -> Stack {
        self.of_all()
    }

    fn check_own(&self, path: &str, problems: &mut Vec<Problem>) {
        let (state, blocks) = (self.state, self.blocks);
        if blocks == 0 {
            problems.push(problem(format!("{path}.blocks"), "must be at least 1, got 0", Some("the default is 1")));
        } else if state == 0 || state % (2 * blocks) != 0 {
            let said = format!("must be a multiple of {}, twice the blocks, got {state}", 2 * blocks);
            problems.push(problem(format!("{path}.state"), said, Some("64 in one block is the default")));
        } else if state / blocks > LARGEST_BLOCK {
            let said = format!("must be {LARGEST_BLOCK} at most in a block, got {}", state / blocks);
            problems.push(problem(format!("{path}.state"), said, Some("more `blocks` make smaller ones")));
        }
        if !(self.step_min > 0.0 && self.step_min.is_finite()) {
            let said = format!("must be above 0, got {}", self.step_min);
            problems.push(problem(format!("{path}.step_min"), said, Some("the default is 0.001")));
        }
        if !(self.step_max >= self.step_min && self.step_max.is_finite()) {
            let said = format!("must be at least `step_min`, got {}", self.step_max);
            problems.push(problem(format!("{path}.step_max"), said, Some("the default is 0.1")));
        }
    }

    fn layer_weights(&self, input: usize, hidden: usize) -> u64 {
        let block = block_weights(input, hidden, Gating::Half);
        block.iter().fold(product(&[2, self.state, hidden]), |sum, sizes| sum.saturating_add(product(sizes)))
    }

    fn layer(&self, input: usize, hidden: usize, device: &Device) -> S5Layer {
        S5Layer::new(input, hidden, self, device)
    }
}
