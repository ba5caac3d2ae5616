//! Masked reconstruction of series (Zerveas et al. 2021, "A transformer-based framework for multivariate time series
//! representation learning", section 3.2): runs of values are hidden, and the encoder's vectors have to tell them.
//!
//! Each channel is hidden on its own, in runs of geometric length; the loss is the mean squared error over the hidden
//! values alone. Zerveas et al. use a transformer, which sees both sides of a gap; with a recurrent encoder
//! `bidirectional = true` does.
//!
//! # Cost
//!
//! A linear layer per step: hardly more than the encoder's own pass.
//!
//! # When it fails
//!
//! Smooth series: short gaps are filled by straight lines; raise `run`. An encoder that reads forward only sees one
//! side of a gap.

use std::sync::Arc;

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Tensor, TensorData};
use schemars::JsonSchema;
use semiseq_datasets::{Batch, BatchInputs, Pool, Views};
use semiseq_models::{Input, InputSize, SequenceModel, Sequences, each_step};
use semiseq_schema::{Problem, check_range, mix, problem};
use serde::{Deserialize, Serialize};

use crate::objective::{Measure, Measures, Needs, Objective, Setting};
use crate::over::Over;
use crate::parts::random::step_seed;
use crate::step::{Part, Step, StepContext};
use crate::terms::Terms;

/// `[stage.objective.masked-reconstruction]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MaskedReconstructionConfig {
    /// Share of the values that is hidden, in (0, 1). Default 0.15, the paper's.
    pub rate: f64,
    /// Mean length of a hidden run, at least 1. Default 3, the paper's; raise it for smooth series.
    pub run: f64,
}

impl Default for MaskedReconstructionConfig {
    fn default() -> Self {
        Self { rate: 0.15, run: 3.0 }
    }
}

impl MaskedReconstructionConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.rate"), self.rate, 0.01, 0.9, "the paper uses 0.15");
        if !self.run.is_finite() || self.run < 1.0 {
            problems.push(problem(
                format!("{path}.run"),
                format!("must be at least 1, got {}", self.run),
                Some("the paper uses 3"),
            ));
        }
    }

    /// Builds the objective with a fresh output layer.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> MaskedReconstruction {
        let features = match setting.model.input_size() {
            InputSize::Values(features) => features,
            // A run refuses tokens before it comes here.
            InputSize::Tokens(_) => 1,
        };
        let head = LinearConfig::new(setting.model.pooled_size(), features).init(setting.device);
        MaskedReconstruction { head, seed: step_seed(setting.device), config: self.clone() }
    }

    /// 1 where a value is hidden, in row-major `[batch, time, features]`: a chain of two states for each channel of
    /// each sequence, whose hidden runs have the mean length and take the share of the time that is asked for. What is
    /// hidden of a sequence is a function of the seed and its place in the data alone, not of the batch that it stands
    /// in.
    fn hidden(&self, indices: &[usize], [time, features]: [usize; 2], seed: u64) -> Vec<f32> {
        let leave = 1.0 / self.run;
        let enter = leave * self.rate / (1.0 - self.rate);
        let mut hidden = vec![0.0; indices.len() * time * features];
        for (sequence, index) in hidden.chunks_exact_mut((time * features).max(1)).zip(indices) {
            for feature in 0..features {
                let seed = mix(mix(seed, *index as u64), feature as u64);
                let mut draws = 0;
                let mut happens = |probability: f64| {
                    draws += 1;
                    // 53 bits fill the fraction of a double.
                    ((mix(seed, draws) >> 11) as f64) < probability * (1u64 << 53) as f64
                };
                let mut inside = happens(self.rate);
                for value in sequence[feature..].iter_mut().step_by(features) {
                    *value = f32::from(u8::from(inside));
                    inside = if inside { !happens(leave) } else { happens(enter) };
                }
            }
        }
        hidden
    }

    /// Hidden values of a batch, padding left out.
    fn count(&self, batch: &Batch, seed: u64) -> f64 {
        let BatchInputs::Values { channels, .. } = &batch.inputs else { return 0.0 };
        let hidden = self.hidden(&batch.indices, [batch.time, *channels], seed);
        let sequences = hidden.chunks((batch.time * channels).max(1)).zip(&batch.lengths);
        sequences
            .map(|(sequence, length)| sequence[..length * channels].iter().map(|value| f64::from(*value)).sum::<f64>())
            .sum()
    }
}

