//! DeFixMatch (Schmutz et al. 2023, "Don't fear the unlabelled: safe semi-supervised learning via debiasing").
//!
//! FixMatch whose unlabelled term is also taken over the labelled sequences and subtracted there (eq. 3):
//! `L = CE(labelled) + λ · H(unlabelled) - λ · H(labelled)`. The two expectations cancel, so that the loss is an unbiased
//! estimate of the supervised one, and wrong guesses cannot draw the model away from what many labels would teach it.

use burn::module::Module;
use semiseq_datasets::{Pool, Problem, Views};
use semiseq_models::SequenceModel;
use serde::{Deserialize, Serialize};

use super::guess::Guess;
use super::{Needs, Objective, Part, Setting, Step, StepContext, Supervised, SupervisedConfig, Terms};
use crate::config::check_range;

/// `[stage.objective.defixmatch]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeFixMatchConfig {
    /// λ ≥ 0, the weight of both terms. Default 0.5: at 1 the labelled loss and what is subtracted from it nearly cancel.
    pub weight: f64,
    /// τ in [0, 1], the confidence from which a guess counts. Default 0.95, the paper's.
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
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the default is 0.5");
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
        let terms = self.supervised.labeled_terms(model, step.labeled.as_ref());
        let (Some(labeled), Some(part)) = (&step.labeled, &step.unlabeled) else { return terms };
        let guess = |part: &Part| {
            let guess = Guess::of(model, part);
            let sure = guess.confidence.clone().greater_equal_elem(self.config.threshold).float();
            (guess, sure)
        };
        let (own, sure) = guess(labeled);
        let terms = terms.add("debiasing", -self.config.weight, own.loss(sure));
        let (guess, sure) = guess(part);
        guess.terms(terms, part, self.config.weight, sure)
    }
}
