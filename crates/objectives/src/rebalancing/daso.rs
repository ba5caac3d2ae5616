//! DASO (Oh et al. 2022, "DASO: distribution-aware semantics-oriented pseudo-label for imbalanced semi-supervised
//! learning").
//!
//! A queue keeps as many vectors of each class, of labelled sequences as an average of the encoder's past weights reads
//! them; their mean is the class's prototype `c_k`. After some of the stage an unlabelled sequence has two
//! pseudo-labels: the head's `p`, which leans to frequent classes, and `q = softmax(cos(z, c) / T)` by the prototypes,
//! which leans to rare ones. The objective goes on with `(1 - v_k) p + v_k q`, where `k` is the head's likeliest class
//! and `v ∝ m^(1/T_dist)`, with the largest scaled to 1: `m` is how often each class was the pseudo-label in the last
//! steps, so that pseudo-labels of frequent classes are blended most. A term `CE(q(weak), q(strong))` draws the strong
//! view to the prototypes that the weak one is near to.
//!
//! As in the authors' code the prototypes are of the averaged encoder, and what is held against them of the one that is
//! trained. Their 5,000 steps without blending are a fiftieth of their stage, as here.
//!
//! # Cost
//!
//! A pass of the averaged encoder over the labelled batch, and a copy of the weights. The labels of each batch are read
//! by the host.
//!
//! # When it fails
//!
//! Prototypes are as good as the encoder: where classes do not part by direction, blending makes pseudo-labels worse
//! and less sure, and fewer reach the threshold.

use std::collections::BTreeMap;

use burn::module::{Module, Param};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_memory, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::hidden;
use crate::objective::Setting;
use crate::parts::averaged_weights::AveragedWeights;
use crate::parts::losses::soft_cross_entropy_of_rows;
use crate::parts::memory::{add_at, decay, places, remembered};
use crate::parts::memory_bank::of_length_one;
use crate::parts::pseudo_labels::PseudoLabels;
use crate::rebalancing::{Rebalancing, Seen, SeenLabels};
use crate::step::{StepContext, Targets};
use crate::terms::Terms;

/// Steps that the authors' average of the weights remembers.
const LONGEST: f64 = 1000.0;
/// Steps from one count of the authors' pseudo-labels to the next, and the part of a stage where that is shorter.
const COUNTED: usize = 100;
const SHARE: usize = 20;

/// `[stage.rebalancing.daso]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DasoConfig {
    /// ≥ 0, the weight of the term that draws strong views to prototypes. Default 1, the authors'.
    pub weight: f64,
    /// Part of the stage before pseudo-labels are blended, in [0, 1). Default 0.02, the authors' 5,000 of 250,000
    /// steps.
    pub start: f64,
    /// T > 0, of the likeness to prototypes. Default 0.05, the authors'.
    pub temperature: f64,
    /// T_dist > 0, of the classes' shares of pseudo-labels; the lower, the fewer classes are blended. Default 1.5, the
    /// authors' where unlabelled sequences are as imbalanced as the labels; 0.3 where they are not.
    pub blend_temperature: f64,
    /// Vectors of each class in the queue, 1 to 100,000. Default 256, the authors'.
    pub queue: usize,
    /// Steps from one count of pseudo-labels to the next. Default: a twentieth of the stage, at most 100, the
    /// authors'.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<usize>,
    /// Decay in [0, 1) of the encoder's average. Default: by the length of the stage, at most 0.999, the authors'.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ema_decay: Option<f64>,
}

impl Default for DasoConfig {
    fn default() -> Self {
        Self {
            weight: 1.0,
            start: 0.02,
            temperature: 0.05,
            blend_temperature: 1.5,
            queue: 256,
            every: None,
            ema_decay: None,
        }
    }
}

