//! `[model.NAME]`: the registry of models that a config can name.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use semiseq_schema::Problem;
use serde::{Deserialize, Serialize};

use crate::InputSize;
use crate::backbone::EmbeddingConfig;
use crate::cells::state::State;
use crate::encoders::image::Image;
use crate::encoders::registry::EncoderConfig;
use crate::heads::NumberHead;
use crate::heads::classifier::{Classifier, ClassifierConfig};
use crate::heads::encoder_only::EncoderOnlyConfig;
use crate::heads::forecaster::{Forecaster, ForecasterConfig};
use crate::heads::regressor::{Regressor, RegressorConfig};
use crate::heads::tagger::{Tagger, TaggerConfig};
use crate::layers::crf::Crf;
use crate::model::SequenceModel;
use crate::sequences::Sequences;

/// The model: one table, named after its head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ModelConfig {
    /// A class for a sequence.
    Classifier(ClassifierConfig),
    /// A class for each step.
    Tagger(TaggerConfig),
    /// A number for a sequence.
    Regressor(RegressorConfig),
    /// The steps that follow a window of a recording.
    Forecaster(ForecasterConfig),
    /// An encoder for an objective that rebuilds sequences.
    Autoencoder(EncoderOnlyConfig),
    /// An encoder for a variational autoencoder.
    Vae(EncoderOnlyConfig),
    /// An encoder for a generative adversarial network: its critic.
    Gan(EncoderOnlyConfig),
    /// An encoder that predicts the next token.
    LanguageModel(EncoderOnlyConfig),
    /// An encoder whose decoder writes another sequence.
    EncoderDecoder(EncoderOnlyConfig),
    /// An encoder whose steps are read as a shorter text.
    Transcriber(EncoderOnlyConfig),
}

/// Any model that a config can name.
#[derive(Module, Debug)]
#[non_exhaustive]
pub enum AnyModel {
    /// A class for a sequence.
    Classifier(Classifier),
    /// A class for each step.
    Tagger(Tagger),
    /// A number for a sequence.
    Regressor(Regressor),
    /// The steps that follow a window of a recording.
    Forecaster(Forecaster),
}

impl ModelConfig {
    /// The encoder's settings.
    pub fn encoder(&self) -> &EncoderConfig {
        match self {
            Self::Classifier(config) => &config.encoder,
            Self::Tagger(config) => &config.encoder,
            Self::Regressor(config) => &config.encoder,
            Self::Forecaster(config) => &config.encoder,
            Self::Autoencoder(config)
            | Self::Vae(config)
            | Self::Gan(config)
            | Self::LanguageModel(config)
            | Self::EncoderDecoder(config)
            | Self::Transcriber(config) => &config.encoder,
        }
    }

    /// The settings of token vectors; a forecaster reads values alone.
    pub fn embedding(&self) -> Option<&EmbeddingConfig> {
        Some(match self {
            Self::Classifier(config) => &config.embedding,
            Self::Tagger(config) => &config.embedding,
            Self::Regressor(config) => &config.embedding,
            Self::Forecaster(_) => return None,
            Self::Autoencoder(config)
            | Self::Vae(config)
            | Self::Gan(config)
            | Self::LanguageModel(config)
            | Self::EncoderDecoder(config)
            | Self::Transcriber(config) => &config.embedding,
        })
    }

    /// Whether the model is an encoder alone, without a head that learns labels.
    pub fn encoder_only(&self) -> bool {
        !matches!(self, Self::Classifier(_) | Self::Tagger(_) | Self::Regressor(_) | Self::Forecaster(_))
    }

