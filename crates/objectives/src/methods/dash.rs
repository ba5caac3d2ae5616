//! Dash (Xu et al. 2021, "Dash: semi-supervised learning with dynamic thresholding").
//!
//! FixMatch that picks unlabelled sequences by their loss in place of their confidence. A first part of the stage is
//! supervised; `ρ̂` is the loss of the model at its end over the labelled sequences. From then on those count whose
//! cross-entropy, of the weak view against its own pseudo-label, is at most `ρ_t = max(C γ^{-(t-1)} ρ̂, ρ_min)` (eq.
//! 8). The pseudo-label is the sharpened prediction for the weak view, `p^{1/T}` scaled to sum 1, until the limit has
//! fallen to `ρ_min`, and its likeliest class from there on. The loss is the mean over all unlabelled sequences of a
//! batch, as in microsoft's USB, whose `ρ̂`, targets and mask these are.
//!
//! `ρ̂` is measured sequence by sequence, as the batches bring them to a copy of the model of that time: it is their
//! mean so far, and fixed once each labelled sequence has come. (USB measures it on its evaluation part. The authors'
//! own code takes the mean loss of unlabelled strong views in the first part's last epoch, whose unlabelled term counts
//! already; it masks by the likeliest class, and divides the loss by the number of sequences that count.) USB lowers
//! the limit every ten epochs, the authors every nine; here the rest of the stage is divided into rounds.
//!
//! # Cost
//!
//! As `fixmatch`, and a copy of the model from the end of the first part, which measures the limit.
//!
//! # When it fails
//!
//! The limit comes from the loss over the labelled sequences after the first part: where these are learned by heart
//! by then, it is near its least from the beginning and hardly any sequence counts (`mask_rate`, `loss_limit`).
//! Shorten `warm_up`.

use std::collections::BTreeSet;

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::parts::losses::{class_logits, cross_entropy_of_rows, soft_cross_entropy_of_rows};
use crate::parts::memory::{add_at, last_of_each, remembered, rows_at};
use crate::parts::mixing::{one_hot, sharpened};
use crate::parts::pseudo_labels::PseudoLabels;
use crate::parts::weight_average::{average, fresh_copy};
use crate::step::{Part, Step, StepContext, Targets};
use crate::terms::Terms;

/// `C` of the paper, a little above 1.
const LOOSE: f64 = 1.0001;

/// `[stage.objective.dash]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DashConfig {
    /// λ ≥ 0, the weight of the unlabelled term. Default 1, the paper's.
    pub weight: f64,
    /// γ > 1, by which the limit falls from round to round. Default 1.27, the paper's.
    pub gamma: f64,
    /// Rounds of the stage after its first part. Default 10.
    pub rounds: usize,
    /// `ρ_min` > 0, the least that the limit falls to. Default 0.05, the paper's.
    pub limit: f64,
    /// T in (0, 1], the temperature that sharpens pseudo-labels until the limit is least. Default 0.5, the authors'.
    pub temperature: f64,
    /// Fraction in [0, 1) of the stage that is supervised only. Default 0.1.
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
            temperature: 0.5,
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
        check_range(problems, &format!("{path}.temperature"), self.temperature, 0.01, 1.0, "the authors use 0.5");
        check_range(problems, &format!("{path}.warm_up"), self.warm_up, 0.0, 0.99, "the default is 0.1");
        if self.rounds == 0 {
            problems.push(problem(format!("{path}.rounds"), "must be at least 1, got 0", None));
        }
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// `ρ_t / ρ̂` when `progress` of the stage is done; `None` in the supervised part.
    pub fn share(&self, progress: f64) -> Option<f64> {
        let rest = (progress - self.warm_up) / (1.0 - self.warm_up);
        (rest >= 0.0).then(|| LOOSE * self.gamma.powi(-((rest * self.rounds as f64) as i32)))
    }

    /// Builds the objective; no loss is known yet.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Dash<M> {
        Dash {
            supervised: self.supervised.init(setting),
            warmed: fresh_copy(setting.model),
            losses: remembered(Tensor::zeros([setting.train_size], setting.device)),
            rows: remembered(Tensor::zeros([setting.train_size], setting.device)),
            measured: BTreeSet::new(),
            config: self.clone(),
        }
    }
}

