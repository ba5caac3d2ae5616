//! Sequence autoencoder (Dai & Le 2015, "Semi-supervised sequence learning"; Srivastava et al. 2015).
//!
//! The encoder's pooled representation is the only thing the decoder gets; the loss is the mean squared error
//! of real values, or the cross-entropy of tokens, over the steps that are no padding. As a first stage
//! it sees every training sequence, labelled or not; the next stage takes the encoder over.
//!
//! With `denoising = true` the encoder reads the strong view and the weak one is rebuilt (Vincent et al. 2008): noise,
//! cut-outs, dropped or masked words, whatever `[data.augment]` makes the strong view of.
//!
//! Where the encoder reads an image at once (`dense`, `convolutional`), the decoder writes one with layers of the same
//! kind.
//!
//! For text there is a second decoder, `bag-of-words`: one softmax over the vocabulary, from the vector,
//! that has to make the words of the sequence likely in any order (the paragraph vector's PV-DBOW, Le &
//! Mikolov 2014; the bag-of-words loss of Zhao et al. 2017). It learns what a text is about, not how it is
//! said, from few texts, and costs one softmax a sequence where the recurrent decoder takes one per word.
//!
//! # Cost
//!
//! A pass of the encoder and one of a decoder as long as the sequence; the bag of words has one product with the
//! vocabulary for each text and is far cheaper than a recurrent decoder.
//!
//! # When it fails
//!
//! What takes most values to rebuild is learned first, be it noise; classes that differ in a small detail are not.
//! With `teacher_forcing = true` on values, the step before tells the next and the vector stays empty. On text the
//! recurrent decoder needs many more texts than the bag of words.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{
    AnyDecoder, Feeding, Input, InputSize, SequenceDecoderConfig, SequenceModel, Sequences, StepOutputs,
};
use semiseq_schema::{Problem, problem};
use serde::{Deserialize, Serialize};

use crate::objective::{Measure, Measures, Needs, Objective, Setting};
use crate::over::Over;
use crate::parts::losses::weighted_mean;
use crate::parts::scheduled_sampling::ScheduledSamplingConfig;
use crate::step::{Part, Step, StepContext};
use crate::terms::Terms;

/// What rebuilds the sequence from the vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DecoderKind {
    /// An LSTM, step by step.
    #[default]
    Recurrent,
    /// The words in any order. A run refuses it on values; the library takes the recurrent decoder for them.
    BagOfWords,
}

/// `[stage.objective.autoencoder]`. `hidden`, `reversed` and `teacher_forcing` belong to the recurrent decoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AutoencoderConfig {
    /// `recurrent` or `bag-of-words`. Default `recurrent`.
    pub decoder: DecoderKind,
    /// Hidden units of the decoder. Default 128.
    pub hidden: usize,
    /// Rebuild the sequence from its end to its start, so that the first steps to rebuild are the last
    /// ones read (Sutskever et al. 2014; Srivastava et al. 2015). Default true.
    pub reversed: bool,
    /// Feed the true previous step to the decoder rather than nothing. Default true for text, as in Dai & Le 2015, and
    /// false for values: there the vector has to carry everything (Srivastava et al.'s unconditioned decoder), since
    /// the step before tells most of the next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teacher_forcing: Option<bool>,
    /// Read the strong view, rebuild the weak one. Default false.
    pub denoising: bool,
    /// Let the recurrent decoder read more and more of its own steps in place of the true ones. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_sampling: Option<ScheduledSamplingConfig>,
}

impl Default for AutoencoderConfig {
    fn default() -> Self {
        Self {
            decoder: DecoderKind::Recurrent,
            hidden: 128,
            reversed: true,
            teacher_forcing: None,
            denoising: false,
            scheduled_sampling: None,
        }
    }
}

impl AutoencoderConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        if self.hidden == 0 {
            problems.push(problem(format!("{path}.hidden"), "must be at least 1, got 0", None));
        }
        if let Some(sampling) = &self.scheduled_sampling {
            sampling.check(&format!("{path}.scheduled_sampling"), problems);
            if self.decoder == DecoderKind::BagOfWords || self.teacher_forcing == Some(false) {
                problems.push(problem(
                    format!("{path}.scheduled_sampling"),
                    "needs a decoder that reads the step before",
                    Some("use the recurrent decoder with `teacher_forcing = true`, or leave it out"),
                ));
            }
        }
    }

    /// Builds the objective with a fresh decoder.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Autoencoder {
        let (pooled, input) = (setting.model.pooled_size(), setting.model.input_size());
        let decoder = match (self.decoder, input) {
            (DecoderKind::BagOfWords, InputSize::Tokens(vocabulary)) => {
                Decoder::BagOfWords(LinearConfig::new(pooled, vocabulary).init(setting.device))
            }
            _ => {
                let image = setting.model.image();
                Decoder::Recurrent(AnyDecoder::new(&self.recurrent(input), pooled, input, image, setting.device))
            }
        };
        Autoencoder { decoder, denoising: self.denoising, scheduled_sampling: self.scheduled_sampling.clone() }
    }

    /// Scheduled sampling replaces true steps, and so asks for them.
    fn recurrent(&self, input: InputSize) -> SequenceDecoderConfig {
        let text = matches!(input, InputSize::Tokens(_));
        SequenceDecoderConfig {
            hidden: self.hidden,
            reversed: self.reversed,
            teacher_forcing: self.teacher_forcing.unwrap_or(text || self.scheduled_sampling.is_some()),
            ..SequenceDecoderConfig::default()
        }
    }
}

