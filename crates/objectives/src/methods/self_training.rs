//! Self-training in rounds (Scudder 1965; Yarowsky 1995).
//!
//! A stage is divided into rounds. The first is supervised. At the start of each later one the model is copied, and the
//! copy gives unlabelled sequences that it is sure of their label for that round: `L = CE(labelled) + λ · mean(1[sure]
//! · CE)`, the mean over all unlabelled sequences of a batch. The copy reads the plain sequence, without augmentation
//! and dropout, so that unlike in `pseudo-label` a label stays the same for the whole round; the model learns it from
//! the weak view, as it learns the labels it was given. The weights go on from round to round.
//!
//! When each sequence got its first label is remembered, and written to `self-training.csv` in the run folder.
//!
//! # Cost
//!
//! A pass of the frozen copy without gradients and one with, over the unlabelled batch; a copy of the weights.
//!
//! # When it fails
//!
//! What the first round gets wrong is taught for a whole round. With rounds too short the model has not moved, and
//! each gives the labels of the one before. Read `self-training.csv`: where nearly all labels came in the second
//! round, raise `threshold`.

use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor};
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::parts::losses::{class_logits, cross_entropy_of_rows, probabilities, weighted_mean};
use crate::parts::memory::{add_at, occurrences, remembered, rows_at};
use crate::parts::weight_average::{average, fresh_copy};
use crate::step::{Part, Step, StepContext, Targets};
use crate::terms::Terms;

/// `[stage.objective.self-training]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SelfTrainingConfig {
    /// Rounds, the supervised one included; at least 2. Default 4.
    pub rounds: usize,
    /// Confidence in [0, 1] from which a sequence gets a label. Default 0.9.
    pub threshold: f64,
    /// λ ≥ 0, the weight of the given labels. Default 1.
    pub weight: f64,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for SelfTrainingConfig {
    fn default() -> Self {
        Self { rounds: 4, threshold: 0.9, weight: 1.0, supervised: SupervisedConfig::default() }
    }
}

impl SelfTrainingConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_rounds(self.rounds, path, problems);
        check_range(problems, &format!("{path}.threshold"), self.threshold, 0.0, 1.0, "the default is 0.9");
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the default is 1");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective; nobody has given labels yet.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> SelfTraining<M> {
        SelfTraining {
            supervised: self.supervised.init(setting),
            rounds: Rounds::new(self.rounds, setting),
            config: self.clone(),
        }
    }
}

pub(crate) fn check_rounds(rounds: usize, path: &str, problems: &mut Vec<Problem>) {
    if rounds < 2 {
        let hint = "the first round is supervised, so labels are given from the second on";
        problems.push(problem(format!("{path}.rounds"), format!("must be at least 2, got {rounds}"), Some(hint)));
    }
}

/// A copy of the model at the start of the round, and when each sequence got a label.
#[derive(Module, Debug)]
pub(crate) struct Rounds<M: Module> {
    teacher: M,
    /// The round, counted from 1, in which a training sequence got its first label; 0 where it has none. `[train]`
    labeled_in: Param<Tensor<1>>,
    #[module(skip)]
    count: usize,
}

/// What the copy says of a batch.
pub(crate) struct Given {
    /// `[rows, classes]`, without graph
    pub probabilities: Tensor<2>,
    /// The likeliest class, `[rows]`
    pub labels: Tensor<1, Int>,
    /// 1 where the copy is sure enough, `[rows]`
    pub sure: Tensor<1>,
}

impl<M: SequenceModel> Rounds<M> {
    pub fn new(count: usize, setting: &Setting<'_, M>) -> Self {
        Self {
            teacher: fresh_copy(setting.model),
            labeled_in: remembered(Tensor::zeros([setting.train_size], setting.device)),
            count,
        }
    }

    /// The round of a step, counted from 0.
    pub fn round(&self, step: usize, total: usize) -> usize {
        (step * self.count / total.max(1)).min(self.count - 1)
    }

