//! What every model has below its head: token embedding, encoder, dropout on the output.

use std::path::PathBuf;

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig as BurnEmbeddingConfig, GaussianNoise, GaussianNoiseConfig, Initializer};
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use semiseq_kernels::embedding;
use semiseq_schema::{Problem, problem};
use serde::{Deserialize, Serialize};

use crate::InputSize;
use crate::encoder::Encoder;
use crate::encoders::any::AnyEncoder;
use crate::encoders::registry::EncoderConfig;
use crate::layers::dropout::Dropout;
use crate::layers::dropout::check_dropout;
use crate::sequences::{Input, Sequences};

/// `[model.….embedding]`, for data made of tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct EmbeddingConfig {
    /// Width of a token's vector. Default 64.
    pub size: usize,
    /// Dropout on the vectors, in [0, 1). Default 0.
    pub dropout: f64,
    /// Deviation of normal noise on the vectors while training, at least 0. Default 0. Each view of a text draws its
    /// own; vectors begin with a deviation of 0.1.
    pub noise: f64,
    /// A file of word vectors to begin with: GloVe's or word2vec's text, word2vec's binary or fastText's `.vec`, packed
    /// with gzip or not. `size` is theirs; words that it lacks begin as others do. `layers.embedding` of a stage lets
    /// them stand still, or move slower than the rest. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vectors: Option<PathBuf>,
}

impl Default for EmbeddingConfig {
    fn default() -> Self {
        Self { size: 64, dropout: 0.0, noise: 0.0, vectors: None }
    }
}

impl EmbeddingConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        if self.size == 0 {
            problems.push(problem(format!("{path}.size"), "must be at least 1, got 0", None));
        }
        check_dropout(&format!("{path}.dropout"), self.dropout, problems);
        if !(self.noise >= 0.0 && self.noise.is_finite()) {
            let hint = Some("0.05 is half of what vectors begin with, 0 switches it off");
            problems.push(problem(format!("{path}.noise"), format!("must be at least 0, got {}", self.noise), hint));
        }
    }
}

/// Token embedding, encoder and output dropout.
#[derive(Module, Debug)]
pub struct Backbone<E: Module = AnyEncoder> {
    embedding: Option<Embedding>,
    embedding_dropout: Dropout,
    embedding_noise: GaussianNoise,
    encoder: E,
    dropout: Dropout,
    #[module(skip)]
    input: InputSize,
}

impl Backbone {
    /// The backbone of a config.
    pub(crate) fn of(
        input: InputSize,
        embedding: &EmbeddingConfig,
        dropout: f64,
        encoder: &EncoderConfig,
        device: &Device,
    ) -> Self {
        Self::new(input, embedding, dropout, |width| encoder.init(width, device), device)
    }
}

impl<E: Encoder> Backbone<E> {
    /// Puts `encoder` on top of values, or of an embedding of tokens: `encoder` gets the width of a step.
    pub fn new(
        input: InputSize,
        embedding: &EmbeddingConfig,
        dropout: f64,
        encoder: impl FnOnce(usize) -> E,
        device: &Device,
    ) -> Self {
        let (table, width) = match input {
            InputSize::Values(features) => (None, features),
            InputSize::Tokens(vocabulary) => {
                // A tenth of PyTorch's N(0, 1): a recurrent net starts in the linear range of its gates.
                let config = BurnEmbeddingConfig::new(vocabulary, embedding.size)
                    .with_initializer(Initializer::Normal { mean: 0.0, std: 0.1 });
                (Some(config.init(device)), embedding.size)
            }
        };
        Self {
            embedding: table,
            embedding_dropout: Dropout::new(embedding.dropout),
            embedding_noise: GaussianNoiseConfig::new(embedding.noise).init(),
            encoder: encoder(width),
            dropout: Dropout::new(dropout),
            input,
        }
    }

    /// What the encoder reads, `[batch, time, width]`.
    ///
    /// # Panics
    ///
    /// Where a model for tokens is given values, or the other way round.
    pub fn embed(&self, sequences: Sequences) -> Tensor<3> {
        match (sequences.input, &self.embedding) {
            (Input::Values(values), None) => values,
            (Input::Tokens(tokens), Some(table)) => {
                let vectors = embedding(table.weight.val(), tokens);
                self.embedding_dropout.forward(self.embedding_noise.forward(vectors))
            }
            (Input::Values(_), Some(_)) => panic!("this model reads tokens, not values"),
            (Input::Tokens(_), None) => panic!("this model reads values, not tokens"),
        }
    }

    /// Dropout on what goes into the head.
    pub fn drop<const D: usize>(&self, output: Tensor<D>) -> Tensor<D> {
        self.dropout.forward(output)
    }

    /// The encoder.
    pub fn encoder(&self) -> &E {
        &self.encoder
    }

    /// What a step holds.
    pub fn input_size(&self) -> InputSize {
        self.input
    }
}

/// Checks what every model has below its head; `path` is the key of the model's table.
pub(crate) fn check_body(
    path: &str,
    dropout: f64,
    embedding: &EmbeddingConfig,
    encoder: &EncoderConfig,
    problems: &mut Vec<Problem>,
) {
    check_dropout(&format!("{path}.dropout"), dropout, problems);
    embedding.check(&format!("{path}.embedding"), problems);
    encoder.check(&format!("{path}.encoder"), problems);
}
