//! One layer of simple recurrent units (Lei et al. 2018, "Simple recurrent units for highly parallelizable
//! recurrence").
//!
//! `f_t = σ(W_f x_t + v_f c_{t-1} + b_f)`, `c_t = f_t c_{t-1} + (1 - f_t) W x_t`,
//! `r_t = σ(W_r x_t + v_r c_{t-1} + b_r)`, `h_t = r_t c_t + (1 - r_t) α x_t`, with the paper's scaling
//! `α = √(1 + 2 e^b)` for the initial bias b of r. Where the input has another width than the state, it is projected
//! before it is skipped, as in the authors' code.

use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor};
use semiseq_kernels::{Direction, GatedCell, gated_scan};

use crate::cells::layer::RecurrentLayer;
use crate::cells::settings::{CellSettings, Stack, cell_settings, product};
use crate::cells::state::State;
use crate::cells::weights::made;
use crate::layers::each_step::linear_each_step;

cell_settings! {
    /// Settings of `sru`.
    SruConfig {
        /// Initial bias of the highway gate r, b of the paper. Default 0; -3 lets a deep stack start as a copy of its
        /// input (Lei et al. 2018, section 3.2).
        highway_bias: f64 = 0.0,
    }
}

/// One layer of simple recurrent units; sums in the order candidate, f, r, skipped input.
#[derive(Module, Debug)]
pub struct SruLayer {
    /// `[input, 3 · hidden]`, or 4 where the skipped input is projected
    weight: Param<Tensor<2>>,
    /// `v_f`, `v_r`, `b_f` and `b_r`, `[4, hidden]`
    own: Param<Tensor<2>>,
    #[module(skip)]
    skip_scale: f64,
    #[module(skip)]
    hidden: usize,
}

impl SruLayer {
    /// Draws the weights as the authors' code does, uniform with mean 0: variance `1 / input` for candidate and skipped
    /// input, half of that for the gates, and 1/2 for `v`.
    pub fn new(input: usize, hidden: usize, highway_bias: f64, device: &Device) -> Self {
        let sums = if input == hidden { 3 } else { 4 };
        let draw = |variance: f64, shape: [usize; 2], device: &Device| {
            let bound = (3.0 * variance).sqrt();
            Tensor::<2>::random(shape, Distribution::Uniform(-bound, bound), device)
        };
        let variance = 1.0 / input.max(1) as f64;
        Self {
            weight: made([input, sums * hidden], device, move |device| {
                let part = |count: usize, variance: f64| draw(variance, [input, count * hidden], device);
                let mut parts = vec![part(1, variance), part(2, variance / 2.0)];
                parts.extend((sums == 4).then(|| part(1, variance)));
                Tensor::cat(parts, 1)
            }),
            own: made([4, hidden], device, move |device| {
                let v = draw(0.5, [2, hidden], device);
                let (b_f, b_r) = (Tensor::zeros([1, hidden], device), Tensor::full([1, hidden], highway_bias, device));
                Tensor::cat(vec![v, b_f, b_r], 0)
            }),
            skip_scale: (1.0 + 2.0 * highway_bias.exp()).sqrt(),
            hidden,
        }
    }
}

impl RecurrentLayer for SruLayer {
    fn read(
        &self,
        input: Tensor<3>,
        mask: Option<Tensor<2>>,
        state: Option<State>,
        direction: Direction,
    ) -> (Tensor<3>, State) {
        let sums = linear_each_step(input.clone(), self.weight.val(), None);
        let [_, _, width] = sums.dims();
        let (gates, skipped) = match width == 3 * self.hidden {
            true => (sums, input),
            false => (sums.clone().narrow(2, 0, 3 * self.hidden), sums.narrow(2, 3 * self.hidden, self.hidden)),
        };
        let sums = Tensor::cat(vec![gates, skipped.mul_scalar(self.skip_scale)], 2);
        let state = state.map(|state| state.hidden);
        let (output, hidden) = gated_scan(sums, mask, state, self.own.val(), GatedCell::Sru, direction);
        (output, State { hidden, cell: None })
    }
}

impl CellSettings for SruConfig {
    type Layer = SruLayer;

    fn stack(&self) -> Stack {
        self.of_all()
    }

    fn layer_weights(&self, input: usize, hidden: usize) -> u64 {
        product(&[4, hidden, input])
    }

    fn layer(&self, input: usize, hidden: usize, device: &Device) -> SruLayer {
        SruLayer::new(input, hidden, self.highway_bias, device)
    }
}