    /// What the copy says of the plain sequences, without dropout; notes who gets a label. Nothing in the first round.
    pub fn give(&mut self, part: &Part, threshold: f64, context: &StepContext) -> Option<Given> {
        let round = self.round(context.step, context.total_steps);
        if round == 0 {
            return None;
        }
        let probabilities = probabilities(self.teacher.clone().freeze().forward(part.plain_or_weak()));
        let [rows, _] = probabilities.dims();
        let (confidence, labels) = probabilities.clone().max_dim_with_indices(1);
        let sure = confidence.reshape([rows]).greater_equal_elem(threshold).float();
        if rows == part.indices.len() {
            self.note(part, sure.clone(), round);
        }
        Some(Given { probabilities, labels: labels.reshape([rows]), sure })
    }

    fn note(&mut self, part: &Part, sure: Tensor<1>, round: usize) {
        let device = sure.device();
        for positions in occurrences(&part.indices) {
            let [rows, positions] = rows_at(&part.indices, &positions, &device);
            let old = self.labeled_in.val().detach().select(0, rows.clone());
            let change = old.equal_elem(0.0).float() * sure.clone().select(0, positions) * (round + 1) as f64;
            add_at(&mut self.labeled_in, 0, rows, change);
        }
    }

    /// Copies the model where the next step begins a round.
    pub fn follow(mut self, model: &M, context: &StepContext) -> Self {
        let (now, next) =
            (self.round(context.step, context.total_steps), self.round(context.step + 1, context.total_steps));
        if next != now {
            self.teacher = average(self.teacher, model, 0.0);
        }
        self
    }

    /// Training sequences with the round of their first label, as CSV.
    pub fn table(&self) -> String {
        let rounds = self.labeled_in.val().into_data();
        let rows = rounds.iter::<f32>().enumerate().filter(|(_, round)| *round > 0.0);
        let lines = rows.map(|(index, round)| format!("{index},{round}\n"));
        std::iter::once("index,round\n".to_string()).chain(lines).collect()
    }
}

/// Adds how many got a label, of the rows `[rows]` that are no padding, and how many of these labels are right.
pub(crate) fn watched(terms: Terms, part: &Part, given: &Given, rows: Option<Tensor<1>>) -> Terms {
    let terms = terms.monitor("mask_rate", weighted_mean(given.sure.clone(), rows));
    match &part.targets {
        Targets::Classes { classes, known } => {
            let right = given.labels.clone().equal(classes.clone()).float();
            terms.monitor_rows("pseudo_label_accuracy", right, known.clone() * given.sure.clone())
        }
        Targets::Labels { .. } | Targets::Numbers { .. } | Targets::Sequences { .. } => terms,
    }
}

/// The self-training objective, with the model of the round before.
#[derive(Module, Debug)]
pub struct SelfTraining<M: Module> {
    supervised: Supervised,
    rounds: Rounds<M>,
    #[module(skip)]
    config: SelfTrainingConfig,
}

impl<M: SequenceModel> Objective<M> for SelfTraining<M> {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK | Views::PLAIN }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let terms = self.supervised.labeled_terms(model, step.labeled.as_ref());
        let Some(part) = &step.unlabeled else { return terms };
        let Some(given) = self.rounds.give(part, self.config.threshold, context) else { return terms };
        let logits = class_logits(model.forward(part.weak.clone()));
        let each = cross_entropy_of_rows(logits, given.labels.clone());
        let rows = part.row_mask(model.per_step());
        let loss = weighted_mean(each * given.sure.clone(), rows.clone());
        watched(terms.add("unlabeled", self.config.weight, loss), part, &given, rows)
    }

    fn after_update(mut self, model: &M, context: &StepContext) -> Self {
        self.rounds = self.rounds.follow(model, context);
        self
    }

    fn tables(&self) -> Vec<(&'static str, String)> {
        vec![("self-training.csv", self.rounds.table())]
    }
}
