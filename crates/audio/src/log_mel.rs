//! `[data.transform.log-mel]`: the logarithm of the power in bands that are as wide as the ear hears them (Stevens,
//! Volkmann & Newman 1937), frame by frame.
//!
//! Numbers are librosa's: frames centred on their step with zeros beyond the ends, a periodic Hann window, the power
//! spectrum, Slaney's mel scale with triangles of equal area (`htk=False`, `norm="slaney"`), and the natural logarithm
//! of what is at least 1e-10.

use schemars::JsonSchema;
use semiseq_schema::Problem;
use serde::{Deserialize, Serialize};

use crate::frames::{Frames, MOST_DELTAS, MOST_MELS, MOST_RATE, MOST_SECONDS, Spectrum};

/// Settings of `[data.transform.log-mel]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogMelConfig {
    /// Samples a second, in Hz, that all recordings are brought to, in [100, 1000000]. Default: that of most recordings
    /// of the training part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// Length of a frame in seconds, in [0.001, 10]. Default 0.025, as in speech recognition since the 1980s; music
    /// takes twice as much.
    pub window: f64,
    /// Seconds from a frame to the next, in [0.001, 10]. Default 0.01: longer steps make shorter series, which train
    /// faster.
    pub step: f64,
    /// Points of the Fourier transform, at least the samples of a frame; the frame stands in their middle. Default: the
    /// next power of two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n_fft: Option<usize>,
    /// Bands, which are the channels of a step, in [1, 512]. Default 40; 80 for large data.
    pub mels: usize,
    /// Lower end of the lowest band in Hz. Default 0; 20 leaves out hum.
    pub fmin: f64,
    /// Upper end of the highest band in Hz. Default: half the rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fmax: Option<f64>,
    /// How often the channels' slopes stand behind them (Furui 1986): 0, 1 (speed) or 2 (speed and acceleration).
    /// Default 0.
    pub deltas: usize,
}

impl Default for LogMelConfig {
    fn default() -> Self {
        Self { rate: None, window: 0.025, step: 0.01, n_fft: None, mels: 40, fmin: 0.0, fmax: None, deltas: 0 }
    }
}

impl LogMelConfig {
    /// Notes every value out of range; `path` is the key of the table.
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        let mut note = |key: &str, wrong: bool, message: String, hint: &str| {
            if wrong {
                let hint = (!hint.is_empty()).then(|| hint.to_string());
                problems.push(Problem { key: format!("{path}.{key}"), message, hint });
            }
        };
        let rate = self.rate.unwrap_or(*MOST_RATE.end());
        note(
            "rate",
            !MOST_RATE.contains(&rate),
            format!("must be in [100, 1000000] Hz, got {rate}"),
            "16000 is usual for speech",
        );
        for (key, value, usual) in [("window", self.window, "0.025"), ("step", self.step, "0.01")] {
            let message = format!("must be in [0.001, 10] seconds, got {value}");
            note(key, !MOST_SECONDS.contains(&value), message, &format!("seconds, and no samples: {usual} is usual"));
        }
        note(
            "mels",
            !(1..=MOST_MELS).contains(&self.mels),
            format!("must be in [1, {MOST_MELS}], got {}", self.mels),
            "40 is usual",
        );
        note(
            "n_fft",
            self.n_fft == Some(0),
            "must be at least 1, got 0".into(),
            "leave it out for the next power of two",
        );
        let fmax = self.fmax.unwrap_or(f64::from(rate) / 2.0);
        let fits = self.fmin >= 0.0 && self.fmin < fmax && fmax <= f64::from(rate) / 2.0;
        let message = format!("must have 0 ≤ `fmin` < `fmax` ≤ half the rate, in Hz; got {} and {fmax}", self.fmin);
        note(if self.fmax.is_some() { "fmax" } else { "fmin" }, !fits, message, "");
        note("deltas", self.deltas > MOST_DELTAS, format!("must be 0, 1 or 2, got {}", self.deltas), "");
    }

    /// What the settings mean at a rate.
    ///
    /// # Errors
    ///
    /// What does not go together at that rate.
    pub(crate) fn at(&self, rate: u32) -> Result<Frames, String> {
        let samples = |seconds: f64| ((seconds * f64::from(rate)).round() as usize).max(1);
        let window = samples(self.window);
        let spectrum = Spectrum {
            window,
            step: samples(self.step),
            n_fft: self.n_fft.unwrap_or(window.next_power_of_two()),
            mels: self.mels,
            fmin: self.fmin,
            fmax: self.fmax.unwrap_or(f64::from(rate) / 2.0),
            coefficients: None,
            deltas: self.deltas,
        };
        Frames { rate, spectrum: Some(spectrum) }.checked()
    }
}
