//! CRMatch (Fan et al. 2023, "Revisiting consistency regularization for semi-supervised learning").
//!
//! FixMatch, whose features need not be the same for both views: a projection of the strong view's vector is kept apart
//! from the weak one's, `max(0, cos)` over the sure pseudo-labels (the equivariant feature distance loss, eqs. 4 and
//! 5), so that the encoder keeps what tells the views apart while the classes agree; and a task of its own beside it.
//!
//! That task is the angle of a turned image in the paper; for sequences it is whether one runs forwards or backwards.
//!
//! # Cost
//!
//! As `fixmatch`, and a pass more, forwards and backwards, for the direction.
//!
//! # When it fails
//!
//! Where a sequence's direction can be told at a glance, that task teaches the encoder nothing and takes weight
//! from the classes; where a class is a direction (rising, falling), it contradicts them. Set `direction_weight =
//! 0` for both.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Int, Tensor};
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{SequenceModel, Sequences};
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::parts::losses::soft_cross_entropy;
use crate::parts::memory_bank::of_length_one;
use crate::parts::mixing::one_hot;
use crate::parts::pseudo_labels::PseudoLabels;
use crate::step::{Step, StepContext};
use crate::terms::Terms;

/// `[stage.objective.crmatch]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CrMatchConfig {
    /// Weight ≥ 0 of the pseudo-labels. Default 1, the paper's.
    pub weight: f64,
    /// Weight ≥ 0 of keeping the views' vectors apart. Default 1, the paper's.
    pub distance_weight: f64,
    /// Weight ≥ 0 of telling forwards from backwards. Default 1, the paper's for the angle; 0 is usual for text.
    pub direction_weight: f64,
    /// Confidence in [0, 1] from which a pseudo-label counts. Default 0.95, the paper's.
    pub threshold: f64,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for CrMatchConfig {
    fn default() -> Self {
        Self {
            weight: 1.0,
            distance_weight: 1.0,
            direction_weight: 1.0,
            threshold: 0.95,
            supervised: SupervisedConfig::default(),
        }
    }
}

impl CrMatchConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        for (key, weight) in [
            ("weight", self.weight),
            ("distance_weight", self.distance_weight),
            ("direction_weight", self.direction_weight),
        ] {
            check_range(problems, &format!("{path}.{key}"), weight, 0.0, f64::INFINITY, "the paper uses 1");
        }
        check_range(problems, &format!("{path}.threshold"), self.threshold, 0.0, 1.0, "the paper uses 0.95");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective with a fresh projection and a fresh layer for the direction.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> CrMatch {
        let width = setting.model.pooled_size();
        CrMatch {
            supervised: self.supervised.init(setting),
            projection: LinearConfig::new(width, width).init(setting.device),
            direction: Direction::new(width, setting),
            config: self.clone(),
        }
    }
}

/// Tells sequences that run forwards from those that run backwards.
#[derive(Module, Debug)]
pub(crate) struct Direction {
    layer: Linear,
}

impl Direction {
    pub fn new<M>(width: usize, setting: &Setting<'_, M>) -> Self {
        Self { layer: LinearConfig::new(width, 2).init(setting.device) }
    }

    /// Cross-entropy of forwards against backwards, `[1]`.
    pub fn loss<M: SequenceModel>(&self, model: &M, sequences: &Sequences) -> Tensor<1> {
        let of = |sequences: Sequences, class: i64| {
            let logits = self.layer.forward(model.pooled(sequences));
            let [rows, _] = logits.dims();
            let device = logits.device();
            let classes: Tensor<1, Int> = Tensor::full([rows], class, &device);
            soft_cross_entropy(logits, one_hot(classes, 2))
        };
        (of(sequences.clone(), 0) + of(sequences.reversed(), 1)) / 2.0
    }
}

/// The CRMatch objective, with its two layers.
#[derive(Module, Debug)]
pub struct CrMatch {
    supervised: Supervised,
    projection: Linear,
    direction: Direction,
    #[module(skip)]
    config: CrMatchConfig,
}

/// `mean(sure · max(0, cos(strong, weak)))`, `[1]`. Vectors `[rows, width]`, sure `[rows]`.
pub fn kept_apart(strong: Tensor<2>, weak: Tensor<2>, sure: Tensor<1>) -> Tensor<1> {
    let [rows, _] = strong.dims();
    let cosine = (of_length_one(strong) * of_length_one(weak)).sum_dim(1).reshape([rows]);
    (relu(cosine) * sure).mean()
}

impl<M: SequenceModel> Objective<M> for CrMatch {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK | Views::STRONG }
    }

    fn step(&mut self, model: &M, step: &Step, _context: &StepContext) -> Terms {
        let terms = self.supervised.labeled_terms(model, step.labeled.as_ref());
        let Some(part) = &step.unlabeled else { return terms };
        let (of_weak, of_strong) = (model.pooled(part.weak.clone()).detach(), model.pooled(part.strong_or_weak()));
        let pseudo_labels = PseudoLabels::new(model.head(of_weak.clone()), model.head(of_strong.clone()), None);
        let sure = pseudo_labels.confidence.clone().greater_equal_elem(self.config.threshold).float();
        let weak = self.projection.forward(of_weak).detach();
        let apart = kept_apart(self.projection.forward(of_strong), weak, sure.clone());
        let terms = pseudo_labels.terms(terms, part, self.config.weight, sure).add(
            "distance",
            self.config.distance_weight,
            apart,
        );
        if self.config.direction_weight == 0.0 {
            return terms;
        }
        terms.add("direction", self.config.direction_weight, self.direction.loss(model, &part.weak))
    }
}
