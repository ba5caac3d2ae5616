//! Sequence variational autoencoder (Kingma & Welling 2014; for sequences Bowman et al. 2016, "Generating sentences
//! from a continuous space").
//!
//! Encoder's vector → mean and deviation of a Gaussian → a draw `z` → decoder. The loss is the negative evidence lower
//! bound `E_q[-ln p(x|z)] + β_t · KL(q(z|x) ‖ N(0, 1))` in nats per sequence. Values are Gaussian with a fixed
//! deviation, tokens categorical.
//!
//! A recurrent decoder that reads the true previous step can do without `z`: the posterior collapses onto the prior.
//! Against it stand annealing of β (Bowman et al.; in cycles Fu et al. 2019), hidden previous steps (`word_drop`;
//! Bowman et al. put the unknown word there, here it is a vector of zeros, which values have too), and free bits
//! (Kingma et al. 2016). Whether the vector is used shows in `active_units` (Burda et al. 2016): the units whose
//! posterior mean varies by more than 0.01, over a batch in training and over the whole validation part.
//!
//! # Cost
//!
//! As `autoencoder`, with two small layers for the mean and the deviation.
//!
//! # When it fails
//!
//! The posterior collapses: `kl` and `active_units` near 0, samples that look like the mean, vectors that say
//! nothing. Raise `free_bits` or `word_drop`, lengthen `warm_up`, lower `beta`. For a classifier's first stage
//! `autoencoder` keeps more of the sequence.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{AnyDecoder, Feeding, Input, SequenceDecoderConfig, SequenceModel, Sequences, StepOutputs};
use semiseq_schema::{Problem, Scores, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::objective::{Measure, Measures, Needs, Objective, Setting};
use crate::over::Over;
use crate::parts::ramp::linear_ramp_up;
use crate::parts::random::{Draws, step_seed};
use crate::parts::sampling::{Picker, Request};
use crate::step::{Part, Step, StepContext};
use crate::terms::Terms;

/// Variance of a posterior mean over a batch above which its unit counts as used (Burda et al. 2016).
const ACTIVE: f64 = 0.01;

/// How the weight of the divergence grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Annealing {
    /// β from the first step.
    None,
    /// From 0 to β in a straight line over `warm_up` of the stage.
    #[default]
    Linear,
    /// As `linear`, again and again: `cycles` times, `warm_up` being the rising part of each (Fu et al. 2019).
    Cyclical,
}

/// `[stage.objective.vae]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VaeConfig {
    /// Width of `z`. Default 32.
    pub latent: usize,
    /// Hidden units of the decoder. Default 128.
    pub hidden: usize,
    /// β ≥ 0, the weight of the divergence once it is grown (Higgins et al. 2017). Default 1, the bound itself. Lower
    /// it when reconstructions are blurred, raise it when samples look unlike the data.
    pub beta: f64,
    /// `none`, `linear` or `cyclical`. Default `linear`.
    pub annealing: Annealing,
    /// Fraction in (0, 1] of the stage, or of a cycle, over which the weight grows. Default 0.5.
    pub warm_up: f64,
    /// Cycles of `cyclical`. Default 4, the paper's.
    pub cycles: usize,
    /// λ ≥ 0, nats per unit of `z` that cost nothing, as a mean over the batch. Default 0. Raise it to 0.1 or more when
    /// `active_units` falls.
    pub free_bits: f64,
    /// Fraction in [0, 1] of previous steps that the decoder may not see. Default 0.5 for text; 1 for values, where the
    /// step before says almost all of the next one: everything is then left to `z`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub word_drop: Option<f64>,
    /// Deviation of real values around the decoder's output, above 0. Default 0.5, for values scaled to deviation 1.
    /// Smaller values ask for sharper reconstructions against a better-shaped `z`.
    pub deviation: f64,
}

impl Default for VaeConfig {
    fn default() -> Self {
        Self {
            latent: 32,
            hidden: 128,
            beta: 1.0,
            annealing: Annealing::Linear,
            warm_up: 0.5,
            cycles: 4,
            free_bits: 0.0,
            word_drop: None,
            deviation: 0.5,
        }
    }
}

