//! `[data.transform.mfcc]`: mel-frequency cepstral coefficients (Davis & Mermelstein 1980), the orthonormal discrete
//! cosine transform of log-mel frames. They say the shape of the spectrum in few numbers.
//!
//! Numbers are those of `librosa.feature.mfcc(S=log_mel)`: of natural logarithms, where librosa's own frames are
//! decibels, 4.34 times as large and cut off 80 below the loudest.

use schemars::JsonSchema;
use semiseq_schema::Problem;
use serde::{Deserialize, Serialize};

use crate::frames::{Frames, Spectrum};
use crate::log_mel::LogMelConfig;

/// Settings of `[data.transform.mfcc]`. All but `coefficients` are those of [`LogMelConfig`], with the same defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MfccConfig {
    /// Samples a second, in Hz, in [100, 1000000]. Default: that of most recordings of the training part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// Length of a frame in seconds, in [0.001, 10]. Default 0.025.
    pub window: f64,
    /// Seconds from a frame to the next, in [0.001, 10]. Default 0.01.
    pub step: f64,
    /// Points of the Fourier transform. Default: the next power of two from the samples of a frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n_fft: Option<usize>,
    /// Bands that the coefficients are made of, in [1, 512]. Default 40.
    pub mels: usize,
    /// Lower end of the lowest band in Hz. Default 0.
    pub fmin: f64,
    /// Upper end of the highest band in Hz. Default: half the rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fmax: Option<f64>,
    /// Coefficients, the first of which says how loud it is; at most `mels`. Default 13, as in speech recognition.
    pub coefficients: usize,
    /// How often the coefficients' slopes stand behind them: 0, 1 or 2. Default 0.
    pub deltas: usize,
}

impl Default for MfccConfig {
    fn default() -> Self {
        let LogMelConfig { rate, window, step, n_fft, mels, fmin, fmax, deltas } = LogMelConfig::default();
        Self { rate, window, step, n_fft, mels, fmin, fmax, coefficients: 13, deltas }
    }
}

impl MfccConfig {
    fn log_mel(&self) -> LogMelConfig {
        let Self { rate, window, step, n_fft, mels, fmin, fmax, deltas, .. } = self.clone();
        LogMelConfig { rate, window, step, n_fft, mels, fmin, fmax, deltas }
    }

    /// Notes every value out of range; `path` is the key of the table.
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        self.log_mel().check(path, problems);
        if !(1..=self.mels).contains(&self.coefficients) {
            problems.push(Problem {
                key: format!("{path}.coefficients"),
                message: format!("must be in [1, `mels`], which is {}, got {}", self.mels, self.coefficients),
                hint: Some("13 is usual".into()),
            });
        }
    }

    /// What the settings mean at a rate.
    ///
    /// # Errors
    ///
    /// What does not go together at that rate.
    pub(crate) fn at(&self, rate: u32) -> Result<Frames, String> {
        let frames = self.log_mel().at(rate)?;
        let coefficients = Some(self.coefficients);
        Frames { spectrum: frames.spectrum.map(|spectrum| Spectrum { coefficients, ..spectrum }), ..frames }.checked()
    }
}
