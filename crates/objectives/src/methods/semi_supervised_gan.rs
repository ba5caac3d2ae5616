//! The semi-supervised GAN (Salimans et al. 2016, "Improved techniques for training GANs", sections 3.1 and 5).
//!
//! The classifier is the discriminator: with the logit of a class K+1, "made", held at 0, `Z(x) = Σ_k exp l_k(x)` says
//! how real a sequence is, `D(x) = Z / (Z + 1)`. It minimises the cross-entropy over the K classes on labelled
//! sequences, `-½ ln D(x)` on unlabelled ones and `-½ ln(1 - D(G(z)))` on samples. The generator matches features: the
//! squared distance of the mean vectors of real and made sequences. The two take turns, an optimiser step each, with
//! moments of their own and β₁ = 0.5.
//!
//! As in the authors' code for MNIST (openai/improved-gan, `train_mnist_feature_matching.py`) Gaussian noise stands on
//! what the discriminator reads and on the vector that its head reads, in both players' steps, and validation and the
//! result use an average of its weights. Their noise is on each hidden layer; here the encoder is one. The features are
//! the vector before its noise.
//!
//! The paper's nets are convolutional and its data images; here the generator is an LSTM that reads noise at each step
//! (Esteban et al. 2017), and the features are the encoder's pooled vector. The classes that the discriminator gives
//! unlabelled data are its pseudo-labels: a next stage of `pseudo-label` goes on from them.
//!
//! # Cost
//!
//! A generator beside the classifier, and alternate steps: the classifier gets half of the stage's steps.
//!
//! # When it fails
//!
//! In short stages the classifier has had half the steps of any other method's, and samples are poor: what helps
//! the classes is samples near the border, not at random. Values only. Give it several times the steps, and a stage
//! of `pseudo-label` behind.

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::softplus;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{Input, InputSize, SequenceGenerator, SequenceModel, Sequences};
use semiseq_schema::{Problem, Scores, check_memory, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::parts::adversarial_noise::real;
use crate::parts::consistency::teacher_decay;
use crate::parts::gan_samples::{collapse, held, noise, samples, spread};
use crate::parts::losses::{class_logits, right};
use crate::parts::random::{Draws, step_seed};
use crate::parts::sampling::Request;
use crate::parts::weight_average::{average, fresh_copy};
use crate::step::{Part, Step, StepContext, Targets};
use crate::terms::Terms;

/// The average's memory as a part of the discriminator's steps: the authors' 10,000 (a decay of 0.9999) of 300 epochs
/// of 600.
const MEMORY: f64 = 1.0 / 18.0;

/// `[stage.objective.semi-supervised-gan]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SemiSupervisedGanConfig {
    /// Weight ≥ 0 of real against made. Default 1, the paper's.
    pub weight: f64,
    /// Numbers of noise per step. Default 16.
    pub noise: usize,
    /// Hidden units of the generator. Default 128.
    pub hidden: usize,
    /// Deviation ≥ 0 of the noise on what the discriminator reads. Default 0.3, the authors'.
    pub input_noise: f64,
    /// Deviation ≥ 0 of the noise on the vector that its head reads. Default 0.5, the authors'.
    pub hidden_noise: f64,
    /// Decay in [0, 1) of the average of its weights that validation and the result use. Default: a memory of an 18th
    /// of its steps, as the authors' 0.9999 is of theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ema_decay: Option<f64>,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for SemiSupervisedGanConfig {
    fn default() -> Self {
        Self {
            weight: 1.0,
            noise: 16,
            hidden: 128,
            input_noise: 0.3,
            hidden_noise: 0.5,
            ema_decay: None,
            supervised: SupervisedConfig::default(),
        }
    }
}

