//! `[data.segment]`: how recordings of signals are cut into sequences, and what of their annotations are labels.

use schemars::JsonSchema;
use semiseq_schema::Problem;
use serde::{Deserialize, Serialize};

/// `[data.segment]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SegmentConfig {
    /// Seconds of a window. Default 30, as sleep is scored.
    pub window: f64,
    /// Seconds from the beginning of a window to that of the next; less than `window` makes windows overlap. Default:
    /// `window`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
    /// A window around each annotation, such as a heartbeat, that begins so many seconds before it, in place of one
    /// after the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<f64>,
    /// Steps a second, to which all channels are brought. Default: the highest rate of those that are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Annotations that are labels; others are not looked at. Default: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// What has a label: a `window`, that of the annotation that covers most of it; or each `step`, where nothing is
    /// noted `other`.
    pub per: Per,
}

/// What has a label of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Per {
    /// A window.
    #[default]
    Window,
    /// A step, for taggers.
    Step,
}

impl Default for SegmentConfig {
    fn default() -> Self {
        Self { window: 30.0, step: None, before: None, rate: None, labels: Vec::new(), per: Per::default() }
    }
}

impl SegmentConfig {
    /// Notes every value out of range; `path` is the key of the table.
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        let mut note = |key: &str, message: String, hint: &str| {
            problems.push(Problem { key: format!("{path}.{key}"), message, hint: Some(hint.to_string()) })
        };
        for (key, seconds) in [("window", Some(self.window)), ("step", self.step)] {
            if let Some(seconds) = seconds.filter(|seconds| !(*seconds > 0.0 && seconds.is_finite())) {
                note(key, format!("must be above 0, got {seconds}"), "it is in seconds");
            }
        }
        if let Some(before) = self.before.filter(|before| !(0.0..=self.window).contains(before)) {
            note("before", format!("must be from 0 to `window` ({}), got {before}", self.window), "it is in seconds");
        }
        if self.before.is_some() && self.step.is_some() {
            note("step", "has no effect beside `before`: each annotation has one window".into(), "remove it");
        }
        if let Some(rate) = self.rate.filter(|rate| !(1e-3..=1e6).contains(rate)) {
            note("rate", format!("must be from 0.001 to 1000000 Hz, got {rate}"), "100 is usual for EEG");
        }
    }
}
