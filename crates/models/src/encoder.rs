//! The trait of encoders.

use burn::module::{Module, ModuleDisplay};
use burn::tensor::Tensor;

use crate::cells::state::State;
use crate::encoders::image::Image;

/// Reads a sequence of vectors and writes another of the same length.
pub trait Encoder: Module + ModuleDisplay {
    /// # Shapes
    ///
    /// - input: `[batch, time, features]`
    /// - mask: `[batch, time]`, 1 at real steps; padding stands on the right and must not matter
    /// - output: `[batch, time, hidden]`
    fn forward(&self, input: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<3>;

    /// Width of the output.
    fn hidden(&self) -> usize;

    /// Whether the output at a step knows nothing of later steps. A convolution that is centred knows them, as does
    /// whatever reads backwards.
    fn causal(&self) -> bool;

    /// Whether the second half of the output reads backwards, so that its last state is the first step.
    fn bidirectional(&self) -> bool {
        false
    }

    /// What is read at once, where that is the whole sequence: the output is then one step long, and padding counts as
    /// zeros.
    fn image(&self) -> Option<Image> {
        None
    }

    /// As [`Encoder::forward`] of sequences without padding, from the states that an earlier part of them left, and
    /// with the states after them. `None`: an encoder without states to carry.
    fn forward_from(&self, _input: Tensor<3>, _states: Option<Vec<State>>) -> Option<(Tensor<3>, Vec<State>)> {
        None
    }
}
