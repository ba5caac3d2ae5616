//! ReMixMatch (Berthelot et al. 2020, "ReMixMatch: semi-supervised learning with distribution alignment and
//! augmentation anchoring").
//!
//! The pseudo-label for the weak view, multiplied by the ratio of the labels' class distribution and the mean
//! pseudo-label, scaled to sum 1 and sharpened, is the label of the weak and of the strong view (section 3.1 and 3.2).
//! Labelled strong views, unlabelled strong and weak ones are mixed as in MixMatch, with cross-entropy throughout;
//! beside it stand the strong view unmixed and a task of its own (section 3.3).
//!
//! That task is the angle of a turned image in the paper; for sequences it is whether a strong view runs forwards or
//! backwards. The paper makes eight strong views, here it is one; the mean prediction is a running mean from the first
//! batch on, where the paper's is of 128 batches.
//!
//! # Cost
//!
//! As `mixmatch` with a strong view unmixed and the task of telling the direction beside it: one of the dearest
//! methods.
//!
//! # When it fails
//!
//! As `mixmatch`. Aligning with the labels' class distribution is wrong where the unlabelled pool has another one.
//! Whether a sequence runs forwards may be told at a glance (aligned heartbeats): set `direction_weight = 0` there.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::methods::crmatch::Direction;
use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::parts::losses::{class_logits, probabilities, right, soft_cross_entropy};
use crate::parts::memory::{aligned, check_momentum, decay, follow_from_first, remembered};
use crate::parts::mixing::{Mixture, labels, sharpened};
use crate::parts::ramp::linear_ramp_up;
use crate::parts::random::{Draws, step_seed};
use crate::step::{Part, Step, StepContext, Targets};
use crate::terms::Terms;

/// Steps that the mean prediction remembers at most, the paper's.
const LONGEST: f64 = 128.0;

/// `[stage.objective.remixmatch]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReMixMatchConfig {
    /// Weight ≥ 0 of the mixed unlabelled sequences once it is grown. Default 1.5, the paper's.
    pub weight: f64,
    /// Weight ≥ 0 of the strong view unmixed. Default 0.5, the paper's.
    pub strong_weight: f64,
    /// Weight ≥ 0 of telling forwards from backwards. Default 0.5, the paper's for the angle.
    pub direction_weight: f64,
    /// Fraction in [0, 1] of the stage over which the unlabelled weights grow. Default 0.2.
    pub ramp_up: f64,
    /// T in (0, 1], the temperature that sharpens. Default 0.5, the paper's.
    pub temperature: f64,
    /// α > 0 of the Beta distribution that shares are drawn from. Default 0.75, the paper's.
    pub alpha: f64,
    /// The memory of the mean prediction, in [0, 1): a mean forgets in about `1 / (1 - momentum)` steps. Default: a
    /// twentieth of the stage's steps, at most 128, the paper's 128 batches (so 0.95 for a stage of 400 steps).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// The labelled term: smoothing and class weights act on the mixed labels.
    pub supervised: SupervisedConfig,
}

impl Default for ReMixMatchConfig {
    fn default() -> Self {
        Self {
            weight: 1.5,
            strong_weight: 0.5,
            direction_weight: 0.5,
            ramp_up: 0.2,
            temperature: 0.5,
            alpha: 0.75,
            momentum: None,
            supervised: SupervisedConfig::default(),
        }
    }
}

impl ReMixMatchConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        for (key, weight, hint) in [
            ("weight", self.weight, "the paper uses 1.5"),
            ("strong_weight", self.strong_weight, "the paper uses 0.5"),
            ("direction_weight", self.direction_weight, "the paper uses 0.5"),
        ] {
            check_range(problems, &format!("{path}.{key}"), weight, 0.0, f64::INFINITY, hint);
        }
        check_range(problems, &format!("{path}.ramp_up"), self.ramp_up, 0.0, 1.0, "it is a fraction of the stage");
        check_range(problems, &format!("{path}.temperature"), self.temperature, 0.01, 1.0, "the paper uses 0.5");
        check_range(problems, &format!("{path}.alpha"), self.alpha, 1e-3, f64::INFINITY, "the paper uses 0.75");
        check_momentum(problems, path, self.momentum, "left out, it is a twentieth of the stage");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective; the mean prediction starts from the first batch.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> ReMixMatch {
        let classes = setting.model.outputs().max(2);
        let total = setting.class_counts.iter().sum::<usize>().max(1) as f32;
        let mut shares: Vec<f32> = setting.class_counts.iter().map(|count| *count as f32 / total).collect();
        shares.resize(classes, 0.0);
        ReMixMatch {
            supervised: self.supervised.init(setting),
            direction: Direction::new(setting.model.pooled_size(), setting),
            labels: remembered(Tensor::<1>::from_data(shares.as_slice(), setting.device).reshape([1, classes])),
            guesses: remembered(Tensor::zeros([1, classes], setting.device)),
            config: self.clone(),
        }
    }
}

