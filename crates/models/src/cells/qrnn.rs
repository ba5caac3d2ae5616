//! One layer of a quasi-recurrent network (Bradbury et al. 2017) with "fo-pooling".
//!
//! Gates from convolutions over this step and the steps before it, `z_t = tanh(W_z * x)`, `f_t = σ(W_f * x)`, `o_t =
//! σ(W_o * x)`; then `c_t = f_t c_{t-1} + (1 - f_t) z_t`, `h_t = o_t c_t`. The paper has no biases in its equations;
//! here, as in its authors' code, each gate has one.

use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor};
use semiseq_kernels::{Direction, GatedCell, gated_scan};
use semiseq_schema::{Problem, problem};

use crate::cells::layer::RecurrentLayer;
use crate::cells::settings::{CellSettings, Stack, cell_settings, product};
use crate::cells::state::State;
use crate::cells::weights::{biases, linear_weight};
use crate::layers::each_step::linear_each_step;
use crate::sequences::reversed_steps;

cell_settings! {
    /// Settings of `qrnn`.
    QrnnConfig {
        /// Steps that a gate sees: its own and those before it, at least 1. Default 2 (Bradbury et al. 2017).
        width: usize = 2,
        /// Added to the initial bias of the forget gate. Default 0.
        forget_bias: f64 = 0.0,
    }
}

/// One layer of a quasi-recurrent network; gates in the order z, f, o.
#[derive(Module, Debug)]
pub struct QrnnLayer {
    /// `[width · input, 3 · hidden]`, the earliest step first
    weight: Param<Tensor<2>>,
    /// `[3, hidden]`
    bias: Param<Tensor<2>>,
    #[module(skip)]
    width: usize,
}

impl QrnnLayer {
    /// Draws the weights as PyTorch draws those of convolutions.
    pub fn new(input: usize, hidden: usize, width: usize, forget_bias: f64, device: &Device) -> Self {
        let seen = width * input;
        Self {
            weight: linear_weight(seen, 3 * hidden, device),
            bias: biases([0.0, forget_bias, 0.0], seen, hidden, device),
            width,
        }
    }

    /// Each step beside those before it, `[batch, time, width · input]`, and the steps that the next part of the
    /// sequence looks back on, `[batch, (width - 1) · input]`.
    fn windows(&self, input: Tensor<3>, mask: Option<Tensor<2>>, before: Option<Tensor<2>>) -> (Tensor<3>, Tensor<2>) {
        let ([batch, time, features], past) = (input.dims(), self.width - 1);
        let device = input.device();
        let before = match before {
            Some(before) => before.reshape([batch, past, features]),
            None => Tensor::zeros([batch, past, features], &device),
        };
        let steps = Tensor::cat(vec![before, input], 1);
        // The last steps end where the sequence does, not where its padding does.
        let last = match mask {
            Some(mask) => {
                let first: Tensor<2, Int> = mask.sum_dim(1).int();
                let places = Tensor::<1, Int>::arange(0..past as i64, &device).unsqueeze_dim::<2>(0) + first;
                steps.clone().gather(1, places.unsqueeze_dim::<3>(2).repeat_dim(2, features))
            }
            None => steps.clone().narrow(1, time, past),
        };
        let windows = (0..self.width).map(|offset| steps.clone().narrow(1, offset, time)).collect();
        (Tensor::cat(windows, 2), last.reshape([batch, past * features]))
    }
}

impl RecurrentLayer for QrnnLayer {
    fn read(
        &self,
        input: Tensor<3>,
        mask: Option<Tensor<2>>,
        state: Option<State>,
        direction: Direction,
    ) -> (Tensor<3>, State) {
        // A sequence that is read backward is read from its own end: where the padding begins no window reaches across
        // it.
        let turned = |steps: Tensor<3>| match direction {
            Direction::Forward => steps,
            Direction::Backward => reversed_steps(steps, mask.clone()),
        };
        let (hidden, before) = state.map(|state| (state.hidden, state.cell)).unzip();
        let (windows, last) = match self.width {
            1 => (turned(input), None),
            _ => {
                let (windows, last) = self.windows(turned(input), mask.clone(), before.flatten());
                (windows, Some(last))
            }
        };
        let sums = linear_each_step(windows, self.weight.val(), None);
        let (output, hidden) =
            gated_scan(sums, mask.clone(), hidden, self.bias.val(), GatedCell::Qrnn, Direction::Forward);
        (turned(output), State { hidden, cell: last })
    }
}

impl CellSettings for QrnnConfig {
    type Layer = QrnnLayer;

    fn stack(&self) -> Stack {
        self.of_all()
    }

    fn check_own(&self, path: &str, problems: &mut Vec<Problem>) {
        if self.width == 0 {
            problems.push(problem(format!("{path}.width"), "must be at least 1, got 0", Some("the default is 2")));
        }
    }

    fn layer_weights(&self, input: usize, hidden: usize) -> u64 {
        product(&[3, hidden, self.width, input])
    }

    fn layer(&self, input: usize, hidden: usize, device: &Device) -> QrnnLayer {
        QrnnLayer::new(input, hidden, self.width, self.forget_bias, device)
    }
}
