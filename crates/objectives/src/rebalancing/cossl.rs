//! CoSSL (Fan et al. 2022, "CoSSL: co-learning of representation and classifier for imbalanced semi-supervised
//! learning").
//!
//! Representation and classifier are learned apart, and each helps the other. For most of the stage the objective
//! learns alone. Then a second head begins on the vectors of an average of the encoder's past weights, which no
//! gradient of it reaches. It learns from labelled sequences in the strong view, drawn class by class, and enhances the
//! tail (tail-class feature enhancement): with probability `(n_max - n_c) / n_max` a vector is blended with one of an
//! unlabelled sequence, `λ z + (1 - λ) u` with `λ ~ U(μ, 1)`, and keeps its label. In exchange the second head's
//! predictions for the averaged encoder's vectors are the pseudo-labels from which the encoder goes on to learn. What
//! predicts is the averaged encoder with an average of the second head.
//!
//! The second head begins as the authors' warm-up leaves it: fitted by Adam to the averaged encoder's vectors of all
//! labelled sequences and, for each class, blends with the unlabelled or other sequences that are most like the class's
//! mean, until all classes are as large as the largest, `λ ~ Beta(0.75, 0.75)`.
//!
//! The authors train the objective for 400 of 500 epochs, and then begin; here that is one stage. With `start = 0` it
//! begins at once, after a stage of the objective alone. Blends are with unlabelled sequences; the authors' program
//! takes labelled ones among them too. The warm-up reads sequences as they are, where the authors draw views.
//! The stage's optimiser trains the second head too, where the authors have one Adam for each.
//!
//! # Cost
//!
//! A further labelled batch, passes of the averaged encoder over it and over both views of the unlabelled batch, a copy
//! of the weights, and once a fit on the host.
//!
//! # When it fails
//!
//! The second head is as good as the vectors at `start`: in short stages they are not learned by then. Accuracy pays
//! for rare classes where the sequences to predict are as imbalanced as the labels.

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{Tensor, TensorData};
use schemars::JsonSchema;
use semiseq_models::{SequenceModel, Sequences};
use semiseq_schema::{Problem, check_memory, check_range};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::hidden;
use crate::objective::{Setting, Survey};
use crate::parts::averaged_weights::AveragedWeights;
use crate::parts::losses::{cross_entropy_of_rows, weighted_mean};
use crate::parts::memory::{decay, remembered};
use crate::parts::pseudo_labels::PseudoLabels;
use crate::parts::random::{Draws, step_seed};
use crate::parts::softmax_regression::{Fit, Layer};
use crate::rebalancing::{Rebalancing, Seen, counts_of, for_outputs};
use crate::step::{Part, StepContext, Targets};

/// Steps that the authors' averages remember.
const LONGEST: f64 = 1000.0;
/// Of the warm-up, the authors': Adam's rate and decay, rows of a batch, and both parameters of λ's distribution.
const RATE: f64 = 0.002;
const WEIGHT_DECAY: f64 = 5e-4;
const BATCH: usize = 64;
const BETA: f64 = 0.75;

/// `[stage.rebalancing.cossl]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CosslConfig {
    /// Part of the stage before the second head begins, in [0, 1). Default 0.8, the authors' 400 of 500 epochs. 0 where
    /// an earlier stage has learned the representation.
    pub start: f64,
    /// μ in [0, 1]: how much of a blended vector is its own at least. Default 0.6, the authors' for CIFAR-10; 1 blends
    /// nothing.
    pub least_own: f64,
    /// Steps of the fit from which the second head begins, on the host, 0 to 100,000. Default 5000, the authors' 10
    /// epochs of 500.
    pub warm_up: usize,
    /// Decay in [0, 1) of both averages. Default: by the length of the stage, at most 0.999, the authors'.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ema_decay: Option<f64>,
}

impl Default for CosslConfig {
    fn default() -> Self {
        Self { start: 0.8, least_own: 0.6, warm_up: 5000, ema_decay: None }
    }
}

