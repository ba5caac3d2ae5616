//! MixMatch (Berthelot et al. 2019, "MixMatch: a holistic approach to semi-supervised learning").
//!
//! The mean prediction for two weak views, sharpened, is the label of both (eqs. 6 and 7). Labelled and unlabelled
//! sequences are mixed with one another (eqs. 8 to 11, mixup); `L = CE(mixed labelled) + λ · mean (q - p)²(mixed
//! unlabelled)` (eqs. 2 to 5), λ growing in a straight line.
//!
//! Series are mixed as they are read, texts before the head (MixText, Chen et al. 2020); see `mixing.rs`.
//!
//! # Cost
//!
//! Two weak views without gradients for the pseudo-label, then a pass with gradients over all views of the mixed batch.
//!
//! # When it fails
//!
//! Between two series may lie a third class (see `interpolation-consistency`): lower `alpha`. Pseudo-labels that are
//! little better than chance are sharpened and believed; on texts of two opinions keep `weight` low.

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::parts::losses::{class_logits, probabilities, right};
use crate::parts::mixing::{Mixture, labels, sharpened};
use crate::parts::ramp::linear_ramp_up;
use crate::parts::random::{Draws, step_seed};
use crate::step::{Part, Step, StepContext, Targets};
use crate::terms::Terms;

/// `[stage.objective.mixmatch]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MixMatchConfig {
    /// λ ≥ 0, the weight of the unlabelled term once it is grown. Default 5. The paper's 75, for CIFAR-10 and a million
    /// steps, draws all pseudo-labels into one class within some hundred steps.
    pub weight: f64,
    /// Fraction in [0, 1] of the stage over which it grows. Default 0.4.
    pub ramp_up: f64,
    /// T in (0, 1], the temperature that sharpens. Default 0.5, the paper's.
    pub temperature: f64,
    /// α > 0 of the Beta distribution that shares are drawn from. Default 0.75, the paper's.
    pub alpha: f64,
    /// The labelled term: smoothing and class weights act on the mixed labels.
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

impl MixMatch {
    /// The terms of a step whose mixture is drawn: of its labelled rows, its unlabelled ones in the first view, and
    /// these in the second. `None` where targets are no classes.
    pub fn mixed<M: SequenceModel>(
        &self,
        model: &M,
        labeled: &Part,
        unlabeled: &Part,
        context: &StepContext,
        mixture: &Mixture,
    ) -> Option<Terms> {
        let Targets::Classes { classes, known } = &labeled.targets else { return None };
        let views = [unlabeled.weak.clone(), unlabeled.second_or_weak()];
        let [first, second] = views.clone().map(|view| probabilities(model.forward(view)));
        let pseudo_labels = sharpened((first + second) / 2.0, self.config.temperature);
        let [count, outputs] = pseudo_labels.dims();
        let [known_rows] = known.dims();
        let own = labels(classes.clone(), known.clone(), outputs);
        let targets = mixture.rows(Tensor::cat(vec![own, pseudo_labels.clone(), pseudo_labels.clone()], 0));
        let [first, second] = views;
        let logits = class_logits(mixture.logits(model, vec![labeled.weak.clone(), first, second]));
        let part = |values: &Tensor<2>, from: usize, rows: usize| values.clone().narrow(0, from, rows);
        let supervised = self.supervised.mixed_loss(part(&logits, 0, known_rows), part(&targets, 0, known_rows));
        let difference = softmax(part(&logits, known_rows, 2 * count), 1) - part(&targets, known_rows, 2 * count);
        let weight = self.config.weight * linear_ramp_up(context.progress(), self.config.ramp_up);
        let mut terms = self
            .supervised
            .with_penalty(Terms::new(supervised), "penalty", model)
            .add("unlabeled", weight, (difference.clone() * difference).mean())
            .monitor_rows("accuracy", right(part(&logits, 0, known_rows), classes.clone()), known.clone())
            .constant("unlabeled_weight", weight);
        if let Targets::Classes { classes, known } = &unlabeled.targets {
            terms = terms.monitor_rows("pseudo_label_accuracy", right(pseudo_labels, classes.clone()), known.clone());
        }
        Some(terms)
    }
}

impl<M: SequenceModel> Objective<M> for MixMatch {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK | Views::SECOND }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let mixed = || {
            let (labeled, unlabeled) = (step.labeled.as_ref()?, step.unlabeled.as_ref()?);
            let device = model.devices().into_iter().next()?;
            let rows = labeled.indices.len() + 2 * unlabeled.indices.len();
            let mixture = Mixture::draw(self.config.alpha, rows, &mut Draws::new(step_seed(&device)), &device);
            self.mixed(model, labeled, unlabeled, context, &mixture)
        };
        mixed().unwrap_or_else(|| self.supervised.labeled_terms(model, step.labeled.as_ref()))
    }
}