impl VaeConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        for (key, value) in [("latent", self.latent), ("hidden", self.hidden), ("cycles", self.cycles)] {
            if value == 0 {
                problems.push(problem(format!("{path}.{key}"), "must be at least 1, got 0", None));
            }
        }
        check_range(problems, &format!("{path}.beta"), self.beta, 0.0, f64::INFINITY, "1 is the bound itself");
        check_range(problems, &format!("{path}.warm_up"), self.warm_up, 0.001, 1.0, "the default is 0.5");
        check_range(problems, &format!("{path}.free_bits"), self.free_bits, 0.0, f64::INFINITY, "0 switches it off");
        check_word_drop(self.word_drop, path, problems);
        check_range(problems, &format!("{path}.deviation"), self.deviation, 1e-3, f64::INFINITY, "the default is 0.5");
    }

    /// Builds the objective with fresh posterior layers and a fresh decoder.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Vae {
        let (pooled, device) = (setting.model.pooled_size(), setting.device);
        Vae {
            mean: LinearConfig::new(pooled, self.latent).init(device),
            log_variance: LinearConfig::new(pooled, self.latent).init(device),
            decoder: decoder(self.hidden, self.latent, setting),
            config: self.clone(),
        }
    }

    /// β_t, the weight of the divergence when `progress` of the stage is done.
    pub fn weight(&self, progress: f64) -> f64 {
        let place = match self.annealing {
            Annealing::None => return self.beta,
            Annealing::Linear => progress,
            Annealing::Cyclical => (progress * self.cycles as f64).fract(),
        };
        self.beta * linear_ramp_up(place, self.warm_up)
    }
}

pub(crate) fn check_word_drop(word_drop: Option<f64>, path: &str, problems: &mut Vec<Problem>) {
    if let Some(dropped) = word_drop {
        let hint = "the default is 0.5 for text and 1 for values";
        check_range(problems, &format!("{path}.word_drop"), dropped, 0.0, 1.0, hint);
    }
}

/// The fraction of previous steps that is hidden from the decoder of these sequences.
pub(crate) fn dropped(word_drop: Option<f64>, sequences: &Sequences) -> f64 {
    word_drop.unwrap_or(match sequences.input {
        Input::Values(_) => 1.0,
        Input::Tokens(_) => 0.5,
    })
}

/// A decoder of vectors of `latent` numbers that writes from the first step to the last, or all at once where the
/// encoder reads so.
pub(crate) fn decoder<M: SequenceModel>(hidden: usize, latent: usize, setting: &Setting<'_, M>) -> AnyDecoder {
    let config = SequenceDecoderConfig { hidden, reversed: false, ..SequenceDecoderConfig::default() };
    AnyDecoder::new(&config, latent, setting.model.input_size(), setting.model.image(), setting.device)
}

/// The VAE objective, with the layers and the decoder that it trains.
#[derive(Module, Debug)]
pub struct Vae {
    mean: Linear,
    log_variance: Linear,
    decoder: AnyDecoder,
    #[module(skip)]
    config: VaeConfig,
}

/// What a pass of sequences through a VAE draws.
#[derive(Clone, Debug)]
pub struct LatentDraws {
    /// ε of the vector, `[batch, latent]`.
    pub noise: Tensor<2>,
    /// 1 where the decoder may read the true step before, `[batch, time]`; `None`: everywhere.
    pub shown: Option<Tensor<2>>,
}

impl LatentDraws {
    /// Draws for vectors of `latent` numbers, with a fraction of the steps hidden.
    pub(crate) fn draw(draws: &mut Draws, latent: usize, dropped: f64, sequences: &Sequences, device: &Device) -> Self {
        let [batch, time] = sequences.dims();
        let noise = draws.normal([batch, latent], device);
        Self { noise, shown: (dropped > 0.0).then(|| draws.coins(1.0 - dropped, [batch, time], device)) }
    }
}

/// The parts of the bound for a batch.
struct Bound {
    /// `-ln p(x|z)`, nats per sequence, `[batch]`
    reconstruction: Tensor<1>,
    /// Divergence of each unit of `z`, `[batch, latent]`
    divergence: Tensor<2>,
    /// Posterior means, `[batch, latent]`
    mean: Tensor<2>,
}

impl Vae {
    fn draw(&self, mut draws: Draws, sequences: &Sequences, device: &Device) -> LatentDraws {
        let dropped = dropped(self.config.word_drop, sequences);
        LatentDraws::draw(&mut draws, self.config.latent, dropped, sequences, device)
    }

    fn bound<M: SequenceModel>(&self, model: &M, sequences: &Sequences, draws: LatentDraws) -> Bound {
        let pooled = model.pooled(sequences.clone());
        let LatentDraws { noise, shown } = draws;
        let (mean, log_variance) = (self.mean.forward(pooled.clone()), self.log_variance.forward(pooled));
        let latent = reparameterised(mean.clone(), log_variance.clone(), noise);
        let rebuilt = self.decoder.forward_with(latent, sequences, Feeding { shown, truth: None });
        Bound {
            reconstruction: negative_log_likelihood(rebuilt, sequences, self.config.deviation),
            divergence: divergence(mean.clone(), log_variance),
            mean,
        }
    }

