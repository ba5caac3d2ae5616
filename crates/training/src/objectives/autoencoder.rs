//! Sequence autoencoder (Dai & Le 2015, "Semi-supervised sequence learning"; Srivastava et al. 2015).
//!
//! The encoder's summary vector is the only thing the decoder gets; the loss is the mean squared error
//! of real values, or the cross-entropy of tokens, over the steps that are no padding. As a first stage
//! it sees every training sequence, labelled or not; the next stage takes the encoder over.

use burn::module::Module;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor};
use semiseq_datasets::{Pool, Problem, Views};
use semiseq_models::{Input, SequenceDecoder, SequenceDecoderConfig, SequenceModel, Sequences};
use serde::{Deserialize, Serialize};

use super::losses::weighted_mean;
use super::{Needs, Objective, Part, Setting, Step, StepContext, Terms};
use crate::config::problem;

/// `[stage.objective.autoencoder]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AutoencoderConfig {
    /// Hidden units of the decoder. Default 128.
    pub hidden: usize,
    /// Rebuild the sequence from its end to its start, so that the first steps to rebuild are the last
    /// ones read (Sutskever et al. 2014; Srivastava et al. 2015). Default true.
    pub reversed: bool,
    /// Feed the true previous step to the decoder rather than nothing. Default true; with false the
    /// vector has to carry everything (Srivastava et al.'s unconditioned decoder).
    pub teacher_forcing: bool,
}

impl Default for AutoencoderConfig {
    fn default() -> Self {
        Self { hidden: 128, reversed: true, teacher_forcing: true }
    }
}

impl AutoencoderConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        if self.hidden == 0 {
            problems.push(problem(&format!("{path}.hidden"), "must be at least 1, got 0".into(), None));
        }
    }

    /// Builds the objective with a fresh decoder.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Autoencoder {
        Autoencoder { decoder: self.decoder(setting.model, setting.device) }
    }

    fn decoder<M: SequenceModel>(&self, model: &M, device: &Device) -> SequenceDecoder {
        let config = SequenceDecoderConfig {
            hidden: self.hidden,
            reversed: self.reversed,
            teacher_forcing: self.teacher_forcing,
            ..SequenceDecoderConfig::default()
        };
        config.init(model.summary_size(), model.input_size(), device)
    }
}

/// The autoencoder objective, with the decoder that it trains.
#[derive(Module, Debug)]
pub struct Autoencoder {
    decoder: SequenceDecoder,
}

impl Autoencoder {
    /// Reconstruction loss of sequences, `[1]`.
    pub fn loss<M: SequenceModel>(&self, model: &M, sequences: &Sequences) -> Tensor<1> {
        let summary = model.summary(sequences.clone());
        let rebuilt = self.decoder.forward(summary, sequences);
        let targets = self.decoder.targets(sequences);
        reconstruction(rebuilt, targets)
    }
}

/// Mean squared error of values, or cross-entropy of tokens, over the steps that are no padding.
///
/// # Shapes
///
/// - rebuilt: `[batch, time, features]` or logits `[batch, time, vocabulary]`
pub fn reconstruction(rebuilt: Tensor<3>, targets: Sequences) -> Tensor<1> {
    let [batch, time, width] = rebuilt.dims();
    let rows = batch * time;
    let mask = targets.mask.map(|mask| mask.reshape([rows]));
    let each = match targets.input {
        Input::Values(values) => {
            let difference = rebuilt - values;
            (difference.clone() * difference).mean_dim(2).reshape([rows])
        }
        Input::Tokens(tokens) => {
            let tokens: Tensor<2, Int> = tokens.reshape([rows, 1]);
            -log_softmax(rebuilt.reshape([rows, width]), 1).gather(1, tokens).reshape([rows])
        }
    };
    weighted_mean(each, mask)
}

impl<M: SequenceModel> Objective<M> for Autoencoder {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::All, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, _context: &StepContext) -> Terms {
        match &step.unlabeled {
            Some(part) => Terms::default().add("reconstruction", 1.0, self.loss(model, &part.weak)),
            None => Terms::default(),
        }
    }

    fn validate(&self, model: &M, part: &Part) -> Option<Tensor<1>> {
        Some(self.loss(model, &part.weak))
    }
}
