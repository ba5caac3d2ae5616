//! What a stage works on.

use std::sync::Arc;

use burn::tensor::Device;
use semiseq_datasets::{Augmenter, Dataset, Prepared, Processor};
use semiseq_objectives::Kind;
use semiseq_schema::Metric;

use crate::config::StageConfig;
use crate::error::Error;
use crate::recipe::ObjectiveSettings;
use crate::tasks::Task;

/// Everything a stage works on, but for the model and the objective.
#[derive(Clone, Debug)]
pub struct StageOptions<'a> {
    /// Named on the dashboard and in messages.
    pub label: String,
    /// How the stage goes, whatever it minimises.
    pub config: StageConfig<()>,
    /// What has to be known of the objective.
    pub objective: Kind,
    /// Metrics that the objective measures and [`semiseq_schema::METRICS`] does not have.
    pub metrics: &'static [Metric],
    /// The training part, with the positions of labelled and unlabelled sequences.
    pub train: Arc<Dataset>,
    /// Positions whose labels may be seen.
    pub labeled: &'a [usize],
    /// Positions whose labels may not be seen.
    pub unlabeled: &'a [usize],
    /// The validation part.
    pub valid: &'a Dataset,
    /// How it was prepared.
    pub processor: &'a Processor,
    /// Makes the views.
    pub augmenter: Augmenter,
    /// What the model predicts.
    pub task: &'static dyn Task,
    /// Seeds batches, views and dropout of this stage.
    pub seed: u64,
    /// The autodiff device.
    pub device: &'a Device,
    /// Runs exactly so long, whatever the config says (the baseline).
    pub pace: Option<Pace>,
}

/// How long a baseline runs: as long as the stage that it is compared with, validated as often.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Optimiser steps in all.
    pub steps: usize,
    /// Batches of an epoch.
    pub batches_per_epoch: usize,
    /// Optimiser steps between two validations.
    pub validate_every: usize,
}

impl<'a> StageOptions<'a> {
    /// A stage on prepared data, without views and with seed 0.
    pub fn new<O: ObjectiveSettings>(
        stage: &StageConfig<O>,
        data: &'a Prepared,
        task: &'static dyn Task,
        device: &'a Device,
    ) -> Self {
        Self {
            label: stage.objective.name().to_string(),
            config: stage.without_objective(),
            objective: stage.rebalanced().kind(),
            metrics: stage.objective.metrics(),
            train: Arc::clone(&data.train),
            labeled: &data.labeled,
            unlabeled: &data.unlabeled,
            valid: &data.valid,
            processor: &data.processor,
            augmenter: Augmenter::none(),
            task,
            seed: 0,
            device,
            pace: None,
        }
    }

    /// None of an epoch's batches gives the objective a term.
    pub(super) fn nothing_to_learn(&self) -> Error {
        Error::input(
            format!("{}: no batch of the first epoch has anything to learn from", self.label),
            "its sequences are too short for the objective, or none of its labels is known or weighs anything; `data \
             info` tells of sequences and labels",
        )
    }
}