    /// The terms of a step of these sequences with these draws.
    pub fn terms_from<M: SequenceModel>(
        &self,
        model: &M,
        sequences: &Sequences,
        context: &StepContext,
        draws: LatentDraws,
    ) -> Terms {
        let bound = self.bound(model, sequences, draws);
        let weight = self.config.weight(context.progress());
        let (reconstruction, whole) = (bound.reconstruction.mean(), bound.divergence.clone().mean_dim(0).sum());
        Terms::default()
            .add("reconstruction", 1.0, reconstruction.clone())
            .over(Over::Sequences)
            .add("kl", weight, with_free_bits(bound.divergence, self.config.free_bits))
            .over(Over::Sequences)
            .monitor_over("elbo", -(reconstruction + whole), Over::Sequences)
            .monitor_over("active_units", active_units(bound.mean), Over::Sequences)
            .constant("kl_weight", weight)
    }
}

/// `z = μ + σ ε`. All `[batch, latent]`.
pub fn reparameterised(mean: Tensor<2>, log_variance: Tensor<2>, noise: Tensor<2>) -> Tensor<2> {
    mean + (log_variance * 0.5).exp() * noise
}

/// `KL(N(μ, σ²) ‖ N(0, 1))` of each unit, in nats. All `[batch, latent]` (Kingma & Welling 2014, appendix B).
pub fn divergence(mean: Tensor<2>, log_variance: Tensor<2>) -> Tensor<2> {
    (mean.clone() * mean + log_variance.clone().exp() - log_variance - 1.0) * 0.5
}

/// `Σ_j max(λ, mean over the batch of KL_j)`, `[1]` (Kingma et al. 2016, eq. 15).
pub fn with_free_bits(divergence: Tensor<2>, free: f64) -> Tensor<1> {
    divergence.mean_dim(0).clamp_min(free).sum()
}

/// `-ln p(x|z)` of each sequence in nats, over the steps that are no padding, `[batch]`.
///
/// # Shapes
///
/// - rebuilt: means `[batch, time, features]` of Gaussians with the same deviation, or logits `[batch, time,
///   vocabulary]`
pub fn negative_log_likelihood(rebuilt: impl Into<StepOutputs>, sequences: &Sequences, deviation: f64) -> Tensor<1> {
    let (rebuilt, [batch, _]) = (rebuilt.into(), sequences.dims());
    let each = match &sequences.input {
        Input::Values(values) => {
            let ([_, _, features], variance) = (values.dims(), deviation * deviation);
            let constant = (2.0 * std::f64::consts::PI * variance).ln();
            (rebuilt.squared_error(values.clone()) / variance + constant) * (0.5 * features as f64)
        }
        Input::Tokens(tokens) => rebuilt.cross_entropy(tokens.clone()),
    };
    let each = match &sequences.mask {
        Some(mask) => each * mask.clone(),
        None => each,
    };
    each.sum_dim(1).reshape([batch])
}

/// Units of `z` whose mean varies over the batch, `[1]`.
pub(crate) fn active_units(mean: Tensor<2>) -> Tensor<1> {
    let centred = mean.clone() - mean.mean_dim(0);
    (centred.clone() * centred).mean_dim(0).greater_elem(ACTIVE).float().sum()
}

/// Sums over a batch, for [`varying`]: the number of sequences, and each unit's sum and sum of squares. Shape
/// `[1 + 2 · units]`.
fn moments(mean: Tensor<2>) -> Tensor<1> {
    let [batch, units] = mean.dims();
    let sum = |values: Tensor<2>| values.sum_dim(0).reshape([units, 1]);
    let sums = Tensor::cat(vec![sum(mean.clone()), sum(mean.clone() * mean.clone())], 1).reshape([2 * units]);
    Tensor::cat(vec![Tensor::full([1], batch as f64, &mean.device()), sums], 0)
}

/// Units whose variance is above [`ACTIVE`].
fn varying(moments: &[f64]) -> f64 {
    let Some((count, units)) = moments.split_first() else { return f64::NAN };
    let varies = |sums: &&[f64]| sums[1] / count - (sums[0] / count).powi(2) > ACTIVE;
    units.chunks_exact(2).filter(varies).count() as f64
}

