//! Distillation (Hinton, Vinyals & Dean 2015, "Distilling the knowledge in a neural network") of what plain methods say
//! of the same sequences: the references of the run, label propagation on the features of those, and for texts naive
//! Bayes by expectation maximisation.
//!
//! `L = CE(labelled) + w · mean CE(p(x), q)`, the mean over labelled and unlabelled sequences, where `q` is the mean of
//! the teachers' distributions, each weighed by how well it tells labelled sequences that are left out, and sharpened
//! as `q^{1/T}` scaled to sum 1.
//!
//! The teachers are fitted before the stage on the labels that the stage has, and stand still. A sequence of which no
//! teacher says anything has no weight. Weights fall with the teachers' entropy, `1 - H(q) / ln C`, where asked for
//! (Iscen et al. 2019, eq. 11): teachers that do not know teach little.
//!
//! The student sees a strong view where one is set up, the teachers saw the sequence as it is (Xie et al. 2020).
//!
//! # Cost
//!
//! The teachers are fitted once before the stage, in seconds for some thousand sequences, and stand still; then a
//! pass over labelled and unlabelled sequences.
//!
//! # When it fails
//!
//! The student learns what the teachers say: where plain methods are wrong, it starts wrong, and where they are
//! nearly right there is little room above them. With many labels `supervised` does better. Teachers are fitted in
//! memory: very large pools are what limits it.

use std::collections::BTreeMap;

use burn::module::{Module, Param};
use burn::tensor::{Tensor, TensorData};
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting, Teacher};
use crate::over::Over;
use crate::parts::losses::{class_logits, soft_cross_entropy_of_rows};
use crate::parts::memory::places;
use crate::step::{Part, Step, StepContext};
use crate::terms::Terms;

/// `[stage.objective.distillation]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DistillationConfig {
    /// Which references teach, and how much each counts: those whose name holds such a text, with a weight ≥ 0. Of
    /// texts and of series `logistic regression`, `self-training`, `label spreading` and `label propagation`; of texts
    /// also `naive Bayes` (Nigam et al. 2000), of series `ridge` and `nearest neighbour`; before them the features, as
    /// in `MiniRocket, 40 components: self-training`. Default: `{ "self-training" = 1.0, "label propagation" = 1.0 }`.
    pub teachers: BTreeMap<String, f64>,
    /// Weight ≥ 0 of the term. Default 1.
    pub weight: f64,
    /// `T` in (0, 1], the temperature that sharpens the teachers' mean. Default 0.5.
    pub temperature: f64,
    /// How much more a teacher counts that tells more labelled sequences right when they are left out, in folds of the
    /// labels: it weighs by that share to this power, ≥ 0. Default 4; at 0 all count alike.
    pub trust: f64,
    /// Whether sequences of which the teachers are not sure weigh less. Default true.
    pub entropy_weights: bool,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for DistillationConfig {
    fn default() -> Self {
        Self {
            teachers: ["self-training", "label propagation"].map(|name| (name.to_string(), 1.0)).into(),
            weight: 1.0,
            temperature: 0.5,
            trust: 4.0,
            entropy_weights: true,
            supervised: SupervisedConfig::default(),
        }
    }
}

