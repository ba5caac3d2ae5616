//! From one vector, and what an attention looks at, to a sequence: the decoder of autoencoders and encoder-decoders
//! (Sutskever et al. 2014; Srivastava et al. 2015; Dai & Le 2015).

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig, Initializer, Linear, LinearConfig};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor};
use schemars::JsonSchema;
use semiseq_kernels::{Direction, embedding, tanh};
use serde::{Deserialize, Serialize};

use crate::InputSize;
use crate::cells::lstm::LstmLayer;
use crate::cells::registry::Layer;
use crate::cells::state::State;
use crate::decoders::attention::{Attention, AttentionKind, Memory};
use crate::decoders::beam::{self, Beam};
use crate::layers::each_step;
use crate::layers::step_outputs::StepOutputs;
use crate::sequences::{Input, Sequences};

/// Settings of a decoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SequenceDecoderConfig {
    /// Hidden units. Default 128.
    pub hidden: usize,
    /// Width of a token's vector. Default 64.
    pub embedding: usize,
    /// Write from the last real step to the first. Default true.
    pub reversed: bool,
    /// Give the true previous step at each step; otherwise zeros. Default true.
    pub teacher_forcing: bool,
    /// What of the encoder's states the decoder looks at beside the vector. Default `none`.
    pub attention: AttentionKind,
}

impl Default for SequenceDecoderConfig {
    fn default() -> Self {
        Self { hidden: 128, embedding: 64, reversed: true, teacher_forcing: true, attention: AttentionKind::None }
    }
}

/// An LSTM whose initial state is made from the vector, with a linear output per step.
#[derive(Module, Debug)]
pub struct SequenceDecoder {
    bridge: Linear,
    embedding: Option<Embedding>,
    cell: Layer,
    attention: Option<Attention>,
    /// Luong's `W_c`.
    joined: Option<Linear>,
    head: Linear,
    #[module(skip)]
    config: SequenceDecoderConfig,
}

/// What a decoder gets of the encoder.
#[derive(Clone, Debug)]
pub struct DecoderSource {
    /// `[batch, pooled]`
    pub pooled: Tensor<2>,
    /// The states, where there is an attention: of [`SequenceDecoder::remember`].
    pub memory: Option<Memory>,
}

impl From<Tensor<2>> for DecoderSource {
    fn from(pooled: Tensor<2>) -> Self {
        Self { pooled, memory: None }
    }
}

/// What a decoder reads of the true sequence while it learns. Both `[batch, time]`.
#[derive(Clone, Debug, Default)]
pub struct Feeding {
    /// 1 where the true step before may be read and 0 where it is hidden (word drop, Bowman et al. 2016).
    pub shown: Option<Tensor<2>>,
    /// 1 where the true step before is read and 0 where the decoder's own output is (scheduled sampling, Bengio et al.
    /// 2015).
    pub truth: Option<Tensor<2>>,
}

impl SequenceDecoderConfig {
    /// Builds a decoder from vectors of `pooled` to sequences of `input`; an attention looks at states as wide.
    pub fn init(&self, pooled: usize, input: InputSize, device: &Device) -> SequenceDecoder {
        let (table, width, outputs) = match input {
            InputSize::Values(features) => (None, features, features),
            InputSize::Tokens(vocabulary) => {
                let config = EmbeddingConfig::new(vocabulary, self.embedding)
                    .with_initializer(Initializer::Normal { mean: 0.0, std: 0.1 });
                (Some(config.init(device)), self.embedding, vocabulary)
            }
        };
        let (read, said) = match self.attention {
            AttentionKind::None | AttentionKind::Luong => (width, self.hidden),
            AttentionKind::Bahdanau => (width + pooled, self.hidden + pooled),
        };
        let joined = (self.attention == AttentionKind::Luong)
            .then(|| LinearConfig::new(pooled + self.hidden, self.hidden).with_bias(false).init(device));
        SequenceDecoder {
            bridge: LinearConfig::new(pooled, 2 * self.hidden).init(device),
            embedding: table,
            cell: Layer::Lstm(LstmLayer::new(read, self.hidden, 0.0, device)),
            attention: self.attention.init(self.hidden, pooled, device),
            joined,
            head: LinearConfig::new(said, outputs).init(device),
            config: self.clone(),
        }
    }
}

impl SequenceDecoder {
    /// What an attention looks at; `None` where there is none. States `[batch, time, pooled]`, mask `[batch, time]`.
    pub fn remember(&self, states: impl FnOnce() -> Tensor<3>, mask: Option<Tensor<2>>) -> Option<Memory> {
        self.attention.as_ref().map(|attention| attention.memory(states(), mask))
    }

    /// Whether the decoder looks at the encoder's states.
    pub fn attends(&self) -> bool {
        self.attention.is_some()
    }

