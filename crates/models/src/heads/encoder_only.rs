//! A model that predicts nothing by itself: what generative objectives, encoder-decoders and `ctc` train.

use burn::tensor::Device;
use schemars::JsonSchema;
use semiseq_schema::Problem;
use serde::{Deserialize, Serialize};

use crate::InputSize;
use crate::backbone::check_body;
use crate::backbone::{Backbone, EmbeddingConfig};
use crate::encoders::registry::EncoderConfig;
use crate::heads::classifier::Classifier;
use crate::layers::pooling::Pooling;

/// `[model.autoencoder]`, `[model.vae]`, `[model.gan]`, `[model.language-model]`, `[model.encoder-decoder]` and
/// `[model.transcriber]`: an encoder and a pooling. Decoders, generators and output layers belong to the stage's
/// objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EncoderOnlyConfig {
    /// `last`, `mean`, `max` or `attention`: how the steps become the vector. Default `last`.
    #[serde(default)]
    pub pooling: Pooling,
    /// Dropout on the vector where a layer of classes reads it, in [0, 1). Default 0.
    #[serde(default)]
    pub dropout: f64,
    /// For tokens.
    #[serde(default)]
    pub embedding: EmbeddingConfig,
    /// The encoder.
    pub encoder: EncoderConfig,
}

impl EncoderOnlyConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_body(path, self.dropout, &self.embedding, &self.encoder, problems);
    }

    /// Builds the body, with a head that no objective trains.
    pub fn init(&self, input: InputSize, outputs: usize, device: &Device) -> Classifier {
        let backbone = Backbone::of(input, &self.embedding, self.dropout, &self.encoder, device);
        Classifier::new(backbone, self.pooling, outputs, device)
    }
}
