//! Adversarial training (Goodfellow et al. 2015; on the vectors of words Miyato et al. 2017, "Adversarial training
//! methods for semi-supervised text classification").
//!
//! `L = CE(x) + λ · CE(x + r)` with `r = ε |x| g / |g|`, `g` the gradient of the loss by what the encoder reads (eqs. 2
//! and 3). It looks at labelled sequences only: the strongest method without unlabelled ones, and a baseline for
//! `virtual-adversarial`.
//!
//! The noise's length is a fraction of the sequence's own, as one vector; see `virtual_adversarial.rs`.
//!
//! # Cost
//!
//! Two passes over the labelled batch, the first also for the gradient that makes the noise. No unlabelled data.
//!
//! # When it fails
//!
//! With `epsilon` too large the noise changes the class itself and training accuracy stays low; too small, and the
//! second loss equals the first. Text is moved in its vectors, so that without an embedding that has learned
//! something the noise is as meaningless as the vectors.

use burn::module::Module;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::parts::adversarial_noise::Read;
use crate::step::{Step, StepContext};
use crate::terms::Terms;

/// `[stage.objective.adversarial]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdversarialConfig {
    /// λ ≥ 0, the weight of the loss under noise. Default 1, the paper's.
    pub weight: f64,
    /// ε ≥ 0, the length of the noise as a fraction of the sequence's. Default 0.1.
    pub epsilon: f64,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for AdversarialConfig {
    fn default() -> Self {
        Self { weight: 1.0, epsilon: 0.1, supervised: SupervisedConfig::default() }
    }
}

impl AdversarialConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the paper uses 1");
        check_range(problems, &format!("{path}.epsilon"), self.epsilon, 0.0, f64::INFINITY, "the default is 0.1");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Adversarial {
        Adversarial { supervised: self.supervised.init(setting), config: self.clone() }
    }
}

/// The adversarial objective.
#[derive(Module, Debug)]
pub struct Adversarial {
    supervised: Supervised,
    #[module(skip)]
    config: AdversarialConfig,
}

impl<M: SequenceModel> Objective<M> for Adversarial {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Labeled, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, _context: &StepContext) -> Terms {
        let Some(part) = &step.labeled else { return Terms::default() };
        let read = Read::of(model, &part.weak);
        let logits = read.plain(model);
        let terms = self.supervised.terms(model, logits, &part.targets);
        let loss = |logits| self.supervised.loss(logits, &part.targets);
        let noise = read.adversarial(model, self.config.epsilon, loss);
        terms.add("adversarial", self.config.weight, loss(read.logits(model, noise))).over(self.supervised.over())
    }
}
