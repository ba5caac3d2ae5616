//! The semi-supervised VAE (Kingma et al. 2014, "Semi-supervised learning with deep generative models", M2; for
//! sequences Xu et al. 2017).
//!
//! A sequence is made from a class `y` and a Gaussian `z`. With `-L(x, y) = ln p(x|y,z) + ln p(y) - KL(q(z|x,y) ‖ N(0,
//! 1))` the loss is `L(x, y)` on labelled sequences (eq. 6), and on unlabelled ones, the class being summed out, `Σ_y
//! q(y|x) L(x, y) - H(q(y|x))` (eq. 7), and `α` times the cross-entropy of the classifier `q(y|x)` on the labelled ones
//! (eq. 9). The run's model is `q(y|x)`.
//!
//! Bounds are divided by the mean number of values (words) of a sequence, so that the same `weight` suits short and
//! long ones; the paper's `α` is then `1 / weight` times that number.
//!
//! With `rebuild = "summary"` the data of the generative part is the encoder's vector, held fixed, instead of the
//! sequence. After a stage of `vae` that is the paper's M1+M2, and it costs no decoder step per class: the paper
//! freezes M1, here the encoder goes on learning from the classifier's terms, unless the stage freezes it.
//!
//! # Cost
//!
//! A decoder pass for each class on each unlabelled sequence: the cost grows with the number of classes. With
//! `rebuild = "summary"` the decoder rebuilds one vector and costs little.
//!
//! # When it fails
//!
//! As `vae`. The bounds, not the classes, rule where `weight` is large; where it is small, the method is
//! `supervised` with a slow decoder beside it.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Int, Tensor};
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{AnyDecoder, Feeding, Input, SequenceModel, Sequences, tanh};
use semiseq_schema::{Problem, Scores, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::methods::vae::{
    LatentDraws, active_units, check_word_drop, collapse, decoder, divergence, dropped, negative_log_likelihood,
    reparameterised,
};
use crate::objective::{Needs, Objective, Setting};
use crate::over::Over;
use crate::parts::losses::{class_logits, weighted_mean};
use crate::parts::ramp::linear_ramp_up;
use crate::parts::random::{Draws, step_seed};
use crate::parts::sampling::{Picker, Request};
use crate::step::{Part, Step, StepContext, Targets};
use crate::terms::Terms;

/// What the generative part rebuilds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Rebuild {
    /// The sequence itself (M2).
    #[default]
    Sequence,
    /// The encoder's vector (M1+M2 after a `vae` stage).
    Summary,
}

/// `[stage.objective.semi-supervised-vae]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SemiSupervisedVaeConfig {
    /// `sequence` (M2) or `summary` (M1+M2 after a stage of `vae`). Default `sequence`.
    pub rebuild: Rebuild,
    /// Weight ≥ 0 of the bounds, in nats a value, beside the cross-entropy. Default 1.
    pub weight: f64,
    /// Width of `z`. Default 32; the paper takes 50.
    pub latent: usize,
    /// Hidden units of the decoder. Default 128.
    pub hidden: usize,
    /// Fraction in (0, 1] of the stage over which the divergence's weight grows to 1. Default 0.3.
    pub warm_up: f64,
    /// Fraction in [0, 1] of previous steps that the decoder may not see. Default 0.5 for text and 1 for values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub word_drop: Option<f64>,
    /// Deviation of real values around what is rebuilt, above 0. Default 0.5.
    pub deviation: f64,
    /// The classifier's term.
    pub supervised: SupervisedConfig,
}

impl Default for SemiSupervisedVaeConfig {
    fn default() -> Self {
        Self {
            rebuild: Rebuild::Sequence,
            weight: 1.0,
            latent: 32,
            hidden: 128,
            warm_up: 0.3,
            word_drop: None,
            deviation: 0.5,
            supervised: SupervisedConfig::default(),
        }
    }
}

impl SemiSupervisedVaeConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        for (key, value) in [("latent", self.latent), ("hidden", self.hidden)] {
            if value == 0 {
                problems.push(problem(format!("{path}.{key}"), "must be at least 1, got 0", None));
            }
        }
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the default is 1");
        check_range(problems, &format!("{path}.warm_up"), self.warm_up, 0.001, 1.0, "the default is 0.3");
        check_word_drop(self.word_drop, path, problems);
        check_range(problems, &format!("{path}.deviation"), self.deviation, 1e-3, f64::INFINITY, "the default is 0.5");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective with fresh posterior layers and a fresh decoder.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> SemiSupervisedVae {
        let (pooled, device) = (setting.model.pooled_size(), setting.device);
        // A sigmoid classifier has one output for two classes.
        let classes = setting.model.outputs().max(2);
        let decoder = match self.rebuild {
            Rebuild::Sequence => Decoder::Sequence(decoder(self.hidden, self.latent + classes, setting)),
            Rebuild::Summary => Decoder::Summary(SummaryDecoder {
                hidden: LinearConfig::new(self.latent + classes, self.hidden).init(device),
                output: LinearConfig::new(self.hidden, pooled).init(device),
            }),
        };
        SemiSupervisedVae {
            supervised: self.supervised.init(setting),
            mean: LinearConfig::new(pooled + classes, self.latent).init(device),
            log_variance: LinearConfig::new(pooled + classes, self.latent).init(device),
            decoder,
            classes,
            config: self.clone(),
        }
    }
}

