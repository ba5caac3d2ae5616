//! UDA (Xie et al. 2020, "Unsupervised data augmentation for consistency training").
//!
//! `L = CE(labelled) + λ · mean(1[max q > β] · KL(q^{1/T} ‖ strong view))`: the prediction `q` for the weak view,
//! sharpened by a temperature, is what the strong view has to predict, where `q` is sure enough (section 3.3).
//! Training-signal annealing (section 3.2) leaves labelled sequences out that are predicted too well for the time:
//! those whose class has more than `η_t = α_t (1 - 1/K) + 1/K`, so that few labels are not learned by heart at once.
//!
//! For text the paper makes the strong view by back-translation or TF-IDF replacement, here words are dropped and
//! swapped.
//!
//! # Cost
//!
//! A pass over the weak view without gradients and one over the strong view with.
//!
//! # When it fails
//!
//! As `fixmatch`: nothing happens while no prediction is above the threshold (`mask_rate` near 0), and a strong
//! view that changes the class teaches the wrong one. Signal annealing that is too slow leaves out most labels for
//! most of a short stage.

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::{log_softmax, softmax};
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{SequenceModel, Sequences};
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig, rebalanced};
use crate::objective::{Needs, Objective, Setting};
use crate::parts::losses::class_logits;
use crate::parts::mixing::sharpened;
use crate::step::{Part, Step, StepContext, Targets};
use crate::terms::Terms;

/// `[stage.objective.uda]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UdaConfig {
    /// λ ≥ 0, the weight of the unlabelled term. Default 1, the paper's.
    pub weight: f64,
    /// T in (0, 1], the temperature that sharpens. Default 0.4, the paper's.
    pub temperature: f64,
    /// β in [0, 1], the confidence from which a prediction counts. Default 0.8, the paper's. Lower it when `mask_rate`
    /// stays near 0.
    pub threshold: f64,
    /// `none`, `linear`, `log` or `exp`. Default `none`; the paper takes `exp` where few labels are soon learned by
    /// heart, `log` where they are not.
    pub signal_annealing: SignalAnnealing,
    /// The labelled term.
    pub supervised: SupervisedConfig,
}

/// How fast labelled sequences that are predicted well come in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SignalAnnealing {
    /// All count from the start.
    #[default]
    None,
    /// `α_t = t / T`
    Linear,
    /// `α_t = 1 - exp(-5 t / T)`
    Log,
    /// `α_t = exp(5 (t / T - 1))`
    Exp,
}

impl SignalAnnealing {
    /// `η_t`, the probability of the true class above which a sequence is left out; `None` where all count.
    pub fn limit(self, progress: f64, classes: usize) -> Option<f64> {
        let alpha = match self {
            Self::None => return None,
            Self::Linear => progress,
            Self::Log => 1.0 - (-5.0 * progress).exp(),
            Self::Exp => (5.0 * (progress - 1.0)).exp(),
        };
        let least = 1.0 / classes as f64;
        Some(alpha * (1.0 - least) + least)
    }
}

impl Default for UdaConfig {
    fn default() -> Self {
        Self {
            weight: 1.0,
            temperature: 0.4,
            threshold: 0.8,
            signal_annealing: SignalAnnealing::None,
            supervised: SupervisedConfig::default(),
        }
    }
}

impl UdaConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the paper uses 1");
        check_range(problems, &format!("{path}.temperature"), self.temperature, 0.01, 1.0, "the paper uses 0.4");
        check_range(problems, &format!("{path}.threshold"), self.threshold, 0.0, 1.0, "the paper uses 0.8");
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Uda {
        Uda { supervised: self.supervised.init(setting), config: self.clone() }
    }
}

/// The UDA objective.
#[derive(Module, Debug)]
pub struct Uda {
    supervised: Supervised,
    #[module(skip)]
    config: UdaConfig,
}

impl Uda {
    /// The labelled term over the sequences that are not predicted too well yet.
    fn labeled<M: SequenceModel>(&self, model: &M, part: &Part, context: &StepContext) -> Terms {
        let logits = model.forward(part.weak.clone());
        let (Targets::Classes { classes, known }, [rows, outputs]) = (&part.targets, logits.dims()) else {
            return self.supervised.terms(model, logits, &part.targets);
        };
        let Some(limit) = self.config.signal_annealing.limit(context.progress(), outputs.max(2)) else {
            return self.supervised.terms(model, logits, &part.targets);
        };
        let probabilities = softmax(class_logits(logits.clone().detach()), 1);
        let right = probabilities.gather(1, classes.clone().reshape([rows, 1])).reshape([rows]);
        let used = right.lower_equal_elem(limit).float();
        let counted = known.clone() * used.clone();
        let targets = Targets::Classes { classes: classes.clone(), known: counted };
        self.supervised.terms(model, logits, &targets).monitor_rows("labels_used", used, known.clone())
    }
}

impl<M: SequenceModel> Objective<M> for Uda {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK | Views::STRONG }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let terms = match &step.labeled {
            Some(part) => {
                let terms = self.labeled(model, part, context);
                self.supervised.and_rebalanced(terms, model, part, context)
            }
            None => Terms::default(),
        };
        let Some(part) = &step.unlabeled else { return terms };
        let pseudo_labels = self.supervised.pseudo_labels(model, part, step.balanced.as_ref(), context);
        let [rows, _] = pseudo_labels.strong.dims();
        let target = sharpened(pseudo_labels.probabilities.clone(), self.config.temperature);
        let log_target = target.clone().clamp_min(1e-12).log();
        let each = (target * (log_target - log_softmax(pseudo_labels.strong.clone(), 1))).sum_dim(1).reshape([rows]);
        let sure = pseudo_labels.confidence.clone().greater_elem(self.config.threshold).float();
        let loss = pseudo_labels.mean(pseudo_labels.weighed(each) * sure.clone());
        pseudo_labels.terms_with(terms, part, self.config.weight, loss, sure)
    }

    rebalanced!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_rises_from_chance_to_one() {
        // Four classes: from 1/4 to 1; in the middle 0.625 on the straight line.
        assert_eq!(SignalAnnealing::Linear.limit(0.0, 4), Some(0.25));
        assert_eq!(SignalAnnealing::Linear.limit(0.5, 4), Some(0.625));
        let middle = |kind: SignalAnnealing| kind.limit(0.5, 4).unwrap();
        assert!(middle(SignalAnnealing::Log) > 0.9 && middle(SignalAnnealing::Exp) < 0.35);
        assert!((SignalAnnealing::Exp.limit(1.0, 4).unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(SignalAnnealing::None.limit(0.5, 4), None);
    }
}
