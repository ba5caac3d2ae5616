//! Encoder-decoder on pairs of sequences (Sutskever, Vinyals & Le 2014; Cho et al. 2014), with attention (Bahdanau, Cho
//! & Bengio 2015; Luong, Pham & Manning 2015).
//!
//! The model's encoder reads the source; its vector becomes the decoder's first state, and an attention looks at all of
//! its states. The decoder learns with the true previous step before it, or more and more with its own
//! (`scheduled_sampling`). Tokens are written by beam search, values step by step for as long as the training targets
//! are. The target is a text for a text, tokens for tokens, or what follows a window of a recording.
//!
//! Against the papers: one layer in the decoder, whose output is one linear layer of state and context where Bahdanau
//! et al. have a maxout layer; Luong's attention does not feed the last context back, so that all steps are one
//! operation while it learns.
//!
//! # Cost
//!
//! A decoder as long as the target. Luong's attention is one operation over all steps while it learns; Bahdanau's
//! goes step by step and costs several times as much.
//!
//! # When it fails
//!
//! Without attention all of the source has to fit one vector: long sources fail. Trained on true previous steps,
//! the decoder has never seen its own mistakes: `scheduled_sampling` helps forecasts where it is right often
//! enough, and harms where it is mostly wrong.

use burn::module::Module;
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Sequence, Series, Views};
use semiseq_models::beam::Beam;
use semiseq_models::{
    AttentionKind, DecoderSource, Feeding, Input, InputSize, SequenceDecoder, SequenceDecoderConfig, SequenceModel,
    Sequences,
};
use semiseq_schema::{Problem, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::methods::autoencoder::errors_of_steps;
use crate::objective::{Measure, Measures, Needs, Objective, Setting, TargetSize};
use crate::over::Over;
use crate::parts::losses::weighted_mean;
use crate::parts::scheduled_sampling::ScheduledSamplingConfig;
use crate::parts::written::{exact_match, known_pairs, token_errors, tokens_of};
use crate::step::{Part, Step, StepContext, Targets};
use crate::terms::Terms;

/// `[stage.objective.sequence-to-sequence]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SequenceToSequenceConfig {
    /// Hidden units of the decoder. Default 128.
    pub hidden: usize,
    /// Width of a target token's vector. Default 64.
    pub embedding: usize,
    /// `none`, `bahdanau` or `luong`. Default `luong`, which costs least.
    pub attention: AttentionKind,
    /// Write the target from its end. Default false.
    pub reversed: bool,
    /// Let the decoder read more and more of its own steps. Default: the true ones always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_sampling: Option<ScheduledSamplingConfig>,
    /// Sequences that `predict` follows side by side; 1 is greedy. Default 4.
    pub beam: usize,
    /// α of the length penalty (Wu et al. 2016); larger ones prefer longer sequences. Default 0.6.
    pub length_penalty: f64,
}

impl Default for SequenceToSequenceConfig {
    fn default() -> Self {
        Self {
            hidden: 128,
            embedding: 64,
            attention: AttentionKind::Luong,
            reversed: false,
            scheduled_sampling: None,
            beam: 4,
            length_penalty: 0.6,
        }
    }
}

/// The objective, with the decoder that it trains.
#[derive(Module, Debug)]
pub struct SequenceToSequence {
    decoder: SequenceDecoder,
    #[module(skip)]
    target: TargetSize,
    #[module(skip)]
    config: SequenceToSequenceConfig,
}

