//! The config of a run: what stands in the TOML file, checked, with every default filled in.
//!
//! [`RunConfig::read`] turns files and `--set` overrides into a [`RunConfig`], or into the list of all mistakes.

pub(crate) mod baseline;
mod calibrate;
pub(crate) mod checked;
pub(crate) mod checkpoint;
pub(crate) mod devices;
mod files;
pub(crate) mod hints;
pub(crate) mod layers;
pub(crate) mod limits;
mod mistakes;
pub(crate) mod optimizer;
mod overrides;
pub(crate) mod paths;
mod read;
mod recipe;
pub mod reference;
pub(crate) mod references;
pub(crate) mod schedule;
pub(crate) mod spans;
pub(crate) mod stage;
mod values;

pub use baseline::BaselineConfig;
pub use calibrate::{CalibrateConfig, ThresholdBy};
pub use checked::CheckedConfig;
pub use checkpoint::CheckpointEvery;
pub use devices::{DeviceName, Strategy};
pub use hints::meant_among;
pub use layers::{LayerConfig, LayersConfig};
pub use optimizer::{AdamConfig, OptimizerConfig, RmsPropConfig, SgdConfig};
pub use paths::{seen_from, seen_from_folder};
pub use read::located;
pub use references::ReferencesConfig;
pub use schedule::{ScheduleConfig, StepSchedule, WarmupOnly};
pub use stage::{EarlyStopping, StageConfig};

use std::path::PathBuf;

use schemars::JsonSchema;
use semiseq_datasets::{DataConfig, Prepared, Source, TargetKind, Validation, prepare, prepare_source};
use semiseq_models::{ModelConfig, Output, WeightsPart};
use semiseq_objectives::{Kind, ObjectiveConfig};
use semiseq_schema::{Problem, problem};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::recipe::{ModelKind, ModelSettings, ObjectiveSettings};

/// A whole run. One value of this type and the data determine every number that the run prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RunConfig<M = ModelConfig, O = ObjectiveConfig> {
    /// Names the run folder, `runs/NAME`. Default: the config file's name.
    #[serde(default)]
    pub name: String,
    /// Seeds initial weights, dropout, batches and views. The label split has its own seed.
    #[serde(default)]
    pub seed: u64,
    /// `flex`, `ndarray`, `wgpu` or `cuda`.
    #[serde(default = "default_backend")]
    pub backend: String,
    /// The devices of the run: numbers are devices of `backend`, names such as `"cuda:1"` of any. The first has the
    /// weights and the optimiser; where there are more, each makes the passes of some rows of every batch, to the
    /// numbers of one device. Default `[0]`.
    #[serde(default = "first_device")]
    pub devices: Vec<DeviceName>,
    /// `single` (one device) or `multi` (several share the passes); `ddp` (averaged gradients) is refused, with the
    /// reason. Default: what `devices` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// Training keeps less of each pass forward and makes it again on the way back: less memory for more time (Chen et
    /// al. 2016). An LSTM or a GRU then keeps its states and not its gates. On flex and ndarray. Default false.
    #[serde(default)]
    pub gradient_checkpointing: bool,
    /// `[model] weights`: a run folder, or a file of safetensors, PyTorch or Keras, whose weights the model begins
    /// with, by name and shape; words keep their vectors, whatever their place in either vocabulary. Default: none,
    /// weights are drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<PathBuf>,
    /// `[model] weights_part`: which of them: `body` (all but the head), `encoder`, `embedding`, or `all`. Default
    /// `body`.
    #[serde(default, skip_serializing_if = "is_body")]
    pub weights_part: WeightsPart,
    /// Models from as many seeds, each trained by itself, whose answers are averaged (Lakshminarayanan et al. 2017): a
    /// little more right, surer where they agree, and as many times the time. Default 1.
    #[serde(default = "alone", skip_serializing_if = "is_alone")]
    pub ensemble: usize,
    /// Where sequences come from and which labels may be seen.
    pub data: DataConfig,
    /// The network.
    pub model: M,
    /// What is learned, in this order, each stage on the weights of the one before.
    #[serde(rename = "stage")]
    pub stages: Vec<StageConfig<O>>,
    /// What is made of the probabilities of a classifier, on labels that are set apart for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibrate: Option<CalibrateConfig>,
    /// What plain methods give on the same labels.
    #[serde(default, skip_serializing_if = "ReferencesConfig::is_default")]
    pub references: ReferencesConfig,
    /// The same model on the labelled part alone.
    #[serde(default)]
    pub baseline: BaselineConfig,
}

fn default_backend() -> String {
    "flex".into()
}

/// Models of one ensemble at most.
pub(crate) const MOST_MEMBERS: usize = 100;

/// The members of a run by itself.
pub(crate) fn alone() -> usize {
    1
}

/// Whether a run is by itself: what a file says nothing of.
pub(crate) fn is_alone(members: &usize) -> bool {
    *members == alone()
}

fn is_body(part: &WeightsPart) -> bool {
    *part == WeightsPart::Body
}

fn first_device() -> Vec<DeviceName> {
    vec![DeviceName::Number(0)]
}

/// What early stopping keeps of the training part for validation, where the config does not say.
const FOR_STOPPING: f64 = 0.2;

/// The backends that a config may name.
pub const BACKENDS: [&str; 4] = ["flex", "ndarray", "wgpu", "cuda"];

