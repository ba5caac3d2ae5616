//! Co-training (Blum & Mitchell 1998, "Combining labeled and unlabeled data with co-training"; with nets Qiao et al.
//! 2018).
//!
//! Two models see different views of a sequence and learn from the labels; each gives the other labels for the
//! unlabelled sequences that it is sure of. The second model, the peer, lives in this objective; the run's model is the
//! first.
//!
//! Blum & Mitchell's views are two halves of the features. A series or a text has no such halves: the views are two
//! draws of the weak augmentation, and the peer reads its own backwards, so that the two build their states in opposite
//! order. It starts with the model's weights in another order, which gives a fresh net as random as the model.
//!
//! # Cost
//!
//! Twice everything: two models with their own gradients and the second one's weights.
//!
//! # When it fails
//!
//! The two have to differ. Where both views show the same they soon agree, right or wrong, and give each other what
//! they have. `peer_accuracy` beside the model's own tells whether the peer has anything to teach.

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{SequenceModel, Sequences};
use semiseq_schema::{Problem, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::parts::losses::{class_logits, cross_entropy_of_rows, probabilities, right, weighted_mean};
use crate::parts::second_net::second_net;
use crate::step::{Step, StepContext, Targets};
use crate::terms::Terms;

/// `[stage.objective.co-training]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CoTrainingConfig {
    /// Weight ≥ 0 of the labels that the two give each other. Default 1.
    pub weight: f64,
    /// Confidence in [0, 1] from which a label is given. Default 0.95.
    pub threshold: f64,
    /// Fraction in [0, 1) of the stage in which each learns from the labels alone. Default 0.2.
    pub warm_up: f64,
    /// The labelled term of both.
    pub supervised: SupervisedConfig,
}

impl Default for CoTrainingConfig {
    fn default() -> Self {
        Self { weight: 1.0, threshold: 0.95, warm_up: 0.2, supervised: SupervisedConfig::default() }
    }
}

impl CoTrainingConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the default is 1");
        check_range(problems, &format!("{path}.threshold"), self.threshold, 0.0, 1.0, "the default is 0.95");
        if !(0.0..1.0).contains(&self.warm_up) {
            let message = format!("must be in [0, 1), got {}", self.warm_up);
            problems.push(problem(format!("{path}.warm_up"), message, Some("the default is 0.2")));
        }
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective with a fresh peer.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> CoTraining<M> {
        let peer = second_net(setting.model, setting.device);
        CoTraining { supervised: self.supervised.init(setting), peer, config: self.clone() }
    }
}

/// The co-training objective, with the peer that it trains.
#[derive(Module, Debug)]
pub struct CoTraining<M: Module> {
    supervised: Supervised,
    peer: M,
    #[module(skip)]
    config: CoTrainingConfig,
}

/// Logits of one and what the other says of the same rows, `[rows, classes]`: cross-entropy against the other's class
/// where it is sure, the mean over all rows, and the share of these rows, both `[1]`.
pub fn given_loss(logits: Tensor<2>, other: Tensor<2>, threshold: f64, counted: Option<Tensor<1>>) -> [Tensor<1>; 2] {
    let [rows, _] = logits.dims();
    let (confidence, labels): (Tensor<2>, Tensor<2, Int>) = other.detach().max_dim_with_indices(1);
    let sure = confidence.reshape([rows]).greater_equal_elem(threshold).float();
    let each = cross_entropy_of_rows(logits, labels.reshape([rows]));
    [weighted_mean(each * sure.clone(), counted.clone()), weighted_mean(sure, counted)]
}

impl<M: SequenceModel> CoTraining<M> {
    /// The peer's logits: it reads from the end.
    fn of_peer(&self, sequences: Sequences) -> Tensor<2> {
        self.peer.forward(sequences.reversed())
    }
}

impl<M: SequenceModel> Objective<M> for CoTraining<M> {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK | Views::SECOND }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let mut terms = self.supervised.labeled_terms(model, step.labeled.as_ref());
        if let Some(part) = &step.labeled {
            let loss = self.supervised.loss(self.of_peer(part.second_or_weak()), &part.targets);
            terms = terms.add("peer", 1.0, loss).over(self.supervised.over());
            terms = self.supervised.with_penalty(terms, "peer_penalty", &self.peer);
        }
        let Some(part) = step.unlabeled.as_ref().filter(|_| context.progress() >= self.config.warm_up) else {
            return terms;
        };
        let own = class_logits(model.forward(part.weak.clone()));
        let peers = class_logits(self.of_peer(part.second_or_weak()));
        let (said, peer_said) = (probabilities(own.clone()), probabilities(peers.clone()));
        let counted = part.row_mask(model.per_step());
        let [taught, share] = given_loss(own, peer_said.clone(), self.config.threshold, counted.clone());
        let [teaching, _] = given_loss(peers, said, self.config.threshold, counted);
        terms = terms
            .add("unlabeled", self.config.weight, taught)
            .add("unlabeled_peer", self.config.weight, teaching)
            .monitor("mask_rate", share);
        if let Targets::Classes { classes, known } = &part.targets {
            terms = terms.monitor_rows("peer_accuracy", right(peer_said, classes.clone()), known.clone());
        }
        terms
    }
}
