//! The trait of models.

use burn::module::{Module, ModuleDisplay};
use burn::tensor::{Device, Tensor};
use semiseq_schema::InputSize;

use crate::cells::state::State;
use crate::crew::{Crew, share};
use crate::encoders::image::Image;
use crate::heads::NumberHead;
use crate::layers::crf::Crf;
use crate::sequences::Sequences;

/// What objectives see of a model: steps as vectors, an encoder, a pooling and a head.
///
/// An objective that bends what the model reads or what it makes of it (adversarial noise, mixed sequences) takes the
/// parts; all others take [`SequenceModel::forward`].
///
/// Where the model has a [`Crew`], its devices share the passes that are whole: [`SequenceModel::forward`],
/// [`SequenceModel::forward_from`], [`SequenceModel::hidden`], [`SequenceModel::pooled`] and
/// [`SequenceModel::states`]. The other parts work where what they read lies.
pub trait SequenceModel: Module + ModuleDisplay {
    /// What the encoder reads, `[batch, time, width]`: the values, or the vectors of the tokens.
    fn embed(&self, sequences: Sequences) -> Tensor<3>;

    /// A vector per step, `[batch, time, pooled_size]`, from what [`SequenceModel::embed`] gives.
    fn encode(&self, steps: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<3>;

    /// One vector per sequence, `[batch, pooled_size]`, from a vector per step.
    fn pool(&self, states: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<2>;

    /// Logits `[rows, outputs]` from vectors `[rows, pooled_size]`, with the dropout before the head.
    fn head(&self, hidden: Tensor<2>) -> Tensor<2>;

    /// Who shares the passes. `None`: a model that makes all of them itself, or leaves that to a model within.
    fn crew(&self) -> Option<&Crew<Self>> {
        None
    }

    /// Lets devices share the passes, the first being the one where the model lies. False where the model cannot.
    fn share_with(&mut self, _devices: &[Device]) -> bool {
        false
    }

    /// What the encoder reads at once, where that is the whole sequence; see [`Encoder::image`](crate::Encoder::image).
    fn image(&self) -> Option<Image> {
        None
    }

    /// Whether the vector of a step knows nothing of later steps.
    fn causal(&self) -> bool;

    /// Whether the second half of a step's vector reads backwards; see [`crate::Encoder::bidirectional`].
    fn bidirectional(&self) -> bool {
        false
    }

    /// Columns of the logits.
    fn outputs(&self) -> usize;

    /// What the columns of the logits mean where the head says numbers. `None`: they are logits of classes.
    fn numbers(&self) -> Option<&NumberHead> {
        None
    }

    /// What follows what, where the tags of a sequence are decided together: the logits of its steps are then what a
    /// step alone says for each tag. `None`: each step is decided by itself.
    fn crf(&self) -> Option<&Crf> {
        None
    }

    /// Whether each column of the logits is a label by itself, of which a sequence may have any number: its probability
    /// is the sigmoid of its logit.
    fn multi_label(&self) -> bool {
        false
    }

    /// whether there is a row of logits per step.
    fn per_step(&self) -> bool;

    /// Width of the pooled representation, and of the vector of a step.
    fn pooled_size(&self) -> usize;

    /// What the model reads.
    fn input_size(&self) -> InputSize;

    /// Logits `[rows, outputs]`: a row per sequence, or `batch * time` rows for a tagger.
    fn forward(&self, sequences: Sequences) -> Tensor<2> {
        share(self.crew(), self, sequences, |model, sequences| {
            let mask = sequences.mask.clone();
            model.head(model.hidden(model.embed(sequences), mask))
        })
    }

    /// As [`SequenceModel::forward`] of sequences without padding that go on where earlier ones ended: from the states
    /// that those left, and with the states after them. `None`: a model that carries none.
    fn forward_from(&self, _sequences: Sequences, _states: Option<Vec<State>>) -> Option<(Tensor<2>, Vec<State>)> {
        None
    }

    /// The vectors that the head reads, `[rows, pooled_size]`, from what [`SequenceModel::embed`] gives.
    fn hidden(&self, steps: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<2> {
        share(self.crew(), self, (steps, mask), |model, (steps, mask)| {
            let states = model.encode(steps, mask.clone());
            if model.per_step() {
                let [batch, time, width] = states.dims();
                states.reshape([batch * time, width])
            } else {
                model.pool(states, mask)
            }
        })
    }

    /// The sequence as one vector, `[batch, pooled_size]`, before dropout and head.
    fn pooled(&self, sequences: Sequences) -> Tensor<2> {
        share(self.crew(), self, sequences, |model, sequences| {
            let mask = sequences.mask.clone();
            model.pool(model.encode(model.embed(sequences), mask.clone()), mask)
        })
    }

    /// A vector per step, `[batch, time, pooled_size]`, before pooling.
    fn states(&self, sequences: Sequences) -> Tensor<3> {
        share(self.crew(), self, sequences, |model, sequences| {
            let mask = sequences.mask.clone();
            model.encode(model.embed(sequences), mask)
        })
    }
}
