//! Interpolation consistency training (Verma et al. 2019, "Interpolation consistency training for semi-supervised
//! learning").
//!
//! What the student says of a mixture of two unlabelled sequences has to be the mixture of what its teacher, the moving
//! average of its weights, says of the two: `mean (f(Mix(u, v)) - Mix(f'(u), f'(v)))²` (eq. 2). As in the authors' code
//! (vikasverma1077/ICT) it is the logits of the teacher that are mixed, labelled sequences are mixed with one another
//! as well (mixup, Zhang et al. 2018), and one share `λ ~ Beta(α, α)` holds for a whole batch. The weight grows as
//! `exp(-5 (1 - t)²)`.
//!
//! Series are mixed as they are read, texts before the head; the paper mixes images.
//!
//! # Cost
//!
//! A pass with gradients over the mixed sequences and one of the teacher without; a second copy of the weights.
//!
//! # When it fails
//!
//! Between two series may lie a third class: halfway between a rising and a falling trend is a flat one. Lower
//! `alpha` there. At the paper's weight short stages may end below `supervised`; lower `weight` to about 10.

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_memory, check_range};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::parts::consistency::{RAMP_UP, teacher_decay};
use crate::parts::losses::{class_logits, distribution_mse, right};
use crate::parts::mixing::{Mixture, labels};
use crate::parts::ramp::gaussian_ramp_up;
use crate::parts::random::{Draws, step_seed};
use crate::parts::weight_average::{average, fresh_copy};
use crate::step::{Part, Step, StepContext, Targets};
use crate::terms::Terms;

/// `[stage.objective.interpolation-consistency]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InterpolationConsistencyConfig {
    /// Decay in [0, 1) of the teacher's average. Default 0.99; the paper uses 0.999 over far longer runs.
    pub ema_decay: f64,
    /// Weight ≥ 0 of the consistency once it is grown. Default 100, the paper's for CIFAR-10 and SVHN: both of its
    /// losses are means over their own batch, as here, and the squared distance also over the classes. Lower it when
    /// all predictions become the same, and in stages of some hundred steps, which want about 10.
    pub weight: f64,
    /// Fraction in [0, 1] of the stage over which it grows. Default 0.25, the paper's.
    pub ramp_up: f64,
    /// α > 0 of the Beta distribution that the shares of both mixtures are drawn from. Default 1, the paper's for
    /// CIFAR-10; it uses 0.1 for SVHN. Small ones mix little.
    pub alpha: f64,
    /// The labelled term: smoothing and class weights act on the mixed labels.
    pub supervised: SupervisedConfig,
}

impl Default for InterpolationConsistencyConfig {
    fn default() -> Self {
        Self { ema_decay: 0.99, weight: 100.0, ramp_up: RAMP_UP, alpha: 1.0, supervised: SupervisedConfig::default() }
    }
}

impl InterpolationConsistencyConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_memory(problems, &format!("{path}.ema_decay"), self.ema_decay, "the paper uses 0.999");
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the paper uses 100");
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

impl<M: SequenceModel> InterpolationConsistency<M> {
    /// The terms of a step whose mixtures are drawn, of the labelled part and then of the unlabelled one.
    pub fn mixed(
        &self,
        model: &M,
        step: &Step,
        context: &StepContext,
        mut mixture: impl FnMut(&Part) -> Mixture,
    ) -> Terms {
        let weight = self.config.weight * gaussian_ramp_up(context.progress(), self.config.ramp_up);
        let mut terms = Terms::default();
        if let Some(part) = &step.labeled {
            terms = self.mixed_labels(model, part, &mixture(part));
        }
        if let Some(part) = &step.unlabeled {
            terms = terms.add("consistency", weight, self.mixed_answers(model, part, &mixture(part)));
        }
        terms.constant("unlabeled_weight", weight)
    }

    /// The labelled term on mixed sequences, `λ CE(f, y) + (1 - λ) CE(f, y')`.
    fn mixed_labels(&self, model: &M, part: &Part, mixture: &Mixture) -> Terms {
        let Targets::Classes { classes, known } = &part.targets else {
            return self.supervised.labeled_terms(model, Some(part));
        };
        let logits = class_logits(mixture.logits(model, vec![part.weak.clone()]));
        let [_, count] = logits.dims();
        let mixed = mixture.rows(labels(classes.clone(), known.clone(), count));
        let terms = Terms::new(self.supervised.mixed_loss(logits.clone(), mixed)).monitor_rows(
            "accuracy",
            right(logits, classes.clone()),
            known.clone(),
        );
        self.supervised.with_penalty(terms, "penalty", model)
    }

    /// How far the student's answer to mixed sequences is from the mixture of the teacher's, `[1]`.
    fn mixed_answers(&self, model: &M, part: &Part, mixture: &Mixture) -> Tensor<1> {
        let taught = mixture.rows(class_logits(self.teacher.forward(part.weak.clone())).detach());
        distribution_mse(mixture.logits(model, vec![part.weak.clone()]), softmax(taught, 1), None)
    }
}

impl<M: SequenceModel> Objective<M> for InterpolationConsistency<M> {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let Some(device) = model.devices().into_iter().next() else { return Terms::default() };
        let mut draws = Draws::new(step_seed(&device));
        self.mixed(model, step, context, |part| {
            Mixture::draw_alike(self.config.alpha, part.indices.len(), &mut draws, &device)
        })
    }

    fn after_update(mut self, model: &M, context: &StepContext) -> Self {
        self.teacher = average(self.teacher, model, teacher_decay(context.step, self.config.ema_decay));
        self
    }

    fn evaluated(&self, _model: &M) -> M {
        self.teacher.clone()
    }
}
