//! A class for a whole sequence.

use burn::module::{Module, Param};
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
use crate::encoders::image::Image;
use crate::encoders::registry::EncoderConfig;
use crate::layers::ordinal;
use crate::layers::pooling::{Pooling, PoolingLayer};
use crate::model::SequenceModel;
use crate::sequences::Sequences;

/// `[model.classifier]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassifierConfig {
    /// `last`, `mean`, `max` or `attention`. Default `last`.
    #[serde(default)]
    pub pooling: Pooling,
    /// Dropout on the pooled vector, in [0, 1). Default 0.
    #[serde(default)]
    pub dropout: f64,
    /// `softmax`; `sigmoid`: one logit for two classes, trained with binary cross-entropy; `multi-label`: a sequence
    /// has any number of the labels, each with a logit and a binary cross-entropy of its own; `cumulative-link`
    /// (proportional odds) or `corn`: classes in the order that `data.labels.order` gives. Default `softmax`.
    #[serde(default)]
    pub output: Output,
    /// For tokens.
    #[serde(default)]
    pub embedding: EmbeddingConfig,
    /// The recurrent encoder.
    pub encoder: EncoderConfig,
}

/// How logits become probabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Output {
    /// A logit a class.
    #[default]
    Softmax,
    /// One logit for the second of two classes.
    Sigmoid,
    /// A logit for each label, of which a sequence may have any number.
    MultiLabel,
    /// Classes in an order: one number and the thresholds between them (McCullagh 1980).
    CumulativeLink,
    /// Classes in an order: a logit for each step up (Shi et al. 2021).
    Corn,
}

impl Output {
    /// Whether the classes are taken in their order.
    pub fn ordinal(self) -> bool {
        matches!(self, Self::CumulativeLink | Self::Corn)
    }

    /// Columns of the linear layer of so many outputs.
    fn columns(self, outputs: usize) -> usize {
        match self {
            Self::CumulativeLink => 1,
            Self::Corn => outputs.saturating_sub(1).max(1),
            Self::Softmax | Self::Sigmoid | Self::MultiLabel => outputs,
        }
    }
}

/// A classifier of sequences.
#[derive(Module, Debug)]
pub struct Classifier<E: Module = AnyEncoder> {
    backbone: Backbone<E>,
    pool: PoolingLayer,
    head: Linear,
    /// What makes the thresholds of a cumulative link, `[outputs - 1]`.
    thresholds: Option<Param<Tensor<1>>>,
    crew: Crew<Self>,
    #[module(skip)]
    outputs: usize,
    #[module(skip)]
    output: Output,
}

impl ClassifierConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_body(path, self.dropout, &self.embedding, &self.encoder, problems);
    }

    /// Builds the classifier with `outputs` logits.
    pub fn init(&self, input: InputSize, outputs: usize, device: &Device) -> Classifier {
        let backbone = Backbone::of(input, &self.embedding, self.dropout, &self.encoder, device);
        Classifier::with_output(backbone, self.pooling, self.output, outputs, device)
    }
}

impl<E: Encoder> Classifier<E> {
    /// Puts a head on a backbone.
    pub fn new(backbone: Backbone<E>, pooling: Pooling, outputs: usize, device: &Device) -> Self {
        Self::with_output(backbone, pooling, Output::Softmax, outputs, device)
    }

    /// The same, whose logits become probabilities in another way.
    fn with_output(backbone: Backbone<E>, pooling: Pooling, output: Output, outputs: usize, device: &Device) -> Self {
        let width = backbone.encoder().hidden();
        let pool = pooling.init(width, backbone.encoder().bidirectional(), device);
        let outputs = if output.ordinal() { outputs.max(2) } else { outputs };
        let head = LinearConfig::new(width, output.columns(outputs)).init(device);
        let thresholds = (output == Output::CumulativeLink)
            .then(|| Param::from_data(ordinal::even_thresholds(outputs).as_slice(), device));
        Self { backbone, pool, head, thresholds, crew: Crew::alone(), outputs, output }
    }

    /// See [`Encoder::forward_from`].
    pub(crate) fn encode_from(&self, steps: Tensor<3>, states: Option<Vec<State>>) -> Option<(Tensor<3>, Vec<State>)> {
        self.backbone.encoder().forward_from(steps, states)
    }

    /// A classifier of real-valued series with your own encoder.
    ///
    /// `features` is the number of channels of a step; `dropout` acts on the pooled vector.
    pub fn with_encoder(
        encoder: E,
        features: usize,
        outputs: usize,
        pooling: Pooling,
        dropout: f64,
        device: &Device,
    ) -> Self {
        let backbone =
            Backbone::new(InputSize::Values(features), &EmbeddingConfig::default(), dropout, |_| encoder, device);
        Self::new(backbone, pooling, outputs, device)
    }
}

impl<E: Encoder> SequenceModel for Classifier<E> {
    fn embed(&self, sequences: Sequences) -> Tensor<3> {
        self.backbone.embed(sequences)
    }

    fn encode(&self, steps: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<3> {
        self.backbone.encoder().forward(steps, mask)
    }

    fn pool(&self, states: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<2> {
        // What is read at once is one step long.
        let mask = mask.filter(|_| self.image().is_none());
        self.pool.forward(states, mask)
    }

    fn head(&self, hidden: Tensor<2>) -> Tensor<2> {
        let logits = self.head.forward(self.backbone.drop(hidden));
        match (&self.thresholds, self.output) {
            (Some(thresholds), _) => ordinal::cumulative_link(logits, thresholds.val()),
            (None, Output::Corn) => ordinal::corn(logits),
            _ => logits,
        }
    }

    fn crew(&self) -> Option<&Crew<Self>> {
        Some(&self.crew)
    }

    fn share_with(&mut self, devices: &[Device]) -> bool {
        self.crew = Crew::of(devices.to_vec());
        true
    }

    fn image(&self) -> Option<Image> {
        self.backbone.encoder().image()
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

    fn multi_label(&self) -> bool {
        self.output == Output::MultiLabel
    }

    fn per_step(&self) -> bool {
        false
    }

    fn pooled_size(&self) -> usize {
        self.backbone.encoder().hidden()
    }

    fn input_size(&self) -> InputSize {
        self.backbone.input_size()
    }
}
