//! Contrastive predictive coding (van den Oord, Li & Vinyals 2018, "Representation learning with contrastive predictive
//! coding").
//!
//! The encoder's vector `c_t` has to tell the step that comes `k` later, `z_{t+k}`, from the same step of the other
//! sequences in the batch: InfoNCE, eq. 4, with the bilinear score `z_{t+k}ᵀ W_k c_t` of eq. 3, the mean over `k` from
//! 1 to `ahead`. Nothing is rebuilt, so nothing is spent on noise.
//!
//! The paper's `g_enc`, strided convolutions over raw audio, is here one linear layer of a step (an embedding for
//! tokens): our sequences are short. Negatives come from other sequences at the same step; sequences that have ended by
//! then count neither as rows nor as negatives. In a batch of one sequence they are its own other steps, as some of the
//! paper's are.
//!
//! # Cost
//!
//! A product between all sequences of a batch for each step ahead: it grows with the square of the batch and with
//! `ahead`.
//!
//! # When it fails
//!
//! Small batches have few sequences to tell a step from, and the task is too easy; a channel that names the
//! sequence (a level, an offset) tells all steps apart without anything being learned of the classes: normalise
//! each series. The encoder has to read forward only.

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{Input, InputSize, SequenceModel, Sequences, each_step, embedding};
use semiseq_schema::{Problem, problem};
use serde::{Deserialize, Serialize};

use crate::objective::{Needs, Objective, Setting};
use crate::over::Over;
use crate::parts::losses::weighted_mean;
use crate::step::{Part, Step, StepContext};
use crate::terms::Terms;

/// `[stage.objective.contrastive-predictive-coding]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContrastivePredictiveCodingConfig {
    /// How many steps ahead, at least 1. Default 12, the paper's for audio. Steps beyond the end of the sequences are
    /// left out.
    pub ahead: usize,
    /// Width of `z`. Default 64.
    pub size: usize,
}

impl Default for ContrastivePredictiveCodingConfig {
    fn default() -> Self {
        Self { ahead: 12, size: 64 }
    }
}

impl ContrastivePredictiveCodingConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        for (name, value) in [("ahead", self.ahead), ("size", self.size)] {
            if value == 0 {
                problems.push(problem(format!("{path}.{name}"), "must be at least 1, got 0", None));
            }
        }
    }

    /// Builds the objective with fresh projections.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> ContrastivePredictiveCoding {
        let device = setting.device;
        let step = match setting.model.input_size() {
            InputSize::Values(features) => StepEncoder::Values(LinearConfig::new(features, self.size).init(device)),
            InputSize::Tokens(vocabulary) => {
                StepEncoder::Tokens(EmbeddingConfig::new(vocabulary, self.size).init(device))
            }
        };
        let predictor = || LinearConfig::new(setting.model.pooled_size(), self.size).with_bias(false).init(device);
        ContrastivePredictiveCoding { step, predictors: (0..self.ahead).map(|_| predictor()).collect() }
    }
}

/// `g_enc`.
#[derive(Module, Debug)]
enum StepEncoder {
    Values(Linear),
    Tokens(Embedding),
}

/// The objective, with the projections that it trains.
#[derive(Module, Debug)]
pub struct ContrastivePredictiveCoding {
    step: StepEncoder,
    /// `W_k`
    predictors: Vec<Linear>,
}

impl ContrastivePredictiveCoding {
    /// Loss and share of right choices; `None` where a batch has one step. A batch of one sequence has no other to
    /// choose from: there the sequence's own other steps are what the right one is told apart from.
    fn losses<M: SequenceModel>(&self, model: &M, sequences: &Sequences) -> Option<(Tensor<1>, Tensor<1>)> {
        let [batch, time] = sequences.dims();
        if time < 2 || (batch == 1 && time < 3) {
            return None;
        }
        let steps = match (&self.step, &sequences.input) {
            (StepEncoder::Values(layer), Input::Values(values)) => each_step(layer, values.clone()),
            (StepEncoder::Tokens(table), Input::Tokens(tokens)) => embedding(table.weight.val(), tokens.clone()),
            _ => return None,
        };
        let states = model.states(sequences.clone());
        // Alone, a sequence needs two steps that could be the right one.
        let reach = self.predictors.len().min(if batch == 1 { time - 2 } else { time - 1 });
        let each = self.predictors.iter().take(reach).enumerate().map(|(index, predictor)| {
            let (ahead, rest) = (index + 1, time - index - 1);
            let predicted = each_step(predictor, states.clone().narrow(1, 0, rest));
            let mask = sequences.mask.clone().map(|mask| mask.narrow(1, ahead, rest));
            let truth = steps.clone().narrow(1, ahead, rest);
            match batch {
                1 => info_nce(predicted.swap_dims(0, 1), truth.swap_dims(0, 1), mask.map(|mask| mask.swap_dims(0, 1))),
                _ => info_nce(predicted, truth, mask),
            }
        });
        let (loss, right) = each.reduce(|(loss, right), (other, also)| (loss + other, right + also))?;
        Some((loss / reach as f64, right / reach as f64))
    }
}

/// InfoNCE at each step: the cross-entropy of the own sequence among all of the batch, mean over real steps; and the
/// share of steps where the own one has the largest score.
///
/// # Shapes
///
/// - predicted, truth: `[batch, time, size]`, mask: `[batch, time]` of the true steps; outputs `[1]`
pub fn info_nce(predicted: Tensor<3>, truth: Tensor<3>, mask: Option<Tensor<2>>) -> (Tensor<1>, Tensor<1>) {
    const VERY_SMALL: f64 = -1e30;
    let [batch, time, _] = predicted.dims();
    let device = predicted.device();
    // [time, batch, batch]: a row per sequence, a column a candidate.
    let mut scores = predicted.swap_dims(0, 1).matmul(truth.swap_dims(0, 1).swap_dims(1, 2));
    let weights = mask.map(|mask| mask.swap_dims(0, 1));
    if let Some(weights) = &weights {
        let ended: Tensor<3> = (weights.clone().neg() + 1.0).unsqueeze_dim(1);
        scores = scores + ended * VERY_SMALL;
    }
    let scores = scores.reshape([time * batch, batch]);
    let own: Tensor<1, Int> = Tensor::arange(0..batch as i64, &device).repeat(&[time]);
    let weights = weights.map(|weights| weights.reshape([time * batch]));
    let right = scores.clone().detach().argmax(1).reshape([time * batch]).equal(own.clone()).float();
    let each = -log_softmax(scores, 1).gather(1, own.reshape([time * batch, 1])).reshape([time * batch]);
    (weighted_mean(each, weights.clone()), weighted_mean(right, weights))
}

impl<M: SequenceModel> Objective<M> for ContrastivePredictiveCoding {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::All, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, _context: &StepContext) -> Terms {
        let found = step.unlabeled.as_ref().and_then(|part| self.losses(model, &part.weak));
        match found {
            Some((loss, right)) => Terms::default().add("info_nce", 1.0, loss).over(Over::Sequences).monitor_over(
                "contrast_accuracy",
                right,
                Over::Sequences,
            ),
            None => Terms::default(),
        }
    }

    fn validate(&self, model: &M, part: &Part) -> Option<Tensor<1>> {
        self.losses(model, &part.weak).map(|(loss, _)| loss)
    }
}