impl<M: ModelSettings, O: ObjectiveSettings> RunConfig<M, O> {
    /// A config with every default, as library users start from.
    pub fn new(name: impl Into<String>, data: DataConfig, model: M, stages: Vec<StageConfig<O>>) -> Self {
        Self {
            name: name.into(),
            seed: 0,
            backend: default_backend(),
            devices: first_device(),
            strategy: None,
            gradient_checkpointing: false,
            weights: None,
            weights_part: WeightsPart::Body,
            ensemble: 1,
            data,
            model,
            stages,
            calibrate: None,
            references: ReferencesConfig::default(),
            baseline: BaselineConfig::default(),
        }
    }

    /// Every value that is out of range, with its key.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !BACKENDS.contains(&self.backend.as_str()) {
            problems.push(problem(
                "backend",
                format!("must be one of {}, got `{}`", BACKENDS.join(", "), self.backend),
                None,
            ));
        }
        devices::check(&self.devices, self.strategy, &self.backend, &mut problems);
        let elsewhere = self.backends().into_iter().find(|backend| !["flex", "ndarray"].contains(backend));
        if let Some(backend) = elsewhere.filter(|_| self.gradient_checkpointing) {
            // Burn 0.22 fuses operations there into ones that write over what is read again later.
            problems.push(problem(
                "gradient_checkpointing",
                format!("works on flex and ndarray, not on {backend}"),
                Some("leave it out, or use `backend = \"flex\"`"),
            ));
        }
        let divided = self.name.contains(|letter: char| ['/', '\\'].contains(&letter) || letter.is_control());
        if divided || self.name.starts_with('.') || self.name.trim().is_empty() {
            problems.push(problem(
                "name",
                format!("must be a plain folder name, got `{}`", self.name.escape_debug()),
                Some("leave the key out for the config file's name"),
            ));
        }
        if self.weights.is_none() && self.weights_part != WeightsPart::Body {
            let hint = "write `weights = \"runs/other\"` beside it, or leave it out";
            problems.push(problem("weights_part", "has no effect without `weights`", Some(hint)));
        }
        self.data.check("data", &mut problems);
        self.model.check("model", &mut problems);
        if self.stages.is_empty() {
            problems.push(problem(
                "stage",
                "at least one stage is needed",
                Some("add a `[[stage]]` with a `[stage.objective.supervised]` table"),
            ));
        }
        for (index, stage) in self.stages.iter().enumerate() {
            stage.check(&format!("stage.{index}"), &mut problems);
        }
        self.baseline.check("baseline", &mut problems);
        self.check_ensemble(&mut problems);
        if let Some(calibrate) = &self.calibrate {
            calibrate.check("calibrate", &mut problems);
        }
        let mut beyond = Vec::new();
        limits::check("", self, &mut beyond);
        beyond.retain(|problem| problems.iter().all(|known| known.key != problem.key));
        problems.extend(beyond);
        problems
    }

    /// With a part for validation where a stage stops early and the config says nothing of one: who asks for it asks
    /// for something to go by. `validation = "none"` is heeded, and then refused.
    pub(crate) fn with_something_to_stop_by(mut self) -> Self {
        let DataConfig { valid, validation, valid_fraction, windows, .. } = &self.data;
        let unsaid = valid.is_none() && validation.is_none() && valid_fraction.is_none() && windows.is_none();
        if unsaid && self.stages.iter().any(|stage| stage.early_stopping.is_some()) {
            self.data.validation = Some(Validation::Fraction(FOR_STOPPING));
        }
        self
    }

    /// The backend of each device, in their order.
    pub fn backends(&self) -> Vec<&str> {
        self.devices.iter().filter_map(|device| Some(device.parts(&self.backend).ok()?.0)).collect()
    }

    /// The backend that the first device belongs to, where the weights lie.
    pub fn lead_backend(&self) -> &str {
        self.backends().first().copied().unwrap_or(&self.backend)
    }

    /// How the run reads the targets of its data; not at all where no stage asks for labels.
    pub fn targets(&self) -> TargetKind {
        let some = |is: fn(&Kind) -> bool| self.stages.iter().any(|stage| is(&stage.objective.kind()));
        match self.model.kind() {
            _ if !some(|kind| kind.reads_labels) => TargetKind::Unsupervised,
            ModelKind::Forecaster { .. } => TargetKind::Forecast,
            _ if some(|kind| kind.transcribes) => TargetKind::Transcribe,
            _ if some(|kind| kind.answers) => TargetKind::SequenceToSequence,
            ModelKind::Tagger { .. } => TargetKind::Tag,
            ModelKind::Regressor { .. } => TargetKind::Regress,
            ModelKind::Classifier { output: Output::MultiLabel } => TargetKind::MultiLabel,
            ModelKind::Classifier { .. } | ModelKind::Encoder => TargetKind::Classify,
        }
    }

    /// Reads, splits and prepares the data of the run.
    ///
    /// # Errors
    ///
    /// What is wrong with the data, by file and line.
    pub fn prepare(&self) -> Result<Prepared, Error> {
        Ok(prepare(&self.data, self.targets())?)
    }

    /// As [`RunConfig::prepare`], of sequences that are in memory.
    ///
    /// # Errors
    ///
    /// What is wrong with the sequences.
    pub fn prepare_from(&self, source: Source) -> Result<Prepared, Error> {
        Ok(prepare_source(source, &self.data, self.targets())?)
    }

    /// The stage that the baseline copies its batch size, length and optimiser from: the last one.
    pub fn last_stage(&self) -> Option<&StageConfig<O>> {
        self.stages.last()
    }
}
