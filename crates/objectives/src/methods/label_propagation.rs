//! Label propagation (Iscen, Tolias, Avrithis & Chum 2019, "Label propagation for deep semi-supervised learning").
//!
//! After a supervised beginning all training sequences get a label by their neighbours: on the graph of the
//! `neighbours` nearest by the cosine of the pooled representation, with weights `max(0, cos)³` both ways (eq. 9), the
//! labels spread by `(I - αW) Z = Y` (eq. 10, α = 0.99, 20 steps of conjugate gradients). A sequence counts by how sure
//! that is, `ω = 1 - H(ẑ) / log C` (eq. 11), and each class as much as another, `ζ` (eq. 12). The labels are renewed
//! `renewals` times; the paper renews them each of its 180 epochs.
//!
//! `L = mean(ζ · CE(labelled)) + λ · |U| / |B| · mean(ω ζ · CE(unlabelled, label by the graph))`: with λ = 1 the
//! authors' mean over the whole batch, times its size over that of its labelled part `B`.
//!
//! # Cost
//!
//! A pass over the unlabelled batch beside the labelled one. At each renewal a pass over the training part without
//! gradients, and the cosines of all pairs of sequences, whose time grows with the square of their number.
//!
//! # When it fails
//!
//! Where neighbours by the encoder's vectors are of other classes: begin with a stage that gives it good ones (an
//! autoencoder, or longer `warm_up`). `pseudo_label_accuracy` tells, where the pool has labels; `certainty` near 0 says
//! that no label reaches most sequences. Classes that are rare in truth are made as weighty as the others.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting, Survey};
use crate::parts::label_graph::spread;
use crate::parts::losses::{class_logits, cross_entropy_of_rows};
use crate::parts::memory::{places, remembered};
use crate::step::{Part, Step, StepContext, Targets};
use crate::terms::Terms;

/// `[stage.objective.label-propagation]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LabelPropagationConfig {
    /// λ ≥ 0, the weight of the labels by the graph. Default 1, the paper's.
    pub weight: f64,
    /// Fraction of the stage in [0, 1) that is supervised, before the first labels by the graph. Default 0.3.
    pub warm_up: f64,
    /// Times that the labels are made, equally far apart, at least 1. Default 10.
    pub renewals: usize,
    /// Neighbours of a sequence in the graph, at least 1. Default 50, the paper's. Fewer where classes have fewer
    /// sequences.
    pub neighbours: usize,
    /// The labelled term of the beginning, and the penalties.
    pub supervised: SupervisedConfig,
}

impl Default for LabelPropagationConfig {
    fn default() -> Self {
        Self { weight: 1.0, warm_up: 0.3, renewals: 10, neighbours: 50, supervised: SupervisedConfig::default() }
    }
}

impl LabelPropagationConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the paper uses 1");
        check_range(
            problems,
            &format!("{path}.warm_up"),
            self.warm_up,
            0.0,
            0.99,
            "it is a fraction of the stage, and labels by the graph come after it",
        );
        for (key, value) in [("renewals", self.renewals), ("neighbours", self.neighbours)] {
            if value == 0 {
                problems.push(problem(format!("{path}.{key}"), "must be at least 1, got 0", None));
            }
        }
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective; no sequence has a label by the graph yet.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> LabelPropagation {
        let nothing = || remembered(Tensor::zeros([setting.train_size], setting.device));
        LabelPropagation {
            supervised: self.supervised.init(setting),
            labels: nothing(),
            weights: nothing(),
            certainty: nothing(),
            classes: setting.model.outputs().max(2),
            config: self.clone(),
        }
    }
}

/// The objective, with what the graph said last.
#[derive(Module, Debug)]
pub struct LabelPropagation {
    supervised: Supervised,
    /// The class of each training sequence, `[train]`.
    labels: Param<Tensor<1>>,
    /// What it counts, ω ζ, `[train]`.
    weights: Param<Tensor<1>>,
    /// How sure it is, ω, `[train]`.
    certainty: Param<Tensor<1>>,
    #[module(skip)]
    classes: usize,
    #[module(skip)]
    config: LabelPropagationConfig,
}

impl LabelPropagation {
    /// The steps before which labels are made.
    fn renewed_at(&self, step: usize, total: usize) -> bool {
        let first = self.first(total);
        let apart = total.saturating_sub(first).div_ceil(self.config.renewals).max(1);
        step >= first && (step - first).is_multiple_of(apart)
    }

    /// The first of them.
    fn first(&self, total: usize) -> usize {
        (self.config.warm_up * total as f64).ceil() as usize
    }

    /// The values of a memory that belong to a batch, `[rows]`.
    fn of(memory: &Param<Tensor<1>>, part: &Part) -> Tensor<1> {
        let memory = memory.val().detach();
        memory.clone().select(0, places(&part.indices, &memory.device()))
    }
}

impl<M: SequenceModel> Objective<M> for LabelPropagation {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK }
    }

    fn surveys(&self, context: &StepContext) -> bool {
        self.renewed_at(context.step, context.total_steps)
    }

    fn survey(mut self, survey: &Survey) -> Self {
        let device = survey.vectors.device();
        let said = spread(survey.vectors.clone(), &survey.classes, self.classes, self.config.neighbours);
        let values = |value: &dyn Fn(usize) -> f64| {
            let values: Vec<f32> = (0..said.classes.len()).map(|row| value(row) as f32).collect();
            remembered(Tensor::from_data(values.as_slice(), &device))
        };
        self.labels = values(&|row| said.classes[row] as f64);
        self.weights = values(&|row| said.certainty[row] * said.class_weights[said.classes[row]]);
        self.certainty = values(&|row| said.certainty[row]);
        self
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let (Some(labeled), Some(part)) = (&step.labeled, &step.unlabeled) else {
            return self.supervised.labeled_terms(model, step.labeled.as_ref());
        };
        if context.step < self.first(context.total_steps) {
            return self.supervised.labeled_terms(model, Some(labeled));
        }
        let loss = |part: &Part| {
            let logits = class_logits(model.forward(part.weak.clone()));
            let labels = Self::of(&self.labels, part).int();
            let each = cross_entropy_of_rows(logits, labels.clone()) * Self::of(&self.weights, part);
            (each.mean(), labels)
        };
        let ((known, _), (unknown, labels)) = (loss(labeled), loss(part));
        let many = part.indices.len() as f64 / labeled.indices.len() as f64;
        let terms = self.supervised.with_penalty(Terms::new(known), "penalty", model);
        let terms = terms
            .add("unlabeled", self.config.weight * many, unknown)
            .monitor("certainty", Self::of(&self.certainty, part).mean());
        match &part.targets {
            Targets::Classes { classes, known } => {
                terms.monitor_rows("pseudo_label_accuracy", labels.equal(classes.clone()).float(), known.clone())
            }
            Targets::Labels { .. } | Targets::Numbers { .. } | Targets::Sequences { .. } => terms,
        }
    }
}
