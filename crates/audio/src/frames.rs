//! How frames are made of samples, in whole numbers of them: what `model.json` keeps, so that new recordings become the
//! same frames.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// Samples a second that can be read.
pub(crate) const MOST_RATE: RangeInclusive<u32> = 100..=1_000_000;
/// Seconds of a frame, and from one to the next.
pub(crate) const MOST_SECONDS: RangeInclusive<f64> = 0.001..=10.0;
/// Bands, and how often slopes are taken.
pub(crate) const MOST_MELS: usize = 512;
pub(crate) const MOST_DELTAS: usize = 2;
/// Points of a Fourier transform.
const MOST_POINTS: usize = 1 << 20;

/// How the samples of a recording become the steps of a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frames {
    /// Samples a second, in Hz.
    pub(crate) rate: u32,
    /// Frames of a spectrum; absent: a step a sample.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) spectrum: Option<Spectrum>,
}

/// Frames of a spectrum in mel bands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spectrum {
    /// Samples of a frame.
    pub(crate) window: usize,
    /// Samples from a frame to the next.
    pub(crate) step: usize,
    /// Points of the Fourier transform, at least `window`.
    pub(crate) n_fft: usize,
    /// Bands.
    pub(crate) mels: usize,
    /// Ends of the lowest and of the highest band, in Hz.
    pub(crate) fmin: f64,
    pub(crate) fmax: f64,
    /// Cepstral coefficients; absent: the bands themselves.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) coefficients: Option<usize>,
    /// How often slopes are taken.
    #[serde(default)]
    pub(crate) deltas: usize,
}

impl Frames {
    /// Samples a second, in Hz.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Channels of a step.
    pub fn channels(&self) -> usize {
        self.spectrum.as_ref().map_or(1, |spectrum| spectrum.base() * (1 + spectrum.deltas))
    }

    /// Steps of so many samples.
    pub fn steps(&self, samples: usize) -> usize {
        // The first frame is centred on the first sample.
        self.spectrum.as_ref().map_or(samples, |spectrum| 1 + samples / spectrum.step)
    }

    /// Seconds from a step to the next.
    pub fn seconds(&self) -> f64 {
        self.spectrum.as_ref().map_or(1, |spectrum| spectrum.step) as f64 / f64::from(self.rate)
    }

    /// Whether channels are bands of frequency one above the other, slopes left out, so that some of them can be
    /// hidden.
    pub fn has_bands(&self) -> bool {
        self.spectrum.as_ref().is_some_and(|spectrum| spectrum.coefficients.is_none())
    }

    /// What the steps are, for people.
    pub fn said(&self) -> String {
        let Some(Spectrum { window, step, n_fft, fmin, fmax, coefficients, deltas, mels }) = &self.spectrum else {
            return format!("samples, {} a second", self.rate);
        };
        let milliseconds = |samples: &usize| (1e5 * *samples as f64 / f64::from(self.rate)).round() / 100.0;
        let kind = coefficients.map_or("log-mel frames".into(), |count| format!("{count} cepstral coefficients"));
        let slopes = if *deltas > 0 { ", and their slopes" } else { "" };
        format!(
            "{kind} of {mels} bands from {fmin} to {fmax} Hz{slopes}: {} ms every {} ms, {n_fft} points at {} Hz",
            milliseconds(window),
            milliseconds(step),
            self.rate
        )
    }

    /// The same, where its numbers go together.
    ///
    /// # Errors
    ///
    /// What does not.
    pub fn checked(self) -> Result<Self, String> {
        if !MOST_RATE.contains(&self.rate) {
            return Err(format!("a rate of {} Hz is none in [100, 1000000]", self.rate));
        }
        let Some(Spectrum { window, step, n_fft, mels, fmin, fmax, coefficients, deltas }) = self.spectrum.clone()
        else {
            return Ok(self);
        };
        let half = f64::from(self.rate) / 2.0;
        let problem = if !(1..=MOST_POINTS).contains(&n_fft) || step == 0 || window == 0 {
            format!(
                "{n_fft} points for frames of {window} samples every {step}: at least 1 each, and at most \
                 {MOST_POINTS} points"
            )
        } else if n_fft < window {
            format!("`n_fft = {n_fft}` is less than the {window} samples of a frame at {} Hz", self.rate)
        } else if !(fmin >= 0.0 && fmin < fmax && fmax <= half) {
            format!("bands from {fmin} to {fmax} Hz: at {} Hz there are frequencies from 0 to {half}", self.rate)
        } else if !(1..=MOST_MELS).contains(&mels) || deltas > MOST_DELTAS {
            format!("{mels} bands and {deltas} slopes: at most {MOST_MELS} and {MOST_DELTAS}")
        } else if coefficients.is_some_and(|count| !(1..=mels).contains(&count)) {
            format!("{} coefficients of {mels} bands", coefficients.unwrap_or_default())
        } else {
            return Ok(self);
        };
        Err(problem)
    }
}

impl Spectrum {
    /// Channels before slopes.
    pub(crate) fn base(&self) -> usize {
        self.coefficients.unwrap_or(self.mels)
    }
}
