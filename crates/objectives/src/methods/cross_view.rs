//! Cross-view training (Clark et al. 2018, "Semi-supervised sequence modeling with cross-view training").
//!
//! Output layers of their own see less of a sequence than the model does, and learn on unlabelled sequences to predict
//! what the model predicts from all of it: `Σ_j KL(p(x) ‖ p_j(x))` (eq. 2). `p(x)` is a pass of its own without
//! dropout, as in the authors' code (tensorflow/models, `cvt_text`), and no gradient flows into it; the encoder that
//! all of them read gets better.
//!
//! The paper's views for taggers are the forward and the backward states, and those without the step itself. Here a
//! sequence has one class, and the views are: the state at the middle and at three quarters of the sequence, which know
//! nothing of the rest; and of a bidirectional encoder both directions alone, at their last steps.
//!
//! # Cost
//!
//! A pass over the unlabelled batch for the prediction and one with gradients; the views share it, and their layers
//! are small.
//!
//! # When it fails
//!
//! It asks for the class from a part of a sequence: where that part does not tell the class, it teaches the encoder
//! something wrong. Lower `weight` there. Of an encoder that reads forward only two views are left, both prefixes.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{SequenceModel, Sequences};
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::parts::losses::{distribution_kl, probabilities};
use crate::step::{Step, StepContext};
use crate::terms::Terms;

/// `[stage.objective.cross-view]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CrossViewConfig {
    /// Weight ≥ 0 of the views. Default 1, the paper's.
    pub weight: f64,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for CrossViewConfig {
    fn default() -> Self {
        Self { weight: 1.0, supervised: SupervisedConfig::default() }
    }
}

/// Where a prefix ends, as a part of the sequence.
const PREFIXES: [f64; 2] = [0.5, 0.75];

impl CrossViewConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the paper uses 1");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective with a fresh layer for each view.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> CrossView {
        let (width, classes) = (setting.model.pooled_size(), setting.model.outputs().max(2));
        let both = setting.model.bidirectional();
        let one_way = if both { width / 2 } else { width };
        let layer = |width: usize| LinearConfig::new(width, classes).init(setting.device);
        let directions = if both { 2 } else { 0 };
        CrossView {
            supervised: self.supervised.init(setting),
            layers: (0..PREFIXES.len() + directions).map(|_| layer(one_way)).collect(),
            config: self.clone(),
        }
    }
}

/// The cross-view objective, with the layers of its views.
#[derive(Module, Debug)]
pub struct CrossView {
    supervised: Supervised,
    layers: Vec<Linear>,
    #[module(skip)]
    config: CrossViewConfig,
}

/// The state at a part of each sequence's real steps, `[batch, width]`, from `[batch, time, width]`.
fn state_at(states: &Tensor<3>, sequences: &Sequences, part: f64) -> Tensor<2> {
    let [batch, time, width] = states.dims();
    let device = states.device();
    let lengths: Tensor<2> = match &sequences.mask {
        Some(mask) => mask.clone().sum_dim(1),
        None => Tensor::full([batch, 1], time as f64, &device),
    };
    let place = ((lengths * part).ceil() - 1.0).clamp_min(0.0).int();
    states.clone().gather(1, place.unsqueeze_dim::<3>(2).repeat_dim(2, width)).reshape([batch, width])
}

impl<M: SequenceModel> Objective<M> for CrossView {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, _context: &StepContext) -> Terms {
        let terms = self.supervised.labeled_terms(model, step.labeled.as_ref());
        let Some(part) = &step.unlabeled else { return terms };
        let states = model.states(part.weak.clone());
        let [batch, _, width] = states.dims();
        let target = probabilities(model.clone().freeze().forward(part.weak.clone()));
        let mut views = Vec::new();
        let both = model.bidirectional();
        let forward = if both { states.clone().narrow(2, 0, width / 2) } else { states.clone() };
        for prefix in PREFIXES {
            views.push(state_at(&forward, &part.weak, prefix));
        }
        if both {
            views.push(state_at(&forward, &part.weak, 1.0));
            // The backward direction ends at the first step.
            views.push(states.narrow(2, width / 2, width / 2).narrow(1, 0, 1).reshape([batch, width / 2]));
        }
        let losses = views.into_iter().zip(&self.layers);
        let losses = losses.map(|(view, layer)| distribution_kl(layer.forward(view), target.clone(), None));
        match losses.reduce(|sum, loss| sum + loss) {
            Some(loss) => terms.add("views", self.config.weight, loss),
            None => terms,
        }
    }
}
