//! Π-model (Laine & Aila 2017, "Temporal ensembling for semi-supervised learning", algorithm 1).
//!
//! `L = CE(labelled) + w(t) · mean‖p(x; ξ₁) - p(x; ξ₂)‖²` over labelled and unlabelled sequences: each is
//! seen twice, in two weak views and with two draws of dropout. As in the reference code, gradient flows
//! into the first prediction and not into the second.

use burn::module::Module;
use burn::tensor::Tensor;
use semiseq_datasets::{Pool, Problem, Views};
use semiseq_models::SequenceModel;
use serde::{Deserialize, Serialize};

use super::losses::{distribution_mse, probabilities};
use super::{
    Needs, Objective, Part, Setting, Step, StepContext, Supervised, SupervisedConfig, Terms, gaussian_ramp_up,
};
use crate::config::check_range;
use crate::learner::average::fresh_copy;

/// `[stage.objective.pi-model]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PiModelConfig {
    /// `w_max` ≥ 0, the weight of the consistency term once ramped up. Default 10. The paper scales
    /// 100 by the share of labelled data; mean over classes makes the term small, so it wants a large
    /// weight. Lower it when all predictions become the same.
    pub weight: f64,
    /// Fraction of the stage over which the weight grows. Default 0.27, the paper's 80 of 300 epochs.
    pub ramp_up: f64,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for PiModelConfig {
    fn default() -> Self {
        Self { weight: 10.0, ramp_up: 0.27, supervised: SupervisedConfig::default() }
    }
}

impl PiModelConfig {
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
        let twin = fresh_copy(model);
        let mut terms = Terms::default();
        if let Some(part) = &step.labeled {
            let logits = model.forward(part.weak.clone());
            terms = self.supervised.terms(model, logits.clone(), &part.targets);
            terms = terms.add("consistency_labeled", weight, consistency(&twin, logits, part));
        }
        if let Some(part) = &step.unlabeled {
            let logits = model.forward(part.weak.clone());
            terms = terms.add("consistency", weight, consistency(&twin, logits, part));
        }
        terms.constant("unlabeled_weight", weight)
    }
}

fn consistency<M: SequenceModel>(twin: &M, logits: Tensor<2>, part: &Part) -> Tensor<1> {
    let target = probabilities(twin.forward(part.second_or_weak()));
    distribution_mse(logits, target, part.row_mask(twin.per_step()))
}