impl CosslConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        let hint = "it is a part of the stage; 0.8 is usual";
        check_range(problems, &format!("{path}.start"), self.start, 0.0, 0.99, hint);
        check_range(problems, &format!("{path}.least_own"), self.least_own, 0.0, 1.0, "the authors use 0.6");
        if let Some(decay) = self.ema_decay {
            check_memory(problems, &format!("{path}.ema_decay"), decay, "the authors use 0.999");
        }
    }

    pub(crate) fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Cossl {
        let outputs = setting.model.outputs();
        let counts = counts_of(setting, outputs.max(2));
        let largest = counts.iter().copied().fold(0.0, f64::max);
        let rates: Vec<f32> = counts.iter().map(|count| ((largest - count) / largest) as f32).collect();
        let head = LinearConfig::new(setting.model.pooled_size(), counts.len()).init(setting.device);
        Cossl {
            teacher: AveragedWeights::of(setting.model),
            average: AveragedWeights::of(&head),
            head,
            begun: remembered(Tensor::zeros([1], setting.device)),
            rates: remembered(Tensor::from_data(rates.as_slice(), setting.device)),
            outputs,
            config: self.clone(),
        }
    }

    /// The step before which the second head begins.
    fn first(&self, context: &StepContext) -> usize {
        (self.start * context.total_steps as f64).ceil() as usize
    }
}

/// CoSSL's averages and its second head.
#[derive(Module, Debug)]
pub struct Cossl {
    /// Of the model.
    teacher: AveragedWeights,
    head: Linear,
    /// Of the second head.
    average: AveragedWeights,
    /// 1 once the second head has begun, `[1]`
    begun: Param<Tensor<1>>,
    /// `(n_max - n_c) / n_max`, `[classes]`
    rates: Param<Tensor<1>>,
    #[module(skip)]
    outputs: usize,
    #[module(skip)]
    config: CosslConfig,
}

impl Cossl {
    /// The loss of the second head on vectors of sequences that were drawn class by class, `[1]`. `unlabeled` are those
    /// that tails are blended with, `[rows, pooled_size]`.
    fn enhanced_loss<M: SequenceModel>(&self, teacher: &M, balanced: &Part, unlabeled: Tensor<2>) -> Option<Tensor<1>> {
        let Targets::Classes { classes, known } = &balanced.targets else { return None };
        let vectors = hidden(teacher, &balanced.strong_or_weak()).detach();
        let ([rows, _], [others, _], device) = (vectors.dims(), unlabeled.dims(), vectors.device());
        let mut draws = Draws::new(step_seed(&device));
        let rates = self.rates.val().detach().select(0, classes.clone()).reshape([rows, 1]);
        let coins = draws.uniform([rows, 1], &device).lower(rates).float();
        let own = draws.uniform([rows, 1], &device) * (1.0 - self.config.least_own) + self.config.least_own;
        let with = unlabeled.select(0, draws.choices(others, rows, &device));
        let logits = self.head.forward(blended(vectors, with, coins, own));
        Some(weighted_mean(cross_entropy_of_rows(logits, classes.clone()), Some(known.clone())))
    }
}

/// `λ z + (1 - λ) u` where the coin says 1, and `z` elsewhere. Vectors `[rows, width]`, coins and λ `[rows, 1]`.
fn blended(vectors: Tensor<2>, with: Tensor<2>, coins: Tensor<2>, own: Tensor<2>) -> Tensor<2> {
    let share = coins * (own.neg() + 1.0);
    vectors.clone() + (with - vectors) * share
}

impl Rebalancing for Cossl {
    fn pseudo_labels<M: SequenceModel>(&mut self, pseudo_labels: &mut PseudoLabels, model: &M, seen: &Seen<'_>) {
        if seen.context.step < self.config.first(seen.context) {
            return;
        }
        let teacher = self.teacher.model(model).freeze();
        let vectors = |sequences: &Sequences| hidden(&teacher, sequences).detach();
        pseudo_labels.take(softmax(self.head.forward(vectors(&seen.part.weak)).detach(), 1));
        let unlabeled = vectors(&seen.part.strong_or_weak());
        if let Some(loss) = seen.balanced.and_then(|balanced| self.enhanced_loss(&teacher, balanced, unlabeled)) {
            pseudo_labels.more.push(("enhanced", 1.0, loss));
        }
    }

    fn surveys(&self, context: &StepContext) -> bool {
        context.step == self.config.first(context)
    }

    /// The warm-up.
    fn survey(mut self, survey: &Survey) -> Self {
        let device = survey.vectors.device();
        let [rows, width] = survey.vectors.dims();
        let values: Vec<f64> = survey.vectors.clone().into_data().iter::<f32>().map(f64::from).collect();
        let vectors: Vec<Vec<f64>> = (0..rows).map(|row| values[row * width..][..width].to_vec()).collect();
        let [kinds] = self.rates.dims();
        let mut draws = Draws::new(step_seed(&device));
        let (vectors, classes) = evened(&vectors, &survey.classes, kinds, &mut draws);
        let host = |tensor: Tensor<1>| tensor.into_data().iter::<f32>().map(f64::from).collect::<Vec<f64>>();
        let begun = Layer {
            weights: host(self.head.weight.val().detach().reshape([width * kinds])),
            biases: self.head.bias.as_ref().map_or(vec![0.0; kinds], |bias| host(bias.val().detach())),
        };
        let steps = if vectors.is_empty() { 0 } else { self.config.warm_up };
        let context = StepContext { step: 0, total_steps: steps, epoch: 1 };
        let fit =
            Fit { rate: RATE, weight_decay: WEIGHT_DECAY, ema_decay: decay(self.config.ema_decay, LONGEST, &context) };
        let (head, average) = begun.fitted(&vectors, &classes, batches(vectors.len(), draws).take(steps), &fit);
        self.average = AveragedWeights::of(&with_layer(self.head.clone(), &average));
        self.head = with_layer(self.head, &head);
        self.begun = remembered(Tensor::ones([1], &device));
        self
    }

