//! From one vector back to a sequence: the decoder of an autoencoder (Srivastava et al. 2015; Dai & Le
//! 2015).

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig, Initializer, Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor};
use semiseq_kernels::Direction;
use serde::{Deserialize, Serialize};

use crate::cells::{Layer, LstmLayer, State};
use crate::{Input, InputSize, Sequences};

/// Settings of a decoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SequenceDecoderConfig {
    /// Hidden units. Default 128.
    pub hidden: usize,
    /// Width of a token's vector. Default 64.
    pub embedding: usize,
    /// Rebuild from the last real step to the first. Default true.
    pub reversed: bool,
    /// Give the true previous step at each step; otherwise zeros. Default true.
    pub teacher_forcing: bool,
}

impl Default for SequenceDecoderConfig {
    fn default() -> Self {
        Self { hidden: 128, embedding: 64, reversed: true, teacher_forcing: true }
    }
}

/// An LSTM whose initial state is made from the vector, with a linear output a step.
#[derive(Module, Debug)]
pub struct SequenceDecoder {
    bridge: Linear,
    embedding: Option<Embedding>,
    cell: Layer,
    head: Linear,
    #[module(skip)]
    config: SequenceDecoderConfig,
}

impl SequenceDecoderConfig {
    /// Builds a decoder from vectors of `summary` to sequences of `input`.
    pub fn init(&self, summary: usize, input: InputSize, device: &Device) -> SequenceDecoder {
        let (embedding, width, outputs) = match input {
            InputSize::Values(features) => (None, features, features),
            InputSize::Tokens(vocabulary) => {
                let config = EmbeddingConfig::new(vocabulary, self.embedding)
                    .with_initializer(Initializer::Normal { mean: 0.0, std: 0.1 });
                (Some(config.init(device)), self.embedding, vocabulary)
            }
        };
        SequenceDecoder {
            bridge: LinearConfig::new(summary, 2 * self.hidden).init(device),
            embedding,
            cell: Layer::Lstm(LstmLayer::new(width, self.hidden, 0.0, device)),
            head: LinearConfig::new(self.hidden, outputs).init(device),
            config: self.clone(),
        }
    }
}

impl SequenceDecoder {
    /// Rebuilds `sequences` from their vectors, aligned with [`SequenceDecoder::targets`].
    ///
    /// # Shapes
    ///
    /// - summary: `[batch, summary]`
    /// - output: values `[batch, time, features]`, or logits `[batch, time, vocabulary]`
    pub fn forward(&self, summary: Tensor<2>, sequences: &Sequences) -> Tensor<3> {
        let hidden = self.config.hidden;
        let start = self.bridge.forward(summary);
        let state =
            State { hidden: start.clone().narrow(1, 0, hidden).tanh(), cell: Some(start.narrow(1, hidden, hidden)) };
        let previous = self.previous(&self.targets(sequences));
        let (steps, _) = self.cell.forward(previous, sequences.mask.clone(), Some(state), Direction::Forward);
        self.head.forward(steps)
    }

    /// The sequences in the order in which they are rebuilt.
    pub fn targets(&self, sequences: &Sequences) -> Sequences {
        if !self.config.reversed {
            return sequences.clone();
        }
        let input = match (&sequences.input, &sequences.mask) {
            (Input::Values(values), None) => Input::Values(values.clone().flip([1])),
            (Input::Tokens(tokens), None) => Input::Tokens(tokens.clone().flip([1])),
            (Input::Values(values), Some(mask)) => {
                let [_, _, features] = values.dims();
                let order: Tensor<3, Int> = reversal(mask.clone()).unsqueeze_dim(2);
                Input::Values(values.clone().gather(1, order.repeat_dim(2, features)))
            }
            (Input::Tokens(tokens), Some(mask)) => Input::Tokens(tokens.clone().gather(1, reversal(mask.clone()))),
        };
        Sequences { input, mask: sequences.mask.clone() }
    }

    /// What the decoder reads: the step before each target, nothing before the first.
    fn previous(&self, targets: &Sequences) -> Tensor<3> {
        let steps = match (&targets.input, &self.embedding) {
            (Input::Tokens(tokens), Some(embedding)) => embedding.forward(tokens.clone()),
            (Input::Values(values), _) => values.clone(),
            (Input::Tokens(_), None) => panic!("this decoder writes values, not tokens"),
        };
        if !self.config.teacher_forcing {
            return steps.zeros_like();
        }
        let [batch, time, width] = steps.dims();
        let nothing = Tensor::zeros([batch, 1, width], &steps.device());
        if time == 1 { nothing } else { Tensor::cat(vec![nothing, steps.narrow(1, 0, time - 1)], 1) }
    }
}

/// For each position the position that stands there once each sequence's real steps are reversed;
/// padding stays where it is. Both `[batch, time]`.
fn reversal(mask: Tensor<2>) -> Tensor<2, Int> {
    let [batch, time] = mask.dims();
    let lengths = mask.clone().sum_dim(1).repeat_dim(1, time);
    let positions: Tensor<2> =
        Tensor::<1, Int>::arange(0..time as i64, &mask.device()).float().reshape([1, time]).repeat_dim(0, batch);
    let reversed = lengths - 1.0 - positions.clone();
    (reversed * mask.clone() + positions * (mask.neg() + 1.0)).int()
}
