//! Dash (Xu et al. 2021, "Dash: semi-supervised learning with dynamic thresholding").
//!
//! FixMatch that picks unlabelled sequences by their loss in place of their confidence: those count whose cross-entropy
//! against the guessed class is at most `ρ_t = C γ^{-(t-1)} ρ̂` (eq. 8), where `ρ̂` is the mean labelled loss of a first
//! supervised part. The limit starts loose and falls, `rounds` times over the rest of the stage, to no less than `limit`.
//!
//! The guess's own loss for the weak view is what is compared, as in the authors' later code; the paper lowers the limit
//! every nine epochs, here a stage is divided into rounds.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use semiseq_datasets::{Pool, Problem, Views};
use semiseq_models::SequenceModel;
use serde::{Deserialize, Serialize};

use super::guess::{Guess, remembered};
use super::{Needs, Objective, Setting, Step, StepContext, Supervised, SupervisedConfig, Terms};
use crate::config::{check_range, problem};

/// `C` of the paper, a little above 1.
const LOOSE: f64 = 1.0001;

/// `[stage.objective.dash]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DashConfig {
    /// λ ≥ 0, the weight of the unlabelled term. Default 1, the paper's.
    pub weight: f64,
    /// γ > 1, by which the limit falls from round to round. Default 1.27, the paper's.
    pub gamma: f64,
    /// Rounds of the stage after its first part. Default 10.
    pub rounds: usize,
    /// The least that the limit falls to, above 0. Default 0.05, the paper's.
    pub limit: f64,
    /// Fraction in (0, 1) of the stage that is supervised only. Default 0.1.
    pub warm_up: f64,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for DashConfig {
    fn default() -> Self {
        Self {
            weight: 1.0,
            gamma: 1.27,
            rounds: 10,
            limit: 0.05,
            warm_up: 0.1,
            supervised: SupervisedConfig::default(),
        }
    }
}

impl DashConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the paper uses 1");
        check_range(problems, &format!("{path}.gamma"), self.gamma, 1.0, f64::INFINITY, "the paper uses 1.27");
        check_range(problems, &format!("{path}.limit"), self.limit, 0.0, f64::INFINITY, "the paper uses 0.05");
        check_range(problems, &format!("{path}.warm_up"), self.warm_up, 0.0, 0.99, "the default is 0.1");
        if self.rounds == 0 {
            problems.push(problem(&format!("{path}.rounds"), "must be at least 1, got 0".into(), None));
        }
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// `ρ_t / ρ̂` when `progress` of the stage is done; `None` in the supervised part.
    pub fn share(&self, progress: f64) -> Option<f64> {
        let rest = (progress - self.warm_up) / (1.0 - self.warm_up);
        (rest >= 0.0).then(|| LOOSE * self.gamma.powi(-((rest * self.rounds as f64) as i32)))
    }

    /// Builds the objective; no loss is known yet.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Dash {
        Dash {
            supervised: self.supervised.init(setting),
            first_losses: remembered(Tensor::zeros([2], setting.device)),
            config: self.clone(),
        }
    }
}

/// The Dash objective, with the labelled loss of its first part.
#[derive(Module, Debug)]
pub struct Dash {
    supervised: Supervised,
    /// Sum and number of the first part's losses, `[2]`.
    first_losses: Param<Tensor<1>>,
    #[module(skip)]
    config: DashConfig,
}

impl<M: SequenceModel> Objective<M> for Dash {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK | Views::STRONG }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let mut terms = Terms::default();
        let share = self.config.share(context.progress());
        if let Some(part) = &step.labeled {
            let logits = model.forward(part.weak.clone());
            // A stage without a first part takes the loss of its first step.
            if share.is_none() || context.step == 0 {
                let loss = self.supervised.loss(logits.clone(), &part.targets).detach();
                let more = Tensor::cat(vec![loss.clone(), loss.ones_like()], 0);
                self.first_losses = self.first_losses.clone().map(|sum| (sum.detach() + more).set_require_grad(false));
            }
            terms = self.supervised.terms(model, logits, &part.targets);
        }
        let (Some(part), Some(share)) = (&step.unlabeled, share) else { return terms };
        let guess = Guess::of(model, part);
        let sums = self.first_losses.val().detach();
        let first = sums.clone().narrow(0, 0, 1) / sums.narrow(0, 1, 1).clamp_min(1.0);
        let limit = (first * share).clamp_min(self.config.limit);
        // The cross-entropy of the guess for its own class.
        let loss = -guess.confidence.clone().clamp_min(1e-12).log();
        let low = loss.lower_equal(limit.clone()).float();
        guess.terms(terms, part, self.config.weight, low).monitor("loss_limit", limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_falls_from_round_to_round() {
        let config = DashConfig { gamma: 2.0, rounds: 4, warm_up: 0.2, ..Default::default() };
        assert_eq!(config.share(0.1), None);
        let near = |progress: f64, expected: f64| {
            let share = config.share(progress).unwrap();
            assert!((share - LOOSE * expected).abs() < 1e-12, "{share} at {progress}");
        };
        // Rounds of 0.2 each behind the first 0.2.
        for (at, share) in [(0.2, 1.0), (0.35, 1.0), (0.41, 0.5), (0.61, 0.25), (0.99, 0.125)] {
            near(at, share);
        }
    }
}
