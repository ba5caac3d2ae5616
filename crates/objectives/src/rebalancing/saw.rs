//! SAW (Lai et al. 2022, "Smoothed adaptive weighting for imbalanced semi-supervised learning").
//!
//! Labels and pseudo-labels weigh by the effective number of their class, `w_c ∝ (1 - β) / (1 - β^{n_c})` with
//! `β = (N - 1) / N` and `N` the mean number of a class (section 3): `mean(w_y · CE)` on both parts. For labels `n_c`
//! counts labels. For pseudo-labels it counts, from epoch to epoch, of how many unlabelled sequences class `c` was the
//! last pseudo-label; all classes weigh alike in the first epoch.
//!
//! The authors predict the whole unlabelled part after each epoch; we take each sequence's last pseudo-label on the
//! way.
//!
//! # Cost
//!
//! A number for each training sequence and class.
//!
//! # When it fails
//! A class that is never predicted counts as predicted once and weighs most: its first pseudo-labels, right or wrong,
//!are learned by heart.

use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor};
use schemars::JsonSchema;
use semiseq_models::SequenceModel;
use semiseq_schema::Problem;
use serde::{Deserialize, Serialize};

use crate::objective::Setting;
use crate::parts::latest::{Epochs, Latest};
use crate::parts::losses::{class_logits, cross_entropy_of_rows, weighted_mean};
use crate::parts::memory::remembered;
use crate::parts::pseudo_labels::PseudoLabels;
use crate::rebalancing::{Rebalancing, Seen, counts_of, effective_weights};

/// `[stage.rebalancing.saw]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SawConfig {}

impl SawConfig {
    pub(crate) fn check(&self, _path: &str, _problems: &mut Vec<Problem>) {}

    pub(crate) fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Saw {
        let classes = setting.model.outputs().max(2);
        let of_labels = smoothed(&counts_of(setting, classes));
        Saw {
            of_labels: remembered(Tensor::from_data(of_labels.as_slice(), setting.device)),
            of_guesses: remembered(Tensor::ones([classes], setting.device)),
            latest: Latest::new(setting.train_size, classes, setting.device),
            epochs: Epochs::new(setting.device),
        }
    }
}

/// The weights of classes that stand there so often.
fn smoothed(counts: &[f64]) -> Vec<f32> {
    let mean = counts.iter().sum::<f64>() / counts.len() as f64;
    effective_weights(counts, (mean - 1.0) / mean).iter().map(|weight| *weight as f32).collect()
}

/// SAW's weights, and the last pseudo-label of each sequence.
#[derive(Module, Debug)]
pub struct Saw {
    /// `[classes]`
    of_labels: Param<Tensor<1>>,
    /// `[classes]`
    of_guesses: Param<Tensor<1>>,
    /// 1 at the last pseudo-label, `[train, classes]`
    latest: Latest,
    epochs: Epochs,
}

impl Rebalancing for Saw {
    fn loss(&self, logits: Tensor<2>, classes: Tensor<1, Int>, known: Tensor<1>) -> Option<Tensor<1>> {
        let each = cross_entropy_of_rows(class_logits(logits), classes.clone());
        Some(weighted_mean(each * self.of_labels.val().detach().select(0, classes), Some(known)))
    }

    fn pseudo_labels<M: SequenceModel>(&mut self, pseudo_labels: &mut PseudoLabels, _model: &M, seen: &Seen<'_>) {
        let device = pseudo_labels.confidence.device();
        if self.epochs.begins(seen.context.epoch, &device) {
            let counts: Vec<f64> = self.latest.counts().into_iter().map(|count| count.max(1.0)).collect();
            self.of_guesses = remembered(Tensor::from_data(smoothed(&counts).as_slice(), &device));
        }
        let [_, classes] = pseudo_labels.probabilities.dims();
        self.latest.note(&seen.part.indices, pseudo_labels.labels.clone().one_hot::<2>(classes).float());
        pseudo_labels.weights = Some(self.of_guesses.val().detach().select(0, pseudo_labels.labels.clone()));
    }
}
