//! CReST and CReST+ (Wei et al. 2021, "CReST: a class-rebalancing self-training framework for imbalanced
//! semi-supervised learning").
//!
//! The stage is cut into generations of as many steps. Before each but the first the model says a class of every
//! unlabelled sequence, and of those that it says are of the class at place `l` of `L`, by how frequent it is among the
//! labels, the surest `(n_{L+1-l} / n_1)^{1/α}` stand among the labelled sequences with that class in the new
//! generation: of the rarest class all, whose pseudo-labels are right most often, of the most frequent few. They stay
//! among the unlabelled sequences too. Then all begins as the stage began: the weights, the optimiser, the schedule,
//! and what the objective remembers. Each generation chooses anew, beside the labels alone.
//!
//! CReST+ (`plus`) aligns pseudo-labels in each step, `q ∝ p · target / p̂`, with `p̂` the mean of what the model says
//! of the last batches and `target ∝ π^t`, where `π` are the classes' shares of the labels. `t` falls from 1 in the
//! first generation to `temperature` in the last, so that later generations are drawn to rare classes.
//!
//! As in the authors' code, whose random seed is set anew each generation, a new generation begins from the very
//! weights that the last one began from. Where the stage follows others, those are what the earlier stages learned.
//!
//! # Cost
//!
//! A pass over the training part each generation, and a copy of the weights and the optimiser's state. A stage of `n`
//! steps gives the model that `n / generations` steps train.
//!
//! # When it fails
//!
//! A generation has to be long enough to learn from scratch what the last one knew. Where a rare class is predicted
//! wrongly, all of its pseudo-labels become labels.

use burn::module::{Module, Param};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::objective::{Setting, Survey};
use crate::parts::losses::class_logits;
use crate::parts::memory::{aligned, remembered};
use crate::parts::pseudo_labels::PseudoLabels;
use crate::rebalancing::{Rebalancing, Seen, counts_of};
use crate::step::StepContext;

/// Batches that the authors' mean remembers, and the part of a generation where that is shorter.
const REMEMBERED: usize = 128;
const SHARE: usize = 20;

/// `[stage.rebalancing.crest]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CrestConfig {
    /// Generations that the stage is cut into, 2 to 100. Default 3; the authors train 6 for CIFAR-10, each as long as a
    /// run.
    pub generations: usize,
    /// α ≥ 1: the larger, the more pseudo-labels of frequent classes become labels. Default 3, the authors'.
    pub alpha: f64,
    /// Whether pseudo-labels are aligned (CReST+). Default true.
    pub plus: bool,
    /// Least `t` in [0, 1], of the last generation: 0 draws pseudo-labels to all classes alike, 1 to the labels'
    /// shares. Default 0.5, the authors'.
    pub temperature: f64,
    /// Batches that the mean of what the model says remembers, 1 to 10,000. Default: a twentieth of a generation, at
    /// most 128, the authors'.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<usize>,
}

impl Default for CrestConfig {
    fn default() -> Self {
        Self { generations: 3, alpha: 3.0, plus: true, temperature: 0.5, memory: None }
    }
}

impl CrestConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.alpha"), self.alpha, 1.0, 1e6, "the authors use 3");
        check_range(problems, &format!("{path}.temperature"), self.temperature, 0.0, 1.0, "the authors use 0.5");
        if self.generations < 2 {
            problems.push(problem(
                format!("{path}.generations"),
                format!("must be at least 2, got {}", self.generations),
                Some("the first chooses labels for the second; the authors train 6"),
            ));
        }
        if self.memory == Some(0) {
            problems.push(problem(format!("{path}.memory"), "must be at least 1, got 0", Some("the authors' is 128")));
        }
    }

    pub(crate) fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Crest {
        let counts = counts_of(setting, setting.model.outputs().max(2));
        let even = 1.0 / counts.len() as f64;
        let batches = self.memory.unwrap_or(REMEMBERED);
        Crest {
            said: remembered(Tensor::full([batches, counts.len()], even, setting.device)),
            given: remembered(Tensor::zeros([setting.train_size], setting.device)),
            target: remembered(target(&counts, 1.0, setting.device)),
            counts,
            config: self.clone(),
        }
    }
}

/// CReST's choice, and what the model said of the last batches.
#[derive(Module, Debug)]
pub struct Crest {
    /// Mean distributions, the latest last, `[batches, classes]`
    said: Param<Tensor<2>>,
    /// 1 more than the class that stands for a sequence's label, 0 where none does, `[train]`
    given: Param<Tensor<1>>,
    /// What pseudo-labels are drawn to, `[1, classes]`
    target: Param<Tensor<2>>,
    /// Labels of each class.
    #[module(skip)]
    counts: Vec<f64>,
    #[module(skip)]
    config: CrestConfig,
}

/// For each class the part of the sequences that are predicted to be of it that become labels: `(n_{L+1-l} /
/// n_1)^{1/α}` for the class at place `l` by its labels.
fn rates(counts: &[f64], alpha: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by(|left, right| counts[*right].total_cmp(&counts[*left]));
    let mut rates = vec![0.0; counts.len()];
    for (class, mirrored) in order.iter().zip(order.iter().rev()) {
        rates[*class] = (counts[*mirrored] / counts[order[0]]).powf(1.0 / alpha);
    }
    rates
}

