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
//! The loss grows with the logarithm of the number of candidates, which is the batch's. In validation each step's
//! negatives, however many, stand for 128, the fixed number of facebookresearch/CPC_audio: a model that tells nothing
//! measures ln 129 = 4.86, in a short last batch as in a whole one.
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
use burn::tensor::{Int, Tensor};
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{Input, InputSize, SequenceModel, Sequences, each_step, embedding};
use semiseq_schema::{Problem, problem};
use serde::{Deserialize, Serialize};

use crate::objective::{Measure, Measures, Needs, Objective, Setting};
use crate::over::Over;
use crate::parts::losses::{cross_entropy_of_rows, weighted_mean};
use crate::step::{Part, Step, StepContext};
use crate::terms::Terms;

/// Negatives that a step is told apart from in validation, as facebookresearch/CPC_audio draws for each.
const NEGATIVES: f64 = 128.0;

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
    /// The contrast of a batch for each number of steps ahead, from 1 on; `None` where a batch has one step. A batch of
    /// one sequence has no other to choose from: there the sequence's own other steps are what the right one is told
    /// apart from.
    fn contrasts<M: SequenceModel>(&self, model: &M, sequences: &Sequences) -> Option<Vec<Contrast>> {
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
                1 => {
                    let mask = mask.map(|mask| mask.swap_dims(0, 1));
                    Contrast::new(predicted.swap_dims(0, 1), truth.swap_dims(0, 1), mask)
                }
                _ => Contrast::new(predicted, truth, mask),
            }
        });
        Some(each.collect())
    }

    /// Loss and share of right choices, each the mean over the numbers of steps ahead at which there is a choice,
    /// `[1]`.
    fn losses<M: SequenceModel>(&self, model: &M, sequences: &Sequences) -> Option<(Tensor<1>, Tensor<1>)> {
        let each = self.contrasts(model, sequences)?.into_iter().map(|contrast| {
            let some = contrast.counted().max().reshape([1]);
            let (loss, right) = contrast.means();
            [loss, right, some]
        });
        let [loss, right, some] = each.reduce(|[loss, right, some], [other, also, more]| {
            // Where there is no choice both means are 0.
            [loss + other, right + also, some + more]
        })?;
        let reach = some.clamp_min(1.0);
        Some((loss / reach.clone(), right / reach))
    }
}

/// Each step's prediction held against the candidates for it.
struct Contrast {
    /// `[time, batch, batch]`: a row per sequence, a column a candidate.
    scores: Tensor<3>,
    /// 1 for each sequence that has the step, `[time, batch]`.
    real: Tensor<2>,
}

impl Contrast {
    /// Predicted and truth `[batch, time, size]`, mask `[batch, time]` of the true steps.
    fn new(predicted: Tensor<3>, truth: Tensor<3>, mask: Option<Tensor<2>>) -> Self {
        const VERY_SMALL: f64 = -1e30;
        let [batch, time, _] = predicted.dims();
        let scores = predicted.swap_dims(0, 1).matmul(truth.swap_dims(0, 1).swap_dims(1, 2));
        let Some(mask) = mask else {
            let real = Tensor::ones([time, batch], &scores.device());
            return Self { scores, real };
        };
        let real = mask.swap_dims(0, 1);
        let ended: Tensor<3> = (real.clone().neg() + 1.0).unsqueeze_dim(1);
        Self { scores: scores + ended * VERY_SMALL, real }
    }

    /// Candidates at each step besides the right one, `[time, 1]`.
    fn negatives(&self) -> Tensor<2> {
        self.real.clone().sum_dim(1) - 1.0
    }

    /// 1 for each real step that has anything to be told apart from, `[time · batch]`: where one sequence is left the
    /// choice is none, and right whatever is predicted.
    fn counted(&self) -> Tensor<1> {
        let [time, batch] = self.real.dims();
        (self.real.clone() * self.negatives().greater_elem(0.5).float()).reshape([time * batch])
    }

    /// The column of the right candidate in each row, `[time · batch]`.
    fn own(&self) -> Tensor<1, Int> {
        let [time, batch] = self.real.dims();
        Tensor::arange(0..batch as i64, &self.real.device()).repeat(&[time])
    }

    /// The cross-entropy of the right candidate by scores `[time, batch, batch]`, of each row, `[time · batch]`.
    fn cross_entropy(&self, scores: Tensor<3>) -> Tensor<1> {
        let [time, batch, _] = scores.dims();
        cross_entropy_of_rows(scores.reshape([time * batch, batch]), self.own())
    }

    /// InfoNCE and the share of right choices, each the mean over the steps that count, `[1]`.
    fn means(self) -> (Tensor<1>, Tensor<1>) {
        let (counted, [time, batch]) = (self.counted(), self.real.dims());
        let chosen = self.scores.clone().detach().argmax(2).reshape([time * batch]);
        let right = chosen.equal(self.own()).float();
        let loss = self.cross_entropy(self.scores.clone());
        (weighted_mean(loss, Some(counted.clone())), weighted_mean(right, Some(counted)))
    }

    /// Sum and number of the losses of the steps that count, `[2]`, as if each step had [`NEGATIVES`]: those that it
    /// has stand for all.
    fn sums(self) -> Tensor<1> {
        let (counted, [time, batch]) = (self.counted(), self.real.dims());
        let others = Tensor::<2>::eye(batch, &self.real.device()).neg() + 1.0;
        // ln of how many each negative stands for.
        let share: Tensor<3> = self.negatives().clamp_min(1.0).log().neg().add_scalar(NEGATIVES.ln()).unsqueeze_dim(2);
        let scores = self.scores.clone() + share.expand([time, batch, batch]) * others.unsqueeze_dim(0);
        let loss = self.cross_entropy(scores) * counted.clone();
        Tensor::cat(vec![loss.sum(), counted.sum()], 0)
    }
}

/// The mean over the numbers of steps ahead, from the sum and the number of the losses of each. Where no step has
/// anything to be told apart from, nothing is told.
fn mean_of_means(sums: &[f64]) -> f64 {
    let means: Vec<f64> = sums.chunks_exact(2).filter(|sums| sums[1] > 0.0).map(|sums| sums[0] / sums[1]).collect();
    if means.is_empty() { (NEGATIVES + 1.0).ln() } else { means.iter().sum::<f64>() / means.len() as f64 }
}

/// InfoNCE at each step: the cross-entropy of the own sequence among all of the batch, mean over the real steps of
/// more than one sequence; and the share of those steps where the own one has the largest score.
///
/// # Shapes
///
/// - predicted, truth: `[batch, time, size]`, mask: `[batch, time]` of the true steps; outputs `[1]`
pub fn info_nce(predicted: Tensor<3>, truth: Tensor<3>, mask: Option<Tensor<2>>) -> (Tensor<1>, Tensor<1>) {
    Contrast::new(predicted, truth, mask).means()
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

    /// InfoNCE with the same number of negatives in a batch of any size.
    fn measure(&self, model: &M, part: &Part) -> Measures {
        let Some(contrasts) = self.contrasts(model, &part.weak) else { return Measures::new() };
        let sums = Tensor::cat(contrasts.into_iter().map(Contrast::sums).collect(), 0);
        vec![Measure::of_sums("loss", sums, mean_of_means)]
    }
}
