//! The semi-supervised GAN (Salimans et al. 2016, "Improved techniques for training GANs", sections 3.1 and 5).
//!
//! The classifier is the discriminator: with the logit of a class K+1, "made", held at 0, `Z(x) = Σ_k exp l_k(x)` says how
//! real a sequence is, `D(x) = Z / (Z + 1)`. It minimises the cross-entropy over the K classes on labelled sequences,
//! `-½ ln D(x)` on unlabelled ones and `-½ ln(1 - D(G(z)))` on samples. The generator matches features: the squared
//! distance of the mean vectors of real and made sequences. The two take turns, an optimiser step each, with moments of
//! their own.
//!
//! The paper's nets are convolutional and its data images; here the generator is an LSTM that reads noise at each step
//! (Esteban et al. 2017), and the features are the encoder's pooled vector. The classes that the discriminator gives
//! unlabelled data are its pseudo-labels: a next stage of `pseudo-label` goes on from them.

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::softplus;
use semiseq_datasets::{Pool, Problem, Views};
use semiseq_models::{Input, InputSize, SequenceGenerator, SequenceModel};
use serde::{Deserialize, Serialize};

use super::adversary::{collapse, held, samples, spread};
use super::draws::{Draws, step_seed};
use super::generate::Request;
use super::losses::{accuracy, class_logits};
use super::{Needs, Objective, Setting, Step, StepContext, Supervised, SupervisedConfig, Targets, Terms};
use crate::config::{check_range, problem};
use crate::metrics::Scores;

/// `[stage.objective.semi-supervised-gan]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SemiSupervisedGanConfig {
    /// Weight ≥ 0 of real against made. Default 1, the paper's.
    pub weight: f64,
    /// Numbers of noise a step. Default 16.
    pub noise: usize,
    /// Hidden units of the generator. Default 128.
    pub hidden: usize,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for SemiSupervisedGanConfig {
    fn default() -> Self {
        Self { weight: 1.0, noise: 16, hidden: 128, supervised: SupervisedConfig::default() }
    }
}

impl SemiSupervisedGanConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        for (key, value) in [("noise", self.noise), ("hidden", self.hidden)] {
            if value == 0 {
                problems.push(problem(&format!("{path}.{key}"), "must be at least 1, got 0".into(), None));
            }
        }
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the paper uses 1");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective with a fresh generator.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> SemiSupervisedGan {
        let features = match setting.model.input_size() {
            InputSize::Values(features) => features,
            // A run refuses tokens before it comes here.
            InputSize::Tokens(_) => 1,
        };
        SemiSupervisedGan {
            supervised: self.supervised.init(setting),
            generator: SequenceGenerator::new(
                self.noise,
                self.hidden,
                features,
                setting.model.picture(),
                setting.device,
            ),
            config: self.clone(),
        }
    }
}

/// The objective, with the generator that it trains.
#[derive(Module, Debug)]
pub struct SemiSupervisedGan {
    supervised: Supervised,
    generator: SequenceGenerator,
    #[module(skip)]
    config: SemiSupervisedGanConfig,
}

/// `ln Z`, the logarithm of the sum of all exponentials of a row. `[rows]` from `[rows, classes]`.
fn log_sum_exp(logits: Tensor<2>) -> Tensor<1> {
    let [rows, _] = logits.dims();
    let largest = logits.clone().max_dim(1).detach();
    ((logits - largest.clone()).exp().sum_dim(1).log() + largest).reshape([rows])
}

/// `-½ ln D(x)` of real sequences, the mean, `[1]`. Logits `[rows, classes]` of the K classes.
pub fn real_loss(logits: Tensor<2>) -> Tensor<1> {
    let sum = log_sum_exp(logits);
    (softplus(sum.clone(), 1.0) - sum).mean() * 0.5
}

/// `-½ ln(1 - D(x))` of made sequences, the mean, `[1]`. Logits `[rows, classes]` of the K classes.
pub fn made_loss(logits: Tensor<2>) -> Tensor<1> {
    softplus(log_sum_exp(logits), 1.0).mean() * 0.5
}

/// The mean over the features of the squared distance of the two batches' means, `[1]`. Both `[rows, features]`.
pub fn feature_matching(real: Tensor<2>, made: Tensor<2>) -> Tensor<1> {
    let difference = real.detach().mean_dim(0) - made.mean_dim(0);
    (difference.clone() * difference).mean()
}

impl<M: SequenceModel> Objective<M> for SemiSupervisedGan {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let Some(device) = model.devices().into_iter().next() else { return Terms::default() };
        let Some(part) = &step.unlabeled else {
            return self.supervised.labeled_terms(model, step.labeled.as_ref());
        };
        let mut draws = Draws::new(step_seed(&device));
        let made = samples(&self.generator, self.config.noise, None, &part.weak, &mut draws, &device);
        let variety = spread(&made, &part.weak);
        if context.step % 2 == 1 {
            let critic = held(model);
            let loss = feature_matching(critic.summary(part.weak.clone()), critic.summary(made));
            return Terms::turn("generator", loss).monitor("sample_spread", variety);
        }
        let terms = self.supervised.labeled_terms(model, step.labeled.as_ref());
        let real = class_logits(model.forward(part.weak.clone()));
        let Input::Values(values) = made.input else { return terms };
        let made = semiseq_models::Sequences { input: Input::Values(values.detach()), mask: made.mask };
        let made = class_logits(model.forward(made));
        let told = |logits: &Tensor<2>, real: bool| {
            let sure = log_sum_exp(logits.clone().detach()).greater_elem(0.0).float().mean();
            if real { sure } else { sure * -1.0 + 1.0 }
        };
        let mut terms = terms
            .monitor("told_real", told(&real, true))
            .monitor("told_made", told(&made, false))
            .add("real", self.config.weight, real_loss(real.clone()))
            .add("made", self.config.weight, made_loss(made));
        if let Targets::Classes { classes, known } = &part.targets {
            terms = terms.monitor("pseudo_label_accuracy", accuracy(real, classes.clone(), known.clone()));
        }
        terms
    }

    fn warning(&self, train: &Scores, context: &StepContext) -> Option<String> {
        collapse(train, context.progress())
    }

    fn generate(&self, _model: &M, request: &Request<'_>) -> Option<Input> {
        let time = request.time();
        let noise = [request.count(), self.generator.reads(time), self.config.noise];
        let noise = Draws::new(request.seed).normal(noise, request.device);
        Some(Input::Values(self.generator.forward(noise, time)))
    }
}
