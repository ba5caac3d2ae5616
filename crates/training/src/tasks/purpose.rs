//! What a run predicts, and what tells how good it is: derived once, from the checked config, and stored in
//! `model.json`.

use semiseq_datasets::TargetKind;
use serde::{Deserialize, Serialize};

use crate::config::RunConfig;
use crate::recipe::{ModelSettings, ObjectiveSettings};
use crate::tasks::clusters::Clusters;
use crate::tasks::next_item::NextItemTask;
use crate::tasks::nothing::Nothing;
use crate::tasks::registry::task_of;
use crate::tasks::task::Task;

/// What a run predicts, and what tells how good it is. A finished run has it in `model.json`, and nothing derives it a
/// second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Purpose {
    /// How the targets of the data are read.
    #[serde(rename = "task")]
    pub targets: TargetKind,
    /// What answers `predict`.
    pub predictor: Predictor,
    /// What the scores are taken from.
    pub scored_by: Judge,
}

/// What answers `predict`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Predictor {
    /// The model's head, which a stage trained on labels.
    Head,
    /// The last stage's objective, which writes a sequence for a sequence, or names what follows.
    Objective,
    /// The last stage's objective, which sorts sequences into clusters.
    Clusters,
    /// Nothing: no stage trained a head.
    Nothing,
}

/// What the scores of a run are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Judge {
    /// Predictions against targets.
    Predictions,
    /// What the last stage's objective measures itself.
    Objective,
}

impl Purpose {
    /// Of a checked config.
    pub fn of<M: ModelSettings, O: ObjectiveSettings>(config: &RunConfig<M, O>) -> Self {
        let last = config.last_stage().map(|stage| stage.objective.kind()).unwrap_or_default();
        let trains_head = config.stages.iter().any(|stage| !stage.objective.kind().unsupervised);
        let predictor = match (last.answers || last.recommends, trains_head) {
            (true, _) => Predictor::Objective,
            (false, _) if last.clusters && last.unsupervised => Predictor::Clusters,
            (false, true) => Predictor::Head,
            (false, false) => Predictor::Nothing,
        };
        let scored_by = if last.unsupervised { Judge::Objective } else { Judge::Predictions };
        Self { targets: config.targets(), predictor, scored_by }
    }

    /// The task of these targets; an objective that answers without any names what follows, and one that sorts says
    /// clusters.
    pub fn task(&self) -> &'static dyn Task {
        match (self.targets, self.predictor) {
            (TargetKind::Unsupervised, Predictor::Objective) => &NextItemTask,
            (_, Predictor::Clusters) => &Clusters,
            (targets, _) => task_of(targets),
        }
    }

    /// The task as a report shows it: no predictions where they are not what the run is about.
    pub fn shown(&self) -> &'static dyn Task {
        if self.scored_by == Judge::Objective { &Nothing } else { self.task() }
    }
}
