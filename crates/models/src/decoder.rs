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
        self.forward_with(summary, sequences, None)
    }

    /// As [`SequenceDecoder::forward`], with some of the true previous steps kept from the decoder.
    ///
    /// # Shapes
    ///
    /// - shown: `[batch, time]`, 1 where the step before a target may be read and 0 where it is hidden
    pub fn forward_with(&self, summary: Tensor<2>, sequences: &Sequences, shown: Option<Tensor<2>>) -> Tensor<3> {
        let previous = self.previous(&self.targets(sequences));
        let previous = match shown {
            Some(shown) => previous * shown.unsqueeze_dim(2),
            None => previous,
        };
        let state = self.start(summary);
        let (steps, _) = self.cell.forward(previous, sequences.mask.clone(), Some(state), Direction::Forward);
        self.head.forward(steps)
    }

    /// Writes `time` steps from vectors alone: each step reads the one before it. A token is what `pick` takes from the
    /// step's logits. Steps come in the order of writing, which is from the last where the decoder is `reversed`.
    ///
    /// # Shapes
    ///
    /// - summary: `[batch, summary]`
    /// - pick: logits `[batch, vocabulary]` to tokens `[batch]`
    /// - output: values `[batch, time, features]`, or tokens `[batch, time]`
    pub fn write(&self, summary: Tensor<2>, time: usize, mut pick: impl FnMut(Tensor<2>) -> Tensor<1, Int>) -> Input {
        let [batch, _] = summary.dims();
        let mut state = self.start(summary);
        let width = self.width();
        let mut previous = Tensor::<3>::zeros([batch, 1, width], &state.hidden.device());
        let (mut values, mut tokens) = (Vec::new(), Vec::new());
        for _ in 0..time {
            let (step, next) = self.cell.forward(previous.clone(), None, Some(state), Direction::Forward);
            state = next;
            let output = self.head.forward(step);
            let read = match &self.embedding {
                Some(embedding) => {
                    let [_, _, vocabulary] = output.dims();
                    let token: Tensor<2, Int> = pick(output.reshape([batch, vocabulary])).unsqueeze_dim(1);
                    tokens.push(token.clone());
                    embedding.forward(token)
                }
                None => {
                    values.push(output.clone());
                    output
                }
            };
            if self.config.teacher_forcing {
                previous = read;
            }
        }
        if self.embedding.is_some() {
            Input::Tokens(Tensor::cat(tokens, 1))
        } else {
            Input::Values(Tensor::cat(values, 1))
        }
    }

    /// What the decoder makes of the vectors of `sequences` by itself, at each step the likeliest token, in the order of the
    /// sequences.
    ///
    /// # Shapes
    ///
    /// - summary: `[batch, summary]`
    /// - output: values `[batch, time, features]`, or tokens `[batch, time]`
    pub fn rebuild(&self, summary: Tensor<2>, sequences: &Sequences) -> Input {
        let [batch, time] = sequences.dims();
        let input = self.write(summary, time, |logits| logits.argmax(1).reshape([batch]));
        self.targets(&Sequences { input, mask: sequences.mask.clone() }).input
    }

    /// The state before the first step.
    fn start(&self, summary: Tensor<2>) -> State {
        let hidden = self.config.hidden;
        let start = self.bridge.forward(summary);
        State { hidden: start.clone().narrow(1, 0, hidden).tanh(), cell: Some(start.narrow(1, hidden, hidden)) }
    }

    /// Width of what the cell reads at a step.
    fn width(&self) -> usize {
        match &self.embedding {
            Some(_) => self.config.embedding,
            None => self.head.weight.dims()[1],
        }
    }

    /// The sequences in the order in which they are rebuilt.
    pub fn targets(&self, sequences: &Sequences) -> Sequences {
        if self.config.reversed { sequences.reversed() } else { sequences.clone() }
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