    fn after_update<M: SequenceModel>(mut self, model: &M, context: &StepContext) -> Self {
        let decay = decay(self.config.ema_decay, LONGEST, context);
        self.teacher = self.teacher.follow(model, decay);
        if context.step >= self.config.first(context) {
            self.average = self.average.follow(&self.head, decay);
        }
        self
    }

    fn evaluated<M: SequenceModel>(&self, model: &M) -> Option<M> {
        Some(self.teacher.model(model))
    }

    fn vote(&self, logits: Tensor<2>, hidden: Tensor<2>) -> Option<Tensor<2>> {
        let begun = self.begun.val().into_data().iter::<f32>().any(|begun| begun > 0.0);
        let head = || for_outputs(self.average.model(&self.head).forward(hidden), self.outputs);
        Some(if begun { head() } else { logits })
    }
}

/// A head with these weights.
fn with_layer(mut head: Linear, layer: &Layer) -> Linear {
    let put = |values: &[f64], shape: Vec<usize>| {
        TensorData::new(values.iter().map(|value| *value as f32).collect::<Vec<_>>(), shape)
    };
    head.weight = head.weight.map(|old| {
        let weights = put(&layer.weights, old.dims().to_vec());
        Tensor::from_data(weights, &old.device()).set_require_grad(old.is_require_grad())
    });
    head.bias = head.bias.map(|bias| {
        bias.map(|old| {
            let biases = put(&layer.biases, old.dims().to_vec());
            Tensor::from_data(biases, &old.device()).set_require_grad(old.is_require_grad())
        })
    });
    head
}

/// Batches of rows in shuffled order, again and again.
fn batches(rows: usize, mut draws: Draws) -> impl Iterator<Item = Vec<usize>> {
    let size = BATCH.min(rows);
    std::iter::repeat_with(move || {
        let order = draws.shuffled(rows);
        order.chunks_exact(size.max(1)).map(<[usize]>::to_vec).collect::<Vec<_>>()
    })
    .flatten()
}

/// Vectors with their classes, as many of each: those of labelled sequences, and blends of them with the vectors of
/// other sequences, of those first that are most like the class's mean. `[rows][width]`
fn evened(
    vectors: &[Vec<f64>],
    labels: &[Option<usize>],
    classes: usize,
    draws: &mut impl Chances,
) -> (Vec<Vec<f64>>, Vec<usize>) {
    let of = |class: usize| (0..vectors.len()).filter(move |row| labels[*row] == Some(class)).collect::<Vec<usize>>();
    let groups: Vec<Vec<usize>> = (0..classes).map(of).collect();
    let largest = groups.iter().map(Vec::len).max().unwrap_or(0);
    let imprinted = imprinted(vectors, &groups);
    let likeness: Vec<Vec<f64>> = vectors.iter().map(|vector| imprinted.probabilities(vector)).collect();
    let known = (0..vectors.len()).filter_map(|row| Some((vectors[row].clone(), labels[row]?)));
    let (mut found, mut found_classes): (Vec<Vec<f64>>, Vec<usize>) = known.unzip();
    // Labelled sequences before the others, as in the authors' code: of equals the first come first.
    let order = |row: &usize| labels[*row].is_none();
    for (class, own) in groups.iter().enumerate().filter(|(_, own)| !own.is_empty()) {
        let mut others: Vec<usize> = (0..vectors.len()).filter(|row| labels[*row] != Some(class)).collect();
        others.sort_by_key(order);
        others.sort_by(|left, right| likeness[*right][class].total_cmp(&likeness[*left][class]));
        let missing = if others.is_empty() { 0 } else { largest - own.len() };
        let chosen: Vec<usize> = (0..missing).map(|_| own[draws.choice(own.len())]).collect();
        for (place, row) in chosen.into_iter().enumerate() {
            let (share, other) = (draws.share(), others[place % others.len()]);
            let blend =
                vectors[row].iter().zip(&vectors[other]).map(|(own, other)| share * own + (1.0 - share) * other);
            found.push(blend.collect());
            found_classes.push(class);
        }
    }
    (found, found_classes)
}

