//! What is made of the probabilities of a trained classifier: a temperature, a threshold, sets of classes. Fitted on
//! labels that chose nothing, kept in `model.json`.

mod conformal;
mod temperature;
mod threshold;

use semiseq_schema::{Problem, problem};
use serde::{Deserialize, Serialize};

pub use conformal::Conformal;
pub(crate) use conformal::least_labels;

use crate::config::CalibrateConfig;
use crate::tasks::measures::ClassPredictions;

/// What a calibration found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Calibration {
    /// By how much logits are divided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// The probability from which the second of two classes is predicted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// Which classes a set holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conformal: Option<Conformal>,
}

impl Calibration {
    /// Of distributions over the classes beside the truth, as the model gives them.
    pub(crate) fn fit(config: &CalibrateConfig, mut predictions: ClassPredictions) -> Self {
        let temperature = config.temperature.then(|| temperature::fitted(&predictions));
        if let Some(by) = temperature {
            predictions.probabilities.iter_mut().for_each(|row| *row = temperature::divided(row, by));
        }
        Self {
            temperature,
            threshold: config.threshold.map(|by| threshold::chosen(by, &predictions)),
            conformal: config.conformal.map(|error| Conformal::fit(error, &predictions)),
        }
    }

    /// A distribution with its temperature.
    pub(crate) fn tempered(&self, distribution: &[f64]) -> Vec<f64> {
        self.temperature.map_or_else(|| distribution.to_vec(), |by| temperature::divided(distribution, by))
    }

    /// Notes what cannot be: a run folder may come from anywhere.
    pub(crate) fn check(&self, path: &str, classes: usize, problems: &mut Vec<Problem>) {
        let mut note = |key: &str, message: &str| problems.push(problem(format!("{path}.{key}"), message, None));
        if self.temperature.is_some_and(|by| !(by.is_finite() && by > 0.0)) {
            note("temperature", "must be a number above 0");
        }
        if self.threshold.is_some_and(|threshold| !(0.0..=1.0).contains(&threshold) || classes != 2) {
            note("threshold", "must be a probability, of two classes");
        }
        if self.conformal.is_some_and(|sets| !sets.is_sound()) {
            note("conformal", "must hold probabilities");
        }
    }
}
