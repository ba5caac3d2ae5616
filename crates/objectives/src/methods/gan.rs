//! Recurrent GAN, also conditional (Esteban et al. 2017, "Real-valued (medical) time series generation with recurrent
//! conditional GANs").
//!
//! An LSTM makes a series from noise at each step; the run's encoder with a linear output per step, whose mean over the
//! real steps is the score, tells real series from made ones. The two take turns, an optimiser step each, with moments
//! of their own; the encoder goes on to the next stage.
//!
//! Losses: `non-saturating` (Goodfellow et al. 2014), `hinge` (Lim & Ye 2017), `wgan-gp` (Gulrajani et al. 2017). With
//! `conditional = true` generator and critic are told the class, and only labelled series are used; the critic scores
//! the class by a product with its states (Miyato & Koyama 2018), where Esteban et al. put it beside the input.
//!
//! Where the encoder reads an image at once (`dense`, `convolutional`), the generator writes one from a single vector
//! of noise: Goodfellow et al.'s first GAN, or DCGAN (Radford et al. 2016) without batch normalisation.
//!
//! The gradient penalty needs the derivative of a gradient's length. Along the gradient's own direction, held fixed,
//! that length is the slope of the score, and a central difference gives the slope; its derivative by the weights is
//! then an ordinary one, and the error falls with the square of the difference's step.
//!
//! # Cost
//!
//! A generator beside the critic, and alternate steps: half of the steps train the encoder. `wgan-gp` adds two
//! passes for its penalty.
//!
//! # When it fails
//!
//! The two fall out of balance: `told_real` and `told_made` near 1 mean that the critic wins and the generator
//! learns nothing; `sample_spread` near 0 that all samples are alike. Try `hinge`, a lower learning rate, or
//! more steps. Values only: words cannot be made this way.

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::tensor::activation::{relu, softplus};
use burn::tensor::{Int, Tensor};
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{Input, InputSize, SequenceGenerator, SequenceModel, Sequences};
use semiseq_schema::{Problem, Scores, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::objective::{Measure, Measures, Needs, Objective, Setting};
use crate::over::Over;
use crate::parts::adversarial_noise::beside;
use crate::parts::gan_samples::{collapse, distance, held, moments, noise, padded, relative_spread, samples, spread};
use crate::parts::random::{Draws, step_seed};
use crate::parts::sampling::Request;
use crate::step::{Part, Step, StepContext, Targets};
use crate::terms::Terms;

/// Step of the central difference along the gradient.
const DIFFERENCE: f64 = 1e-2;

/// What the two play for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum GanLoss {
    /// Cross-entropy; the generator makes its samples likely to be taken for real ones.
    #[default]
    NonSaturating,
    /// Scores beyond a margin of 1 count no more.
    Hinge,
    /// Difference of the mean scores, with a penalty on slopes other than 1.
    WganGp,
}

/// `[stage.objective.gan]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GanConfig {
    /// `non-saturating`, `hinge` or `wgan-gp`. Default `non-saturating`.
    pub loss: GanLoss,
    /// Tell both the class; then only labelled series are used. Default false.
    pub conditional: bool,
    /// Numbers of noise per step. Default 16.
    pub noise: usize,
    /// Hidden units of the generator. Default 128.
    pub hidden: usize,
    /// Steps of the critic for each of the generator. Default 1; the paper of `wgan-gp` takes 5.
    pub critic_steps: usize,
    /// Weight ≥ 0 of `wgan-gp`'s penalty. Default 10, the paper's.
    pub penalty: f64,
}

impl Default for GanConfig {
    fn default() -> Self {
        Self {
            loss: GanLoss::NonSaturating,
            conditional: false,
            noise: 16,
            hidden: 128,
            critic_steps: 1,
            penalty: 10.0,
        }
    }
}

impl GanConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        for (key, value) in [("noise", self.noise), ("hidden", self.hidden), ("critic_steps", self.critic_steps)] {
            if value == 0 {
                problems.push(problem(format!("{path}.{key}"), "must be at least 1, got 0", None));
            }
        }
        check_range(problems, &format!("{path}.penalty"), self.penalty, 0.0, f64::INFINITY, "the paper uses 10");
    }

    /// Builds the objective with a fresh generator and a fresh critic's output.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Gan {
        let features = match setting.model.input_size() {
            InputSize::Values(features) => features,
            // A run refuses tokens before it comes here.
            InputSize::Tokens(_) => 1,
        };
        let (width, classes, device) = (setting.model.pooled_size(), setting.class_counts.len(), setting.device);
        let told = if self.conditional { classes } else { 0 };
        Gan {
            generator: SequenceGenerator::new(self.noise + told, self.hidden, features, setting.model.image(), device),
            critic: Critic {
                score: LinearConfig::new(width, 1).init(device),
                classes: (told > 0).then(|| EmbeddingConfig::new(told, width).init(device)),
            },
            classes: told,
            config: self.clone(),
        }
    }
}

/// What turns the encoder's states into a score.
#[derive(Module, Debug)]
struct Critic {
    score: Linear,
    classes: Option<Embedding>,
}

