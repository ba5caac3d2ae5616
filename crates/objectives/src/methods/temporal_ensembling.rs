//! Temporal ensembling (Laine & Aila 2017, algorithm 2).
//!
//! `L = CE(labelled) + w(t) · mean‖p(x) - z̃‖²`, the mean over labelled and unlabelled sequences, with `Z ← αZ +
//! (1-α)p` and `z̃ = Z / (1 - α^visits)`. The paper updates `Z` at the end of an epoch, when each sequence was seen
//! once; we update it at each visit, and correct the bias by each sequence's own number of visits, because the smaller
//! pool is seen several times an epoch. A sequence that stands in a step twice is visited once, with its last
//! prediction. A sequence seen for the first time has no target, as in the paper.
//!
//! Of a regressor or a forecaster p are the numbers that it predicts, and of a classifier with `output = "multi-label"`
//! the probability of each label, as `pi-model` has them.
//!
//! # Cost
//!
//! One pass over labelled and unlabelled sequences; the ensemble is a row of numbers for each training sequence.
//!
//! # When it fails
//!
//! Targets are as old as the last visit: a stage of few passes over the pool has hardly any. At the paper's weight,
//! meant for hundreds of epochs, short stages may end below `supervised`; lower `weight` to about 3, for a regressor to
//! about 1.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_memory, check_range};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::over::Over;
use crate::parts::consistency::{RAMP_UP, predicted};
use crate::parts::losses::squared_distance_of_rows;
use crate::parts::memory::{add_at, last_of_each, places, rows_at};
use crate::parts::ramp::gaussian_ramp_up;
use crate::step::{Step, StepContext};
use crate::terms::Terms;

/// `[stage.objective.temporal-ensembling]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TemporalEnsemblingConfig {
    /// `w_max` ≥ 0, the weight of the consistency term once ramped up. Default 30, the paper's, which it scales by the
    /// share of labels as its mean of the cross-entropy does: `M/N · CE + 30 · M/N · d = M/N · (CE + 30 d)`; see
    /// `pi-model`.
    pub weight: f64,
    /// α in [0, 1), how much of the past the ensemble keeps. Default 0.6, the paper's.
    pub ensemble_decay: f64,
    /// Fraction in [0, 1] of the stage over which the weight grows. Default 0.25; the paper's is 80 of 300 epochs.
    pub ramp_up: f64,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for TemporalEnsemblingConfig {
    fn default() -> Self {
        Self { weight: 30.0, ensemble_decay: 0.6, ramp_up: RAMP_UP, supervised: SupervisedConfig::default() }
    }
}

impl TemporalEnsemblingConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the paper uses 30");
        check_range(
            problems,
            &format!("{path}.ramp_up"),
            self.ramp_up,
            0.0,
            1.0,
            "it is a fraction of the stage; the default is 0.25",
        );
        check_memory(problems, &format!("{path}.ensemble_decay"), self.ensemble_decay, "the paper uses 0.6");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective, with an empty ensemble of a row a training sequence.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> TemporalEnsembling {
        let columns = match setting.model.numbers() {
            Some(head) => head.prediction_columns(setting.model.outputs()),
            None if setting.model.multi_label() => setting.model.outputs(),
            None => setting.model.outputs().max(2),
        };
        let frozen = |tensor: Tensor<2>| Param::from_tensor(tensor).set_require_grad(false);
        TemporalEnsembling {
            supervised: self.supervised.init(setting),
            ensemble: frozen(Tensor::zeros([setting.train_size, columns], setting.device)),
            visits: frozen(Tensor::zeros([setting.train_size, 1], setting.device)),
            config: self.clone(),
        }
    }
}

/// The temporal ensembling objective, with its memory of a prediction per training sequence.
#[derive(Module, Debug)]
pub struct TemporalEnsembling {
    supervised: Supervised,
    /// `Z`, `[train, classes]` or `[train, predictions]`.
    ensemble: Param<Tensor<2>>,
    /// `[train, 1]`.
    visits: Param<Tensor<2>>,
    #[module(skip)]
    config: TemporalEnsemblingConfig,
}

impl TemporalEnsembling {
    /// The consistency loss of a step against the ensemble before it, `[1]`; then the visit counts. Predictions
    /// `[sequences, classes]` or `[sequences, predictions]`, a row an index.
    fn visit(&mut self, predicted: Tensor<2>, indices: &[usize]) -> Tensor<1> {
        let decay = self.config.ensemble_decay;
        let device = predicted.device();
        let rows = places(indices, &device);
        let past = self.ensemble.val().detach().select(0, rows.clone());
        let visits = self.visits.val().detach().select(0, rows.clone());
        let seen = visits.clone().greater_elem(0.0).float();
        // 1 - α^visits, and 1 where there was no visit, so that nothing is divided by zero.
        let correction = (visits * decay.max(1e-12).ln()).exp().neg().add_scalar(1.0) * seen.clone()
            + seen.clone().neg().add_scalar(1.0);
        // Rows without a past have weight 0, but count in the mean, as in the paper's sum over the batch.
        let distances = squared_distance_of_rows(predicted.clone(), past.clone() / correction);
        let loss = (distances * seen.reshape([indices.len()])).mean();

        let last = last_of_each(indices);
        let [rows, chosen] = rows_at(indices, &last, &device);
        let change = (predicted.detach() - past).select(0, chosen).mul_scalar(1.0 - decay);
        add_at(&mut self.ensemble, 0, rows.clone(), change);
        add_at(&mut self.visits, 0, rows, Tensor::ones([last.len(), 1], &device));
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
        let (mut predictions, mut indices) = (Vec::new(), Vec::new());
        if let Some(part) = &step.labeled {
            let logits = model.forward(part.weak.clone());
            terms = self.supervised.terms(model, logits.clone(), &part.targets);
            predictions.push(predicted(model, logits));
            indices.extend(&part.indices);
        }
        if let Some(part) = &step.unlabeled {
            predictions.push(predicted(model, model.forward(part.weak.clone())));
            indices.extend(&part.indices);
        }
        if !predictions.is_empty() {
            let distance = self.visit(Tensor::cat(predictions, 0), &indices);
            terms = terms.add("consistency", weight, distance).over(Over::BothRows);
        }
        terms.constant("unlabeled_weight", weight)
    }
}
