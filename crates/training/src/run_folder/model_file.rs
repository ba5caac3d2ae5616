//! `model.json`: all that `predict` needs beside the weights.

use std::path::Path;

use semiseq_datasets::{Processor, TargetKind};
use semiseq_models::Output;
use semiseq_schema::problem;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::config::{self, MOST_MEMBERS, RunConfig, limits};
use crate::error::Error;
use crate::recipe::{ModelKind, ModelSettings, ObjectiveSettings};
use crate::run_folder::json::{damaged, parse_json, refuse};
use crate::run_folder::weights::Weights;
use crate::tasks::{Calibration, Predictor, Purpose, head_size, width};

pub(crate) const DESCRIPTION: &str = "model.json";
pub(crate) const WEIGHTS: &str = "model.safetensors";

/// `model.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ModelFile<M> {
    pub(crate) semiseq: String,
    pub(crate) model: M,
    pub(crate) outputs: usize,
    pub(crate) purpose: Purpose,
    pub(crate) processor: Processor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) calibration: Option<Calibration>,
    /// Models whose answers are averaged, this one among them.
    #[serde(default = "config::alone", skip_serializing_if = "config::is_alone")]
    pub(crate) members: usize,
}

impl<M: ModelSettings> ModelFile<M> {
    /// From the text of `model.json`. An earlier version left the purpose to be derived each time.
    ///
    /// # Errors
    ///
    /// Where the file is damaged.
    pub(crate) fn parse<O: ObjectiveSettings>(folder: &Path, path: &Path, text: &[u8]) -> Result<Self, Error> {
        let mut fields: Map<String, Value> = parse_json(path, text)?;
        if !fields.contains_key("purpose") {
            let purpose = Purpose::of(&RunConfig::<M, O>::read_as(&folder.join("config.toml"), &[])?);
            let purpose = serde_json::to_value(purpose).map_err(|error| damaged(path, &error.to_string()))?;
            fields.insert("purpose".into(), purpose);
        }
        serde_json::from_value(Value::Object(fields)).map_err(|error| damaged(path, &error.to_string()))
    }

    /// Whether the settings are such as a config may hold, and fit each other and the tensors.
    ///
    /// # Errors
    ///
    /// Names what cannot be.
    pub(crate) fn check(&self, path: &Path, weights: &Weights) -> Result<(), Error> {
        let mut problems = Vec::new();
        self.model.check("model", &mut problems);
        limits::check("model", &self.model, &mut problems);
        self.processor.check("processor", &mut problems);
        let kind = self.model.kind();
        let wanted = match (kind, self.processor.forecast()) {
            (ModelKind::Forecaster { .. }, None) => None,
            _ => width(head_size(kind, &self.processor)),
        };
        if wanted != Some(self.outputs) {
            let wanted = wanted.map_or("no forecast".into(), |wanted| format!("{wanted}"));
            problems.push(problem("outputs", format!("is {}, and the data ask for {wanted}", self.outputs), None));
        }
        if !(1..=MOST_MEMBERS).contains(&self.members) {
            problems.push(problem("members", format!("must be 1 to {}, got {}", MOST_MEMBERS, self.members), None));
        }
        let Purpose { targets, predictor, .. } = self.purpose;
        if let Some(calibration) = &self.calibration {
            calibration.check("calibration", self.processor.classes().len(), &mut problems);
            if !matches!(targets, TargetKind::Classify | TargetKind::Tag) {
                problems.push(problem("calibration", "stands beside targets that are no classes", None));
            }
        }
        let fits = match kind {
            _ if targets == TargetKind::Unsupervised => true,
            ModelKind::Forecaster { .. } => targets == TargetKind::Forecast,
            _ if matches!(targets, TargetKind::SequenceToSequence | TargetKind::Transcribe) => {
                predictor == Predictor::Objective
            }
            ModelKind::Tagger { .. } => targets == TargetKind::Tag,
            ModelKind::Regressor { .. } => targets == TargetKind::Regress,
            ModelKind::Classifier { output: Output::MultiLabel } => targets == TargetKind::MultiLabel,
            ModelKind::Classifier { .. } | ModelKind::Encoder => targets == TargetKind::Classify,
        };
        if !fits {
            problems.push(problem("purpose", format!("is none of a {}", self.model.name()), None));
        }
        refuse(path, &problems)?;
        weights.check_sizes(path, "model", &self.model)?;
        weights.check_sizes(path, "processor.input", &self.processor.input())?;
        weights.check_sizes(path, "outputs", &self.outputs)
    }
}