    /// Rebuilds `sequences` from their vectors, aligned with [`SequenceDecoder::targets`].
    ///
    /// # Shapes
    ///
    /// - pooled: `[batch, pooled]`
    /// - output: values `[batch, time, features]`, or logits `[batch, time, vocabulary]`
    pub fn forward(&self, source: impl Into<DecoderSource>, sequences: &Sequences) -> Tensor<3> {
        self.forward_with(source, sequences, Feeding::default()).whole()
    }

    /// As [`SequenceDecoder::forward`], with some of the true previous steps kept from the decoder.
    pub fn forward_with(
        &self,
        source: impl Into<DecoderSource>,
        sequences: &Sequences,
        feeding: Feeding,
    ) -> StepOutputs {
        let source = source.into();
        let previous = self.previous(sequences);
        let state = self.start(source.pooled);
        if feeding.truth.is_some() || self.config.attention == AttentionKind::Bahdanau {
            let steps = self.step_by_step(previous, state, source.memory.as_ref(), &feeding);
            return StepOutputs::new(steps, &self.head);
        }
        let previous = hidden(previous, feeding.shown);
        let (steps, _) = self.cell.forward(previous, sequences.mask.clone(), Some(state), Direction::Forward);
        StepOutputs::new(self.looked(steps, source.memory.as_ref()), &self.head)
    }

    /// Each step by itself, where what is read depends on the step before: what the head reads of each.
    fn step_by_step(
        &self,
        truth: Tensor<3>,
        mut state: State,
        memory: Option<&Memory>,
        feeding: &Feeding,
    ) -> Tensor<3> {
        let [_, time, _] = truth.dims();
        let at = |mask: &Option<Tensor<2>>, step: usize| mask.clone().map(|mask| mask.narrow(1, step, 1));
        let mut steps: Vec<Tensor<3>> = Vec::with_capacity(time);
        for step in 0..time {
            let mut previous = truth.clone().narrow(1, step, 1);
            if let (Some(last), Some(share)) = (steps.last(), at(&feeding.truth, step)) {
                let share: Tensor<3> = share.unsqueeze_dim(2);
                previous = previous * share.clone() + self.own(self.head.forward(last.clone())) * (-share + 1.0);
            }
            let previous = hidden(previous, at(&feeding.shown, step));
            let (made, next) = self.step(previous, state, memory);
            state = next;
            steps.push(made);
        }
        Tensor::cat(steps, 1)
    }

    /// What the decoder would read of its own output: of tokens the likeliest. No gradient goes back through it.
    fn own(&self, output: Tensor<3>) -> Tensor<3> {
        match &self.embedding {
            Some(table) => {
                let [batch, _, _] = output.dims();
                embedding(table.weight.val(), output.detach().argmax(2).reshape([batch, 1]))
            }
            None => output.detach(),
        }
    }

    /// One step: `previous` `[batch, 1, width]`, and what the head reads, `[batch, 1, said]`.
    fn step(&self, previous: Tensor<3>, state: State, memory: Option<&Memory>) -> (Tensor<3>, State) {
        let (Some(attention), Some(memory), AttentionKind::Bahdanau) = (&self.attention, memory, self.config.attention)
        else {
            let (step, state) = self.cell.forward(previous, None, Some(state), Direction::Forward);
            return (self.looked(step, memory), state);
        };
        let (context, _) = attention.look(state.hidden.clone().unsqueeze_dim(1), memory);
        let read = Tensor::cat(vec![previous, context.clone()], 2);
        let (step, state) = self.cell.forward(read, None, Some(state), Direction::Forward);
        (Tensor::cat(vec![step, context], 2), state)
    }

    /// What the head reads, from the cell's steps; with Luong's attention the memory is looked at first.
    fn looked(&self, steps: Tensor<3>, memory: Option<&Memory>) -> Tensor<3> {
        match (&self.attention, &self.joined, memory) {
            (Some(attention), Some(joined), Some(memory)) => {
                let (context, _) = attention.look(steps.clone(), memory);
                tanh(each_step(joined, Tensor::cat(vec![context, steps], 2)))
            }
            _ => steps,
        }
    }

