//! MixMatch (Berthelot et al. 2019, "MixMatch: a holistic approach to semi-supervised learning").
//!
//! The mean prediction for two weak views, sharpened, is the label of both (eqs. 6 and 7). Labelled and unlabelled sequences
//! are mixed with one another (eqs. 8 to 11, mixup); `L = CE(mixed labelled) + λ · mean (q - p)²(mixed unlabelled)` (eqs. 2
//! to 5), λ growing in a straight line.
//!
//! Series are mixed as they are read, texts before the head (MixText, Chen et al. 2020); see `mixing.rs`.

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use semiseq_datasets::{Pool, Problem, Views};
use semiseq_models::SequenceModel;
use serde::{Deserialize, Serialize};

use super::draws::{Draws, step_seed};
use super::losses::{accuracy, class_logits, probabilities, soft_cross_entropy};
use super::mixing::{Mixture, one_hot, sharpened};
use super::ramp::linear_ramp_up;
use super::{Needs, Objective, Setting, Step, StepContext, Supervised, SupervisedConfig, Targets, Terms};
use crate::config::check_range;

/// `[stage.objective.mixmatch]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MixMatchConfig {
    /// λ ≥ 0, the weight of the unlabelled term once it is grown. Default 5. The paper's 75, for CIFAR-10 and a million steps,
    /// draws all guesses into one class within some hundred steps.
    pub weight: f64,
    /// Fraction in [0, 1] of the stage over which it grows. Default 0.4.
    pub ramp_up: f64,
    /// T in (0, 1], the temperature that sharpens. Default 0.5, the paper's.
    pub temperature: f64,
    /// α > 0 of the Beta distribution that shares are drawn from. Default 0.75, the paper's.
    pub alpha: f64,
    /// Smoothing and class weights of a step without unlabelled sequences.
    pub supervised: SupervisedConfig,
}

impl Default for MixMatchConfig {
    fn default() -> Self {
        Self { weight: 5.0, ramp_up: 0.4, temperature: 0.5, alpha: 0.75, supervised: SupervisedConfig::default() }
    }
}

impl MixMatchConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the default is 5");
        check_range(problems, &format!("{path}.ramp_up"), self.ramp_up, 0.0, 1.0, "it is a fraction of the stage");
        check_range(problems, &format!("{path}.temperature"), self.temperature, 0.01, 1.0, "the paper uses 0.5");
        check_range(problems, &format!("{path}.alpha"), self.alpha, 1e-3, f64::INFINITY, "the paper uses 0.75");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> MixMatch {
        MixMatch { supervised: self.supervised.init(setting), config: self.clone() }
    }
}

/// The MixMatch objective.
#[derive(Module, Debug)]
pub struct MixMatch {
    supervised: Supervised,
    #[module(skip)]
    config: MixMatchConfig,
}

impl<M: SequenceModel> Objective<M> for MixMatch {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK | Views::SECOND }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let (Some(labeled), Some(unlabeled)) = (&step.labeled, &step.unlabeled) else {
            return self.supervised.labeled_terms(model, step.labeled.as_ref());
        };
        let (Targets::Classes { classes, known }, Some(device)) =
            (&labeled.targets, model.devices().into_iter().next())
        else {
            return self.supervised.labeled_terms(model, step.labeled.as_ref());
        };
        let views = [unlabeled.weak.clone(), unlabeled.second_or_weak()];
        let [first, second] = views.clone().map(|view| probabilities(model.forward(view)));
        let guess = sharpened((first + second) / 2.0, self.config.temperature);
        let [count, outputs] = guess.dims();
        let known_rows = known.dims()[0];

        let mut draws = Draws::new(step_seed(&device));
        let mixture = Mixture::draw(self.config.alpha, known_rows + 2 * count, &mut draws, &device);
        let targets = Tensor::cat(vec![one_hot(classes.clone(), outputs), guess.clone(), guess.clone()], 0);
        let targets = mixture.rows(targets);
        let [first, second] = views;
        let logits = class_logits(mixture.logits(model, vec![labeled.weak.clone(), first, second]));
        let part = |values: &Tensor<2>, from: usize, rows: usize| values.clone().narrow(0, from, rows);
        let supervised = soft_cross_entropy(part(&logits, 0, known_rows), part(&targets, 0, known_rows));
        let difference = softmax(part(&logits, known_rows, 2 * count), 1) - part(&targets, known_rows, 2 * count);
        let weight = self.config.weight * linear_ramp_up(context.progress(), self.config.ramp_up);
        let mut terms = Terms::new(supervised)
            .add("unlabeled", weight, (difference.clone() * difference).mean())
            .monitor("accuracy", accuracy(part(&logits, 0, known_rows), classes.clone(), known.clone()))
            .constant("unlabeled_weight", weight);
        if let Targets::Classes { classes, known } = &unlabeled.targets {
            terms = terms.monitor("pseudo_label_accuracy", accuracy(guess, classes.clone(), known.clone()));
        }
        terms
    }
}
