//! Temporal ensembling (Laine & Aila 2017, algorithm 2).
//!
//! `L = CE(labelled) + w(t) · mean‖p(x) - z̃‖²` with `Z ← αZ + (1-α)p` and `z̃ = Z / (1 - α^visits)`. The
//! paper updates `Z` at the end of an epoch, when each sequence was seen once; we update it at each
//! visit, and correct the bias by each sequence's own number of visits, because the smaller pool is
//! seen several times an epoch. A sequence seen for the first time has no target, as in the paper.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use semiseq_datasets::{Pool, Problem, Views};
use semiseq_models::SequenceModel;
use serde::{Deserialize, Serialize};

use super::guess::{add_at, places};
use super::losses::{distribution_mse, probabilities};
use super::{
    Needs, Objective, Part, Setting, Step, StepContext, Supervised, SupervisedConfig, Terms, gaussian_ramp_up,
};
use crate::config::{check_memory, check_range};

/// `[stage.objective.temporal-ensembling]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TemporalEnsemblingConfig {
    /// `w_max` ≥ 0, the weight of the consistency term once ramped up. Default 10.
    pub weight: f64,
    /// α in [0, 1), how much of the past the ensemble keeps. Default 0.6, the paper's.
    pub ensemble_decay: f64,
    /// Fraction of the stage over which the weight grows. Default 0.27, the paper's 80 of 300 epochs.
    pub ramp_up: f64,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for TemporalEnsemblingConfig {
    fn default() -> Self {
        Self { weight: 10.0, ensemble_decay: 0.6, ramp_up: 0.27, supervised: SupervisedConfig::default() }
    }
}

impl TemporalEnsemblingConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the default is 10");
        check_range(
            problems,
            &format!("{path}.ramp_up"),
            self.ramp_up,
            0.0,
            1.0,
            "it is a fraction of the stage; the paper's is 0.27",
        );
        check_memory(problems, &format!("{path}.ensemble_decay"), self.ensemble_decay, "the paper uses 0.6");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective, with an empty ensemble of a row a training sequence.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> TemporalEnsembling {
        let classes = setting.model.outputs().max(2);
        let frozen = |tensor: Tensor<2>| Param::from_tensor(tensor).set_require_grad(false);
        TemporalEnsembling {
            supervised: self.supervised.init(setting),
            ensemble: frozen(Tensor::zeros([setting.train_size, classes], setting.device)),
            visits: frozen(Tensor::zeros([setting.train_size, 1], setting.device)),
            config: self.clone(),
        }
    }
}

/// The temporal ensembling objective, with its memory of a distribution a training sequence.
#[derive(Module, Debug)]
pub struct TemporalEnsembling {
    supervised: Supervised,
    /// `Z`, `[train, classes]`.
    ensemble: Param<Tensor<2>>,
    /// `[train, 1]`.
    visits: Param<Tensor<2>>,
    #[module(skip)]
    config: TemporalEnsemblingConfig,
}

impl TemporalEnsembling {
    /// The consistency loss of a part against the ensemble before this visit; then the visit counts.
    fn visit(&mut self, logits: Tensor<2>, part: &Part) -> Tensor<1> {
        let decay = self.config.ensemble_decay;
        let device = logits.device();
        let rows = places(&part.indices, &device);
        let past = self.ensemble.val().detach().select(0, rows.clone());
        let visits = self.visits.val().detach().select(0, rows.clone());
        let seen = visits.clone().greater_elem(0.0).float();
        // 1 - α^visits, and 1 where there was no visit, so that nothing is divided by zero.
        let correction = (visits * decay.max(1e-12).ln()).exp().neg().add_scalar(1.0) * seen.clone()
            + seen.clone().neg().add_scalar(1.0);
        let target = past.clone() / correction;
        let [count, _] = seen.dims();
        let predicted = probabilities(logits.clone());
        // Rows without a past have weight 0, but count in the mean, as in the paper's sum over the batch.
        let weights = seen.clone().reshape([count]);
        let rate = weights.clone().mean();
        let loss = distribution_mse(logits, target, Some(weights)) * rate;
        let change = (predicted - past).mul_scalar(1.0 - decay);
        add_at(&mut self.ensemble, 0, rows.clone(), change);
        add_at(&mut self.visits, 0, rows, Tensor::ones([count, 1], &device));
        loss
    }
}

impl<M: SequenceModel> Objective<M> for TemporalEnsembling {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let weight = self.config.weight * gaussian_ramp_up(context.progress(), self.config.ramp_up);
        let mut terms = Terms::default();
        if let Some(part) = &step.labeled {
            let logits = model.forward(part.weak.clone());
            terms = self.supervised.terms(model, logits.clone(), &part.targets);
            terms = terms.add("consistency_labeled", weight, self.visit(logits, part));
        }
        if let Some(part) = &step.unlabeled {
            let logits = model.forward(part.weak.clone());
            terms = terms.add("consistency", weight, self.visit(logits, part));
        }
        terms.constant("unlabeled_weight", weight)
    }
}
