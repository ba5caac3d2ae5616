//! One recurrent layer in one direction, with PyTorch's parameter names, so that checkpoints move over.

mod gru;
mod lstm;
mod rnn;
mod weights;

pub use gru::GruLayer;
pub use lstm::LstmLayer;
pub use rnn::RnnLayer;

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use semiseq_kernels::{Cell, Direction, LstmState, Weights, both};

/// The state of a layer between two steps.
#[derive(Clone, Debug)]
pub struct State {
    /// `h`, `[batch, hidden]`
    pub hidden: Tensor<2>,
    /// `c` of an LSTM, `[batch, hidden]`
    pub cell: Option<Tensor<2>>,
}

impl State {
    /// The states of chosen rows, in that order, with repetition.
    pub fn select(&self, rows: Tensor<1, Int>) -> Self {
        Self {
            hidden: self.hidden.clone().select(0, rows.clone()),
            cell: self.cell.clone().map(|cell| cell.select(0, rows)),
        }
    }

    /// The same values, through which no gradient goes.
    pub fn detach(self) -> Self {
        Self { hidden: self.hidden.detach(), cell: self.cell.map(Tensor::detach) }
    }
}

/// A layer of any cell.
#[derive(Module, Debug)]
pub enum Layer {
    /// Simple recurrent network.
    Rnn(RnnLayer),
    /// Long short-term memory.
    Lstm(LstmLayer),
    /// Gated recurrent unit.
    Gru(GruLayer),
}

impl Layer {
    /// # Shapes
    ///
    /// - input: `[batch, time, input]`, mask: `[batch, time]`
    /// - output: `[batch, time, hidden]` and the last state
    pub fn forward(
        &self,
        input: Tensor<3>,
        mask: Option<Tensor<2>>,
        state: Option<State>,
        direction: Direction,
    ) -> (Tensor<3>, State) {
        match self {
            Self::Rnn(layer) => {
                let (output, hidden) = layer.forward(input, mask, state.map(|state| state.hidden), direction);
                (output, State { hidden, cell: None })
            }
            Self::Gru(layer) => {
                let (output, hidden) = layer.forward(input, mask, state.map(|state| state.hidden), direction);
                (output, State { hidden, cell: None })
            }
            Self::Lstm(layer) => {
                let state = state.map(|state| {
                    let cell = state.cell.unwrap_or_else(|| state.hidden.zeros_like());
                    LstmState { cell, hidden: state.hidden }
                });
                let (output, state) = layer.forward(input, mask, state, direction);
                (output, State { hidden: state.hidden, cell: Some(state.cell) })
            }
        }
    }

    /// Reads forward, while `backward`, a layer of the same cell, reads backward.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, time, input]`, mask: `[batch, time]`, states: of both or of none
    /// - output: `[batch, time, 2 · hidden]` and the last states
    pub fn with_backward(
        &self,
        backward: &Self,
        input: Tensor<3>,
        mask: Option<Tensor<2>>,
        states: Option<[State; 2]>,
    ) -> (Tensor<3>, [State; 2]) {
        let ((cell, weights), (_, back_weights)) = (self.parts(), backward.parts());
        let stacked = states.map(|states| {
            let of = |part: fn(&State) -> Tensor<2>| Tensor::stack(states.iter().map(part).collect(), 0);
            // A cell without `c` does not read it.
            let memory = |state: &State| state.cell.clone().unwrap_or_else(|| state.hidden.clone());
            [of(|state| state.hidden.clone()), of(memory)]
        });
        let (output, [hidden, memory]) = both(input, mask, stacked, [weights, back_weights], cell);
        let of = |states: &Tensor<3>, place: usize| states.clone().narrow(0, place, 1).squeeze_dim(0);
        let last = [0, 1]
            .map(|place| State { hidden: of(&hidden, place), cell: cell.has_memory().then(|| of(&memory, place)) });
        (output, last)
    }

    fn parts(&self) -> (Cell, Weights) {
        match self {
            Self::Rnn(layer) => (layer.cell(), layer.weights()),
            Self::Lstm(layer) => (Cell::Lstm, layer.weights()),
            Self::Gru(layer) => (layer.cell(), layer.weights()),
        }
    }
}
