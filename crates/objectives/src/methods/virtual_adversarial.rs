//! Virtual adversarial training (Miyato et al. 2018, "Virtual adversarial training: a regularization method for
//! supervised and semi-supervised learning"; on the vectors of words Miyato et al. 2017).
//!
//! The prediction may not change under the small noise that changes it most: `KL(p(x) ‖ p(x + r))` (eq. 6), `r` found
//! by power iteration (eqs. 10 to 13), the mean over labelled and unlabelled sequences (eq. 8). With `entropy_weight`
//! it is the paper's VAT+EntMin.
//!
//! Noise is put on values, or on the vectors of words. Its length is a fraction of the sequence's own, as one vector,
//! and not a number of its own as in the papers: series and texts of any length and scale then have one setting. Miyato
//! et al. (2017) scale the vectors of words to deviation 1, so that they cannot grow out of reach of the noise; with a
//! fraction they need not be.
//!
//! Where a sequence has any number of labels, the divergence is that of each label's probability, the mean over the
//! labels.
//!
//! # Cost
//!
//! For labelled and unlabelled sequences a pass for the prediction, one with its gradient for each power iteration,
//! and one with the noise: the dearest of the methods without a second model.
//!
//! # When it fails
//!
//! It smooths around sequences, whatever their class: where `epsilon` reaches over the border between classes it
//! smooths that away as well. It needs a weight that lets the labels win: with hardly any labels all predictions
//! may become alike, which satisfies the term. A term that stays near 0 asks for a larger `epsilon`.

use burn::module::Module;
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::over::Over;
use crate::parts::adversarial_noise::Read;
use crate::parts::consistency::{Distances, decisions, over_decisions};
use crate::parts::losses::{divergence_of_rows, entropy, probabilities, weighted_mean};
use crate::parts::random::{Draws, step_seed};
use crate::step::{Part, Step, StepContext};
use crate::terms::Terms;

/// `[stage.objective.virtual-adversarial]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VirtualAdversarialConfig {
    /// Weight ≥ 0 of the term. Default 1, the papers'.
    pub weight: f64,
    /// ε ≥ 0, the length of the noise as a fraction of the sequence's. Default 0.1. Raise it when the term stays near
    /// 0.
    pub epsilon: f64,
    /// Power iterations. Default 1, the papers'.
    pub iterations: usize,
    /// Weight ≥ 0 of the entropy of unlabelled predictions. Default 0; the paper's VAT+EntMin has 1.
    pub entropy_weight: f64,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

impl Default for VirtualAdversarialConfig {
    fn default() -> Self {
        Self { weight: 1.0, epsilon: 0.1, iterations: 1, entropy_weight: 0.0, supervised: SupervisedConfig::default() }
    }
}

impl VirtualAdversarialConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the papers use 1");
        check_range(problems, &format!("{path}.epsilon"), self.epsilon, 0.0, f64::INFINITY, "the default is 0.1");
        let hint = "VAT+EntMin has 1";
        check_range(problems, &format!("{path}.entropy_weight"), self.entropy_weight, 0.0, f64::INFINITY, hint);
        if self.iterations == 0 {
            problems.push(problem(format!("{path}.iterations"), "must be at least 1, got 0", None));
        }
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> VirtualAdversarial {
        VirtualAdversarial { supervised: self.supervised.init(setting), config: self.clone() }
    }
}

/// The virtual adversarial objective.
#[derive(Module, Debug)]
pub struct VirtualAdversarial {
    supervised: Supervised,
    #[module(skip)]
    config: VirtualAdversarialConfig,
}

impl VirtualAdversarial {
    /// The terms of a step whose power iterations start where they are told: directions of the size given, for the
    /// labelled part and then the unlabelled one.
    pub fn terms_from<M: SequenceModel>(
        &self,
        model: &M,
        step: &Step,
        mut start: impl FnMut([usize; 3]) -> Tensor<3>,
    ) -> Terms {
        let mut terms = Terms::default();
        let mut changes = Distances::default();
        let mut uncertain = None;
        if let Some(part) = &step.labeled {
            let (change, logits) = self.change(model, part, &mut start);
            changes.add(change, part.row_mask(model.per_step()));
            terms = self.supervised.terms(model, logits, &part.targets);
        }
        if let Some(part) = &step.unlabeled {
            let (change, logits) = self.change(model, part, &mut start);
            changes.add(change, part.row_mask(model.per_step()));
            uncertain = (self.config.entropy_weight > 0.0)
                .then(|| entropy(decisions(model, logits), part.row_mask(model.per_step())));
        }
        if let Some(change) = changes.mean() {
            terms = terms.add("change", self.config.weight, change).over(Over::BothRows);
        }
        match uncertain {
            Some(entropy) => terms.add("entropy", self.config.entropy_weight, entropy),
            None => terms,
        }
    }

    /// How much the prediction for each row changes under the noise that changes it most, `[rows]`, and the logits
    /// without noise.
    fn change<M: SequenceModel>(
        &self,
        model: &M,
        part: &Part,
        start: &mut impl FnMut([usize; 3]) -> Tensor<3>,
    ) -> (Tensor<1>, Tensor<2>) {
        let read = Read::of(model, &part.weak);
        let logits = read.plain(model);
        let target = probabilities(decisions(model, logits.clone()));
        let rows = part.row_mask(model.per_step());
        let each =
            |logits: Tensor<2>| over_decisions(model, divergence_of_rows(decisions(model, logits), target.clone()));
        let divergence = |logits: Tensor<2>| weighted_mean(each(logits), rows.clone());
        let start = start(read.steps.dims());
        let noise = read.virtual_adversarial(model, self.config.epsilon, self.config.iterations, start, divergence);
        (each(read.logits(model, noise)), logits)
    }
}

impl<M: SequenceModel> Objective<M> for VirtualAdversarial {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, _context: &StepContext) -> Terms {
        let Some(device) = model.devices().into_iter().next() else { return Terms::default() };
        let mut draws = Draws::new(step_seed(&device));
        self.terms_from(model, step, |size| draws.normal(size, &device))
    }
}
