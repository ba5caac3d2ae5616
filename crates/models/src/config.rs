//! `[model.NAME]`: the registry of models that a config can name.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::{
    Classifier, ClassifierConfig, EncoderConfig, InputSize, Regressor, RegressorConfig, SequenceModel, Sequences,
    Tagger, TaggerConfig,
};

/// Key, message and hint of each value out of range.
pub type ConfigProblems = Vec<(String, String, Option<String>)>;

/// The model: one table, named after its head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelConfig {
    /// A class for a sequence.
    Classifier(ClassifierConfig),
    /// A class for each step.
    Tagger(TaggerConfig),
    /// A number for a sequence.
    Regressor(RegressorConfig),
}

/// Any model that a config can name.
#[derive(Module, Debug)]
pub enum AnyModel {
    /// A class for a sequence.
    Classifier(Classifier),
    /// A class for each step.
    Tagger(Tagger),
    /// A number for a sequence.
    Regressor(Regressor),
}

impl ModelConfig {
    /// The encoder's settings.
    pub fn encoder(&self) -> &EncoderConfig {
        match self {
            Self::Classifier(config) => &config.encoder,
            Self::Tagger(config) => &config.encoder,
            Self::Regressor(config) => &config.encoder,
        }
    }

    /// Notes every value out of range; `path` is the key of the model's table.
    pub fn check(&self, path: &str, problems: &mut ConfigProblems) {
        match self {
            Self::Classifier(config) => config.check(&format!("{path}.classifier"), problems),
            Self::Tagger(config) => config.check(&format!("{path}.tagger"), problems),
            Self::Regressor(config) => config.check(&format!("{path}.regressor"), problems),
        }
    }

    /// Builds the model; `outputs` is the number of logits (1 for a regressor).
    pub fn init(&self, input: InputSize, outputs: usize, device: &Device) -> AnyModel {
        match self {
            Self::Classifier(config) => AnyModel::Classifier(config.init(input, outputs, device)),
            Self::Tagger(config) => AnyModel::Tagger(config.init(input, outputs, device)),
            Self::Regressor(config) => AnyModel::Regressor(config.init(input, device)),
        }
    }
}

pub(crate) fn check_dropout(key: &str, dropout: f64, problems: &mut ConfigProblems) {
    if !(0.0..1.0).contains(&dropout) {
        problems.push((
            key.into(),
            format!("must be in [0, 1), got {dropout}"),
            Some("0.5 is usual on the output, 0 switches it off".into()),
        ));
    }
}

macro_rules! each {
    ($self:ident, $model:ident => $body:expr) => {
        match $self {
            AnyModel::Classifier($model) => $body,
            AnyModel::Tagger($model) => $body,
            AnyModel::Regressor($model) => $body,
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

    fn causal(&self) -> bool {
        each!(self, model => model.causal())
    }

    fn outputs(&self) -> usize {
        each!(self, model => model.outputs())
    }

    fn per_step(&self) -> bool {
        each!(self, model => model.per_step())
    }

    fn summary_size(&self) -> usize {
        each!(self, model => model.summary_size())
    }

    fn input_size(&self) -> InputSize {
        each!(self, model => model.input_size())
    }
}