/// The Dash objective, with the model at the end of the supervised part and its losses.
#[derive(Module, Debug)]
pub struct Dash<M: Module> {
    supervised: Supervised,
    warmed: M,
    /// The loss of each labelled sequence, summed over its rows; 0 where not measured yet. `[train]`
    losses: Param<Tensor<1>>,
    /// The labelled rows of each sequence that was measured: one, or its steps for a tagger. `[train]`
    rows: Param<Tensor<1>>,
    /// Sequences that this process knows to be measured, so that they are not read again.
    #[module(skip)]
    measured: BTreeSet<usize>,
    #[module(skip)]
    config: DashConfig,
}

impl<M: SequenceModel> Dash<M> {
    /// Measures the labelled sequences that were not measured yet.
    fn measure(&mut self, part: &Part) {
        let Targets::Classes { classes, known } = &part.targets else { return };
        if part.indices.iter().all(|index| self.measured.contains(index)) {
            return;
        }
        let logits = class_logits(self.warmed.clone().freeze().forward(part.weak.clone()).detach());
        let [count, _] = logits.dims();
        let sequences = part.indices.len();
        let of_sequences =
            |values: Tensor<1>| values.reshape([sequences, count / sequences]).sum_dim(1).reshape([sequences]);
        let losses = of_sequences(cross_entropy_of_rows(logits, classes.clone()) * known.clone());
        let rows = of_sequences(known.clone());
        let [at, last] = rows_at(&part.indices, &last_of_each(&part.indices), &losses.device());
        let fresh = self.rows.val().detach().select(0, at.clone()).equal_elem(0.0).float();
        add_at(&mut self.losses, 0, at.clone(), losses.select(0, last.clone()) * fresh.clone());
        add_at(&mut self.rows, 0, at, rows.select(0, last) * fresh);
        self.measured.extend(&part.indices);
    }

    /// `ρ̂`, `[1]`.
    fn warmed_loss(&self) -> Tensor<1> {
        self.losses.val().detach().sum() / self.rows.val().detach().sum().clamp_min(1.0)
    }
}

impl<M: SequenceModel> Objective<M> for Dash<M> {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK | Views::STRONG }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let terms = self.supervised.labeled_terms(model, step.labeled.as_ref());
        let Some(share) = self.config.share(context.progress()) else { return terms };
        if let Some(part) = &step.labeled {
            self.measure(part);
        }
        let Some(part) = &step.unlabeled else { return terms };
        let mut pseudo_labels = PseudoLabels::of(model, part);
        let [rows, classes] = pseudo_labels.probabilities.dims();
        let limit = (self.warmed_loss() * share).clamp_min(self.config.limit);
        let hard = limit.clone().lower_equal_elem(self.config.limit).float().reshape([1, 1]);
        let likeliest = one_hot(pseudo_labels.labels.clone(), classes);
        let target = sharpened(pseudo_labels.probabilities.clone(), self.config.temperature);
        let target = target.clone() + (likeliest - target) * hard;
        let log_weak = pseudo_labels.probabilities.clone().clamp_min(1e-12).log();
        let own = -(target.clone() * log_weak).sum_dim(1).reshape([rows]);
        let low = own.lower_equal(limit.clone()).float();
        pseudo_labels.take(target.clone());
        let loss = pseudo_labels.mean(soft_cross_entropy_of_rows(pseudo_labels.strong.clone(), target) * low.clone());
        pseudo_labels.terms_with(terms, part, self.config.weight, loss, low).monitor("loss_limit", limit)
    }

    fn after_update(mut self, model: &M, context: &StepContext) -> Self {
        let next = StepContext { step: context.step + 1, ..*context };
        let share = |at: &StepContext| self.config.share(at.progress());
        if share(context).is_none() && share(&next).is_some() {
            self.warmed = average(self.warmed, model, 0.0);
        }
        self
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
