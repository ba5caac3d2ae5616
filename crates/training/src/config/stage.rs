//! One stage of a run: an objective, how long, on which batches, with which optimiser.

use schemars::JsonSchema;
use semiseq_objectives::{ObjectiveConfig, RebalancingConfig};
use semiseq_schema::{METRICS, Problem, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::config::checkpoint::CheckpointEvery;
use crate::config::layers::LayersConfig;
use crate::config::optimizer::OptimizerConfig;
use crate::config::schedule::ScheduleConfig;
use crate::recipe::ObjectiveSettings;

/// `[[stage]]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageConfig<O = ObjectiveConfig> {
    /// Passes over the larger of the labelled and the unlabelled pool. Either this or `steps`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// Optimiser steps in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// Labelled sequences per step. Default 32.
    #[serde(default = "default_batch_size")]
    pub batch_size: usize,
    /// Unlabelled sequences for each labelled one. Default 4; FixMatch uses 7.
    #[serde(default = "default_ratio")]
    pub unlabeled_ratio: usize,
    /// Batches whose gradients are gathered before each optimiser step, so that they are those of one batch so many
    /// times as large: each term weighs by the rows, labels or tokens that it is the mean over, and the last step of an
    /// epoch by those that are left. Default 1. Some terms are not exactly those of the large batch. No sums over rows,
    /// they still see small batches: contrastive ones (`contrastive-predictive-coding`, `comatch`, `simmatch`,
    /// `crmatch`, `next-item` with the batch's other items as negatives), mixtures within a batch (`mixmatch`,
    /// `remixmatch`, `interpolation-consistency`), thresholds and distributions that follow the batch (`freematch`,
    /// `softmatch`, `adamatch`, UDA's signal annealing; `darp`, `adsh` and `crest` of the rebalancing), free bits of a
    /// VAE and the games of GANs. What is remembered moves between the small batches: the counts of `flexmatch`, the
    /// mean prediction of `debiaspl`, and the loss that `dash` measures over the labelled rows so far. Random numbers
    /// are drawn anew for each of them: dropout, the directions of `virtual-adversarial`, the latent vectors of `vae`
    /// and `semi-supervised-vae`. `truncated-backpropagation` reads a recording window after window, and is refused
    /// with more than 1.
    #[serde(default = "one")]
    pub gradient_accumulation: usize,
    /// Decay of an exponential moving average of the weights that evaluation uses; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_average: Option<f64>,
    /// Optimiser steps between two validations, at least 1; the last step is validated in any case. Default: a pass of
    /// labelled and unlabelled sequences side by side, whether or not the objective reads both, so that with the same
    /// steps every method of a comparison chooses among as many weights (where an objective reads the whole training
    /// part, a pass over that). It is several passes where there would be more than 100 validations, and a part of one
    /// where there would be fewer than 10, but not less than a pass over the labels or, where that is longer, 250
    /// steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validate_every: Option<usize>,
    /// Between two checkpoints: optimiser steps (`500`) or a time (`"30s"`, `"5min"`, `"1h"`). Default: the first
    /// epoch's end, then every two seconds or, where writing takes long, twenty times as long as that. There is one at
    /// the end of a stage and where the user interrupts it, whatever stands here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint_every: Option<CheckpointEvery>,
    /// When to stop before the last epoch, and by which metric the best validation is chosen. Where the config says
    /// nothing of validation, a fifth of the training part is kept for it, and its labels count as used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStopping>,
    /// Layers that stand still for some epochs, or move slower than the others.
    #[serde(default, skip_serializing_if = "LayersConfig::is_empty")]
    pub layers: LayersConfig,
    /// What is minimised: one table, `[stage.objective.NAME]`.
    pub objective: O,
    /// A method against class imbalance beside the objective: one table, `[stage.rebalancing.NAME]`. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebalancing: Option<RebalancingConfig>,
    /// How the weights move. Default Adam at 1e-3.
    #[serde(default)]
    pub optimizer: OptimizerConfig,
    /// How the learning rate moves. Default constant.
    #[serde(default)]
    pub schedule: ScheduleConfig,
}

/// `early_stopping = { metric = "valid.accuracy", patience = 10 }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EarlyStopping {
    /// `valid.` and the name of a metric, such as `accuracy`, `macro_f1`, `balanced_accuracy`, `auroc`, `auprc`,
    /// `loss`, `r2`, `mase` or `perplexity`. Refused where the stage does not measure it, or nothing is kept for
    /// validation.
    pub metric: String,
    /// Validations without a better value before the stage ends.
    #[serde(default = "default_patience")]
    pub patience: usize,
}

