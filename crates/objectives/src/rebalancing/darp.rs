//! DARP (Kim et al. 2020, "Distribution aligning refinery of pseudo-label for imbalanced semi-supervised learning").
//!
//! From some of the stage on, the pseudo-labels for all unlabelled sequences together are the distributions nearest to
//! what the model said of each (by `Σ w_m KL`, with `w_m = 1 / H` of a sequence's own pseudo-label) whose classes have
//! the labels' shares (eq. 2). They are found by coordinate ascent on the dual problem (algorithm 1), with the authors'
//! secant steps, after small pseudo-labels of a class were taken out (section 3.2): of class `c` the `α n_c` largest
//! stay. They are found anew every few steps, and kept in between.
//!
//! The authors begin with even pseudo-labels for sequences that did not come yet; here those are left out until they
//! do. The shares of the classes are those of the labels, where the authors can also estimate them.
//!
//! # Cost
//!
//! Some numbers for each training sequence, and every few steps some passes over them on the host.
//!
//! # When it fails
//!
//! Where unlabelled sequences have not the labels' shares of classes it makes right pseudo-labels wrong.

use burn::module::{Module, Param};
use burn::tensor::{Tensor, TensorData};
use schemars::JsonSchema;
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::objective::Setting;
use crate::parts::latest::Latest;
use crate::parts::memory::{places, remembered};
use crate::parts::pseudo_labels::PseudoLabels;
use crate::rebalancing::{Rebalancing, Seen, counts_of};

/// Keeps quotients finite, as in the authors' code.
const TINY: f64 = 1e-6;
/// Rounds of the coordinate ascent, steps of each root, and how near is near: the authors'.
const ROUNDS: usize = 10;
const ROOT_STEPS: usize = 30;
const NEAR: f64 = 0.1;

/// `[stage.rebalancing.darp]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DarpConfig {
    /// Part of the stage before pseudo-labels are changed, in [0, 1). Default 0.4, the paper's 200 of 500 epochs.
    pub start: f64,
    /// Steps from one refinement to the next, at least 1. Default 10, the authors'.
    pub every: usize,
    /// α ≥ 1: of each class so many times its share of pseudo-labels stay. Default 2, the paper's.
    pub kept: f64,
}

impl Default for DarpConfig {
    fn default() -> Self {
        Self { start: 0.4, every: 10, kept: 2.0 }
    }
}

impl DarpConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(
            problems,
            &format!("{path}.start"),
            self.start,
            0.0,
            0.99,
            "it is a part of the stage; the paper's is 0.4",
        );
        check_range(problems, &format!("{path}.kept"), self.kept, 1.0, 1e6, "the paper uses 2");
        if self.every == 0 {
            problems.push(problem(format!("{path}.every"), "must be at least 1, got 0", Some("the authors use 10")));
        }
    }

    pub(crate) fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Darp {
        let counts = counts_of(setting, setting.model.outputs().max(2));
        let total: f64 = counts.iter().sum();
        Darp {
            latest: Latest::new(setting.train_size, counts.len(), setting.device),
            refined: remembered(Tensor::zeros([setting.train_size, counts.len()], setting.device)),
            shares: counts.iter().map(|count| count / total).collect(),
            config: self.clone(),
        }
    }
}

/// DARP's pseudo-labels.
#[derive(Module, Debug)]
pub struct Darp {
    /// What the model said last, `[train, classes]`
    latest: Latest,
    /// What was made of it, `[train, classes]`; zeros where nothing was
    refined: Param<Tensor<2>>,
    /// Shares of the classes among the labels.
    #[module(skip)]
    shares: Vec<f64>,
    #[module(skip)]
    config: DarpConfig,
}

/// Takes small pseudo-labels of each class out: of class `c` the `kept · n_c` largest stay, scaled to sum to `n_c`.
fn sifted(rows: &[Vec<f64>], numbers: &[f64], kept: f64) -> Vec<Vec<f64>> {
    let mut scales = vec![vec![0.0; numbers.len()]; rows.len()];
    for (class, number) in numbers.iter().enumerate() {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by(|left, right| rows[*right][class].total_cmp(&rows[*left][class]));
        order.truncate((kept * number) as usize);
        let sum: f64 = order.iter().map(|row| rows[*row][class]).sum();
        order.iter().for_each(|row| scales[*row][class] = (number + TINY) / (sum + TINY));
    }
    let scaled = |(row, scales): (&Vec<f64>, &Vec<f64>)| {
        let values: Vec<f64> = row.iter().zip(scales).map(|(value, scale)| value * scale + TINY).collect();
        let sum: f64 = values.iter().sum();
        values.iter().map(|value| value / sum).collect()
    };
    rows.iter().zip(&scales).map(scaled).collect()
}