/// A head whose weights are the directions of the classes' means (weight imprinting, Qi et al. 2018).
fn imprinted(vectors: &[Vec<f64>], groups: &[Vec<usize>]) -> Layer {
    let (width, classes) = (vectors.first().map_or(0, Vec::len), groups.len());
    let mut weights = vec![0.0; width * classes];
    for (class, rows) in groups.iter().enumerate() {
        let sum = |place: usize| rows.iter().map(|row| vectors[*row][place]).sum::<f64>();
        let sums: Vec<f64> = (0..width).map(sum).collect();
        let length = sums.iter().map(|value| value * value).sum::<f64>().sqrt().max(1e-12);
        sums.iter().enumerate().for_each(|(place, value)| weights[place * classes + class] = value / length);
    }
    Layer { weights, biases: vec![0.0; classes] }
}

/// What the warm-up draws.
trait Chances {
    /// A number below `count`.
    fn choice(&mut self, count: usize) -> usize;
    /// `λ ~ Beta(0.75, 0.75)`.
    fn share(&mut self) -> f64;
}

impl Chances for Draws {
    fn choice(&mut self, count: usize) -> usize {
        self.below(count)
    }
    fn share(&mut self) -> f64 {
        self.beta(BETA)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Int};
    use serde_json::Value;

    use super::*;

    fn fixture() -> Value {
        serde_json::from_str(include_str!("../../tests/fixtures/rebalancing_teachers.json")).expect("JSON")
    }

    /// Draws that were written down.
    struct Written {
        choices: Vec<usize>,
        shares: Vec<f64>,
    }

    impl Chances for Written {
        fn choice(&mut self, count: usize) -> usize {
            self.choices.remove(0) % count
        }
        fn share(&mut self) -> f64 {
            self.shares.remove(0)
        }
    }

    #[test]
    fn all_classes_are_as_large_as_the_largest_by_the_authors_blends() {
        let fixture = fixture();
        let case = &fixture["evened"];
        let rows = |name: &str| -> Vec<Vec<f64>> { serde_json::from_value(case[name].clone()).expect("rows") };
        let list = |name: &str| -> Vec<usize> { serde_json::from_value(case[name].clone()).expect("numbers") };
        let labels: Vec<Option<usize>> = serde_json::from_value(case["labels"].clone()).expect("labels");
        let shares: Vec<f64> = serde_json::from_value(case["shares"].clone()).expect("shares");
        let mut written = Written { choices: list("choices"), shares };
        let (found, classes) = evened(&rows("vectors"), &labels, 3, &mut written);
        assert_eq!(classes, list("classes"));
        let expected = rows("found").concat();
        for (found, expected) in found.concat().iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{found} against {expected}");
        }
        assert!(written.choices.is_empty() && written.shares.is_empty());
    }

    #[test]
    fn vectors_of_the_tail_are_blended_as_the_authors_blend_them() {
        let fixture = fixture();
        let case = &fixture["blended"];
        let device = Device::flex();
        let tensor = |name: &str| {
            let rows: Vec<Vec<f32>> = serde_json::from_value(case[name].clone()).expect("rows");
            let shape = [rows.len(), rows[0].len()];
            Tensor::<2>::from_data(TensorData::new(rows.concat(), shape), &device)
        };
        let classes: Vec<i32> = serde_json::from_value(case["classes"].clone()).expect("classes");
        let rates = tensor("rates").reshape([3]).select(0, Tensor::<1, Int>::from_data(classes.as_slice(), &device));
        let [rows, _] = tensor("vectors").dims();
        let coins = tensor("coins").lower(rates.reshape([rows, 1])).float();
        let found = blended(tensor("vectors"), tensor("with"), coins, tensor("own"));
        let difference = (found - tensor("found")).abs().max().into_scalar::<f32>();
        assert!(difference < 1e-6, "{difference}");
    }

    #[test]
    fn a_pass_of_the_warm_up_has_each_row_once_in_full_batches() {
        let rows: Vec<Vec<usize>> = batches(150, Draws::new(1)).take(4).collect();
        assert!(rows.iter().all(|batch| batch.len() == BATCH));
        let mut first = rows[..2].concat();
        first.sort_unstable();
        first.dedup();
        assert_eq!(first.len(), 2 * BATCH);
        assert_eq!(batches(3, Draws::new(1)).take(2).map(|batch| batch.len()).collect::<Vec<_>>(), [3, 3]);
    }
}