impl DistillationConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the default is 1");
        check_range(problems, &format!("{path}.trust"), self.trust, 0.0, f64::INFINITY, "the default is 4");
        if !(self.temperature > 0.0 && self.temperature <= 1.0) {
            let message = format!("must be in (0, 1], got {}", self.temperature);
            problems.push(problem(
                format!("{path}.temperature"),
                message,
                Some("1 leaves the distributions as they are"),
            ));
        }
        if self.teachers.is_empty() || self.teachers.keys().any(|name| name.trim().is_empty()) {
            let hint = "`{ \"label propagation\" = 1.0 }` takes each reference whose name holds these words";
            problems.push(problem(
                format!("{path}.teachers"),
                "must name references, got an empty name or none",
                Some(hint),
            ));
        }
        for (name, weight) in &self.teachers {
            check_range(problems, &format!("{path}.teachers.{name}"), *weight, 0.0, f64::INFINITY, "the default is 1");
        }
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Those of the teachers whose name holds one of `teachers`, each with its weight.
    pub fn chosen<'a>(&self, teachers: &'a [Teacher]) -> Vec<(&'a Teacher, f64)> {
        let weight = |teacher: &Teacher| {
            self.teachers.iter().find(|(part, _)| teacher.name.contains(part.as_str())).map(|(_, weight)| *weight)
        };
        teachers.iter().filter_map(|teacher| Some((teacher, weight(teacher)?))).collect()
    }

    /// Builds the objective, with a row a training sequence of what the teachers say.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Distillation {
        let classes = setting.model.outputs().max(2);
        let rows = setting.train_size;
        let (mut said, mut weights) = (vec![0.0f32; rows * classes], vec![0.0f32; rows]);
        let teachers = self.chosen(setting.teachers);
        for (row, (said, weight)) in said.chunks_mut(classes).zip(&mut weights).enumerate() {
            let mut mean = vec![0.0f64; classes];
            for (teacher, weight) in &teachers {
                let one = teacher.said.get(row).map_or(&[][..], Vec::as_slice);
                let trust = weight * teacher.left_out.unwrap_or(1.0).powf(self.trust);
                mean.iter_mut().zip(one).for_each(|(sum, share)| *sum += trust * share);
            }
            let sum: f64 = mean.iter().sum();
            if sum <= 0.0 {
                continue;
            }
            let sharp: Vec<f64> = mean.iter().map(|share| (share / sum).powf(1.0 / self.temperature)).collect();
            let total: f64 = sharp.iter().sum();
            said.iter_mut().zip(&sharp).for_each(|(said, share)| *said = (share / total) as f32);
            let entropy: f64 =
                mean.iter().map(|share| share / sum).filter(|share| *share > 0.0).map(|p| -p * p.ln()).sum();
            *weight = if self.entropy_weights { (1.0 - entropy / (classes as f64).ln()).max(0.0) as f32 } else { 1.0 };
        }
        let frozen = |values: Vec<f32>, width: usize| {
            let tensor = Tensor::<2>::from_data(TensorData::new(values, [rows, width]), setting.device);
            Param::from_tensor(tensor).set_require_grad(false)
        };
        Distillation {
            supervised: self.supervised.init(setting),
            said: frozen(said, classes),
            weights: frozen(weights, 1),
            config: self.clone(),
        }
    }
}

/// The distillation objective, with what the teachers say of each training sequence.
#[derive(Module, Debug)]
pub struct Distillation {
    supervised: Supervised,
    /// `q`, `[train, classes]`.
    said: Param<Tensor<2>>,
    /// How much each sequence counts, `[train, 1]`.
    weights: Param<Tensor<2>>,
    #[module(skip)]
    config: DistillationConfig,
}

impl<M: SequenceModel> Objective<M> for Distillation {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::STRONG }
    }

    fn step(&mut self, model: &M, step: &Step, _context: &StepContext) -> Terms {
        let mut terms = Terms::default();
        let (mut logits, mut indices) = (Vec::new(), Vec::new());
        let mut read = |part: &Part| {
            let said = model.forward(part.strong_or_weak());
            logits.push(said.clone());
            indices.extend(&part.indices);
            said
        };
        if let Some(part) = &step.labeled {
            let said = read(part);
            terms = self.supervised.terms(model, said, &part.targets);
        }
        if let Some(part) = &step.unlabeled {
            read(part);
        }
        if logits.is_empty() {
            return terms;
        }
        let logits = class_logits(Tensor::cat(logits, 0));
        let rows = places(&indices, &logits.device());
        let said = self.said.val().detach().select(0, rows.clone());
        let weights = self.weights.val().detach().select(0, rows).reshape([indices.len()]);
        let loss = (soft_cross_entropy_of_rows(logits, said) * weights.clone()).mean();
        terms.add("distillation", self.config.weight, loss).over(Over::BothRows).monitor_over(
            "teacher_weight",
            weights.mean(),
            Over::BothRows,
        )
    }
}
