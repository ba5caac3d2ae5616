//! What a run is made of: the settings of its model and of its objective. semiseq's own are
//! [`semiseq_models::ModelConfig`] and [`semiseq_objectives::ObjectiveConfig`]; whoever brings an encoder or an
//! objective of their own implements these traits for the settings, and gets run folder, exact resume, dashboard,
//! report and [`crate::SavedRun`].

use std::fmt::Debug;
use std::path::Path;

use burn::tensor::Device;
use semiseq_datasets::Prepared;
use semiseq_models::{HeadSize, InputSize, Output, SequenceModel};
use semiseq_objectives::{Kind, Objective, RebalancingConfig, Setting, Teacher};
use semiseq_schema::{Metric, Problem, Scores, problem};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;

/// What a model says of a sequence, by its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelKind {
    /// A class for a sequence.
    Classifier {
        /// How logits become probabilities.
        output: Output,
    },
    /// A class for each step.
    Tagger {
        /// Those of a sequence are decided together.
        crf: bool,
    },
    /// A number for a sequence.
    Regressor {
        /// Columns of the head: one, or more where it says how sure it is too.
        columns: usize,
        /// They are a mean and a log variance.
        gaussian: bool,
    },
    /// The steps that follow a window of a recording.
    Forecaster {
        /// A forecast from each step, not from the window's end alone.
        every_step: bool,
        /// Each window is scaled by its own mean and deviation.
        instance_norm: bool,
    },
    /// Nothing: an encoder for objectives that bring their own layers.
    Encoder,
}

/// `[model]`: settings from which a model is built.
pub trait ModelSettings: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The network.
    type Model: SequenceModel;

    /// The name of its table, for messages: `classifier` for `[model.classifier]`.
    fn name(&self) -> &str;

    /// What `summary.json` calls the encoder.
    fn encoder(&self) -> &str;

    /// What the model says of a sequence.
    fn kind(&self) -> ModelKind;

    /// Notes every value out of range; `path` is the key of the settings.
    fn check(&self, path: &str, problems: &mut Vec<Problem>);

    /// Builds the model, with a head of that size.
    fn init(&self, input: InputSize, head: HeadSize, device: &Device) -> Self::Model;

    /// Whether the model can read what the data hold; `source` names them in messages.
    ///
    /// # Errors
    ///
    /// What does not go together, and what would.
    fn check_data(&self, _source: &str, _data: &Prepared) -> Result<(), Error> {
        Ok(())
    }

    /// A file of word vectors that the model's table of tokens begins with, and the width that it is to have.
    fn word_vectors(&self) -> Option<(&Path, usize)> {
        None
    }

    /// Whether a vector of each step, or of the whole sequence alone, is to be had.
    fn has_steps(&self) -> bool {
        true
    }

    /// Whether the encoder reads backwards too, or several steps at a time, and so sees what it would have to predict.
    fn looks_ahead(&self) -> bool {
        false
    }

    /// What of the settings has no effect, in a line each.
    fn idle(&self) -> Vec<String> {
        Vec::new()
    }
}

/// `[stage.objective]`: settings from which an objective is built.
pub trait ObjectiveSettings: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What the stage minimises.
    type Objective<M: SequenceModel>: Objective<M>;

    /// Its name in messages, tables and `summary.json`.
    fn name(&self) -> &str;

    /// What a run has to know of it before it is built.
    fn kind(&self) -> Kind;

    /// Notes every value out of range; `path` is the key of the settings.
    fn check(&self, path: &str, problems: &mut Vec<Problem>);

    /// Builds the objective for a stage.
    fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Self::Objective<M>;

    /// The same with a method against imbalance beside it.
    #[must_use]
    fn rebalanced(&self, _method: &RebalancingConfig) -> Self {
        self.clone()
    }

    /// The method against imbalance beside it.
    fn rebalancing(&self) -> Option<RebalancingConfig> {
        None
    }

    /// Notes where a method against imbalance cannot stand beside it; `path` is the key of the stage.
    fn check_rebalancing(&self, method: &RebalancingConfig, path: &str, problems: &mut Vec<Problem>) {
        problems.push(problem(
            format!("{path}.rebalancing.{}", method.name()),
            format!("has no place beside the objective `{}`", self.name()),
            Some("leave it out, or use `supervised` or `fixmatch`"),
        ));
    }

    /// Metrics that it measures and [`semiseq_schema::METRICS`] does not have: which way each gets better, and whether
    /// early stopping may go by it.
    fn metrics(&self) -> &'static [Metric] {
        &[]
    }

    /// Whether the references of the data can teach the objective, where [`Kind::taught`] says that they have to; `key`
    /// is that of the settings.
    ///
    /// # Errors
    ///
    /// What is missing, and what there is.
    fn check_teachers(&self, _key: &str, _teachers: &[Teacher]) -> Result<(), Error> {
        Ok(())
    }

    /// What `summary.json` holds of the objective's own measures; `values` where the data hold values, and not tokens.
    fn scores(&self, measured: Scores, _values: bool) -> Scores {
        measured
    }

    /// All class weights that are given, by their key within the settings, with the length of the list; `None` where a
    /// word stands for them.
    fn class_weights(&self) -> Vec<(String, Option<usize>)> {
        Vec::new()
    }

    /// The key of a label smoothing that is not 0, within the settings.
    fn label_smoothing(&self) -> Option<String> {
        None
    }

    /// Whether the objective works on such data; `key` is that of the settings, `values` whether the data hold values
    /// and not tokens.
    ///
    /// # Errors
    ///
    /// What does not go together, and what would.
    fn check_data(&self, _key: &str, _source: &str, _values: bool) -> Result<(), Error> {
        Ok(())
    }
}
