//! Scheduled sampling (Bengio, Vinyals, Jaitly & Shazeer 2015): a decoder that learns with the true previous steps
//! before it, and more and more with its own.

use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::parts::random::{Draws, step_seed};
use crate::step::StepContext;

/// `scheduled_sampling = { … }` of an objective with a decoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScheduledSamplingConfig {
    /// How the share ε of true steps falls from 1 (section 2.4). Default `linear`.
    pub decay: Decay,
    /// The share of true steps that it never falls below, in [0, 1]. Default 0.25.
    pub least: f64,
    /// `k` of the exponential decay (below 1; default 0.999) and of the inverse sigmoid (at least 1; default 200).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k: Option<f64>,
}

/// The curve of ε over the optimiser's steps `i`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Decay {
    /// In a straight line, down to `least` at the end of the stage.
    #[default]
    Linear,
    /// `k^i`
    Exponential,
    /// `k / (k + exp(i / k))`
    InverseSigmoid,
}

impl Default for ScheduledSamplingConfig {
    fn default() -> Self {
        Self { decay: Decay::Linear, least: 0.25, k: None }
    }
}

impl ScheduledSamplingConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.least"), self.least, 0.0, 1.0, "0.25 is the paper's for captions");
        if let Some(k) = self.k {
            let (low, high) = match self.decay {
                Decay::Linear | Decay::Exponential => (0.0, 1.0),
                Decay::InverseSigmoid => (1.0, f64::INFINITY),
            };
            let hint = "leave it out for the default; `linear` reads no `k`";
            check_range(problems, &format!("{path}.k"), k, low, high, hint);
        }
    }

    /// The share of true steps.
    pub fn share(&self, context: &StepContext) -> f64 {
        let step = context.step as f64;
        let share = match self.decay {
            Decay::Linear => 1.0 - (1.0 - self.least) * context.progress(),
            Decay::Exponential => self.k.unwrap_or(0.999).powf(step),
            Decay::InverseSigmoid => {
                let k = self.k.unwrap_or(200.0);
                k / (k + (step / k).exp())
            }
        };
        share.max(self.least)
    }

    /// 1 where a step reads the true one before it, `[batch, time]`.
    pub(crate) fn draw(&self, context: &StepContext, shape: [usize; 2], device: &Device) -> Tensor<2> {
        Draws::new(step_seed(device)).coins(self.share(context), shape, device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(decay: Decay, least: f64, k: Option<f64>, step: usize) -> f64 {
        ScheduledSamplingConfig { decay, least, k }.share(&StepContext { step, total_steps: 100, epoch: 1 })
    }

    #[test]
    fn the_share_of_true_steps_falls_as_in_the_paper() {
        assert_eq!(share(Decay::Linear, 0.2, None, 0), 1.0);
        assert!((share(Decay::Linear, 0.2, None, 50) - 0.6).abs() < 1e-12);
        assert!((share(Decay::Exponential, 0.0, Some(0.9), 2) - 0.81).abs() < 1e-12);
        assert!((share(Decay::InverseSigmoid, 0.0, Some(10.0), 10) - 10.0 / (10.0 + 1f64.exp())).abs() < 1e-12);
        assert_eq!(share(Decay::Exponential, 0.3, Some(0.5), 90), 0.3, "never below the least");
    }
}
