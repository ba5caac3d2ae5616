//! `[data.transform.waveform]`: the samples themselves, one channel. Thousands of steps per second: for short
//! recordings at a low rate, and for encoders that read a sequence at once.

use schemars::JsonSchema;
use semiseq_schema::Problem;
use serde::{Deserialize, Serialize};

use crate::frames::{Frames, MOST_RATE};

/// Settings of `[data.transform.waveform]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WaveformConfig {
    /// Samples a second, in Hz, in [100, 1000000]. Default: that of most recordings of the training part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
}

impl WaveformConfig {
    /// Notes a rate out of range; `path` is the key of the table.
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        if let Some(rate) = self.rate.filter(|rate| !MOST_RATE.contains(rate)) {
            problems.push(Problem {
                key: format!("{path}.rate"),
                message: format!("must be in [100, 1000000] Hz, got {rate}"),
                hint: Some("16000 is usual for speech".into()),
            });
        }
    }

    /// The samples at a rate.
    pub(crate) fn at(&self, rate: u32) -> Result<Frames, String> {
        Frames { rate, spectrum: None }.checked()
    }
}
