//! Networks for sequences: plain tensors in, plain tensors out.
//!
//! A [`SequenceModel`] is a backbone (token embedding, [`Encoder`], dropout) with a head: [`Classifier`],
//! [`Tagger`] or [`Regressor`]. Any Burn module from `[batch, time, features]` to `[batch, time, hidden]`
//! can be the encoder.

mod backbone;
mod cells;
mod classifier;
mod config;
mod decoder;
mod dropout;
mod encoders;
mod generator;
mod pooling;
mod regressor;
mod sequences;
mod tagger;

pub use backbone::{Backbone, EmbeddingConfig};
pub use cells::{GruLayer, LstmLayer, RnnLayer, State};
pub use classifier::{Classifier, ClassifierConfig, Output};
pub use config::{AnyModel, ConfigProblems, ModelConfig};
pub use decoder::{SequenceDecoder, SequenceDecoderConfig};
pub use encoders::{Activation, EncoderConfig, GruConfig, LstmConfig, RecurrentEncoder, Reset, RnnConfig};
pub use generator::SequenceGenerator;
pub use pooling::{Pool, Pooling};
pub use regressor::{Regressor, RegressorConfig};
pub use sequences::{Input, InputSize, Sequences};
pub use tagger::{Tagger, TaggerConfig};

use burn::module::{Module, ModuleDisplay};
use burn::tensor::Tensor;

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

    /// Whether the second half of the output reads backwards, so that its last state is the first step.
    fn bidirectional(&self) -> bool {
        false
    }
}

/// What objectives see of a model: steps as vectors, an encoder, a pooling and a head.
///
/// An objective that bends what the model reads or what it makes of it (adversarial noise, mixed sequences) takes the
/// parts; all others take [`SequenceModel::forward`].
pub trait SequenceModel: Module + ModuleDisplay {
    /// What the encoder reads, `[batch, time, width]`: the values, or the vectors of the tokens.
    fn embed(&self, sequences: Sequences) -> Tensor<3>;

    /// A vector a step, `[batch, time, summary_size]`, from what [`SequenceModel::embed`] gives.
    fn encode(&self, steps: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<3>;

    /// One vector a sequence, `[batch, summary_size]`, from a vector a step.
    fn pool(&self, states: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<2>;

    /// Logits `[rows, outputs]` from vectors `[rows, summary_size]`, with the dropout before the head.
    fn head(&self, hidden: Tensor<2>) -> Tensor<2>;

    /// Whether the vector of a step knows nothing of later steps.
    fn causal(&self) -> bool;

    /// Columns of the logits.
    fn outputs(&self) -> usize;

    /// Whether there is a row of logits a step.
    fn per_step(&self) -> bool;

    /// Width of the summary.
    fn summary_size(&self) -> usize;

    /// What the model reads.
    fn input_size(&self) -> InputSize;

    /// Logits `[rows, outputs]`: a row a sequence, or `batch * time` rows for a tagger.
    fn forward(&self, sequences: Sequences) -> Tensor<2> {
        let mask = sequences.mask.clone();
        self.head(self.hidden(self.embed(sequences), mask))
    }

    /// The vectors that the head reads, `[rows, summary_size]`, from what [`SequenceModel::embed`] gives.
    fn hidden(&self, steps: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<2> {
        let states = self.encode(steps, mask.clone());
        if self.per_step() {
            let [batch, time, width] = states.dims();
            states.reshape([batch * time, width])
        } else {
            self.pool(states, mask)
        }
    }

    /// The sequence as one vector, `[batch, summary_size]`, before dropout and head.
    fn summary(&self, sequences: Sequences) -> Tensor<2> {
        let mask = sequences.mask.clone();
        self.pool(self.states(sequences), mask)
    }

    /// A vector a step, `[batch, time, summary_size]`, before pooling.
    fn states(&self, sequences: Sequences) -> Tensor<3> {
        let mask = sequences.mask.clone();
        self.encode(self.embed(sequences), mask)
    }
}