/// The ReMixMatch objective, with its mean pseudo-label and the layer that tells the direction.
#[derive(Module, Debug)]
pub struct ReMixMatch {
    supervised: Supervised,
    direction: Direction,
    /// The labels' class distribution, `[1, classes]`
    labels: Param<Tensor<2>>,
    /// The mean prediction for weak views, `[1, classes]`; zeros before the first batch
    guesses: Param<Tensor<2>>,
    #[module(skip)]
    config: ReMixMatchConfig,
}

impl ReMixMatch {
    /// The label of an unlabelled batch, `[rows, classes]`, without graph.
    fn label(&mut self, pseudo_labels: Tensor<2>, context: &StepContext) -> Tensor<2> {
        let momentum = decay(self.config.momentum, LONGEST, context);
        let mean = follow_from_first(&mut self.guesses, momentum, pseudo_labels.clone().mean_dim(0));
        sharpened(aligned(pseudo_labels, mean, self.labels.val().detach()), self.config.temperature)
    }

    /// The terms of a step whose mixture is drawn: of its labelled rows, its unlabelled ones in the strong view, and
    /// these in the weak one. `None` where targets are no classes.
    pub fn mixed<M: SequenceModel>(
        &mut self,
        model: &M,
        labeled: &Part,
        unlabeled: &Part,
        context: &StepContext,
        mixture: &Mixture,
    ) -> Option<Terms> {
        let Targets::Classes { classes, known } = &labeled.targets else { return None };
        let strong = unlabeled.strong_or_weak();
        let label = self.label(probabilities(model.forward(unlabeled.weak.clone())), context);
        let [count, outputs] = label.dims();
        let [known_rows] = known.dims();
        let own = labels(classes.clone(), known.clone(), outputs);
        let targets = mixture.rows(Tensor::cat(vec![own, label.clone(), label.clone()], 0));
        let logits =
            class_logits(mixture.logits(model, vec![labeled.strong_or_weak(), strong.clone(), unlabeled.weak.clone()]));
        let part = |values: &Tensor<2>, from: usize, rows: usize| values.clone().narrow(0, from, rows);
        let supervised = self.supervised.mixed_loss(part(&logits, 0, known_rows), part(&targets, 0, known_rows));
        let of_unlabeled =
            soft_cross_entropy(part(&logits, known_rows, 2 * count), part(&targets, known_rows, 2 * count));
        let ramp = linear_ramp_up(context.progress(), self.config.ramp_up);
        let unmixed = soft_cross_entropy(class_logits(model.forward(strong.clone())), label.clone());
        let mut terms = self
            .supervised
            .with_penalty(Terms::new(supervised), "penalty", model)
            .add("unlabeled", self.config.weight * ramp, of_unlabeled)
            .add("strong", self.config.strong_weight * ramp, unmixed)
            .add("direction", self.config.direction_weight, self.direction.loss(model, &strong))
            .monitor_rows("accuracy", right(part(&logits, 0, known_rows), classes.clone()), known.clone());
        if let Targets::Classes { classes, known } = &unlabeled.targets {
            terms = terms.monitor_rows("pseudo_label_accuracy", right(label, classes.clone()), known.clone());
        }
        Some(terms)
    }
}

impl<M: SequenceModel> Objective<M> for ReMixMatch {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK | Views::STRONG }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let mut mixed = || {
            let (labeled, unlabeled) = (step.labeled.as_ref()?, step.unlabeled.as_ref()?);
            let device = model.devices().into_iter().next()?;
            let rows = labeled.indices.len() + 2 * unlabeled.indices.len();
            let mixture = Mixture::draw(self.config.alpha, rows, &mut Draws::new(step_seed(&device)), &device);
            self.mixed(model, labeled, unlabeled, context, &mixture)
        };
        mixed().unwrap_or_else(|| self.supervised.labeled_terms(model, step.labeled.as_ref()))
    }
}
