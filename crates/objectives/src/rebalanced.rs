//! Which methods against class imbalance may stand beside which objectives, and how they come together.

use semiseq_schema::{Problem, problem};

use crate::methods::supervised::SupervisedConfig;
use crate::rebalancing::{Reach, RebalancingConfig};
use crate::registry::ObjectiveConfig;

/// Names of the objectives beside which a method of such a reach may stand.
fn beside(reach: Reach) -> &'static str {
    match reach {
        Reach::Labels => {
            "`supervised`, `pseudo-label`, `entropy-minimisation`, `fixmatch`, `flexmatch`, `freematch`, `softmatch` \
                          or `uda`"
        }
        Reach::PseudoLabels => "`fixmatch`, `flexmatch`, `freematch`, `softmatch` or `uda`",
        Reach::Threshold => "`fixmatch`",
    }
}

impl ObjectiveConfig {
    /// How far a method may reach into the objective, and where it enters. `None`: not at all.
    fn entrance(&mut self) -> Option<(Reach, &mut SupervisedConfig)> {
        Some(match self {
            Self::Supervised(config) => (Reach::Labels, config),
            Self::PseudoLabel(config) => (Reach::Labels, &mut config.supervised),
            Self::EntropyMinimisation(config) => (Reach::Labels, &mut config.supervised),
            Self::FlexMatch(config) => (Reach::PseudoLabels, &mut config.supervised),
            Self::FreeMatch(config) => (Reach::PseudoLabels, &mut config.supervised),
            Self::SoftMatch(config) => (Reach::PseudoLabels, &mut config.supervised),
            Self::Uda(config) => (Reach::PseudoLabels, &mut config.supervised),
            Self::FixMatch(config) => (Reach::Threshold, &mut config.supervised),
            _ => return None,
        })
    }

    /// The objective with the method beside it; itself where it has no place for one, which
    /// [`ObjectiveConfig::check_rebalancing`] refuses.
    #[must_use]
    pub fn rebalanced(&self, method: &RebalancingConfig) -> Self {
        let mut objective = self.clone();
        if let Some((_, supervised)) = objective.entrance() {
            supervised.rebalancing = Some(method.clone());
        }
        objective
    }

    /// The method beside it.
    pub fn rebalancing(&self) -> Option<RebalancingConfig> {
        self.clone().entrance().and_then(|(_, supervised)| supervised.rebalancing.clone())
    }

    /// Notes where the method cannot stand beside the objective; `path` is the key of the stage.
    pub fn check_rebalancing(&self, method: &RebalancingConfig, path: &str, problems: &mut Vec<Problem>) {
        let key = format!("{path}.rebalancing.{}", method.name());
        method.check(&key, problems);
        let kind = method.kind();
        let mut objective = self.clone();
        let supervised = match objective.entrance() {
            Some((reach, supervised)) if kind.reach <= reach => supervised,
            _ => {
                let message = format!("has no place beside the objective `{}`", self.name());
                let hint = format!("`{}` goes with {}", method.name(), beside(kind.reach));
                problems.push(problem(key, message, Some(&hint)));
                return;
            }
        };
        let weighs = kind.own_loss || matches!(method, RebalancingConfig::ClassWeights(_));
        if weighs && supervised.class_weights.is_some() {
            problems.push(problem(
                key.as_str(),
                "weighs the labelled loss itself, and the objective's `class_weights` would weigh it again",
                Some("leave one of the two out"),
            ));
        }
        if kind.own_loss && supervised.label_smoothing > 0.0 {
            problems.push(problem(
                key,
                "makes the labelled loss itself, without the objective's `label_smoothing`",
                Some("leave `label_smoothing` out"),
            ));
        }
    }
}