impl SemiSupervisedGanConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        for (key, value) in [("noise", self.noise), ("hidden", self.hidden)] {
            if value == 0 {
                problems.push(problem(format!("{path}.{key}"), "must be at least 1, got 0", None));
            }
        }
        for (key, value, hint) in [
            ("weight", self.weight, "the paper uses 1"),
            ("input_noise", self.input_noise, "the authors use 0.3"),
            ("hidden_noise", self.hidden_noise, "the authors use 0.5"),
        ] {
            check_range(problems, &format!("{path}.{key}"), value, 0.0, f64::INFINITY, hint);
        }
        if let Some(decay) = self.ema_decay {
            check_memory(problems, &format!("{path}.ema_decay"), decay, "left out, it is an 18th of the steps");
        }
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective with a fresh generator; the average starts as a copy of the model.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> SemiSupervisedGan<M> {
        let features = match setting.model.input_size() {
            InputSize::Values(features) => features,
            // A run refuses tokens before it comes here.
            InputSize::Tokens(_) => 1,
        };
        SemiSupervisedGan {
            supervised: self.supervised.init(setting),
            generator: SequenceGenerator::new(self.noise, self.hidden, features, setting.model.image(), setting.device),
            average: fresh_copy(setting.model),
            config: self.clone(),
        }
    }
}

/// The objective, with the generator that it trains and the average of the discriminator.
#[derive(Module, Debug)]
pub struct SemiSupervisedGan<M: Module> {
    supervised: Supervised,
    generator: SequenceGenerator,
    average: M,
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

/// Noise for one pass of the discriminator: on what it reads, `[batch, time, width]`, and on its vectors, `[batch,
/// hidden]`.
pub struct PassNoise {
    /// On what it reads.
    pub input: Tensor<3>,
    /// On the vectors that its head reads.
    pub hidden: Tensor<2>,
}

impl PassNoise {
    fn draw<M: SequenceModel>(
        config: &SemiSupervisedGanConfig,
        model: &M,
        sequences: &Sequences,
        draws: &mut Draws,
    ) -> Self {
        let read = model.embed(sequences.clone());
        let ([batch, time, width], device) = (read.dims(), read.device());
        Self {
            input: draws.normal([batch, time, width], &device) * config.input_noise,
            hidden: draws.normal([batch, model.pooled_size()], &device) * config.hidden_noise,
        }
    }
}

/// The vector of each sequence with noise on what is read, `[batch, hidden]`.
fn features<M: SequenceModel>(model: &M, sequences: &Sequences, noise: Tensor<3>) -> Tensor<2> {
    let mask = sequences.mask.clone();
    let steps = model.embed(sequences.clone()) + real(noise, mask.as_ref());
    model.hidden(steps, mask)
}

/// Logits with noise, `[batch, outputs]`.
fn noisy_logits<M: SequenceModel>(model: &M, sequences: &Sequences, noise: PassNoise) -> Tensor<2> {
    model.head(features(model, sequences, noise.input) + noise.hidden)
}

impl<M: SequenceModel> SemiSupervisedGan<M> {
    /// The discriminator's terms. Noise for the labelled sequences, the unlabelled ones and the made ones, which stand
    /// beside the unlabelled ones.
    pub fn discriminator_terms(&self, model: &M, step: &Step, made: &Sequences, noise: [PassNoise; 3]) -> Terms {
        let [of_labeled, of_real, of_made] = noise;
        let mut terms = match &step.labeled {
            Some(part) => self.supervised.terms(model, noisy_logits(model, &part.weak, of_labeled), &part.targets),
            None => Terms::default(),
        };
        let Some(part) = &step.unlabeled else { return terms };
        let real = class_logits(noisy_logits(model, &part.weak, of_real));
        let made = class_logits(noisy_logits(model, made, of_made));
        let told = |logits: &Tensor<2>, real: bool| {
            let sure = log_sum_exp(logits.clone().detach()).greater_elem(0.0).float().mean();
            if real { sure } else { sure * -1.0 + 1.0 }
        };
        terms = terms
            .monitor("told_real", told(&real, true))
            .monitor("told_made", told(&made, false))
            .add("real", self.config.weight, real_loss(real.clone()))
            .add("made", self.config.weight, made_loss(made));
        if let Targets::Classes { classes, known } = &part.targets {
            terms = terms.monitor_rows("pseudo_label_accuracy", right(real, classes.clone()), known.clone());
        }
        terms
    }

