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

/// What objectives see of a model.
pub trait SequenceModel: Module + ModuleDisplay {
    /// Logits `[rows, outputs]`: a row a sequence, or `batch * time` rows for a tagger.
    fn forward(&self, sequences: Sequences) -> Tensor<2>;

    /// The sequence as one vector, `[batch, summary_size]`, before dropout and head.
    fn summary(&self, sequences: Sequences) -> Tensor<2>;

    /// A vector a step, `[batch, time, summary_size]`, before pooling.
    fn states(&self, sequences: Sequences) -> Tensor<3>;

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
}