/// The objective, with generator and critic's output.
#[derive(Module, Debug)]
pub struct Gan {
    generator: SequenceGenerator,
    critic: Critic,
    #[module(skip)]
    classes: usize,
    #[module(skip)]
    config: GanConfig,
}

impl Critic {
    /// How real each series is, `[batch]`.
    fn scores<M: SequenceModel>(&self, model: &M, sequences: Sequences, classes: Option<&Tensor<1, Int>>) -> Tensor<1> {
        // What is read at once is one step long.
        let mask = sequences.mask.clone().filter(|_| model.image().is_none());
        let states = model.states(sequences);
        let [batch, time, width] = states.dims();
        let mean = match mask {
            Some(mask) => {
                let counts = mask.clone().sum_dim(1).clamp_min(1.0);
                (states * mask.unsqueeze_dim(2)).sum_dim(1).reshape([batch, width]) / counts
            }
            None => states.sum_dim(1).reshape([batch, width]) / time as f64,
        };
        let score = self.score.forward(mean.clone()).reshape([batch]);
        match (&self.classes, classes) {
            (Some(table), Some(classes)) => {
                let vectors = table.forward(classes.clone().unsqueeze_dim(1)).reshape([batch, width]);
                score + (vectors * mean).sum_dim(1).reshape([batch])
            }
            _ => score,
        }
    }
}

/// What the critic minimises, `[1]`, without the penalty. Scores `[batch]` of real and made series.
pub fn critic_loss(loss: GanLoss, real: Tensor<1>, made: Tensor<1>) -> Tensor<1> {
    match loss {
        GanLoss::NonSaturating => (softplus(-real, 1.0) + softplus(made, 1.0)).mean(),
        GanLoss::Hinge => (relu(-real + 1.0) + relu(made + 1.0)).mean(),
        GanLoss::WganGp => (made - real).mean(),
    }
}

/// What the generator minimises, `[1]`. Scores `[batch]` of its series.
pub fn generator_loss(loss: GanLoss, made: Tensor<1>) -> Tensor<1> {
    match loss {
        GanLoss::NonSaturating => softplus(-made, 1.0).mean(),
        GanLoss::Hinge | GanLoss::WganGp => -made.mean(),
    }
}

/// `mean (|∇_x f| - 1)²`, `[1]` (Gulrajani et al. 2017, eq. 3), for a score `f` from `[batch, time, features]` to
/// `[batch]` on an autodiff device. `held` gives the same score from weights that learn nothing: a pass back goes
/// through it.
pub fn gradient_penalty(
    values: Tensor<3>,
    held: impl Fn(Tensor<3>) -> Tensor<1>,
    score: impl Fn(Tensor<3>) -> Tensor<1>,
) -> Tensor<1> {
    let leaf = values.detach().require_grad();
    let [batch, _, _] = leaf.dims();
    let gradients = held(leaf.clone()).sum().backward();
    let Some(gradient) = leaf.grad(&gradients) else { return Tensor::zeros([1], &leaf.device()) };
    let gradient = beside(&leaf, gradient);
    let length = (gradient.clone() * gradient.clone()).sum_dim(2).sum_dim(1).sqrt().clamp_min(1e-12);
    let direction = gradient / length * DIFFERENCE;
    let values = leaf.detach();
    let slope = (score(values.clone() + direction.clone()) - score(values - direction)) / (2.0 * DIFFERENCE);
    let off = slope.reshape([batch]) - 1.0;
    (off.clone() * off).mean()
}

/// What a step of the game draws.
#[derive(Clone, Debug)]
pub struct GanDraws {
    /// What the generator reads, `[batch, time, noise]`; one step where it makes images.
    pub noise: Tensor<3>,
    /// How far from a made series to a real one `wgan-gp` takes the slope, in (0, 1), `[batch, 1]`.
    pub share: Tensor<2>,
}