#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "one decoder an objective; a box would only hide it")]
enum Decoder {
    Sequence(AnyDecoder),
    Summary(SummaryDecoder),
}

/// A hidden layer and a linear one.
#[derive(Module, Debug)]
struct SummaryDecoder {
    hidden: Linear,
    output: Linear,
}

/// The semi-supervised VAE, with the layers and the decoder that it trains.
#[derive(Module, Debug)]
pub struct SemiSupervisedVae {
    supervised: Supervised,
    mean: Linear,
    log_variance: Linear,
    decoder: Decoder,
    #[module(skip)]
    classes: usize,
    #[module(skip)]
    config: SemiSupervisedVaeConfig,
}

/// `L(x, y)` in its parts, each `[batch]`, in nats per sequence, and the posterior mean.
struct Bound {
    reconstruction: Tensor<1>,
    divergence: Tensor<1>,
    mean: Tensor<2>,
}

/// A batch as the generative part sees it.
struct Seen<'a> {
    sequences: &'a Sequences,
    pooled: Tensor<2>,
    /// Values, or words, of a sequence, as a mean over the batch.
    values: Tensor<1>,
}

impl SemiSupervisedVae {
    fn seen<'a, M: SequenceModel>(&self, model: &M, sequences: &'a Sequences) -> Seen<'a> {
        let pooled = model.pooled(sequences.clone());
        let [batch, time] = sequences.dims();
        let [_, width] = pooled.dims();
        let steps = match &sequences.mask {
            Some(mask) => mask.clone().sum() / batch as f64,
            None => Tensor::full([1], time as f64, &pooled.device()),
        };
        let values = match (self.config.rebuild, &sequences.input) {
            (Rebuild::Summary, _) => Tensor::full([1], width as f64, &pooled.device()),
            (Rebuild::Sequence, Input::Values(values)) => steps * values.dims()[2] as f64,
            (Rebuild::Sequence, Input::Tokens(_)) => steps,
        };
        Seen { sequences, pooled, values }
    }

    /// The bound without `ln p(y)`, for given classes `[batch]`.
    fn bound(&self, seen: &Seen<'_>, classes: Tensor<1, Int>, draws: LatentDraws) -> Bound {
        let LatentDraws { noise, shown } = draws;
        let label: Tensor<2> = classes.one_hot::<2>(self.classes).float();
        let read = Tensor::cat(vec![seen.pooled.clone(), label.clone()], 1);
        let (mean, log_variance) = (self.mean.forward(read.clone()), self.log_variance.forward(read));
        let latent = Tensor::cat(vec![reparameterised(mean.clone(), log_variance.clone(), noise), label], 1);
        let deviation = self.config.deviation;
        let reconstruction = match &self.decoder {
            Decoder::Sequence(decoder) => {
                let rebuilt = decoder.forward_with(latent, seen.sequences, Feeding { shown, truth: None });
                negative_log_likelihood(rebuilt, seen.sequences, deviation)
            }
            Decoder::Summary(SummaryDecoder { hidden, output }) => {
                let rebuilt: Tensor<3> = output.forward(tanh(hidden.forward(latent))).unsqueeze_dim(1);
                let vector = Sequences::dense(seen.pooled.clone().detach().unsqueeze_dim(1));
                negative_log_likelihood(rebuilt, &vector, deviation)
            }
        };
        let [batch, _] = mean.dims();
        Bound { reconstruction, divergence: divergence(mean.clone(), log_variance).sum_dim(1).reshape([batch]), mean }
    }

    /// `-L(x, y)` for one class of all sequences, `[batch, 1]`.
    fn loss(&self, seen: &Seen<'_>, classes: Tensor<1, Int>, grown: f64, draws: LatentDraws) -> (Tensor<2>, Bound) {
        let bound = self.bound(seen, classes, draws);
        // ln p(y) of the uniform prior.
        let prior = (self.classes as f64).ln();
        let loss = bound.reconstruction.clone() + bound.divergence.clone() * grown + prior;
        (loss.unsqueeze_dim(1), bound)
    }

    /// The terms of a step with the draws that `draw` gives: for the labelled sequences, then for the unlabelled ones
    /// once for each class.
    pub fn terms_from<M: SequenceModel>(
        &self,
        model: &M,
        step: &Step,
        context: &StepContext,
        mut draw: impl FnMut(&Sequences) -> LatentDraws,
    ) -> Terms {
        let grown = linear_ramp_up(context.progress(), self.config.warm_up);
        let mut terms = Terms::default();
        if let Some(Part { weak, targets: targets @ Targets::Classes { classes, known }, .. }) = &step.labeled {
            let seen = self.seen(model, weak);
            terms = self.supervised.terms(model, model.head(seen.pooled.clone()), targets);
            let (loss, _) = self.loss(&seen, classes.clone(), grown, draw(weak));
            let [batch, _] = loss.dims();
            let loss = weighted_mean(loss.reshape([batch]), Some(known.clone())) / seen.values.clone();
            terms = terms.add("bound_labeled", self.config.weight, loss).over(match self.config.rebuild {
                Rebuild::Sequence => Over::LabeledSteps,
                Rebuild::Summary => Over::LabeledRows,
            });
        }
        if let Some(part) = &step.unlabeled {
            let seen = self.seen(model, &part.weak);
            let [batch, _] = seen.pooled.dims();
            let logits = class_logits(model.head(seen.pooled.clone()));
            let mut losses = Vec::new();
            let mut bounds = Vec::new();
            for class in 0..self.classes {
                let classes: Tensor<1, Int> = Tensor::full([batch], class as i64, &logits.device());
                let (loss, bound) = self.loss(&seen, classes, grown, draw(&part.weak));
                losses.push(loss);
                bounds.push(bound);
            }
            let loss = marginal_bound(logits, Tensor::cat(losses, 1)) / seen.values.clone();
            terms = terms.add("bound_unlabeled", self.config.weight, loss).over(match self.config.rebuild {
                Rebuild::Sequence => Over::Steps(0),
                Rebuild::Summary => Over::Rows,
            });
            // What is watched is of the last class alone: the parts differ little from class to class.
            if let Some(bound) = bounds.pop() {
                terms = terms
                    .monitor("reconstruction", bound.reconstruction.mean())
                    .monitor("kl", bound.divergence.mean())
                    .monitor("active_units", active_units(bound.mean));
            }
        }
        terms.constant("kl_weight", grown)
    }
}

