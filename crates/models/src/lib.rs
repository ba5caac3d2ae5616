//! Networks for sequences: plain tensors in, plain tensors out.
//!
//! A [`SequenceModel`] is a backbone (token embedding, [`Encoder`], dropout) with a head: [`Classifier`],
//! [`Tagger`], [`Regressor`] or [`Forecaster`]. Any Burn module from `[batch, time, features]` to `[batch, time, hidden]`
//! can be the encoder.

mod any_decoder;
mod attention;
mod backbone;
pub mod beam;
mod cells;
mod classifier;
mod config;
mod decoder;
mod dropout;
mod each_step;
mod encoder_only;
mod encoders;
mod forecaster;
mod generator;
mod picture_decoder;
mod pooling;
mod regressor;
mod sequences;
mod step_outputs;
mod tagger;

pub use any_decoder::AnyDecoder;
pub use attention::{Attention, AttentionKind, Memory};
pub use backbone::{Backbone, EmbeddingConfig};
pub use cells::{GruLayer, LstmLayer, RnnLayer, State};
pub use classifier::{Classifier, ClassifierConfig, Output};
pub use config::{AnyModel, HeadSize, ModelConfig};
pub use decoder::{Feeding, SequenceDecoder, SequenceDecoderConfig, Source};
pub use each_step::each_step;
pub use encoder_only::EncoderOnlyConfig;
pub use encoders::{
    Activation, AnyEncoder, ConvolutionalConfig, ConvolutionalEncoder, DenseConfig, DenseEncoder, EncoderConfig,
    GruConfig, LstmConfig, MOST_WEIGHTS, Picture, PictureKind, RecurrentEncoder, Reset, RnnConfig,
};
pub use forecaster::{Forecaster, ForecasterConfig};
pub use generator::{SequenceGenerator, StepGenerator};
pub use picture_decoder::PictureDecoder;
pub use pooling::{Pool, Pooling};
pub use regressor::{Regressor, RegressorConfig};
pub use semiseq_schema::InputSize;
pub use sequences::{Input, Sequences};
pub use step_outputs::StepOutputs;
pub use tagger::{Tagger, TaggerConfig};

/// What a training step does beside a model's passes: with the kernels, which whoever trains a model does not see.
pub use semiseq_kernels::{AdamStep, adam, blend, embedding, scale, sum_of_squares, tanh};

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

    /// Whether the output at a step knows nothing of later steps. A convolution that is centred knows them, as does whatever
    /// reads backwards.
    fn causal(&self) -> bool;

    /// Whether the second half of the output reads backwards, so that its last state is the first step.
    fn bidirectional(&self) -> bool {
        false
    }

    /// What is read at once, where that is the whole sequence: the output is then one step long, and padding counts as
    /// zeros.
    fn picture(&self) -> Option<Picture> {
        None
    }

    /// As [`Encoder::forward`] of sequences without padding, from the states that an earlier part of them left, and with the
    /// states after them. `None`: an encoder without states to carry.
    fn forward_from(&self, _input: Tensor<3>, _states: Option<Vec<State>>) -> Option<(Tensor<3>, Vec<State>)> {
        None
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

    /// What the encoder reads at once, where that is the whole sequence; see [`Encoder::picture`].
    fn picture(&self) -> Option<Picture> {
        None
    }

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

    /// As [`SequenceModel::forward`] of sequences without padding that go on where earlier ones ended: from the states that
    /// those left, and with the states after them. `None`: a model that carries none.
    fn forward_from(&self, _sequences: Sequences, _states: Option<Vec<State>>) -> Option<(Tensor<2>, Vec<State>)> {
        None
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