impl SequenceToSequenceConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        for (key, value) in [("hidden", self.hidden), ("embedding", self.embedding), ("beam", self.beam)] {
            if value == 0 {
                problems.push(problem(format!("{path}.{key}"), "must be at least 1, got 0", None));
            }
        }
        check_range(
            problems,
            &format!("{path}.length_penalty"),
            self.length_penalty,
            0.0,
            f64::INFINITY,
            "0.6 is Wu et al.'s, 0 compares plain log-probabilities",
        );
        if let Some(sampling) = &self.scheduled_sampling {
            sampling.check(&format!("{path}.scheduled_sampling"), problems);
        }
    }

    /// Builds the objective with a fresh decoder.
    ///
    /// # Panics
    ///
    /// If the setting knows no target sequences.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> SequenceToSequence {
        let Some(target) = setting.target else { panic!("`sequence-to-sequence` needs target sequences") };
        let decoder = SequenceDecoderConfig {
            hidden: self.hidden,
            embedding: self.embedding,
            // The end of a sequence is written last in either order, which the decoder does not know.
            reversed: false,
            teacher_forcing: true,
            attention: self.attention,
        };
        SequenceToSequence {
            decoder: decoder.init(setting.model.pooled_size(), target.input, setting.device),
            target,
            config: self.clone(),
        }
    }
}

impl SequenceToSequence {
    /// What the decoder gets of a batch of sources.
    fn source<M: SequenceModel>(&self, model: &M, sequences: &Sequences) -> DecoderSource {
        let states = model.states(sequences.clone());
        let pooled = model.pool(states.clone(), sequences.mask.clone());
        DecoderSource { pooled, memory: self.decoder.remember(|| states, sequences.mask.clone()) }
    }

    /// The mean loss of a step that is known and no padding, `[1]`: cross-entropy of tokens, or squared error of
    /// values.
    pub fn loss<M: SequenceModel>(
        &self,
        model: &M,
        sources: &Sequences,
        target: &Sequences,
        known: Tensor<1>,
        feeding: Feeding,
    ) -> Tensor<1> {
        let target = if self.config.reversed { from_the_end(target) } else { target.clone() };
        let outputs = self.decoder.forward_with(self.source(model, sources), &target, feeding);
        let weights = row_weights(&target, known);
        weighted_mean(errors_of_steps(outputs, target.input), Some(weights))
    }

    fn beam(&self, width: usize) -> Beam {
        let end = match self.target.input {
            InputSize::Tokens(vocabulary) => vocabulary - 1,
            InputSize::Values(_) => 0,
        };
        Beam { width, longest: 2 * self.target.longest, length_penalty: self.config.length_penalty, end: end as u32 }
    }

    /// Tokens in their order, the end left out.
    fn written<M: SequenceModel>(&self, model: &M, sources: &Sequences, width: usize) -> Vec<Vec<u32>> {
        let beam = self.beam(width);
        let mut written = self.decoder.search(self.source(model, sources), &beam);
        for tokens in &mut written {
            tokens.retain(|token| *token != beam.end);
            if self.config.reversed {
                tokens.reverse();
            }
        }
        written
    }

    /// Values of each target, steps before channels, `[batch, time, channels]`.
    fn followed<M: SequenceModel>(&self, model: &M, sources: &Sequences, time: usize) -> Tensor<3> {
        let written = self.decoder.write(self.source(model, sources), time, |logits| logits.argmax(1).squeeze_dim(1));
        let Input::Values(values) = written else { panic!("this decoder writes tokens, not values") };
        if self.config.reversed { values.flip([1]) } else { values }
    }

    /// How the decoder does by itself, and how likely it finds the truth.
    fn token_measures<M: SequenceModel>(
        &self,
        model: &M,
        part: &Part,
        target: &Sequences,
        known: &Tensor<1>,
    ) -> Measures {
        let loss = self.loss(model, &part.weak, target, known.clone(), Feeding::default());
        let end = self.beam(1).end;
        let truth = tokens_of(target, end);
        let written = self.written(model, &part.weak, 1);
        let pairs = known_pairs(&written, &truth, known);
        let device = loss.device();
        vec![
            Measure::new("loss", loss, Over::TargetSteps),
            exact_match(&pairs, &device),
            token_errors("token_error_rate", &pairs, &device),
        ]
    }
}

