//! A number for a whole sequence.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use semiseq_schema::Problem;
use serde::{Deserialize, Serialize};

use crate::InputSize;
use crate::backbone::check_body;
use crate::backbone::{Backbone, EmbeddingConfig};
use crate::crew::Crew;
use crate::encoder::Encoder;
use crate::encoders::any::AnyEncoder;
use crate::encoders::image::Image;
use crate::encoders::registry::EncoderConfig;
use crate::heads::classifier::Classifier;
use crate::heads::number_head::{NumberHead, NumberOutput, check_levels};
use crate::layers::pooling::Pooling;
use crate::model::SequenceModel;
use crate::sequences::Sequences;

/// `[model.regressor]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegressorConfig {
    /// `last`, `mean`, `max` or `attention`. Default `last`.
    #[serde(default)]
    pub pooling: Pooling,
    /// Dropout on the pooled vector, in [0, 1). Default 0.
    #[serde(default)]
    pub dropout: f64,
    /// `mean`; `gaussian`: a mean and a variance of each sequence's own; or `quantiles`. With the latter two `predict`
    /// prints quantiles, and `eval` how many truths lie between the outer ones. Default `mean`.
    #[serde(default)]
    pub output: NumberOutput,
    /// Levels of the quantiles that `gaussian` tells and `quantiles` learns: 3 to 99 that rise between 0 and 1, 0.5
    /// among them. Default `[0.05, 0.5, 0.95]`, an interval of 90 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantiles: Option<Vec<f64>>,
    /// For tokens.
    #[serde(default)]
    pub embedding: EmbeddingConfig,
    /// The recurrent encoder.
    pub encoder: EncoderConfig,
}

/// A regressor of sequences: a classifier's body with a linear head.
#[derive(Module, Debug)]
pub struct Regressor<E: Module = AnyEncoder> {
    body: Classifier<E>,
    crew: Crew<Self>,
    #[module(skip)]
    numbers: NumberHead,
}

impl RegressorConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_body(path, self.dropout, &self.embedding, &self.encoder, problems);
        check_levels(path, self.output, self.quantiles.as_deref(), problems);
    }

    /// What the columns of its head mean.
    pub fn numbers(&self) -> NumberHead {
        NumberHead::new(self.output, self.quantiles.as_deref())
    }

    /// Builds the regressor.
    pub fn init(&self, input: InputSize, device: &Device) -> Regressor {
        let backbone = Backbone::of(input, &self.embedding, self.dropout, &self.encoder, device);
        let numbers = self.numbers();
        let body = Classifier::new(backbone, self.pooling, numbers.columns(), device);
        Regressor { body, crew: Crew::alone(), numbers }
    }
}

impl<E: Encoder> SequenceModel for Regressor<E> {
    fn embed(&self, sequences: Sequences) -> Tensor<3> {
        self.body.embed(sequences)
    }

    fn encode(&self, steps: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<3> {
        self.body.encode(steps, mask)
    }

    fn pool(&self, states: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<2> {
        self.body.pool(states, mask)
    }

    fn head(&self, hidden: Tensor<2>) -> Tensor<2> {
        self.body.head(hidden)
    }

    fn crew(&self) -> Option<&Crew<Self>> {
        Some(&self.crew)
    }

    fn share_with(&mut self, devices: &[Device]) -> bool {
        self.crew = Crew::of(devices.to_vec());
        true
    }

    fn image(&self) -> Option<Image> {
        self.body.image()
    }

    fn causal(&self) -> bool {
        self.body.causal()
    }

    fn bidirectional(&self) -> bool {
        self.body.bidirectional()
    }

    fn outputs(&self) -> usize {
        self.body.outputs()
    }

    fn numbers(&self) -> Option<&NumberHead> {
        Some(&self.numbers)
    }

    fn per_step(&self) -> bool {
        false
    }

    fn pooled_size(&self) -> usize {
        self.body.pooled_size()
    }

    fn input_size(&self) -> InputSize {
        self.body.input_size()
    }
}
