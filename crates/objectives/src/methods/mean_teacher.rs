//! Mean teacher (Tarvainen & Valpola 2017, "Mean teachers are better role models").
//!
//! `L = CE(labelled) + w(t) · mean d(p_student(x; η), p_teacher(x; η'))`, the mean over labelled and unlabelled
//! sequences; the teacher's weights are an exponential moving average of the student's, and no gradient flows into it.
//! Validation and the result use the teacher, as in the paper.
//!
//! Of a regressor or a forecaster p are the numbers that it predicts, and of a classifier with `output = "multi-label"`
//! the probability of each label, as `pi-model` has them; `consistency = "kl"` needs one class for each sequence.
//!
//! # Cost
//!
//! A pass with gradients and one of the teacher without, over labelled and unlabelled sequences; a second copy of
//! the weights.
//!
//! # When it fails
//!
//! The teacher follows late: with a long memory (`ema_decay` near 1) in a short stage it is still the fresh model.
//! At the paper's weight, short stages may end below `supervised`; lower `weight` to about 10, for a regressor to
//! about 1, and `ema_decay` to 0.9, so that the teacher does not hold back a student that is still far off.
//! `teacher_agreement` near 1 from the first steps on means that there is nothing to learn from it: raise the noise.

use burn::module::Module;
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_memory, check_range};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::over::Over;
use crate::parts::consistency::{Distances, RAMP_UP, agreement, predicted, teacher_decay};
use crate::parts::losses::{divergence_of_rows, squared_distance_of_rows, weighted_mean};
use crate::parts::ramp::gaussian_ramp_up;
use crate::parts::weight_average::{average, fresh_copy};
use crate::step::{Part, Step, StepContext};
use crate::terms::Terms;

/// `[stage.objective.mean-teacher]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MeanTeacherConfig {
    /// α in [0, 1), the teacher's memory. Default 0.99, the paper's for the ramp-up phase; it uses
    /// 0.999 later. Longer runs want a longer memory. After the first `t` updates `min(1 - 1/(t+1), α)`
    /// holds, so that the random initial weights are soon forgotten.
    pub ema_decay: f64,
    /// `w_max` ≥ 0, the weight of the consistency term once ramped up. Default 100, the paper's. On CIFAR-10 its mean
    /// of the cross-entropy is over the whole batch, M of N labelled: `M/N · CE + 100 · M/N · d = M/N · (CE + 100 d)`,
    /// with CE the mean over labelled sequences as here; on SVHN one image of 100 has a label: `CE/100 + 1 · d = (CE +
    /// 100 d)/100`. Lower it when all predictions become the same, and in stages of some hundred steps, which want
    /// about 10.
    pub weight: f64,
    /// Fraction in [0, 1] of the stage over which the weight grows. Default 0.25; the paper's is 40,000 of 150,000
    /// steps.
    pub ramp_up: f64,
    /// `mse` of the distributions (the paper's choice) or of numbers, or `kl` of distributions. Default `mse`.
    pub consistency: Consistency,
    /// Whether the teacher's dropout is on, the paper's noise η'. Default true.
    pub teacher_noise: bool,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

/// The distance between student and teacher.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Consistency {
    /// Squared distance of the distributions, mean over classes.
    #[default]
    Mse,
    /// `2 (1 - 1/K) / K² · KL(teacher ‖ student)` for K classes: scaled as in the authors' code, so that its gradients
    /// are as large as the squared distance's where both are near the uniform distribution, and one weight suits both.
    Kl,
}

impl Default for MeanTeacherConfig {
    fn default() -> Self {
        Self {
            ema_decay: 0.99,
            weight: 100.0,
            ramp_up: RAMP_UP,
            consistency: Consistency::Mse,
            teacher_noise: true,
            supervised: SupervisedConfig::default(),
        }
    }
}

impl MeanTeacherConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_memory(problems, &format!("{path}.ema_decay"), self.ema_decay, "the paper uses 0.99, later 0.999");
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

    /// Builds the objective; the teacher starts as a copy of the student.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> MeanTeacher<M> {
        let teacher = fresh_copy(setting.model);
        MeanTeacher { supervised: self.supervised.init(setting), teacher, config: self.clone() }
    }
}

/// The mean teacher objective, with its teacher.
#[derive(Module, Debug)]
pub struct MeanTeacher<M: Module> {
    supervised: Supervised,
    teacher: M,
    #[module(skip)]
    config: MeanTeacherConfig,
}

impl<M: SequenceModel> MeanTeacher<M> {
    /// What the teacher predicts for the second view, without graph: distributions, or numbers.
    fn teach(&self, part: &Part) -> Tensor<2> {
        let logits = if self.config.teacher_noise {
            self.teacher.forward(part.second_or_weak())
        } else {
            self.teacher.clone().freeze().forward(part.second_or_weak())
        };
        predicted(&self.teacher, logits).detach()
    }

    /// How far student and teacher are apart on each row, `[rows]`.
    fn apart(&self, model: &M, logits: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
        let [_, classes] = target.dims();
        match self.config.consistency {
            Consistency::Mse => squared_distance_of_rows(predicted(model, logits), target),
            Consistency::Kl => {
                let classes = classes as f64;
                divergence_of_rows(logits, target) * (2.0 * (1.0 - 1.0 / classes) / (classes * classes))
            }
        }
    }
}

impl<M: SequenceModel> Objective<M> for MeanTeacher<M> {
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
            distances.add(self.apart(model, logits, self.teach(part)), part.row_mask(model.per_step()));
        }
        if let Some(part) = &step.unlabeled {
            let logits = model.forward(part.weak.clone());
            let target = self.teach(part);
            let counted = part.row_mask(model.per_step());
            if model.numbers().is_none() {
                let agree = agreement(model, predicted(model, logits.clone()), target.clone());
                terms = terms.monitor("teacher_agreement", weighted_mean(agree, counted.clone()));
            }
            distances.add(self.apart(model, logits, target), counted);
        }
        if let Some(distance) = distances.mean() {
            terms = terms.add("consistency", weight, distance).over(Over::BothRows);
        }
        terms.constant("unlabeled_weight", weight)
    }

    fn after_update(mut self, model: &M, context: &StepContext) -> Self {
        self.teacher = average(self.teacher, model, teacher_decay(context.step, self.config.ema_decay));
        self
    }

    fn evaluated(&self, _model: &M) -> M {
        self.teacher.clone()
    }
}
