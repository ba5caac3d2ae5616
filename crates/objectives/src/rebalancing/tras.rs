//! TRAS (Wei et al. 2022, "Transfer and share: semi-supervised learning from long-tailed data").
//!
//! With `a = log π`, the classes' shares of the labels: FixMatch's pseudo-label is `softmax(f(weak) - a)`. After some
//! of the stage a second head `g` on the same representation learns, and predicts. Its labelled term is the
//! cross-entropy of `g + a`. Its unlabelled one is `mean(1[max g(weak) ≥ τ] · CE(g(strong), softmax((f(strong) - a T_c)
//! / 2)))`, where `c` is the class that `g` says of the weak view and `T = A softmax(-a) + B`: the first head's logits,
//! moved the more the rarer the class. Both terms reach the encoder.
//!
//! The authors take two strong views; here there is one.
//!
//! # Cost
//!
//! A linear layer on vectors that are there.
//!
//! # When it fails
//!
//! The second head starts anew and predicts alone: short stages leave it behind. Where unlabelled sequences are not
//! imbalanced as the labels are, pseudo-labels are moved too far.

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use schemars::JsonSchema;
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::objective::Setting;
use crate::over::Over;
use crate::parts::losses::{cross_entropy_of_rows, soft_cross_entropy_of_rows, weighted_mean};
use crate::parts::memory::remembered;
use crate::parts::pseudo_labels::PseudoLabels;
use crate::rebalancing::{Rebalancing, Seen, SeenLabels, counts_of, for_outputs};
use crate::step::Targets;
use crate::terms::Terms;

/// `[stage.rebalancing.tras]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrasConfig {
    /// `A` ≥ 0. Default 2, the paper's.
    pub scale: f64,
    /// `B` ≥ 0. Default 2, the paper's.
    pub offset: f64,
    /// τ in [0, 1], the confidence of the second head from which it learns from an unlabelled sequence. Default 0.95,
    /// the paper's.
    pub threshold: f64,
    /// Part of the stage before the second head learns, in [0, 1). Default 0.02, the paper's 10 of 500 epochs.
    pub start: f64,
}

impl Default for TrasConfig {
    fn default() -> Self {
        Self { scale: 2.0, offset: 2.0, threshold: 0.95, start: 0.02 }
    }
}

impl TrasConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.scale"), self.scale, 0.0, f64::INFINITY, "the paper uses 2");
        check_range(problems, &format!("{path}.offset"), self.offset, 0.0, f64::INFINITY, "the paper uses 2");
        check_range(problems, &format!("{path}.threshold"), self.threshold, 0.0, 1.0, "the paper uses 0.95");
        check_range(
            problems,
            &format!("{path}.start"),
            self.start,
            0.0,
            0.99,
            "it is a part of the stage; 0.02 is usual",
        );
    }

    pub(crate) fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Tras {
        let outputs = setting.model.outputs();
        let counts = counts_of(setting, outputs.max(2));
        let total: f64 = counts.iter().sum();
        let shift: Vec<f32> = counts.iter().map(|count| (count / total).ln() as f32).collect();
        let shift = Tensor::<1>::from_data(shift.as_slice(), setting.device).reshape([1, counts.len()]);
        Tras {
            head: LinearConfig::new(setting.model.pooled_size(), counts.len()).init(setting.device),
            shift: remembered(shift),
            outputs,
            config: self.clone(),
        }
    }
}

/// TRAS's second head.
#[derive(Module, Debug)]
pub struct Tras {
    head: Linear,
    /// `a`, `[1, classes]`
    shift: Param<Tensor<2>>,
    #[module(skip)]
    outputs: usize,
    #[module(skip)]
    config: TrasConfig,
}

impl Rebalancing for Tras {
    fn labeled<M: SequenceModel>(&mut self, terms: Terms, _model: &M, seen: &SeenLabels<'_>) -> Terms {
        let Targets::Classes { classes, known } = &seen.part.targets else { return terms };
        if seen.context.progress() < self.config.start {
            return terms;
        }
        let logits = self.head.forward(seen.hidden.clone()) + self.shift.val().detach();
        let loss = weighted_mean(cross_entropy_of_rows(logits, classes.clone()), Some(known.clone()));
        terms.add("shared", 1.0, loss).over(Over::Labels(None))
    }

    fn pseudo_labels<M: SequenceModel>(&mut self, pseudo_labels: &mut PseudoLabels, _model: &M, seen: &Seen<'_>) {
        let shift = self.shift.val().detach();
        pseudo_labels.take(softmax(pseudo_labels.weak.clone() - shift.clone(), 1));
        if seen.context.progress() < self.config.start {
            return;
        }
        let said = softmax(self.head.forward(seen.weak.clone()).detach(), 1);
        let [rows, classes] = said.dims();
        let (confidence, labels) = said.max_dim_with_indices(1);
        let sure = confidence.reshape([rows]).greater_equal_elem(self.config.threshold).float();
        let strength = softmax(shift.clone().neg(), 1) * self.config.scale + self.config.offset;
        let strength = strength.reshape([classes]).select(0, labels.reshape([rows])).reshape([rows, 1]);
        let target = softmax((pseudo_labels.strong.clone().detach() - shift * strength) / 2.0, 1);
        let each = soft_cross_entropy_of_rows(self.head.forward(seen.strong.clone()), target);
        let loss = pseudo_labels.mean(each * sure.clone());
        pseudo_labels.more.push(("shared_unlabeled", 1.0, loss));
        pseudo_labels.watched.push(("shared_mask_rate", pseudo_labels.mean(sure)));
    }

    fn vote(&self, _logits: Tensor<2>, hidden: Tensor<2>) -> Option<Tensor<2>> {
        Some(for_outputs(self.head.forward(hidden), self.outputs))
    }
}
