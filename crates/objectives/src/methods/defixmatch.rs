//! DeFixMatch (Schmutz et al. 2023, "Don't fear the unlabelled: safe semi-supervised learning via debiasing").
//!
//! FixMatch whose unlabelled term `H` is also taken over the labelled sequences and subtracted there (eq. 3): `L = ½
//! (CE(labelled, weak) + CE(labelled, strong)) + λ · H(unlabelled) - λ · H(labelled)`, with `H = mean(1[max q ≥ τ] ·
//! CE(strong view, argmax q))` and `q` the prediction for the weak view. The two expectations of `H` cancel, so that
//! the loss is an unbiased estimate of the supervised one, and wrong pseudo-labels cannot draw the model away from what
//! many labels would teach it.
//!
//! The supervised loss is over both views of a labelled sequence, as in the authors' code: what is subtracted is
//! cross-entropy of the strong view, so it has to be added first. With `λ = ½`, the authors', a labelled sequence whose
//! pseudo-label is its label leaves at least half of the cross-entropy of its weak view, which is never below 0; with a
//! larger `λ`, or without the strong view, the loss would fall without end as the strong view's grows.
//!
//! # Cost
//!
//! As `fixmatch`, on labelled sequences too.
//!
//! # When it fails
//!
//! What it subtracts is estimated on the labelled batch: with few labels it is noisy, and on labels that are
//! learned by heart it no longer cancels the bias. With `weight` above ½ the loss may fall without end.

use burn::module::Module;
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::over::Over;
use crate::parts::pseudo_labels::PseudoLabels;
use crate::step::{Step, StepContext};
use crate::terms::Terms;

/// `[stage.objective.defixmatch]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeFixMatchConfig {
    /// λ ≥ 0, the weight of both terms. Default 0.5, the authors': above it more of the labelled strong loss is
    /// subtracted than was added.
    pub weight: f64,
    /// τ in [0, 1], the confidence from which a pseudo-label counts. Default 0.95, the paper's.
    pub threshold: f64,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for DeFixMatchConfig {
    fn default() -> Self {
        Self { weight: 0.5, threshold: 0.95, supervised: SupervisedConfig::default() }
    }
}

impl DeFixMatchConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the authors use 0.5");
        check_range(problems, &format!("{path}.threshold"), self.threshold, 0.0, 1.0, "the paper uses 0.95");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> DeFixMatch {
        DeFixMatch { supervised: self.supervised.init(setting), config: self.clone() }
    }
}

/// The DeFixMatch objective.
#[derive(Module, Debug)]
pub struct DeFixMatch {
    supervised: Supervised,
    #[module(skip)]
    config: DeFixMatchConfig,
}

impl<M: SequenceModel> Objective<M> for DeFixMatch {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK | Views::STRONG }
    }

    fn step(&mut self, model: &M, step: &Step, _context: &StepContext) -> Terms {
        let sure = |pseudo_labels: &PseudoLabels| {
            pseudo_labels.confidence.clone().greater_equal_elem(self.config.threshold).float()
        };
        let mut terms = Terms::default();
        if let Some(part) = &step.labeled {
            let (weak, strong) = (model.forward(part.weak.clone()), model.forward(part.strong_or_weak()));
            let both = |logits: &Tensor<2>| self.supervised.loss(logits.clone(), &part.targets);
            let loss = (both(&weak) + both(&strong)) / 2.0;
            terms = self.supervised.terms_with(model, loss, weak.clone(), &part.targets);
            if step.unlabeled.is_some() {
                let own = PseudoLabels::new(weak, strong, part.row_mask(model.per_step()));
                terms = terms.add("debiasing", -self.config.weight, own.loss(sure(&own))).over(Over::LabeledRows);
            }
        }
        let Some(part) = &step.unlabeled else { return terms };
        let pseudo_labels = PseudoLabels::of(model, part);
        let sure = sure(&pseudo_labels);
        pseudo_labels.terms(terms, part, self.config.weight, sure)
    }
}
