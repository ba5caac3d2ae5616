//! UCVME (Dai, Li & Cheng 2023, "Semi-supervised deep regression with uncertainty consistency and variational model
//! ensembling via Bayesian neural networks").
//!
//! Two nets a and b each say of a sequence a mean ŷ and a log variance z. On labels both minimise the negative log
//! likelihood under one variance, their mean in logarithms, and agree on it:
//! `Σ_m ½ mean(exp(-z̄) (ŷ_m - y)² + z̄) + mean (z_a - z_b)²` with `z̄ = (z_a + z_b)/2`. Of an unlabelled sequence the
//! target is the mean ỹ, z̃ over both nets and T draws of dropout, without gradients:
//! `w · Σ_m [½ mean(exp(-z̃) (ŷ_m - ỹ)² + z̃) + mean (z_m - z̃)²]`.
//!
//! As in the authors' code (xmed-lab/UCVME, `ucvme_age.py`) both nets read the same view, and w stands from the first
//! step on. Their second net is another random one; ours is the model with the values of each parameter in another
//! order, which is as random. What is predicted is the mixture of both nets' normal distributions. They draw T passes
//! of dropout for that too; here `predict --samples T` does, and otherwise nets without dropout stand for them. A log
//! variance below ln 1e-6 counts as that.
//!
//! # Cost
//!
//! Two nets with gradients over labelled and unlabelled sequences, and `2 T` passes without over the unlabelled ones.
//!
//! # When it fails
//!
//! Without dropout the T draws are one, and the target is the mean of two nets alone: give the model some (the paper
//! has 0.05). At a low `weight` it is a Gaussian likelihood with few labels, which is soon too sure of what it knows by
//! heart (`docs/results.md`). `pseudo_variance` is the mean variance that the targets have, in the scale of
//! standardised targets: 1 says that they tell nothing.

use burn::module::Module;
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{SequenceModel, Sequences};
use semiseq_schema::{Problem, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::objective::{Needs, Objective, Setting};
use crate::over::Over;
use crate::parts::losses::weighted_mean;
use crate::parts::number_losses::{mean_and_log_variance, negative_log_likelihood};
use crate::parts::second_net::second_net;
use crate::parts::weight_average::fresh_copy;
use crate::step::{Part, Step, StepContext, Targets};
use crate::terms::Terms;

/// `[stage.objective.ucvme]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UcvmeConfig {
    /// w ≥ 0, the weight of the terms of unlabelled sequences. Default 10, the paper's.
    pub weight: f64,
    /// T, 1 to 100: draws of dropout that a target is the mean of. Default 5, the paper's.
    pub samples: usize,
}

impl Default for UcvmeConfig {
    fn default() -> Self {
        Self { weight: 10.0, samples: 5 }
    }
}

impl UcvmeConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the paper uses 10");
        if self.samples == 0 {
            problems.push(problem(format!("{path}.samples"), "must be at least 1, got 0", Some("the paper uses 5")));
        }
    }

    /// Builds the objective with its second net.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Ucvme<M> {
        Ucvme { peer: second_net(setting.model, setting.device), config: self.clone() }
    }
}

/// The UCVME objective, with the second net that it trains.
#[derive(Module, Debug)]
pub struct Ucvme<M: Module> {
    peer: M,
    #[module(skip)]
    config: UcvmeConfig,
}

/// The mean and the log variance of each row, `[rows]`.
struct Said {
    mean: Tensor<1>,
    log_variance: Tensor<1>,
}

impl Said {
    /// From logits `[rows, 2]`.
    fn of(logits: Tensor<2>) -> Self {
        let [mean, log_variance] = mean_and_log_variance(logits);
        Self { mean, log_variance }
    }
}

impl<M: SequenceModel> Ucvme<M> {
    /// What both nets say, with gradients.
    fn both(&self, model: &M, sequences: &Sequences) -> [Said; 2] {
        [model, &self.peer].map(|net| Said::of(net.forward(sequences.clone())))
    }

    /// The terms of the labelled part.
    fn labeled(&self, model: &M, part: &Part) -> Terms {
        let [own, peers] = self.both(model, &part.weak);
        let log_variance = (own.log_variance.clone() + peers.log_variance.clone()) / 2.0;
        let apart = own.log_variance - peers.log_variance;
        let mut terms = Terms::default();
        if let Targets::Numbers { numbers, known } = &part.targets {
            let [fit, peer_fit] = [own.mean, peers.mean].map(|mean| {
                let each = negative_log_likelihood(mean, log_variance.clone(), numbers.clone());
                weighted_mean(each, Some(known.clone()))
            });
            terms = Terms::new(fit).over(Over::Labels(None)).add("peer", 1.0, peer_fit).over(Over::Labels(None));
        }
        terms.add("uncertainty", 1.0, (apart.clone() * apart).mean()).over(Over::LabeledRows)
    }

    /// The mean over both nets and the draws of dropout, without graph.
    fn pseudo_targets(&self, model: &M, sequences: &Sequences) -> Said {
        let nets = [fresh_copy(model), fresh_copy(&self.peer)];
        let passes = (0..self.config.samples).flat_map(|_| &nets).map(|net| net.forward(sequences.clone()).detach());
        let passes: Vec<Tensor<3>> = passes.map(|logits| logits.unsqueeze_dim(0)).collect();
        Said::of(Tensor::cat(passes, 0).mean_dim(0).squeeze_dim(0))
    }
}

impl<M: SequenceModel> Objective<M> for Ucvme<M> {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, _context: &StepContext) -> Terms {
        let mut terms = step.labeled.as_ref().map_or_else(Terms::default, |part| self.labeled(model, part));
        let Some(part) = &step.unlabeled else { return terms };
        let targets = self.pseudo_targets(model, &part.weak);
        let [[fit, apart], [peer_fit, peer_apart]] = self.both(model, &part.weak).map(|said| {
            let fit = negative_log_likelihood(said.mean, targets.log_variance.clone(), targets.mean.clone());
            let apart = said.log_variance - targets.log_variance.clone();
            [fit.mean(), (apart.clone() * apart).mean()]
        });
        terms = terms.add("unlabeled", self.config.weight, fit + peer_fit).add(
            "unlabeled_uncertainty",
            self.config.weight,
            apart + peer_apart,
        );
        terms.monitor("pseudo_variance", targets.log_variance.exp().mean())
    }

    /// Mean and log variance of the mixture of both nets' normal distributions.
    fn vote(&self, model: &M, sequences: &Sequences) -> Option<Tensor<2>> {
        let [own, peers] = self.both(model, sequences);
        let apart = own.mean.clone() - peers.mean.clone();
        let variance = (own.log_variance.exp() + peers.log_variance.exp()) / 2.0 + (apart.clone() * apart) / 4.0;
        Some(Tensor::stack(vec![(own.mean + peers.mean) / 2.0, variance.log()], 1))
    }
}