/// Target sequences from their last step to their first; of tokens the end stays last.
fn from_the_end(target: &Sequences) -> Sequences {
    let Input::Tokens(tokens) = &target.input else { return target.reversed() };
    let [batch, time] = tokens.dims();
    let device = tokens.device();
    let mask = target.mask.clone().unwrap_or_else(|| Tensor::ones([batch, time], &device));
    // One step less of each: the mask moved one step to the left.
    let last = Tensor::zeros([batch, 1], &device);
    let before_end = if time == 1 { last } else { Tensor::cat(vec![mask.narrow(1, 1, time - 1), last], 1) };
    let turned = Sequences { input: target.input.clone(), mask: Some(before_end) }.reversed();
    Sequences { input: turned.input, mask: target.mask.clone() }
}

/// 1 for each step that counts, `[batch · time]`.
fn row_weights(target: &Sequences, known: Tensor<1>) -> Tensor<1> {
    let [batch, time] = target.dims();
    let known: Tensor<2> = known.reshape([batch, 1]).repeat_dim(1, time);
    let weights = match &target.mask {
        Some(mask) => known * mask.clone(),
        None => known,
    };
    weights.reshape([batch * time])
}

impl<M: SequenceModel> Objective<M> for SequenceToSequence {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Labeled, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let Some(Part { weak, targets: Targets::Sequences { target, known, .. }, .. }) = &step.labeled else {
            return Terms::default();
        };
        let sampling = self.config.scheduled_sampling.as_ref();
        let truth = sampling.map(|sampling| sampling.draw(context, target.dims(), &known.device()));
        let loss = self.loss(model, weak, target, known.clone(), Feeding { shown: None, truth });
        let terms = Terms::new(loss).over(Over::TargetSteps);
        match sampling {
            Some(sampling) => terms.constant("true_steps", sampling.share(context)),
            None => terms,
        }
    }

    fn measure(&self, model: &M, part: &Part) -> Measures {
        let Targets::Sequences { target, known, .. } = &part.targets else { return Measures::new() };
        match &target.input {
            Input::Tokens(_) => self.token_measures(model, part, target, known),
            Input::Values(truth) => {
                let [batch, time, _] = truth.dims();
                let difference = self.followed(model, &part.weak, time) - truth.clone();
                let weights = row_weights(target, known.clone());
                let mean = |name: &'static str, errors: Tensor<3>| {
                    let each = errors.mean_dim(2).reshape([batch * time]);
                    Measure::new(name, weighted_mean(each, Some(weights.clone())), Over::TargetSteps)
                };
                vec![mean("loss", difference.clone() * difference.clone()), mean("mae", difference.abs())]
            }
        }
    }

    fn answer(&self, model: &M, sequences: &Sequences) -> Option<Vec<Sequence>> {
        Some(match self.target.input {
            InputSize::Tokens(_) => {
                self.written(model, sequences, self.config.beam).into_iter().map(Sequence::Tokens).collect()
            }
            InputSize::Values(channels) => {
                let values = self.followed(model, sequences, self.target.longest);
                let values: Vec<f32> = values.into_data().iter::<f32>().collect();
                let series = |row: &[f32]| Sequence::Series(Series { values: row.to_vec(), channels });
                values.chunks(self.target.longest * channels).map(series).collect()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Int};

    use super::*;

    #[test]
    fn from_the_end_the_end_stays_last() {
        let device = Device::flex();
        let tokens = Tensor::<2, Int>::from_data([[1, 2, 3, 9], [4, 9, 0, 0]], &device);
        let mask = Tensor::<2>::from_data([[1.0f32, 1.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0]], &device);
        for (mask, second) in [(Some(mask), [4, 9, 0, 0]), (None, [0, 9, 4, 0])] {
            let turned = from_the_end(&Sequences { input: Input::Tokens(tokens.clone()), mask });
            let Input::Tokens(turned) = turned.input else { panic!("tokens") };
            let found: Vec<i64> = turned.into_data().iter::<i64>().collect();
            assert_eq!((&found[..4], &found[4..]), (&[3, 2, 1, 9][..], &second[..]));
        }
    }
}
