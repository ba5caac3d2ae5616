//! `[calibrate]`: what is made of the probabilities of a trained classifier, on labels that chose nothing.

use schemars::JsonSchema;
use semiseq_datasets::CalibrationPart;
use semiseq_schema::{Problem, problem};
use serde::{Deserialize, Serialize};

/// What is made of the probabilities of a trained classifier or tagger, on labelled sequences that neither taught it
/// nor chose its weights. It is kept in `model.json`; `predict` and `eval` go by it, and `n_labels_used` counts the
/// labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CalibrateConfig {
    /// What the sequences are taken from: `validation`, or `labels`, those of the training part that would be learned
    /// from. Default `validation`.
    pub from: CalibrationPart,
    /// The share that is taken of them, class by class. Default 0.5 of the validation part, and 0.2 of the labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fraction: Option<f64>,
    /// Divide logits by the number that makes the labels likeliest (Guo et al. 2017, section 4.2): no prediction
    /// changes, only how sure the model says it is. Default true.
    pub temperature: bool,
    /// Give each sequence a set of classes that lacks the true one with at most this probability: split conformal
    /// prediction with the probability as the score (Vovk et al. 2005; Sadinle et al. 2019). 0.1 is usual, and needs 9
    /// labels. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conformal: Option<f64>,
    /// Of two classes, the probability from which the second one is predicted: that with the best `f1` of the second
    /// class, or with the best `balanced-accuracy`. Default: none, and the likelier one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<ThresholdBy>,
}

/// What a threshold is chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ThresholdBy {
    /// Harmonic mean of precision and recall of the second class.
    F1,
    /// Mean recall of both classes.
    BalancedAccuracy,
}

impl Default for CalibrateConfig {
    fn default() -> Self {
        Self { from: CalibrationPart::Validation, fraction: None, temperature: true, conformal: None, threshold: None }
    }
}

impl CalibrateConfig {
    /// The share that is taken.
    pub fn share(&self) -> f64 {
        self.fraction.unwrap_or(match self.from {
            CalibrationPart::Validation => 0.5,
            CalibrationPart::Labels => 0.2,
        })
    }

    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        for (key, value) in [("fraction", self.fraction), ("conformal", self.conformal)] {
            if let Some(value) = value.filter(|value| !(*value > 0.0 && *value < 1.0)) {
                problems.push(problem(format!("{path}.{key}"), format!("must lie between 0 and 1, got {value}"), None));
            }
        }
        if !self.temperature && self.conformal.is_none() && self.threshold.is_none() {
            problems.push(problem(
                path,
                "sets labels apart and does nothing with them",
                Some("write `temperature = true`, `conformal = 0.1` or `threshold = \"f1\"`, or leave the table out"),
            ));
        }
    }
}