/// What a run is told when `z` says nothing any more.
pub(crate) fn collapse(train: &Scores, grown: bool) -> Option<String> {
    let active = *train.get("active_units")?;
    (grown && active < 1.0).then(|| {
        format!(
            "the posterior has collapsed: {active:.2} units of `z` vary from sequence to sequence, so the decoder \
             writes without it; raise `word_drop` towards 1 or `free_bits` to 0.1, or lower `beta`"
        )
    })
}

impl<M: SequenceModel> Objective<M> for Vae {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::All, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let (Some(part), Some(device)) = (&step.unlabeled, model.devices().into_iter().next()) else {
            return Terms::default();
        };
        let draws = self.draw(Draws::new(step_seed(&device)), &part.weak, &device);
        self.terms_from(model, &part.weak, context, draws)
    }

    fn measure(&self, model: &M, part: &Part) -> Measures {
        let Some(device) = model.devices().into_iter().next() else { return Measures::new() };
        // The same draws each time, so that epochs can be compared.
        let bound = self.bound(model, &part.weak, self.draw(Draws::new(0), &part.weak, &device));
        let (reconstruction, kl) = (bound.reconstruction.mean(), bound.divergence.mean_dim(0).sum());
        let measures = [
            ("loss", reconstruction.clone() + kl.clone()),
            ("elbo", -(reconstruction.clone() + kl.clone())),
            ("reconstruction", reconstruction),
            ("kl", kl),
        ];
        let means = measures.into_iter().map(|(name, mean)| Measure::new(name, mean, Over::Sequences));
        means.chain([Measure::of_sums("active_units", moments(bound.mean), varying)]).collect()
    }

    fn warning(&self, train: &Scores, context: &StepContext) -> Option<String> {
        collapse(train, context.progress() >= self.config.warm_up)
    }

    /// From the posterior's mean.
    fn rebuild(&self, model: &M, sequences: &Sequences) -> Option<Input> {
        let latent = self.mean.forward(model.pooled(sequences.clone()));
        Some(self.decoder.rebuild(latent, sequences))
    }

    fn generate(&self, _model: &M, request: &Request<'_>) -> Option<Input> {
        let latent = Draws::new(request.seed).normal([request.count(), self.config.latent], request.device);
        let mut picker = Picker::new(request);
        Some(self.decoder.write(latent, request.time(), |logits| picker.pick(logits)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weight_grows_once_or_in_cycles() {
        let linear = VaeConfig { beta: 2.0, ..Default::default() };
        assert_eq!([0.0, 0.25, 0.5, 0.9].map(|progress| linear.weight(progress)), [0.0, 1.0, 2.0, 2.0]);
        let cyclical = VaeConfig { annealing: Annealing::Cyclical, ..Default::default() };
        assert_eq!(
            [0.0, 0.0625, 0.125, 0.25, 0.3125].map(|progress| cyclical.weight(progress)),
            [0.0, 0.5, 1.0, 0.0, 0.5]
        );
        let none = VaeConfig { annealing: Annealing::None, ..Default::default() };
        assert_eq!(none.weight(0.0), 1.0);
    }

    #[test]
    fn the_vector_is_normal_and_a_fraction_of_the_steps_is_hidden() {
        let device = Device::flex();
        let sequences = Sequences::dense(Tensor::zeros([200, 10, 1], &device));
        let draw = |dropped| LatentDraws::draw(&mut Draws::new(7), 5, dropped, &sequences, &device);
        let LatentDraws { noise, shown } = draw(0.2);
        let mean = |tensor: Tensor<2>| tensor.mean().into_scalar::<f32>();
        assert!(mean(noise.clone()).abs() < 0.1 && (mean(noise.clone() * noise) - 1.0).abs() < 0.1);
        let shown = shown.expect("steps are hidden");
        assert_eq!(shown.dims(), [200, 10]);
        assert!((mean(shown) - 0.8).abs() < 0.03);
        assert_eq!(draw(1.0).shown.map(mean), Some(0.0));
        assert!(draw(0.0).shown.is_none());
    }

    #[test]
    fn a_collapsed_posterior_is_named_once_the_weight_is_grown() {
        let scores = Scores::from([("active_units".to_string(), 0.0)]);
        assert!(collapse(&scores, false).is_none());
        assert!(collapse(&scores, true).is_some_and(|text| text.contains("word_drop")));
        assert!(collapse(&Scores::from([("active_units".to_string(), 3.0)]), true).is_none());
    }
}