/// `Σ_y q(y|x) L(x, y) - H(q(y|x))`, the mean over the batch, `[1]` (Kingma et al. 2014, eq. 7).
///
/// # Shapes
///
/// - logits: `[batch, classes]` of `q(y|x)`, losses: `[batch, classes]`, `L(x, y)`
pub fn marginal_bound(logits: Tensor<2>, losses: Tensor<2>) -> Tensor<1> {
    let [batch, _] = logits.dims();
    let log_probabilities = log_softmax(logits.clone(), 1);
    let each = softmax(logits, 1) * (losses + log_probabilities);
    each.sum_dim(1).reshape([batch]).mean()
}

impl<M: SequenceModel> Objective<M> for SemiSupervisedVae {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let Some(device) = model.devices().into_iter().next() else { return Terms::default() };
        let mut draws = Draws::new(step_seed(&device));
        self.terms_from(model, step, context, |sequences| {
            // A vector has no steps before it that could be hidden.
            let dropped = match self.config.rebuild {
                Rebuild::Sequence => dropped(self.config.word_drop, sequences),
                Rebuild::Summary => 0.0,
            };
            LatentDraws::draw(&mut draws, self.config.latent, dropped, sequences, &device)
        })
    }

    fn warning(&self, train: &Scores, context: &StepContext) -> Option<String> {
        collapse(train, context.progress() >= self.config.warm_up)
    }

    fn generate(&self, _model: &M, request: &Request<'_>) -> Option<Input> {
        let Decoder::Sequence(decoder) = &self.decoder else { return None };
        let mut draws = Draws::new(request.seed);
        let latent: Tensor<2> = draws.normal([request.count(), self.config.latent], request.device);
        let classes = match request.class {
            Some(class) => Tensor::full([request.count()], class as i64, request.device),
            None => draws.choices(self.classes, request.count(), request.device),
        };
        let label: Tensor<2> = classes.one_hot::<2>(self.classes).float();
        let mut picker = Picker::new(request);
        Some(decoder.write(Tensor::cat(vec![latent, label], 1), request.time(), |logits| picker.pick(logits)))
    }
}
