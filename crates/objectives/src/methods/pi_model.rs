//! Π-model (Laine & Aila 2017, "Temporal ensembling for semi-supervised learning", algorithm 1).
//!
//! `L = CE(labelled) + w(t) · mean‖p(x; ξ₁) - p(x; ξ₂)‖²`, the mean over labelled and unlabelled sequences: each is
//! seen twice, in two weak views and with two draws of dropout. As in the reference code (smlaine2/tempens), gradients
//! flow into both predictions, and the cross-entropy is the first one's.
//!
//! Of a regressor or a forecaster p are the numbers that it predicts, in the scale of standardised targets: the means,
//! or all quantiles, without a log variance. Of a classifier with `output = "multi-label"` p is the probability of each
//! label, and the distance the mean over the labels.
//!
//! # Cost
//!
//! Two passes with gradients over labelled and unlabelled sequences.
//!
//! # When it fails
//!
//! Without noise (no weak view, no dropout) both passes agree and it teaches nothing. At the paper's weight a stage
//! of some hundred steps may draw all predictions together; lower `weight` to about 10 there. Numbers lie further apart
//! than probabilities: for a regressor begin with a `weight` of 1 to 10.

use burn::module::Module;
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::over::Over;
use crate::parts::consistency::{Distances, RAMP_UP, predicted};
use crate::parts::losses::squared_distance_of_rows;
use crate::parts::ramp::gaussian_ramp_up;
use crate::step::{Part, Step, StepContext};
use crate::terms::Terms;

/// `[stage.objective.pi-model]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PiModelConfig {
    /// `w_max` ≥ 0, the weight of the consistency term once ramped up. Default 100, the paper's. It takes the mean of
    /// the cross-entropy over the whole batch, of which M of N sequences have a label, and scales `w_max` by the same
    /// share: `M/N · CE + 100 · M/N · d = M/N · (CE + 100 d)`, with CE the mean over labelled sequences as here. Lower
    /// it when all predictions become the same, and in stages of some hundred steps, which want about 10.
    pub weight: f64,
    /// Fraction in [0, 1] of the stage over which the weight grows. Default 0.25; the paper's is 80 of 300 epochs.
    pub ramp_up: f64,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for PiModelConfig {
    fn default() -> Self {
        Self { weight: 100.0, ramp_up: RAMP_UP, supervised: SupervisedConfig::default() }
    }
}

impl PiModelConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the paper uses 100");
        check_range(
            problems,
            &format!("{path}.ramp_up"),
            self.ramp_up,
            0.0,
            1.0,
            "it is a fraction of the stage; the default is 0.25",
        );
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> PiModel {
        PiModel { supervised: self.supervised.init(setting), config: self.clone() }
    }
}

/// The Π-model objective.
#[derive(Module, Debug)]
pub struct PiModel {
    supervised: Supervised,
    #[module(skip)]
    config: PiModelConfig,
}

impl<M: SequenceModel> Objective<M> for PiModel {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK | Views::SECOND }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let weight = self.config.weight * gaussian_ramp_up(context.progress(), self.config.ramp_up);
        let mut terms = Terms::default();
        let mut distances = Distances::default();
        if let Some(part) = &step.labeled {
            let logits = model.forward(part.weak.clone());
            terms = self.supervised.terms(model, logits.clone(), &part.targets);
            distances.add(apart(model, logits, part), part.row_mask(model.per_step()));
        }
        if let Some(part) = &step.unlabeled {
            let logits = model.forward(part.weak.clone());
            distances.add(apart(model, logits, part), part.row_mask(model.per_step()));
        }
        if let Some(distance) = distances.mean() {
            terms = terms.add("consistency", weight, distance).over(Over::BothRows);
        }
        terms.constant("unlabeled_weight", weight)
    }
}

/// How far the predictions for two views of each row are apart, `[rows]`, from the logits of the first.
fn apart<M: SequenceModel>(model: &M, logits: Tensor<2>, part: &Part) -> Tensor<1> {
    let second = model.forward(part.second_or_weak());
    squared_distance_of_rows(predicted(model, logits), predicted(model, second))
}