impl DasoConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        let mut range = |key: &str, value: f64, least: f64, most: f64, hint: &str| {
            check_range(problems, &format!("{path}.{key}"), value, least, most, hint);
        };
        range("weight", self.weight, 0.0, f64::INFINITY, "the authors use 1");
        range("start", self.start, 0.0, 0.99, "it is a part of the stage; 0.02 is usual");
        range("temperature", self.temperature, 1e-3, 1e3, "the authors use 0.05");
        range("blend_temperature", self.blend_temperature, 1e-3, 1e3, "the authors use 1.5 and 0.3");
        for (key, value, hint) in
            [("queue", Some(self.queue), "the authors use 256"), ("every", self.every, "the authors use 100")]
        {
            if value == Some(0) {
                problems.push(problem(format!("{path}.{key}"), "must be at least 1, got 0", Some(hint)));
            }
        }
        if let Some(decay) = self.ema_decay {
            check_memory(problems, &format!("{path}.ema_decay"), decay, "the authors use 0.999");
        }
    }

    pub(crate) fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Daso {
        let classes = setting.model.outputs().max(2);
        Daso {
            teacher: AveragedWeights::of(setting.model),
            queue: Queue::new(classes, self.queue, setting.model.pooled_size(), setting.device),
            counts: remembered(Tensor::zeros([classes], setting.device)),
            shares: remembered(Tensor::zeros([classes], setting.device)),
            config: self.clone(),
        }
    }

    /// Steps from one count to the next.
    fn every(&self, total_steps: usize) -> usize {
        self.every.unwrap_or((total_steps / SHARE).clamp(1, COUNTED))
    }

    /// Whether pseudo-labels are blended by now: not before the first count.
    fn begun(&self, context: &StepContext) -> bool {
        context.progress() >= self.start && context.step >= self.every(context.total_steps)
    }
}

/// DASO's queue, and how often each class was a pseudo-label.
#[derive(Module, Debug)]
pub struct Daso {
    teacher: AveragedWeights,
    queue: Queue,
    /// Since the last count, `[classes]`
    counts: Param<Tensor<1>>,
    /// As of the last count, `[classes]`
    shares: Param<Tensor<1>>,
    #[module(skip)]
    config: DasoConfig,
}

impl Daso {
    /// How much of the prototypes' word counts for each class that the head says, `[classes]`.
    fn blends(&self) -> Tensor<1> {
        let shares = self.shares.val().detach();
        let raised = (shares.clone() / shares.sum().clamp_min(1.0)).powf_scalar(1.0 / self.config.blend_temperature);
        raised.clone() / raised.max().clamp_min(1e-12)
    }
}

impl Rebalancing for Daso {
    fn labeled<M: SequenceModel>(&mut self, terms: Terms, model: &M, seen: &SeenLabels<'_>) -> Terms {
        let Targets::Classes { classes, known } = &seen.part.targets else { return terms };
        let vectors = hidden(&self.teacher.model(model).freeze(), &seen.part.weak).detach();
        let known: Vec<f32> = known.clone().into_data().iter::<f32>().collect();
        let classes: Vec<i32> = classes.clone().into_data().iter::<i32>().collect();
        let labels = classes.iter().zip(known).map(|(class, known)| (known > 0.0).then_some(*class as usize));
        self.queue.push(vectors, &labels.collect::<Vec<_>>());
        terms
    }

    fn pseudo_labels<M: SequenceModel>(&mut self, pseudo_labels: &mut PseudoLabels, _model: &M, seen: &Seen<'_>) {
        let [rows, classes] = pseudo_labels.probabilities.dims();
        if self.config.begun(seen.context) {
            let prototypes = self.queue.prototypes();
            let likeness = |vectors: Tensor<2>| {
                of_length_one(vectors).matmul(prototypes.clone().transpose()) / self.config.temperature
            };
            let said = softmax(likeness(seen.weak.clone()), 1);
            let each = soft_cross_entropy_of_rows(likeness(seen.strong.clone()), said.clone());
            pseudo_labels.more.push(("semantic", self.config.weight, pseudo_labels.mean(each)));
            let alike = said.clone().argmax(1).reshape([rows]).equal(pseudo_labels.labels.clone()).float();
            pseudo_labels.watched.push(("semantic_agreement", pseudo_labels.mean(alike)));
            let blend = self.blends().select(0, pseudo_labels.labels.clone());
            pseudo_labels.watched.push(("semantic_share", pseudo_labels.mean(blend.clone())));
            let blend = blend.reshape([rows, 1]);
            pseudo_labels.take(pseudo_labels.probabilities.clone() * (blend.clone().neg() + 1.0) + said * blend);
        }
        let counted = pseudo_labels.labels.clone().one_hot::<2>(classes).float().sum_dim(0).reshape([classes]);
        self.counts = self.counts.clone().map(|counts| (counts.detach() + counted.clone()).set_require_grad(false));
    }

