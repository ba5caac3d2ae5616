//! The trait of recurrent layers.

use burn::module::Module;
use burn::tensor::Tensor;
use semiseq_kernels::{Cell, Direction, Weights, both};

use crate::cells::state::State;

/// One recurrent layer in one direction.
pub(crate) trait RecurrentLayer: Module {
    /// # Shapes
    ///
    /// - input: `[batch, time, input]`, mask: `[batch, time]`
    /// - output: `[batch, time, hidden]` and the last state
    fn read(
        &self,
        input: Tensor<3>,
        mask: Option<Tensor<2>>,
        state: Option<State>,
        direction: Direction,
    ) -> (Tensor<3>, State);

    /// The cell and its weights, where the kernels have one operation for both directions.
    fn fused(&self) -> Option<(Cell, Weights)> {
        None
    }

    /// Reads forward, while `backward` reads backward.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, time, input]`, mask: `[batch, time]`, states: of both or of none
    /// - output: `[batch, time, 2 · hidden]` and the last states
    fn read_with(
        &self,
        backward: &Self,
        input: Tensor<3>,
        mask: Option<Tensor<2>>,
        states: Option<[State; 2]>,
    ) -> (Tensor<3>, [State; 2]) {
        if let (Some((cell, weights)), Some((_, back_weights))) = (self.fused(), backward.fused()) {
            return read_both(cell, [weights, back_weights], input, mask, states);
        }
        let [first, second] = states.map_or([None, None], |states| states.map(Some));
        let (there, last_there) = self.read(input.clone(), mask.clone(), first, Direction::Forward);
        let (back, last_back) = backward.read(input, mask, second, Direction::Backward);
        (Tensor::cat(vec![there, back], 2), [last_there, last_back])
    }
}

/// Both directions as one operation of the kernels.
fn read_both(
    cell: Cell,
    weights: [Weights; 2],
    input: Tensor<3>,
    mask: Option<Tensor<2>>,
    states: Option<[State; 2]>,
) -> (Tensor<3>, [State; 2]) {
    let stacked = states.map(|states| {
        let of = |part: fn(&State) -> Tensor<2>| Tensor::stack(states.iter().map(part).collect(), 0);
        // A cell without `c` does not read it.
        let memory = |state: &State| state.cell.clone().unwrap_or_else(|| state.hidden.clone());
        [of(|state| state.hidden.clone()), of(memory)]
    });
    let (output, [hidden, memory]) = both(input, mask, stacked, weights, cell);
    let of = |states: &Tensor<3>, place: usize| states.clone().narrow(0, place, 1).squeeze_dim(0);
    let last =
        [0, 1].map(|place| State { hidden: of(&hidden, place), cell: cell.has_memory().then(|| of(&memory, place)) });
    (output, last)
}