impl Gan {
    /// A real batch with its classes, where the two are told them.
    fn real<'a>(&self, step: &'a Step) -> Option<(&'a Part, Option<Tensor<1, Int>>)> {
        if !self.config.conditional {
            return step.unlabeled.as_ref().map(|part| (part, None));
        }
        let part = step.labeled.as_ref()?;
        match &part.targets {
            Targets::Classes { classes, .. } => Some((part, Some(classes.clone()))),
            Targets::Labels { .. } | Targets::Numbers { .. } | Targets::Sequences { .. } => None,
        }
    }

    fn samples(&self, noise: Tensor<3>, real: &Sequences, classes: Option<&Tensor<1, Int>>) -> Sequences {
        let labels = classes.map(|classes| classes.clone().one_hot::<2>(self.classes).float());
        samples(&self.generator, noise, labels, real)
    }

    /// The terms of a step, of whoever's turn it is, with the draws that `draw` gives for the real batch.
    pub fn terms_from<M: SequenceModel>(
        &self,
        model: &M,
        step: &Step,
        context: &StepContext,
        draw: impl FnOnce(&Sequences) -> GanDraws,
    ) -> Terms {
        let Some((part, classes)) = self.real(step) else { return Terms::default() };
        let GanDraws { noise, share } = draw(&part.weak);
        let made = self.samples(noise, &part.weak, classes.as_ref());
        let variety = spread(&made, &part.weak);
        let terms = if context.step % (self.config.critic_steps + 1) < self.config.critic_steps {
            self.critic_terms(model, &part.weak, made, classes.as_ref(), share)
        } else {
            let (model, critic) = (held(model), held(&self.critic));
            let scores = critic.scores(&model, made, classes.as_ref());
            Terms::turn("generator", generator_loss(self.config.loss, scores))
        };
        terms.monitor("sample_spread", variety)
    }

    /// The critic's loss with its penalty, and how often it is right.
    fn critic_terms<M: SequenceModel>(
        &self,
        model: &M,
        real: &Sequences,
        made: Sequences,
        classes: Option<&Tensor<1, Int>>,
        share: Tensor<2>,
    ) -> Terms {
        let (Input::Values(real_values), Input::Values(made_values)) = (&real.input, made.input) else {
            return Terms::default();
        };
        let made_values = made_values.detach();
        let with = |values: Tensor<3>| Sequences { input: Input::Values(values), mask: real.mask.clone() };
        let score = |values: Tensor<3>| self.critic.scores(model, with(values), classes);
        let (of_real, of_made) = (score(real_values.clone()), score(made_values.clone()));
        let right = |scores: &Tensor<1>, above: bool| {
            let share = scores.clone().detach().greater_elem(0.0).float().mean();
            if above { share } else { share * -1.0 + 1.0 }
        };
        let (told_real, told_made) = (right(&of_real, true), right(&of_made, false));
        let terms = Terms::turn("critic", critic_loss(self.config.loss, of_real, of_made))
            .monitor("told_real", told_real)
            .monitor("told_made", told_made);
        if self.config.loss != GanLoss::WganGp {
            return terms;
        }
        let share: Tensor<3> = share.unsqueeze_dim(2);
        let between = made_values.clone() + (real_values.clone() - made_values) * share;
        let (still, critic) = (held(model), held(&self.critic));
        let of_held = |values: Tensor<3>| critic.scores(&still, with(values), classes);
        let penalty = gradient_penalty(padded(between, real), of_held, score);
        terms.add("penalty", self.config.penalty, penalty).over(Over::Sequences)
    }
}

impl<M: SequenceModel> Objective<M> for Gan {
    fn needs(&self) -> Needs {
        let pool = if self.config.conditional { Pool::Labeled } else { Pool::All };
        Needs { pool, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let Some(device) = model.devices().into_iter().next() else { return Terms::default() };
        self.terms_from(model, step, context, |real| {
            let mut draws = Draws::new(step_seed(&device));
            let noise = noise(&self.generator, self.config.noise, real, &mut draws, &device);
            let [batch, _] = real.dims();
            GanDraws { noise, share: draws.uniform([batch, 1], &device) }
        })
    }

    /// How far samples are from the data: the distance of means and of deviations over steps and channels. A game has
    /// no loss that falls; this one tells a good epoch from a bad one, though not all that a sample is.
    fn measure(&self, model: &M, part: &Part) -> Measures {
        let Some(device) = model.devices().into_iter().next() else { return Measures::new() };
        let classes = match (&part.targets, self.config.conditional) {
            (Targets::Classes { classes, .. }, true) => Some(classes.clone()),
            _ => None,
        };
        // The same draws each time, so that epochs can be compared, and others for other sequences.
        let seed = part.indices.first().map_or(0, |row| *row as u64);
        let noise = noise(&self.generator, self.config.noise, &part.weak, &mut Draws::new(seed), &device);
        let made = self.samples(noise, &part.weak, classes.as_ref());
        let (Input::Values(real), Input::Values(values)) = (&part.weak.input, &made.input) else {
            return Measures::new();
        };
        let sums = moments(real, values);
        vec![Measure::of_sums("loss", sums.clone(), distance), Measure::of_sums("sample_spread", sums, relative_spread)]
    }

    fn warning(&self, train: &Scores, context: &StepContext) -> Option<String> {
        collapse(train, context.progress())
    }

    fn generate(&self, _model: &M, request: &Request<'_>) -> Option<Input> {
        let (count, time) = (request.count(), request.time());
        let mut draws = Draws::new(request.seed);
        let reads = self.generator.reads(time);
        let noise: Tensor<3> = draws.normal([count, reads, self.config.noise], request.device);
        let noise = if self.classes > 0 {
            let classes = match request.class {
                Some(class) => Tensor::full([count], class as i64, request.device),
                None => draws.choices(self.classes, count, request.device),
            };
            let labels = classes.one_hot::<2>(self.classes).float();
            Tensor::cat(vec![noise, labels.unsqueeze_dim::<3>(1).repeat_dim(1, reads)], 2)
        } else {
            noise
        };
        Some(Input::Values(self.generator.forward(noise, time)))
    }
}