fn default_batch_size() -> usize {
    32
}

pub(crate) fn default_ratio() -> usize {
    4
}

fn one() -> usize {
    1
}

fn default_patience() -> usize {
    10
}

impl<O> StageConfig<O> {
    /// A stage with every default, as library users start from.
    pub fn new(objective: O, epochs: usize) -> Self {
        Self {
            epochs: Some(epochs),
            steps: None,
            batch_size: default_batch_size(),
            unlabeled_ratio: default_ratio(),
            gradient_accumulation: 1,
            weight_average: None,
            validate_every: None,
            checkpoint_every: None,
            early_stopping: None,
            layers: LayersConfig::default(),
            objective,
            rebalancing: None,
            optimizer: OptimizerConfig::default(),
            schedule: ScheduleConfig::default(),
        }
    }

    /// The same stage with another objective.
    pub fn with_objective<P>(&self, objective: P) -> StageConfig<P> {
        StageConfig {
            epochs: self.epochs,
            steps: self.steps,
            batch_size: self.batch_size,
            unlabeled_ratio: self.unlabeled_ratio,
            gradient_accumulation: self.gradient_accumulation,
            weight_average: self.weight_average,
            validate_every: self.validate_every,
            checkpoint_every: self.checkpoint_every,
            early_stopping: self.early_stopping.clone(),
            layers: self.layers.clone(),
            objective,
            rebalancing: self.rebalancing.clone(),
            optimizer: self.optimizer.clone(),
            schedule: self.schedule.clone(),
        }
    }

    /// How the stage goes, whatever it minimises.
    pub fn without_objective(&self) -> StageConfig<()> {
        self.with_objective(())
    }
}

impl<O: ObjectiveSettings> StageConfig<O> {
    /// What is minimised, with the method against imbalance beside it.
    pub fn rebalanced(&self) -> O {
        match &self.rebalancing {
            Some(method) => self.objective.rebalanced(method),
            None => self.objective.clone(),
        }
    }

    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        match (self.epochs, self.steps) {
            (Some(_), Some(_)) => problems.push(problem(
                format!("{path}.steps"),
                "stands beside `epochs`; only one of them may",
                Some("remove one of the two"),
            )),
            (None, None) => {
                problems.push(problem(path, "needs `epochs` or `steps`", Some("for example `epochs = 20`")))
            }
            (Some(0), _) => problems.push(problem(format!("{path}.epochs"), "must be at least 1, got 0", None)),
            (_, Some(0)) => problems.push(problem(format!("{path}.steps"), "must be at least 1, got 0", None)),
            _ => {}
        }
        for (key, value) in [
            ("batch_size", self.batch_size),
            ("unlabeled_ratio", self.unlabeled_ratio),
            ("gradient_accumulation", self.gradient_accumulation),
        ] {
            if value == 0 {
                problems.push(problem(format!("{path}.{key}"), "must be at least 1, got 0", None));
            }
        }
        if self.validate_every == Some(0) {
            problems.push(problem(format!("{path}.validate_every"), "must be at least 1, got 0", None));
        }
        if let Some(decay) = self.weight_average {
            check_range(
                problems,
                &format!("{path}.weight_average"),
                decay,
                0.0,
                0.999_999,
                "a usual decay is 0.999; shorter runs want 0.99",
            );
        }
        if let Some(stopping) = &self.early_stopping {
            let stops = METRICS.iter().chain(self.objective.metrics()).filter(|metric| metric.stops);
            let names: Vec<_> = stops.map(|metric| format!("valid.{}", metric.name)).collect();
            if !names.contains(&stopping.metric) {
                problems.push(problem(
                    format!("{path}.early_stopping.metric"),
                    format!("must be one of {}, got `{}`", names.join(", "), stopping.metric),
                    None,
                ));
            }
            if stopping.patience == 0 {
                problems.push(problem(format!("{path}.early_stopping.patience"), "must be at least 1, got 0", None));
            }
        }
        self.objective.check(&format!("{path}.objective"), problems);
        if let Some(method) = &self.rebalancing {
            self.objective.check_rebalancing(method, path, problems);
            if method.kind().restarts && self.early_stopping.is_some() {
                problems.push(problem(
                    format!("{path}.early_stopping"),
                    format!("would end the stage where `{}` begins it anew with a new generation", method.name()),
                    Some("leave it out; the best validation of all generations is chosen"),
                ));
            }
        }
        self.layers.check(&format!("{path}.layers"), problems);
        self.optimizer.check(&format!("{path}.optimizer"), problems);
        self.schedule.check(&format!("{path}.schedule"), problems);
    }
}