    /// What the generator minimises, `[1]`: through a copy of the discriminator that learns nothing. Noise on what that
    /// reads of real and of made sequences.
    pub fn generator_loss(&self, model: &M, part: &Part, made: &Sequences, noise: [Tensor<3>; 2]) -> Tensor<1> {
        let discriminator = held(model);
        let [of_real, of_made] = noise;
        feature_matching(features(&discriminator, &part.weak, of_real), features(&discriminator, made, of_made))
    }

    /// The terms of a step, of whoever's turn it is, from what the generator reads, `[batch, time, noise]`, and with
    /// the noise that `pass` gives for each pass of the discriminator: in its own turn for the labelled sequences, the
    /// unlabelled ones and the made ones, in the generator's for the last two.
    pub fn terms_from(
        &self,
        model: &M,
        step: &Step,
        context: &StepContext,
        noise: Tensor<3>,
        mut pass: impl FnMut(&Sequences) -> PassNoise,
    ) -> Terms {
        let Some(part) = &step.unlabeled else { return Terms::default() };
        let made = samples(&self.generator, noise, None, &part.weak);
        let variety = spread(&made, &part.weak);
        if context.step % 2 == 1 {
            let noise = [pass(&part.weak).input, pass(&made).input];
            let loss = self.generator_loss(model, part, &made, noise);
            return Terms::turn("generator", loss).monitor("sample_spread", variety);
        }
        let Input::Values(values) = made.input else { return Terms::default() };
        let made = Sequences { input: Input::Values(values.detach()), mask: made.mask };
        let labeled = step.labeled.as_ref().unwrap_or(part);
        let noise = [pass(&labeled.weak), pass(&part.weak), pass(&made)];
        self.discriminator_terms(model, step, &made, noise)
    }

    fn decay(&self, context: &StepContext) -> f64 {
        // The discriminator moves in every other step.
        let steps = context.total_steps as f64 / 2.0;
        let memory = self.config.ema_decay.unwrap_or(1.0 - 1.0 / (steps * MEMORY).max(1.0));
        teacher_decay(context.step / 2, memory)
    }
}

impl<M: SequenceModel> Objective<M> for SemiSupervisedGan<M> {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let Some(device) = model.devices().into_iter().next() else { return Terms::default() };
        let Some(part) = &step.unlabeled else {
            return self.supervised.labeled_terms(model, step.labeled.as_ref());
        };
        let mut draws = Draws::new(step_seed(&device));
        let noise = noise(&self.generator, self.config.noise, &part.weak, &mut draws, &device);
        self.terms_from(model, step, context, noise, |sequences| {
            PassNoise::draw(&self.config, model, sequences, &mut draws)
        })
    }

    fn after_update(mut self, model: &M, context: &StepContext) -> Self {
        if context.step.is_multiple_of(2) {
            let decay = self.decay(context);
            self.average = average(self.average, model, decay);
        }
        self
    }

    fn evaluated(&self, _model: &M) -> M {
        self.average.clone()
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

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use semiseq_models::ModelConfig;

    use super::*;

    #[test]
    fn noise_on_what_is_read_and_on_the_vector_has_the_deviations_asked_for() {
        let device = Device::flex();
        let model: ModelConfig =
            toml::from_str("[classifier.encoder.gru]\nhidden = 20").expect("a model with twenty units");
        let model = model.init(InputSize::Values(2), 3, &device);
        let config = SemiSupervisedGanConfig { input_noise: 0.2, hidden_noise: 0.7, ..Default::default() };
        let sequences = Sequences::dense(Tensor::zeros([100, 10, 2], &device));
        let PassNoise { input, hidden } = PassNoise::draw(&config, &model, &sequences, &mut Draws::new(3));
        assert_eq!((input.dims(), hidden.dims()), ([100, 10, 2], [100, 20]));
        let input = (input.clone() * input).mean().sqrt().into_scalar::<f32>();
        let hidden = (hidden.clone() * hidden).mean().sqrt().into_scalar::<f32>();
        assert!((input - 0.2).abs() < 0.02 && (hidden - 0.7).abs() < 0.05, "{input}, {hidden}");
    }
}
