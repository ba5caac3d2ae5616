//! Adsh (Guo & Li 2022, "Class-imbalanced semi-supervised learning with adaptive thresholding").
//!
//! FixMatch with a threshold for each class in place of its own: of the pseudo-labels of the most frequent class a
//! share `ρ` is at least as sure as `τ`, and the threshold of class `c` is what the same share of its pseudo-labels
//! passes (section 4, algorithm 1), from epoch to epoch. All begin at `τ`; a class without pseudo-labels keeps its
//! threshold.
//! The authors predict the whole unlabelled part after each epoch; we take each sequence's last pseudo-label on the
//!way. Where the most frequent class has no sure pseudo-label, each class's surest pseudo-label sets its threshold.
//!USB's version differs in both ends: it begins near 0.39, and lets everything pass where `ρ` is 0.
//!
//! # Cost
//!
//! Some numbers for each training sequence, and a sort of them on the host each epoch.
//!
//! # When it fails
//!
//! Pseudo-labels of a rare class may be wrong down to any confidence: the share that passes is the same for all
//! classes, and not the share that is right.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::objective::Setting;
use crate::parts::latest::{Epochs, Latest};
use crate::parts::memory::remembered;
use crate::parts::pseudo_labels::PseudoLabels;
use crate::rebalancing::{Rebalancing, Seen, counts_of};

/// `[stage.rebalancing.adsh]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdshConfig {
    /// τ in (0, 1], the threshold of the most frequent class. Default 0.95, the paper's. FixMatch's own is not used.
    pub threshold: f64,
}

impl Default for AdshConfig {
    fn default() -> Self {
        Self { threshold: 0.95 }
    }
}

impl AdshConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.threshold"), self.threshold, 0.0, 1.0, "the paper uses 0.95");
    }

    pub(crate) fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Adsh {
        let counts = counts_of(setting, setting.model.outputs().max(2));
        let most =
            counts.iter().enumerate().fold(0, |most, (class, count)| if *count > counts[most] { class } else { most });
        Adsh {
            thresholds: remembered(Tensor::full([counts.len()], self.threshold, setting.device)),
            latest: Latest::new(setting.train_size, counts.len(), setting.device),
            epochs: Epochs::new(setting.device),
            most,
            config: self.clone(),
        }
    }
}

/// Adsh's thresholds, and the last pseudo-label of each sequence.
#[derive(Module, Debug)]
pub struct Adsh {
    /// `[classes]`
    thresholds: Param<Tensor<1>>,
    /// The last distributions, `[train, classes]`
    latest: Latest,
    epochs: Epochs,
    /// The class with most labels.
    #[module(skip)]
    most: usize,
    #[module(skip)]
    config: AdshConfig,
}

/// The thresholds that the same share of each class's pseudo-labels passes as of class `most` passes `threshold`.
fn passed_alike(rows: &[Vec<f32>], old: &[f32], most: usize, threshold: f64) -> Vec<f32> {
    let mut sure: Vec<Vec<f32>> = vec![Vec::new(); old.len()];
    for row in rows {
        let class = (0..row.len()).fold(0, |best, class| if row[class] > row[best] { class } else { best });
        // Zeros: no pseudo-label yet.
        if row[class] > 0.0 {
            sure[class].push(row[class]);
        }
    }
    sure.iter_mut().for_each(|values| values.sort_by(|left, right| right.total_cmp(left)));
    let of_most = &sure[most];
    if of_most.is_empty() {
        return old.to_vec();
    }
    let passing = of_most.iter().filter(|value| **value >= threshold as f32).count();
    let share = passing as f64 / of_most.len() as f64;
    let of = |values: &Vec<f32>, old: f32| {
        let place = (values.len() as f64 * share) as usize;
        values.get(place.max(1) - 1).copied().unwrap_or(old)
    };
    sure.iter().zip(old).map(|(values, old)| of(values, *old)).collect()
}

impl Rebalancing for Adsh {
    fn pseudo_labels<M: SequenceModel>(&mut self, pseudo_labels: &mut PseudoLabels, _model: &M, seen: &Seen<'_>) {
        let device = pseudo_labels.confidence.device();
        if self.epochs.begins(seen.context.epoch, &device) {
            let old: Vec<f32> = self.thresholds.val().into_data().iter::<f32>().collect();
            let new = passed_alike(&self.latest.rows(), &old, self.most, self.config.threshold);
            self.thresholds = remembered(Tensor::from_data(new.as_slice(), &device));
        }
        self.latest.note(&seen.part.indices, pseudo_labels.probabilities.clone());
        let thresholds = self.thresholds.val().detach();
        pseudo_labels.sure = Some(
            pseudo_labels
                .confidence
                .clone()
                .greater_equal(thresholds.clone().select(0, pseudo_labels.labels.clone()))
                .float(),
        );
        pseudo_labels.watched.push(("threshold", thresholds.mean()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_share_of_each_class_passes() {
        let row = |class: usize, value: f32| (0..3).map(|other| if other == class { value } else { 0.0 }).collect();
        // Half of the first class's four pseudo-labels are at least 0.9, so that the surer of the second's two passes.
        let rows: Vec<Vec<f32>> =
            vec![row(0, 0.99), row(1, 0.6), row(0, 0.9), row(0, 0.8), row(1, 0.7), row(0, 0.5), vec![0.0; 3]];
        assert_eq!(passed_alike(&rows, &[0.9; 3], 0, 0.9), [0.9, 0.7, 0.9]);
        // None of the first class is sure: the surest of each.
        assert_eq!(passed_alike(&rows, &[0.9; 3], 0, 1.0), [0.99, 0.7, 0.9]);
        assert_eq!(passed_alike(&rows, &[0.9; 3], 2, 1.0), [0.9; 3]);
    }
}
