//! A class for each step.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use semiseq_schema::Problem;
use serde::{Deserialize, Serialize};

use crate::InputSize;
use crate::backbone::check_body;
use crate::backbone::{Backbone, EmbeddingConfig};
use crate::cells::state::State;
use crate::crew::Crew;
use crate::encoder::Encoder;
use crate::encoders::any::AnyEncoder;
use crate::encoders::registry::EncoderConfig;
use crate::layers::crf::Crf;
use crate::layers::pooling::{Pooling, PoolingLayer};
use crate::model::SequenceModel;
use crate::sequences::Sequences;

/// `[model.tagger]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaggerConfig {
    /// Dropout on each step's vector, in [0, 1). Default 0.
    #[serde(default)]
    pub dropout: f64,
    /// `softmax`: each step by itself; or `crf`: a conditional random field, which learns what follows what and tags a
    /// sequence as a whole. Default `softmax`.
    #[serde(default)]
    pub output: TaggerOutput,
    /// For tokens.
    #[serde(default)]
    pub embedding: EmbeddingConfig,
    /// The recurrent encoder.
    pub encoder: EncoderConfig,
}

/// How the tags of a sequence are decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TaggerOutput {
    /// Each step by itself.
    #[default]
    Softmax,
    /// All steps together, by a conditional random field (Lafferty et al. 2001).
    Crf,
}

/// A tagger of sequences.
#[derive(Module, Debug)]
pub struct Tagger<E: Module = AnyEncoder> {
    backbone: Backbone<E>,
    pool: PoolingLayer,
    head: Linear,
    crf: Option<Crf>,
    crew: Crew<Self>,
    #[module(skip)]
    outputs: usize,
}

impl TaggerConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_body(path, self.dropout, &self.embedding, &self.encoder, problems);
    }

    /// Builds the tagger with `outputs` logits a step.
    pub fn init(&self, input: InputSize, outputs: usize, device: &Device) -> Tagger {
        let backbone = Backbone::of(input, &self.embedding, self.dropout, &self.encoder, device);
        let width = backbone.encoder().hidden();
        let pool = Pooling::Last.init(width, backbone.encoder().bidirectional(), device);
        let head = LinearConfig::new(width, outputs).init(device);
        let crf = (self.output == TaggerOutput::Crf).then(|| Crf::new(outputs, device));
        Tagger { backbone, pool, head, crf, crew: Crew::alone(), outputs }
    }
}

impl<E: Encoder> SequenceModel for Tagger<E> {
    fn embed(&self, sequences: Sequences) -> Tensor<3> {
        self.backbone.embed(sequences)
    }

    fn encode(&self, steps: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<3> {
        self.backbone.encoder().forward(steps, mask)
    }

    fn pool(&self, states: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<2> {
        self.pool.forward(states, mask)
    }

    fn head(&self, hidden: Tensor<2>) -> Tensor<2> {
        self.head.forward(self.backbone.drop(hidden))
    }

    fn crew(&self) -> Option<&Crew<Self>> {
        Some(&self.crew)
    }

    fn share_with(&mut self, devices: &[Device]) -> bool {
        self.crew = Crew::of(devices.to_vec());
        true
    }

    fn forward_from(&self, sequences: Sequences, states: Option<Vec<State>>) -> Option<(Tensor<2>, Vec<State>)> {
        let (steps, states) = self.backbone.encoder().forward_from(self.embed(sequences), states)?;
        let [batch, time, width] = steps.dims();
        Some((self.head(steps.reshape([batch * time, width])), states))
    }

    fn causal(&self) -> bool {
        self.backbone.encoder().causal()
    }

    fn bidirectional(&self) -> bool {
        self.backbone.encoder().bidirectional()
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn crf(&self) -> Option<&Crf> {
        self.crf.as_ref()
    }

    fn per_step(&self) -> bool {
        true
    }

    fn pooled_size(&self) -> usize {
        self.backbone.encoder().hidden()
    }

    fn input_size(&self) -> InputSize {
        self.backbone.input_size()
    }
}
