//! Interpolation consistency training (Verma et al. 2019, "Interpolation consistency training for semi-supervised learning").
//!
//! What the student says of a mixture of two unlabelled sequences has to be the mixture of what its teacher, the moving
//! average of its weights, says of the two: `mean (f(Mix(u, v)) - Mix(f'(u), f'(v)))²` (eq. 2). The weight grows as
//! `exp(-5 (1 - t)²)`.
//!
//! Series are mixed as they are read, texts before the head; the paper mixes images. As in MixMatch the larger share is a
//! row's own, which changes nothing here, since partners are drawn at random.

use burn::module::Module;
use semiseq_datasets::{Pool, Problem, Views};
use semiseq_models::SequenceModel;
use serde::{Deserialize, Serialize};

use super::draws::{Draws, step_seed};
use super::losses::{distribution_mse, probabilities};
use super::mixing::Mixture;
use super::{Needs, Objective, Setting, Step, StepContext, Supervised, SupervisedConfig, Terms, gaussian_ramp_up};
use crate::config::{check_memory, check_range};
use crate::learner::average::{average, fresh_copy};

/// `[stage.objective.interpolation-consistency]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InterpolationConsistencyConfig {
    /// Decay in [0, 1) of the teacher's average. Default 0.99; the paper uses 0.999 over far longer runs.
    pub ema_decay: f64,
    /// Weight ≥ 0 of the consistency once it is grown. Default 10; the paper uses up to 100.
    pub weight: f64,
    /// Fraction in [0, 1] of the stage over which it grows. Default 0.25, the paper's.
    pub ramp_up: f64,
    /// α > 0 of the Beta distribution that shares are drawn from. Default 1, the paper's for CIFAR-10.
    pub alpha: f64,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for InterpolationConsistencyConfig {
    fn default() -> Self {
        Self { ema_decay: 0.99, weight: 10.0, ramp_up: 0.25, alpha: 1.0, supervised: SupervisedConfig::default() }
    }
}

impl InterpolationConsistencyConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_memory(problems, &format!("{path}.ema_decay"), self.ema_decay, "the paper uses 0.999");
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the default is 10");
        check_range(problems, &format!("{path}.ramp_up"), self.ramp_up, 0.0, 1.0, "it is a fraction of the stage");
        check_range(problems, &format!("{path}.alpha"), self.alpha, 1e-3, f64::INFINITY, "the paper uses 1");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective; the teacher starts as a copy of the student.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> InterpolationConsistency<M> {
        let teacher = fresh_copy(setting.model);
        InterpolationConsistency { supervised: self.supervised.init(setting), teacher, config: self.clone() }
    }
}

/// The objective, with its teacher.
#[derive(Module, Debug)]
pub struct InterpolationConsistency<M: Module> {
    supervised: Supervised,
    teacher: M,
    #[module(skip)]
    config: InterpolationConsistencyConfig,
}

impl<M: SequenceModel> Objective<M> for InterpolationConsistency<M> {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let weight = self.config.weight * gaussian_ramp_up(context.progress(), self.config.ramp_up);
        let terms = self.supervised.labeled_terms(model, step.labeled.as_ref()).constant("unlabeled_weight", weight);
        let (Some(part), Some(device)) = (&step.unlabeled, model.devices().into_iter().next()) else { return terms };
        let taught = probabilities(self.teacher.forward(part.weak.clone()));
        let mut draws = Draws::new(step_seed(&device));
        let mixture = Mixture::draw(self.config.alpha, taught.dims()[0], &mut draws, &device);
        let logits = mixture.logits(model, vec![part.weak.clone()]);
        terms.add("consistency", weight, distribution_mse(logits, mixture.rows(taught), None))
    }

    fn after_update(mut self, model: &M, context: &StepContext) -> Self {
        let decay = (1.0 - 1.0 / (context.step as f64 + 1.0)).min(self.config.ema_decay);
        self.teacher = average(self.teacher, model, decay);
        self
    }

    fn evaluated(&self, _model: &M) -> M {
        self.teacher.clone()
    }
}
