//! Connectionist temporal classification (Graves, Fernández, Gomez & Schmidhuber 2006): a transcript for a longer
//! sequence, such as the characters of what is said or written, without a label that tells where each of them stands.
//!
//! A linear layer names a character or the blank at each step of the encoder, and the loss is the negative
//! log-likelihood of the transcript over all ways of laying it along the steps: `−ln Σ_π Π_t p(π_t | t)`, where `π`
//! reads as the transcript once repetitions and then blanks are taken out. Each loss is divided by the length of its
//! transcript, and the mean is over the transcripts of the batch, as PyTorch's `ctc_loss(reduction="mean",
//! zero_infinity=True)`. `predict` writes the likeliest transcript that prefix beam search finds (Hannun et al. 2014),
//! without a language model.
//!
//! Transcripts are cut into characters, in small letters; `data.transform.tokenize_target` names another unit. A row
//! without a transcript is an unlabelled one and has no term: a stage before this one (`masked-reconstruction`,
//! `contrastive-predictive-coding`, `autoencoder`) learns from it, or a part beside it in `joint`, of which
//! `masked-reconstruction` more than halved the character error rate with 30 transcripts ("Transcripts" in
//! `docs/results.md`).
//!
//! A transcript needs a step for each character, and one more between two equal ones. Those that are too long for their
//! sequence are counted before training; they have the loss 0 and no gradient, and are judged as others are.
//!
//! # Cost
//!
//! A linear layer per step, and sums over time × transcript on the CPU. A wide `beam` costs in proportion while it
//! writes, and at each validation.
//!
//! # When it fails
//!
//! For the first epochs nothing but blanks is written and `character_error_rate` stays at 1, while the loss falls: go
//! on. Where it stays so, raise the learning rate or give the encoder `bidirectional = true`. Characters that follow
//! each other faster than the steps cannot be told apart: shorten the `step` of the frames.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Sequence, TargetUnit, Views};
use semiseq_models::{Input, InputSize, SequenceModel, Sequences, ctc, each_step};
use semiseq_schema::{Problem, problem};
use serde::{Deserialize, Serialize};

use crate::objective::{Measure, Measures, Needs, Objective, Setting, TargetSize};
use crate::over::Over;
pub use crate::parts::ctc_loss::ctc_loss;
use crate::parts::losses::weighted_mean;
use crate::parts::written::{exact_match, known_pairs, token_errors, tokens_of, word_errors};
use crate::step::{Part, Step, StepContext, Targets};
use crate::terms::Terms;

/// `[stage.objective.ctc]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CtcConfig {
    /// Prefixes that are followed side by side where a transcript is written; 1 takes the likeliest character of each
    /// step. Default 8.
    pub beam: usize,
}

impl Default for CtcConfig {
    fn default() -> Self {
        Self { beam: 8 }
    }
}

/// The objective, with the output layer that it trains.
#[derive(Module, Debug)]
pub struct Ctc {
    output: Linear,
    #[module(skip)]
    target: TargetSize,
    #[module(skip)]
    config: CtcConfig,
}

impl CtcConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        if self.beam == 0 {
            let hint = Some("1 takes the likeliest character of each step");
            problems.push(problem(format!("{path}.beam"), "must be at least 1, got 0", hint));
        }
    }

    /// Builds the objective with a fresh output layer.
    ///
    /// # Panics
    ///
    /// If the setting knows no targets of tokens.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Ctc {
        let Some(target @ TargetSize { input: InputSize::Tokens(tokens), .. }) = setting.target else {
            panic!("`ctc` needs target sequences of tokens")
        };
        // The blank stands where padding does, and nothing is said at the end.
        let output = LinearConfig::new(setting.model.pooled_size(), tokens - 1).init(setting.device);
        Ctc { output, target, config: self.clone() }
    }
}

impl Ctc {
    /// Logits of each step, `[batch, time, classes]`.
    fn logits<M: SequenceModel>(&self, model: &M, sequences: &Sequences) -> Tensor<3> {
        each_step(&self.output, model.states(sequences.clone()))
    }

    /// The transcripts of a batch, without their ends.
    fn transcripts(&self, target: &Sequences) -> Vec<Vec<u32>> {
        tokens_of(target, self.target.input.vocabulary().map_or(0, |tokens| tokens - 1) as u32)
    }

    /// The mean over the known transcripts of the loss per token, `[1]`.
    fn loss(logits: Tensor<3>, lengths: &[usize], transcripts: &[Vec<u32>], known: Tensor<1>) -> Tensor<1> {
        let tokens: Vec<f32> = transcripts.iter().map(|tokens| tokens.len().max(1) as f32).collect();
        let tokens = Tensor::<1>::from_data(tokens.as_slice(), &known.device());
        weighted_mean(ctc_loss(logits, lengths, transcripts) / tokens, Some(known))
    }

    /// What is written for logits `[batch, time, classes]`.
    fn written(&self, logits: Tensor<3>, lengths: &[usize]) -> Vec<Vec<u32>> {
        let [_, time, classes] = logits.dims();
        let said: Vec<f32> = log_softmax(logits, 2).into_data().iter::<f32>().collect();
        let rows = said.chunks_exact((time * classes).max(1)).zip(lengths);
        rows.map(|(row, length)| ctc::decode(&row[..length * classes], classes, self.config.beam)).collect()
    }
}

/// The steps of each sequence that are no padding.
fn lengths(sequences: &Sequences) -> Vec<usize> {
    let [batch, time] = sequences.dims();
    match &sequences.mask {
        Some(mask) => mask.clone().sum_dim(1).into_data().iter::<f32>().map(|steps| steps as usize).collect(),
        None => vec![time; batch],
    }
}

impl<M: SequenceModel> Objective<M> for Ctc {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Labeled, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, _context: &StepContext) -> Terms {
        let Some(Part { weak, targets: Targets::Sequences { target, known, .. }, .. }) = &step.labeled else {
            return Terms::default();
        };
        let logits = self.logits(model, weak);
        Terms::new(Self::loss(logits, &lengths(weak), &self.transcripts(target), known.clone()))
    }

    fn measure(&self, model: &M, part: &Part) -> Measures {
        let logits = self.logits(model, &part.weak);
        let device = logits.device();
        let (target, known) = match &part.targets {
            Targets::Sequences { target, known, .. } if matches!(target.input, Input::Tokens(_)) => (target, known),
            // Counts as nothing beside batches with transcripts.
            _ => return vec![Measure::new("loss", Tensor::zeros([1], &device), Over::Labels(None))],
        };
        let (lengths, truth) = (lengths(&part.weak), self.transcripts(target));
        let written = self.written(logits.clone(), &lengths);
        let pairs = known_pairs(&written, &truth, known);
        let loss = Self::loss(logits, &lengths, &truth, known.clone());
        let mut measures = vec![Measure::new("loss", loss, Over::Labels(None)), exact_match(&pairs, &device)];
        measures.push(match self.target.unit {
            TargetUnit::Character { .. } => token_errors("character_error_rate", &pairs, &device),
            TargetUnit::Word => token_errors("word_error_rate", &pairs, &device),
            TargetUnit::Other => token_errors("token_error_rate", &pairs, &device),
        });
        if let TargetUnit::Character { space: Some(space) } = self.target.unit {
            measures.push(word_errors(&pairs, space, &device));
        }
        measures
    }

    fn answer(&self, model: &M, sequences: &Sequences) -> Option<Vec<Sequence>> {
        let written = self.written(self.logits(model, sequences), &lengths(sequences));
        Some(written.into_iter().map(Sequence::Tokens).collect())
    }
}