#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "one decoder an objective; a box would only hide it")]
enum Decoder {
    Recurrent(AnyDecoder),
    BagOfWords(Linear),
}

/// The autoencoder objective, with the decoder that it trains.
#[derive(Module, Debug)]
pub struct Autoencoder {
    decoder: Decoder,
    #[module(skip)]
    denoising: bool,
    #[module(skip)]
    scheduled_sampling: Option<ScheduledSamplingConfig>,
}

impl Autoencoder {
    /// Reconstruction loss of sequences, `[1]`.
    pub fn loss<M: SequenceModel>(&self, model: &M, sequences: &Sequences) -> Tensor<1> {
        self.loss_from(model.pooled(sequences.clone()), sequences, Feeding::default())
    }

    /// As [`Autoencoder::loss`] of pooled representations `[batch, pooled_size]`, `[1]`.
    pub(crate) fn loss_from(&self, pooled: Tensor<2>, sequences: &Sequences, feeding: Feeding) -> Tensor<1> {
        match &self.decoder {
            Decoder::Recurrent(decoder) => {
                reconstruction(decoder.forward_with(pooled, sequences, feeding), decoder.targets(sequences))
            }
            Decoder::BagOfWords(decoder) => bag_of_words(StepOutputs::new(pooled.unsqueeze_dim(1), decoder), sequences),
        }
    }
}

/// Cross-entropy of all words of a sequence against one distribution, over the steps that are no padding.
///
/// # Shapes
///
/// - logits: `[batch, 1, vocabulary]`; output `[1]`
///
/// # Panics
///
/// If the sequences hold values instead of tokens.
pub fn bag_of_words(logits: impl Into<StepOutputs>, sequences: &Sequences) -> Tensor<1> {
    let Input::Tokens(tokens) = &sequences.input else { panic!("a bag of words needs tokens") };
    let [batch, time] = tokens.dims();
    let each = logits.into().cross_entropy(tokens.clone()).reshape([batch * time]);
    weighted_mean(each, sequences.mask.clone().map(|mask| mask.reshape([batch * time])))
}

/// Mean squared error of values, or cross-entropy of tokens, over the steps that are no padding.
///
/// # Shapes
///
/// - rebuilt: `[batch, time, features]` or logits `[batch, time, vocabulary]`
pub fn reconstruction(rebuilt: impl Into<StepOutputs>, targets: Sequences) -> Tensor<1> {
    let [batch, time] = targets.dims();
    let mask = targets.mask.map(|mask| mask.reshape([batch * time]));
    weighted_mean(errors_of_steps(rebuilt.into(), targets.input), mask)
}

/// Mean squared error of values, or cross-entropy of tokens, of each step, `[batch · time]`.
///
/// # Shapes
///
/// - made: `[batch, time, features]` or logits `[batch, time, vocabulary]`
pub(crate) fn errors_of_steps(made: StepOutputs, truth: Input) -> Tensor<1> {
    match truth {
        Input::Values(values) => {
            let [batch, time, _] = values.dims();
            made.squared_error(values).reshape([batch * time])
        }
        Input::Tokens(tokens) => {
            let [batch, time] = tokens.dims();
            made.cross_entropy(tokens).reshape([batch * time])
        }
    }
}

impl<M: SequenceModel> Objective<M> for Autoencoder {
    fn needs(&self) -> Needs {
        let views = if self.denoising { Views::WEAK | Views::STRONG } else { Views::WEAK };
        Needs { pool: Pool::All, views }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let Some(part) = &step.unlabeled else { return Terms::default() };
        let read = part.strong.clone().filter(|_| self.denoising).unwrap_or_else(|| part.weak.clone());
        let pooled = model.pooled(read);
        let sampling = self.scheduled_sampling.as_ref();
        let truth = sampling.map(|sampling| sampling.draw(context, part.weak.dims(), &pooled.device()));
        let loss = self.loss_from(pooled, &part.weak, Feeding { shown: None, truth });
        Terms::default().add("reconstruction", 1.0, loss).over(Over::Steps(0))
    }

    fn measure(&self, model: &M, part: &Part) -> Measures {
        vec![Measure::new("loss", self.loss(model, &part.weak), Over::Steps(0))]
    }

    fn rebuild(&self, model: &M, sequences: &Sequences) -> Option<Input> {
        match &self.decoder {
            Decoder::Recurrent(decoder) => Some(decoder.rebuild(model.pooled(sequences.clone()), sequences)),
            Decoder::BagOfWords(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decoder_reads_true_words_and_no_true_values() {
        let reads = |text: &str, input| {
            let config: AutoencoderConfig = serde_json::from_str(text).expect("a config");
            config.recurrent(input).teacher_forcing
        };
        let (values, tokens) = (InputSize::Values(1), InputSize::Tokens(9));
        assert_eq!((reads("{}", values), reads("{}", tokens)), (false, true));
        let forced = r#"{"teacher_forcing": true}"#;
        let free = r#"{"teacher_forcing": false}"#;
        assert_eq!((reads(forced, values), reads(free, tokens)), (true, false));
        assert!(reads(r#"{"scheduled_sampling": {}}"#, values), "there must be true steps to replace");
    }
}