/// The class of each sequence that becomes a label, of distributions `[sequences][classes]` of those without one.
fn chosen(said: &[Option<Vec<f32>>], rates: &[f64]) -> Vec<Option<usize>> {
    let mut groups: Vec<Vec<(usize, f32)>> = vec![Vec::new(); rates.len()];
    for (row, said) in said.iter().enumerate() {
        let Some(said) = said else { continue };
        let class = (0..said.len()).fold(0, |best, class| if said[class] > said[best] { class } else { best });
        groups[class].push((row, said[class]));
    }
    let mut found = vec![None; said.len()];
    for (class, (group, rate)) in groups.iter_mut().zip(rates).enumerate() {
        group.sort_by(|left, right| right.1.total_cmp(&left.1));
        let count = (group.len() as f64 * rate) as usize;
        group.iter().take(count).for_each(|(row, _)| found[*row] = Some(class));
    }
    found
}

/// The classes' shares of the labels to a power, scaled to sum to 1. `[1, classes]`
fn target(counts: &[f64], exponent: f64, device: &Device) -> Tensor<2> {
    let total: f64 = counts.iter().sum();
    let raised: Vec<f64> = counts.iter().map(|count| (count / total).powf(exponent)).collect();
    let sum: f64 = raised.iter().sum();
    let target: Vec<f32> = raised.iter().map(|value| (value / sum) as f32).collect();
    Tensor::<1>::from_data(target.as_slice(), device).reshape([1, counts.len()])
}

impl Crest {
    /// Batches that the mean is over.
    fn memory(&self, context: &StepContext) -> usize {
        self.config.memory.unwrap_or_else(|| (context.total_steps / SHARE).clamp(1, REMEMBERED))
    }
}

impl Rebalancing for Crest {
    fn pseudo_labels<M: SequenceModel>(&mut self, pseudo_labels: &mut PseudoLabels, _model: &M, seen: &Seen<'_>) {
        if !self.config.plus {
            return;
        }
        let said = pseudo_labels.mean_distribution();
        let [batches, classes] = self.said.dims();
        let memory = self.memory(seen.context);
        let mean = self.said.val().detach().narrow(0, batches - memory, memory).mean_dim(0);
        pseudo_labels.take(aligned(pseudo_labels.probabilities.clone(), mean, self.target.val().detach()));
        let later = self.said.val().detach().slice([1..batches, 0..classes]);
        self.said = remembered(Tensor::cat(vec![later, said.detach()], 0));
    }

    fn generations(&self) -> usize {
        self.config.generations
    }

    fn survey(mut self, survey: &Survey) -> Self {
        let device = self.given.device();
        let [_, classes] = class_logits(survey.logits.clone()).dims();
        let said: Vec<f32> = softmax(class_logits(survey.logits.clone()), 1).into_data().iter::<f32>().collect();
        let unlabeled = |(said, class): (&[f32], &Option<usize>)| class.is_none().then(|| said.to_vec());
        let said: Vec<Option<Vec<f32>>> = said.chunks(classes).zip(&survey.classes).map(unlabeled).collect();
        let chosen = chosen(&said, &rates(&self.counts, self.config.alpha));
        let given: Vec<f32> = chosen.iter().map(|class| class.map_or(0.0, |class| class as f32 + 1.0)).collect();
        self.given = remembered(Tensor::from_data(given.as_slice(), &device));
        let done = survey.generation as f64 / (self.config.generations - 1).max(1) as f64;
        self.target = remembered(target(&self.counts, (1.0 - done) + done * self.config.temperature, &device));
        self
    }

    fn given(&self) -> Vec<(usize, usize)> {
        let given = self.given.val().into_data().iter::<f32>().enumerate().collect::<Vec<_>>();
        given.into_iter().filter(|(_, class)| *class > 0.0).map(|(row, class)| (row, class as usize - 1)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_rare_classes_most_becomes_labels() {
        // In the order of their labels: 100, 50, 10 and 1 against the most.
        let found = rates(&[50.0, 1.0, 100.0, 10.0], 2.0);
        let expected = [0.1f64, 1.0, 0.01, 0.5].map(f64::sqrt);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} against {expected}");
        }
    }

    #[test]
    fn the_surest_sequences_of_each_class_are_the_authors() {
        let text = include_str!("../../tests/fixtures/rebalancing_teachers.json");
        let fixture: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let case = &fixture["chosen"];
        let said: Vec<Option<Vec<f32>>> = serde_json::from_value(case["said"].clone()).expect("distributions");
        let counts: Vec<f64> = serde_json::from_value(case["counts"].clone()).expect("counts");
        let expected: Vec<Option<usize>> = serde_json::from_value(case["chosen"].clone()).expect("classes");
        assert_eq!(chosen(&said, &rates(&counts, 3.0)), expected);
        assert!(expected.iter().flatten().count() > 10);
    }
}