/// The objective, with the output layer that it trains.
#[derive(Module, Debug)]
pub struct MaskedReconstruction {
    head: Linear,
    #[module(skip)]
    seed: u64,
    #[module(skip)]
    config: MaskedReconstructionConfig,
}

impl MaskedReconstruction {
    /// The hidden values of a batch.
    fn over(&self, seed: u64) -> Over {
        let config = self.config.clone();
        Over::Counted(Arc::new(move |batch| config.count(batch, seed)))
    }

    fn loss<M: SequenceModel>(&self, model: &M, part: &Part, seed: u64) -> Option<Tensor<1>> {
        let Input::Values(values) = &part.weak.input else { return None };
        let [batch, time, features] = values.dims();
        let hidden = self.config.hidden(&part.indices, [time, features], seed);
        let hidden = TensorData::new(hidden, [batch, time, features]);
        self.loss_of(model, &part.weak, Tensor::from_data(hidden, &values.device()))
    }

    /// The loss where these values are hidden, `[1]`: 1 for each of them, `[batch, time, features]`. Padding counts
    /// neither way. `None` of tokens.
    pub fn loss_of<M: SequenceModel>(
        &self,
        model: &M,
        sequences: &Sequences,
        mut hidden: Tensor<3>,
    ) -> Option<Tensor<1>> {
        let Input::Values(values) = &sequences.input else { return None };
        if let Some(mask) = &sequences.mask {
            hidden = hidden * mask.clone().unsqueeze_dim(2);
        }
        let seen = values.clone() * (hidden.clone().neg() + 1.0);
        let seen = Sequences { input: Input::Values(seen), mask: sequences.mask.clone() };
        Some(hidden_error(each_step(&self.head, model.states(seen)), values.clone(), hidden))
    }
}

/// Mean squared error over the hidden values; 0 where none is hidden.
///
/// # Shapes
///
/// - rebuilt, values, hidden: `[batch, time, features]`, hidden 1 where a value was hidden; output `[1]`
pub fn hidden_error(rebuilt: Tensor<3>, values: Tensor<3>, hidden: Tensor<3>) -> Tensor<1> {
    let difference = (rebuilt - values) * hidden.clone();
    (difference.clone() * difference).sum() / hidden.sum().clamp_min(1.0)
}

impl<M: SequenceModel> Objective<M> for MaskedReconstruction {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::All, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let Some(part) = &step.unlabeled else { return Terms::default() };
        let seed = mix(self.seed, context.step as u64);
        let loss = self.loss(model, part, seed);
        loss.map_or_else(Terms::default, |loss| Terms::default().add("hidden_values", 1.0, loss).over(self.over(seed)))
    }

    fn measure(&self, model: &M, part: &Part) -> Measures {
        // The same values each time, so that epochs can be compared.
        self.loss(model, part, 0).map(|loss| vec![Measure::new("loss", loss, self.over(0))]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_much_is_hidden_as_asked_for_in_runs_of_the_mean_length() {
        let config = MaskedReconstructionConfig { rate: 0.2, run: 4.0 };
        let places: Vec<usize> = (0..50).collect();
        let hidden = config.hidden(&places, [200, 2], 9);
        let share = f64::from(hidden.iter().sum::<f32>()) / hidden.len() as f64;
        assert!((share - 0.2).abs() < 0.02, "{share}");
        let channel: Vec<f32> = hidden.iter().copied().step_by(2).collect();
        let starts = channel.windows(2).filter(|pair| pair == &[0.0, 1.0]).count();
        let mean = f64::from(channel.iter().sum::<f32>()) / starts as f64;
        assert!((mean - 4.0).abs() < 0.6, "{mean}");
        assert_eq!(config.hidden(&places, [200, 2], 9), hidden);
        assert_ne!(config.hidden(&places, [200, 2], 10), hidden);
        // The tenth sequence by itself, cut to half its length.
        assert_eq!(config.hidden(&[9], [100, 2], 9), hidden[9 * 400..9 * 400 + 200]);
    }
}