    /// Writes `time` steps by itself: each step reads the one before it. A token is what `pick` takes from the step's
    /// logits. Steps come in the order of writing, which is from the last where the decoder is `reversed`.
    ///
    /// # Shapes
    ///
    /// - pooled: `[batch, pooled]`
    /// - pick: logits `[batch, vocabulary]` to tokens `[batch]`
    /// - output: values `[batch, time, features]`, or tokens `[batch, time]`
    pub fn write(
        &self,
        source: impl Into<DecoderSource>,
        time: usize,
        mut pick: impl FnMut(Tensor<2>) -> Tensor<1, Int>,
    ) -> Input {
        let DecoderSource { pooled, memory } = source.into();
        let [batch, _] = pooled.dims();
        let mut state = self.start(pooled);
        let mut previous = self.nothing(&state, batch);
        let (mut values, mut tokens) = (Vec::new(), Vec::new());
        for _ in 0..time {
            let (step, next) = self.step(previous.clone(), state, memory.as_ref());
            let output = self.head.forward(step);
            state = next;
            let read = match &self.embedding {
                Some(table) => {
                    let [_, _, vocabulary] = output.dims();
                    let token: Tensor<2, Int> = pick(output.reshape([batch, vocabulary])).unsqueeze_dim(1);
                    tokens.push(token.clone());
                    embedding(table.weight.val(), token)
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

    /// The likeliest sequences of tokens, a row a source, in the order of writing, each with its end where it has one.
    ///
    /// # Panics
    ///
    /// If the decoder writes values.
    pub fn search(&self, source: impl Into<DecoderSource>, beam: &Beam) -> Vec<Vec<u32>> {
        let Some(table) = &self.embedding else { panic!("a beam search needs tokens") };
        let DecoderSource { pooled, mut memory } = source.into();
        let [rows, _] = pooled.dims();
        let device = pooled.device();
        let mut state = self.start(pooled);
        beam::search(rows, beam, |parents, last| {
            let previous = match last {
                None => self.nothing(&state, rows),
                Some(last) => {
                    let index = |values: Vec<i32>| Tensor::<1, Int>::from_data(values.as_slice(), &device);
                    let parents = index(parents.iter().map(|parent| *parent as i32).collect());
                    state = state.select(parents.clone());
                    memory = memory.as_ref().map(|memory| memory.select(parents));
                    embedding(
                        table.weight.val(),
                        index(last.iter().map(|token| *token as i32).collect()).unsqueeze_dim(1),
                    )
                }
            };
            let (step, next) = self.step(previous, state.clone(), memory.as_ref());
            let output = self.head.forward(step);
            state = next;
            let [rows, _, vocabulary] = output.dims();
            let log_probabilities = log_softmax(output.reshape([rows, vocabulary]), 1);
            let values: Vec<f32> = log_probabilities.into_data().iter::<f32>().collect();
            values.chunks(vocabulary).map(<[f32]>::to_vec).collect()
        })
    }

    /// What the decoder makes of the vectors of `sequences` by itself, at each step the likeliest token, in the order
    /// of the sequences.
    ///
    /// # Shapes
    ///
    /// - pooled: `[batch, pooled]`
    /// - output: values `[batch, time, features]`, or tokens `[batch, time]`
    pub fn rebuild(&self, source: impl Into<DecoderSource>, sequences: &Sequences) -> Input {
        let [batch, time] = sequences.dims();
        let input = self.write(source, time, |logits| logits.argmax(1).reshape([batch]));
        self.targets(&Sequences { input, mask: sequences.mask.clone() }).input
    }

    /// The state before the first step.
    fn start(&self, pooled: Tensor<2>) -> State {
        let hidden = self.config.hidden;
        let start = self.bridge.forward(pooled);
        State { hidden: tanh(start.clone().narrow(1, 0, hidden)), cell: Some(start.narrow(1, hidden, hidden)) }
    }

    /// What is read before the first step.
    fn nothing(&self, state: &State, batch: usize) -> Tensor<3> {
        let width = match &self.embedding {
            Some(_) => self.config.embedding,
            None => self.head.weight.dims()[1],
        };
        Tensor::zeros([batch, 1, width], &state.hidden.device())
    }

    /// The sequences in the order in which they are written.
    pub fn targets(&self, sequences: &Sequences) -> Sequences {
        if self.config.reversed { sequences.reversed() } else { sequences.clone() }
    }

    /// What the decoder reads: the step before each target, nothing before the first.
    fn previous(&self, sequences: &Sequences) -> Tensor<3> {
        if !self.config.teacher_forcing {
            // From what is at hand, not from the head: weights are drawn when they are first asked for, in that order.
            let (shape, device) = match &sequences.input {
                Input::Values(values) => (values.dims(), values.device()),
                Input::Tokens(tokens) => {
                    let [batch, time] = tokens.dims();
                    ([batch, time, self.config.embedding], tokens.device())
                }
            };
            return Tensor::zeros(shape, &device);
        }
        let steps = match (self.targets(sequences).input, &self.embedding) {
            (Input::Tokens(tokens), Some(table)) => embedding(table.weight.val(), tokens),
            (Input::Values(values), _) => values,
            (Input::Tokens(_), None) => panic!("this decoder writes values, not tokens"),
        };
        let [batch, time, width] = steps.dims();
        let nothing = Tensor::zeros([batch, 1, width], &steps.device());
        if time == 1 { nothing } else { Tensor::cat(vec![nothing, steps.narrow(1, 0, time - 1)], 1) }
    }
}

/// Steps `[batch, time, width]` with some of them hidden, `[batch, time]`.
fn hidden(steps: Tensor<3>, shown: Option<Tensor<2>>) -> Tensor<3> {
    match shown {
        Some(shown) => steps * shown.unsqueeze_dim(2),
        None => steps,
    }
}
