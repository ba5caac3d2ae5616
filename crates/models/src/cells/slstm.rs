//! One layer of long short-term memory with exponential gates (sLSTM; Beck et al. 2024, "xLSTM", section 2.2).
//!
//! The recurrent weights are those of heads, which mix their own units alone. The cell stands by itself: the
//! convolution, the norms and the projections of the paper's block around it are left to the stack.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Distribution, Tensor};
use semiseq_kernels::reference::slstm;
use semiseq_kernels::{Direction, SlstmState, Weights};
use semiseq_schema::{Problem, problem};

use crate::cells::layer::RecurrentLayer;
use crate::cells::settings::{CellSettings, Stack, cell_settings, product};
use crate::cells::state::State;
use crate::cells::weights::made;

cell_settings! {
    /// Settings of `slstm`.
    SlstmConfig {
        /// Heads, whose units see each other alone through the recurrent weights; `hidden` is a multiple of them.
        /// Default 4.
        heads: usize = 4,
        /// Added to the initial bias of the forget gate. Default 0; 3 and more help long sequences.
        forget_bias: f64 = 0.0,
    }
}

/// One layer of sLSTM; gates in the order i, f, z, o.
#[derive(Module, Debug)]
pub struct SlstmLayer {
    /// `[4 · hidden, input]`
    weight_ih: Param<Tensor<2>>,
    /// Of each head its units' gates from its units, `[heads, 4, hidden / heads, hidden / heads]`
    weight_hh: Param<Tensor<4>>,
    /// `[4 · hidden]`
    bias: Param<Tensor<1>>,
}

impl SlstmLayer {
    /// Draws the weights as PyTorch draws those of an LSTM, uniform in `±1/√hidden`, of a head in `±1/√(hidden /
    /// heads)`.
    pub fn new(input: usize, hidden: usize, heads: usize, forget_bias: f64, device: &Device) -> Self {
        let units = hidden / heads;
        let uniform = |width: usize| {
            let bound = 1.0 / (width as f64).sqrt();
            Initializer::Uniform { min: -bound, max: bound }
        };
        let bound = 1.0 / (hidden as f64).sqrt();
        Self {
            weight_ih: uniform(hidden).init([4 * hidden, input], device),
            weight_hh: uniform(units).init([heads, 4, units, units], device),
            bias: made([4 * hidden], device, move |device| {
                let drawn = Tensor::<2>::random([4, hidden], Distribution::Uniform(-bound, bound), device);
                let level = Tensor::<1>::from_data([0.0, forget_bias as f32, 0.0, 0.0], device).reshape([4, 1]);
                (drawn + level).reshape([4 * hidden])
            }),
        }
    }

    /// The heads' recurrent weights as one matrix, `[4 · hidden, hidden]`, 0 between heads.
    fn recurrent(&self) -> Tensor<2> {
        let weights = self.weight_hh.val();
        let [heads, _, units, _] = weights.dims();
        let hidden = heads * units;
        let rows = (0..heads).map(|head| {
            let own = weights.clone().narrow(0, head, 1).reshape([4, units, units]);
            let zeros = |width: usize| Tensor::zeros([4, units, width], &own.device());
            Tensor::cat(vec![zeros(head * units), own.clone(), zeros(hidden - (head + 1) * units)], 2)
        });
        Tensor::cat(rows.collect(), 1).reshape([4 * hidden, hidden])
    }
}

impl RecurrentLayer for SlstmLayer {
    fn read(
        &self,
        input: Tensor<3>,
        mask: Option<Tensor<2>>,
        state: Option<State>,
        direction: Direction,
    ) -> (Tensor<3>, State) {
        let bias = self.bias.val();
        let weights = Weights {
            input: self.weight_ih.val(),
            recurrent: self.recurrent(),
            recurrent_bias: bias.zeros_like(),
            input_bias: bias,
        };
        let state = state.and_then(|State { hidden, cell }| {
            let [_, width] = hidden.dims();
            let cell = cell?;
            let part = |part: usize| cell.clone().narrow(1, part * width, width);
            Some(SlstmState { hidden, cell: part(0), normaliser: part(1), stabiliser: part(2) })
        });
        let (output, SlstmState { hidden, cell, normaliser, stabiliser }) =
            slstm(input, mask, state, weights, direction);
        (output, State { hidden, cell: Some(Tensor::cat(vec![cell, normaliser, stabiliser], 1)) })
    }
}

impl CellSettings for SlstmConfig {
    type Layer = SlstmLayer;

    fn stack(&self) -> Stack {
        self.of_all()
    }

    fn check_own(&self, path: &str, problems: &mut Vec<Problem>) {
        let (heads, hidden) = (self.heads, self.hidden);
        if heads == 0 || hidden % heads != 0 {
            let said = format!("must divide the {hidden} hidden units, got {heads}");
            problems.push(problem(format!("{path}.heads"), said, Some("4 is the default, 1 connects all units")));
        }
    }

    fn layer_weights(&self, input: usize, hidden: usize) -> u64 {
        product(&[4, hidden, input.saturating_add(hidden / self.heads.max(1))])
    }

    fn layer(&self, input: usize, hidden: usize, device: &Device) -> SlstmLayer {
        SlstmLayer::new(input, hidden, self.heads, self.forget_bias, device)
    }
}