/// A root by the secant method, as `scipy.optimize.newton` finds it without a derivative; where it does not settle,
/// where it ends.
fn root(function: impl Fn(f64) -> f64, start: f64) -> f64 {
    let step = 1e-4;
    let moved = start * (1.0 + step);
    let mut old = start;
    let mut new = moved + if moved >= 0.0 { step } else { -step };
    let (mut at_old, mut at_new) = (function(old), function(new));
    if at_new.abs() < at_old.abs() {
        (old, new, at_old, at_new) = (new, old, at_new, at_old);
    }
    for _ in 0..ROOT_STEPS {
        if at_new == at_old {
            return (new + old) / 2.0;
        }
        let next = if at_new.abs() > at_old.abs() {
            (-at_old / at_new * new + old) / (1.0 - at_old / at_new)
        } else {
            (-at_new / at_old * old + new) / (1.0 - at_new / at_old)
        };
        if !next.is_finite() || (next - new).abs() <= NEAR {
            return if next.is_finite() { next } else { new };
        }
        (old, at_old) = (new, at_new);
        new = next;
        at_new = function(new);
    }
    new
}

/// The distributions nearest to these whose classes have these numbers.
fn refined(rows: &[Vec<f64>], numbers: &[f64]) -> Vec<Vec<f64>> {
    // 1 / w: the entropy of each row.
    let entropies: Vec<f64> =
        rows.iter().map(|row| -row.iter().map(|value| value * (value + TINY).ln()).sum::<f64>()).collect();
    let scaled: Vec<Vec<f64>> =
        rows.iter().map(|row| row.iter().map(|value| value / std::f64::consts::E).collect()).collect();
    let powers = |roots: &[f64]| -> Vec<Vec<f64>> {
        entropies.iter().map(|entropy| roots.iter().map(|root| (-root * entropy).exp()).collect()).collect()
    };
    let weights = |powers: &[Vec<f64>]| -> Vec<f64> {
        let sum =
            |(row, powers): (&Vec<f64>, &Vec<f64>)| row.iter().zip(powers).map(|(value, power)| value * power).sum();
        scaled.iter().zip(powers).map(sum).map(|sum: f64| 1.0 / sum).collect()
    };
    let mut roots = vec![0.0; numbers.len()];
    let mut now = powers(&vec![1.0; numbers.len()]);
    for _ in 0..ROUNDS {
        let weights = weights(&now);
        for (class, number) in numbers.iter().enumerate() {
            let of = |root: f64| {
                let each = scaled.iter().zip(&weights).zip(&entropies);
                each.map(|((row, weight), entropy)| row[class] * weight * (-root * entropy).exp()).sum::<f64>() - number
            };
            roots[class] = root(of, roots[class]);
        }
        now = powers(&roots);
    }
    let last = weights(&now);
    let made = |((row, powers), weight): ((&Vec<f64>, &Vec<f64>), &f64)| {
        row.iter().zip(powers).map(|(value, power)| value * power * weight).collect()
    };
    scaled.iter().zip(&now).zip(&last).map(made).collect()
}

impl Darp {
    /// Finds the pseudo-labels for all sequences that have one.
    fn refine(&mut self) {
        let all = self.latest.rows();
        let known: Vec<usize> = (0..all.len()).filter(|row| all[*row].iter().any(|value| *value > 0.0)).collect();
        let rows: Vec<Vec<f64>> =
            known.iter().map(|row| all[*row].iter().map(|value| f64::from(*value)).collect()).collect();
        let numbers: Vec<f64> = self.shares.iter().map(|share| share * known.len() as f64).collect();
        let found = refined(&sifted(&rows, &numbers, self.config.kept), &numbers);
        let classes = numbers.len();
        let mut values = vec![0f32; all.len() * classes];
        for (row, found) in known.iter().zip(found) {
            // Where the solver ran out of range the model's own pseudo-label stays.
            if found.iter().all(|value| value.is_finite()) {
                found.iter().enumerate().for_each(|(class, value)| values[row * classes + class] = *value as f32);
            }
        }
        let device = self.refined.device();
        self.refined = remembered(Tensor::from_data(TensorData::new(values, [all.len(), classes]), &device));
    }
}

impl Rebalancing for Darp {
    fn pseudo_labels<M: SequenceModel>(&mut self, pseudo_labels: &mut PseudoLabels, _model: &M, seen: &Seen<'_>) {
        self.latest.note(&seen.part.indices, pseudo_labels.probabilities.clone());
        if seen.context.progress() < self.config.start {
            return;
        }
        if seen.context.step.is_multiple_of(self.config.every) {
            self.refine();
        }
        let made =
            self.refined.val().detach().select(0, places(&seen.part.indices, &pseudo_labels.probabilities.device()));
        // A sequence that came for the first time since has the model's own pseudo-label.
        let none = made.clone().sum_dim(1).lower_equal_elem(0.0).float();
        pseudo_labels.take(made + pseudo_labels.probabilities.clone() * none);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refined_pseudo_labels_sum_to_one_and_come_near_the_classes_numbers() {
        let rows: Vec<Vec<f64>> = (0..40)
            .map(|row| {
                let first = 0.5 + 0.4 * (f64::from(row) * 1.7).sin();
                vec![first, (1.0 - first) * 0.7, (1.0 - first) * 0.3]
            })
            .collect();
        let numbers = [10.0, 20.0, 10.0];
        let found = refined(&rows, &numbers);
        for row in &found {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
        for (class, number) in numbers.iter().enumerate() {
            let sum: f64 = found.iter().map(|row| row[class]).sum();
            assert!((sum - number).abs() < 1.5, "class {class}: {sum}");
        }
    }
}