    fn after_update<M: SequenceModel>(mut self, model: &M, context: &StepContext) -> Self {
        // The average of all weights until its memory is full, as in the authors' code.
        let warm = 1.0 - 1.0 / (context.step as f64 + 1.0);
        self.teacher = self.teacher.follow(model, warm.min(decay(self.config.ema_decay, LONGEST, context)));
        if (context.step + 1).is_multiple_of(self.config.every(context.total_steps)) {
            let counts = self.counts.val().detach();
            self.counts = remembered(counts.zeros_like());
            self.shares = remembered(counts);
        }
        self
    }
}

/// The last vectors of each class.
#[derive(Module, Debug)]
struct Queue {
    /// `[classes · size, width]`, zeros where nothing is
    vectors: Param<Tensor<2>>,
    /// How many of each class were pushed; counted on from `size` once they are `2 size`. `[classes]`
    pushed: Param<Tensor<1>>,
    /// The same on the host; `None` until it was read.
    #[module(skip)]
    known: Option<Vec<usize>>,
    #[module(skip)]
    size: usize,
}

impl Queue {
    fn new(classes: usize, size: usize, width: usize, device: &Device) -> Self {
        Self {
            vectors: remembered(Tensor::zeros([classes * size, width], device)),
            pushed: remembered(Tensor::zeros([classes], device)),
            known: None,
            size,
        }
    }

    /// Puts vectors `[rows, width]` in, each at the end of its class, in order; rows without a class are left out.
    fn push(&mut self, vectors: Tensor<2>, classes: &[Option<usize>]) {
        let read = || self.pushed.val().into_data().iter::<f32>().map(|count| count as usize).collect();
        let mut pushed: Vec<usize> = self.known.take().unwrap_or_else(read);
        let mut rows: BTreeMap<usize, usize> = BTreeMap::new();
        for (row, class) in classes.iter().enumerate() {
            let Some(class) = class else { continue };
            rows.insert(class * self.size + pushed[*class] % self.size, row);
            pushed[*class] += 1;
            if pushed[*class] == 2 * self.size {
                pushed[*class] = self.size;
            }
        }
        let device = vectors.device();
        if !rows.is_empty() {
            let (slots, rows): (Vec<usize>, Vec<usize>) = rows.into_iter().unzip();
            let slots = places(&slots, &device);
            let old = self.vectors.val().detach().select(0, slots.clone());
            add_at(&mut self.vectors, 0, slots, vectors.select(0, places(&rows, &device)) - old);
        }
        let counts: Vec<f32> = pushed.iter().map(|count| *count as f32).collect();
        self.pushed = remembered(Tensor::from_data(counts.as_slice(), &device));
        self.known = Some(pushed);
    }

    /// The direction of each class's mean, of length one; zeros of a class without vectors. `[classes, width]`
    fn prototypes(&self) -> Tensor<2> {
        let vectors = self.vectors.val().detach();
        let [slots, width] = vectors.dims();
        let sums = vectors.reshape([slots / self.size, self.size, width]).sum_dim(1);
        of_length_one(sums.reshape([slots / self.size, width]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_keeps_the_last_vectors_of_each_class() {
        let device = Device::flex();
        let mut queue = Queue::new(2, 2, 1, &device);
        let host = |queue: &Queue| queue.vectors.val().into_data().iter::<f32>().collect::<Vec<f32>>();
        let mut push = |values: &[f32], classes: &[Option<usize>]| {
            queue.push(Tensor::<1>::from_data(values, &device).reshape([values.len(), 1]), classes);
            let mut now = host(&queue);
            now[..2].sort_by(f32::total_cmp);
            // As after a resume.
            queue.known = None;
            now
        };
        assert_eq!(push(&[1.0, 2.0, 3.0], &[Some(0), None, Some(1)]), [0.0, 1.0, 3.0, 0.0]);
        assert_eq!(push(&[4.0, 5.0, 6.0, 7.0], &[Some(0); 4]), [6.0, 7.0, 3.0, 0.0]);
        assert_eq!(push(&[8.0], &[Some(0)]), [7.0, 8.0, 3.0, 0.0]);
        assert_eq!(push(&[9.0], &[Some(0)]), [8.0, 9.0, 3.0, 0.0]);
    }
}
