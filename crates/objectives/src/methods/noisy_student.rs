//! Noisy student (Xie et al. 2020, "Self-training with noisy student improves ImageNet classification").
//!
//! Self-training in rounds whose teacher reads the plain sequence, without augmentation and dropout, and whose student
//! is noised throughout: it reads the strong view, of labelled sequences too, with dropout (algorithm 1): `L =
//! CE(strong view, label) + λ · mean(1[sure] · CE(strong view, teacher's distribution))`, the mean over all unlabelled
//! sequences of a batch (the paper's filter is 0.3; its soft labels are the default). The first round, which makes the
//! first teacher, is noised as well.
//!
//! The paper starts a larger student afresh each round and balances the classes; here the student has the model's size
//! and goes on from the weights of the round before.
//!
//! # Cost
//!
//! A pass of the frozen teacher without gradients and one with, over the unlabelled batch, and strong views for
//! labelled sequences too; a copy of the weights.
//!
//! # When it fails
//!
//! The student reads strong views of everything: an augmentation that changes the class (a flip where the sign
//! matters) harms labels as well. Look at the views first (`data info PATH --views`).

use burn::module::Module;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::methods::self_training::{Rounds, check_rounds, watched};
use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::parts::losses::{class_logits, soft_cross_entropy_of_rows, weighted_mean};
use crate::parts::mixing::one_hot;
use crate::step::{Step, StepContext};
use crate::terms::Terms;

/// `[stage.objective.noisy-student]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NoisyStudentConfig {
    /// Rounds, the supervised one included; at least 2. Default 4: the paper's teacher and three students.
    pub rounds: usize,
    /// Confidence in [0, 1] from which a sequence counts. Default 0.3, the paper's.
    pub threshold: f64,
    /// λ ≥ 0, the weight of the taught term. Default 1.
    pub weight: f64,
    /// Teach distributions and not classes. Default true, the paper's.
    pub soft: bool,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for NoisyStudentConfig {
    fn default() -> Self {
        Self { rounds: 4, threshold: 0.3, weight: 1.0, soft: true, supervised: SupervisedConfig::default() }
    }
}

impl NoisyStudentConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_rounds(self.rounds, path, problems);
        check_range(problems, &format!("{path}.threshold"), self.threshold, 0.0, 1.0, "the paper uses 0.3");
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the default is 1");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective; there is no teacher yet.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> NoisyStudent<M> {
        NoisyStudent {
            supervised: self.supervised.init(setting),
            rounds: Rounds::new(self.rounds, setting),
            config: self.clone(),
        }
    }
}

/// The noisy student objective, with its teacher.
#[derive(Module, Debug)]
pub struct NoisyStudent<M: Module> {
    supervised: Supervised,
    rounds: Rounds<M>,
    #[module(skip)]
    config: NoisyStudentConfig,
}

impl<M: SequenceModel> Objective<M> for NoisyStudent<M> {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK | Views::STRONG | Views::PLAIN }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let terms = match &step.labeled {
            Some(part) => self.supervised.terms(model, model.forward(part.strong_or_weak()), &part.targets),
            None => Terms::default(),
        };
        let Some(part) = &step.unlabeled else { return terms };
        let Some(given) = self.rounds.give(part, self.config.threshold, context) else { return terms };
        let logits = class_logits(model.forward(part.strong_or_weak()));
        let [_, classes] = logits.dims();
        let taught =
            if self.config.soft { given.probabilities.clone() } else { one_hot(given.labels.clone(), classes) };
        let each = soft_cross_entropy_of_rows(logits, taught);
        let rows = part.row_mask(model.per_step());
        let loss = weighted_mean(each * given.sure.clone(), rows.clone());
        watched(terms.add("unlabeled", self.config.weight, loss), part, &given, rows)
    }

    fn after_update(mut self, model: &M, context: &StepContext) -> Self {
        self.rounds = self.rounds.follow(model, context);
        self
    }

    fn tables(&self) -> Vec<(&'static str, String)> {
        vec![("noisy-student.csv", self.rounds.table())]
    }
}