    /// The name of the table.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Classifier(_) => "classifier",
            Self::Tagger(_) => "tagger",
            Self::Regressor(_) => "regressor",
            Self::Forecaster(_) => "forecaster",
            Self::Autoencoder(_) => "autoencoder",
            Self::Vae(_) => "vae",
            Self::Gan(_) => "gan",
            Self::LanguageModel(_) => "language-model",
            Self::EncoderDecoder(_) => "encoder-decoder",
            Self::Transcriber(_) => "transcriber",
        }
    }

    /// Notes every value out of range; `path` is the key of the model's table.
    pub fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        let path = format!("{path}.{}", self.name());
        match self {
            Self::Classifier(config) => config.check(&path, problems),
            Self::Tagger(config) => config.check(&path, problems),
            Self::Regressor(config) => config.check(&path, problems),
            Self::Forecaster(config) => config.check(&path, problems),
            Self::Autoencoder(config)
            | Self::Vae(config)
            | Self::Gan(config)
            | Self::LanguageModel(config)
            | Self::EncoderDecoder(config)
            | Self::Transcriber(config) => config.check(&path, problems),
        }
    }

    /// Builds the model. A regressor has as many outputs as its settings ask for, whatever `head` says.
    ///
    /// # Panics
    ///
    /// Where a forecaster is given a number of logits, or another model a horizon.
    pub fn init(&self, input: InputSize, head: impl Into<HeadSize>, device: &Device) -> AnyModel {
        match (self, head.into()) {
            (Self::Classifier(config), HeadSize::Logits(logits)) => {
                AnyModel::Classifier(config.init(input, logits, device))
            }
            (Self::Tagger(config), HeadSize::Logits(logits)) => AnyModel::Tagger(config.init(input, logits, device)),
            (Self::Regressor(config), HeadSize::Logits(_)) => AnyModel::Regressor(config.init(input, device)),
            (Self::Forecaster(config), HeadSize::Forecast { horizon, channels }) => {
                AnyModel::Forecaster(config.init(input, horizon, channels, device))
            }
            (
                Self::Autoencoder(config)
                | Self::Vae(config)
                | Self::Gan(config)
                | Self::LanguageModel(config)
                | Self::EncoderDecoder(config)
                | Self::Transcriber(config),
                HeadSize::Logits(logits),
            ) => AnyModel::Classifier(config.init(input, logits, device)),
            (config, head) => panic!("{config:?} cannot have a head of {head:?}"),
        }
    }
}

/// How much a model's head says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadSize {
    /// So many logits.
    Logits(usize),
    /// So many steps of so many channels.
    Forecast {
        /// Steps ahead.
        horizon: usize,
        /// The first channels of the input.
        channels: usize,
    },
}

impl From<usize> for HeadSize {
    fn from(logits: usize) -> Self {
        Self::Logits(logits)
    }
}

macro_rules! each {
    ($self:ident, $model:ident => $body:expr) => {
        match $self {
            AnyModel::Classifier($model) => $body,
            AnyModel::Tagger($model) => $body,
            AnyModel::Regressor($model) => $body,
            AnyModel::Forecaster($model) => $body,
        }
    };
}

impl SequenceModel for AnyModel {
    fn embed(&self, sequences: Sequences) -> Tensor<3> {
        each!(self, model => model.embed(sequences))
    }

    fn encode(&self, steps: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<3> {
        each!(self, model => model.encode(steps, mask))
    }

    fn pool(&self, states: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<2> {
        each!(self, model => model.pool(states, mask))
    }

    fn head(&self, hidden: Tensor<2>) -> Tensor<2> {
        each!(self, model => model.head(hidden))
    }

    fn share_with(&mut self, devices: &[Device]) -> bool {
        each!(self, model => model.share_with(devices))
    }

    fn forward(&self, sequences: Sequences) -> Tensor<2> {
        each!(self, model => model.forward(sequences))
    }

    fn hidden(&self, steps: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<2> {
        each!(self, model => model.hidden(steps, mask))
    }

    fn pooled(&self, sequences: Sequences) -> Tensor<2> {
        each!(self, model => model.pooled(sequences))
    }

    fn states(&self, sequences: Sequences) -> Tensor<3> {
        each!(self, model => model.states(sequences))
    }

    fn forward_from(&self, sequences: Sequences, states: Option<Vec<State>>) -> Option<(Tensor<2>, Vec<State>)> {
        each!(self, model => model.forward_from(sequences, states))
    }

    fn image(&self) -> Option<Image> {
        each!(self, model => model.image())
    }

    fn causal(&self) -> bool {
        each!(self, model => model.causal())
    }

    fn bidirectional(&self) -> bool {
        each!(self, model => model.bidirectional())
    }

    fn outputs(&self) -> usize {
        each!(self, model => model.outputs())
    }

    fn numbers(&self) -> Option<&NumberHead> {
        each!(self, model => model.numbers())
    }

    fn multi_label(&self) -> bool {
        each!(self, model => model.multi_label())
    }

    fn crf(&self) -> Option<&Crf> {
        each!(self, model => model.crf())
    }

    fn per_step(&self) -> bool {
        each!(self, model => model.per_step())
    }

    fn pooled_size(&self) -> usize {
        each!(self, model => model.pooled_size())
    }

    fn input_size(&self) -> InputSize {
        each!(self, model => model.input_size())
    }
}
