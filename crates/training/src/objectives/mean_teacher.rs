//! Mean teacher (Tarvainen & Valpola 2017, "Mean teachers are better role models").
//!
//! `L = CE(labelled) + w(t) · d(p_student(x; η), p_teacher(x; η'))` over labelled and unlabelled sequences;
//! the teacher's weights are an exponential moving average of the student's, and no gradient flows into
//! it. Validation and the result use the teacher, as in the paper.

use burn::module::Module;
use burn::tensor::Tensor;
use semiseq_datasets::{Pool, Problem, Views};
use semiseq_models::SequenceModel;
use serde::{Deserialize, Serialize};

use super::losses::{distribution_kl, distribution_mse, probabilities, weighted_mean};
use super::{
    Needs, Objective, Part, Setting, Step, StepContext, Supervised, SupervisedConfig, Terms, gaussian_ramp_up,
};
use crate::config::{check_memory, check_range};
use crate::learner::average::{average, fresh_copy};

/// `[stage.objective.mean-teacher]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MeanTeacherConfig {
    /// α in [0, 1), the teacher's memory. Default 0.99, the paper's for the ramp-up phase; it uses
    /// 0.999 later. Longer runs want a longer memory. In the first steps `min(1 - 1/(step+1), α)`
    /// holds, so that the random initial weights are soon forgotten.
    pub ema_decay: f64,
    /// `w_max` ≥ 0, the weight of the consistency term once ramped up. Default 8. Lower it when all
    /// predictions become the same.
    pub weight: f64,
    /// Fraction of the stage over which the weight grows. Default 0.27 (80 of 300 epochs).
    pub ramp_up: f64,
    /// `mse` of the distributions (the paper's choice) or `kl`. Default `mse`.
    pub consistency: Consistency,
    /// Whether the teacher's dropout is on, the paper's noise η'. Default true.
    pub teacher_noise: bool,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

/// The distance between student and teacher.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consistency {
    /// Squared distance of the distributions, mean over classes.
    #[default]
    Mse,
    /// `KL(teacher ‖ student)`.
    Kl,
}

impl Default for MeanTeacherConfig {
    fn default() -> Self {
        Self {
            ema_decay: 0.99,
            weight: 8.0,
            ramp_up: 0.27,
            consistency: Consistency::Mse,
            teacher_noise: true,
            supervised: SupervisedConfig::default(),
        }
    }
}

impl MeanTeacherConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_memory(problems, &format!("{path}.ema_decay"), self.ema_decay, "the paper uses 0.99, later 0.999");
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the default is 8");
        check_range(
            problems,
            &format!("{path}.ramp_up"),
            self.ramp_up,
            0.0,
            1.0,
            "it is a fraction of the stage; the default is 0.27",
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
    /// The teacher's distributions for the second view, without graph.
    fn teach(&self, part: &Part) -> Tensor<2> {
        let logits = if self.config.teacher_noise {
            self.teacher.forward(part.second_or_weak())
        } else {
            self.teacher.clone().freeze().forward(part.second_or_weak())
        };
        probabilities(logits)
    }

    fn consistency(&self, logits: Tensor<2>, target: Tensor<2>, part: &Part) -> Tensor<1> {
        let rows = part.row_mask(self.teacher.per_step());
        match self.config.consistency {
            Consistency::Mse => distribution_mse(logits, target, rows),
            Consistency::Kl => distribution_kl(logits, target, rows),
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
        if let Some(part) = &step.labeled {
            let logits = model.forward(part.weak.clone());
            terms = self.supervised.terms(model, logits.clone(), &part.targets);
            terms = terms.add("consistency_labeled", weight, self.consistency(logits, self.teach(part), part));
        }
        if let Some(part) = &step.unlabeled {
            let logits = model.forward(part.weak.clone());
            let target = self.teach(part);
            let agree = probabilities(logits.clone()).argmax(1).equal(target.clone().argmax(1)).float();
            let [rows, _] = agree.dims();
            let agreement = weighted_mean(agree.reshape([rows]), part.row_mask(model.per_step()));
            terms = terms
                .add("consistency", weight, self.consistency(logits, target, part))
                .monitor("teacher_agreement", agreement);
        }
        terms.constant("unlabeled_weight", weight)
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
