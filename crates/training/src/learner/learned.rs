//! What a stage trains.

use burn::module::Module;

/// What a stage trains and a checkpoint keeps: the model, and the objective with all that it remembers.
#[derive(Module, Debug)]
pub struct Learned<M: Module, O: Module> {
    /// The model.
    pub model: M,
    /// The objective.
    pub objective: O,
    /// Moving average of the model's weights, where asked for.
    pub average: Option<M>,
}
