//! From samples to the steps of a series.

use crate::preparation::sound::cepstrum;
use crate::preparation::sound::deltas::slopes;
use crate::preparation::sound::frames::{Frames, Spectrum};
use crate::preparation::sound::mel::{Band, bands};
use crate::preparation::sound::spectrum::PowerSpectrum;
use crate::series::Series;

/// The least power that a logarithm is taken of, as in librosa and Kaldi's successors.
const FLOOR: f64 = 1e-10;

/// Makes series of samples; it keeps windows and bands from one recording to the next.
pub(crate) struct Extractor {
    frames: Frames,
    spectral: Option<Spectral>,
}

struct Spectral {
    settings: Spectrum,
    power: PowerSpectrum,
    bands: Vec<Band>,
    /// `[coefficients, mels]`; empty where the bands themselves are read.
    cosines: Vec<f64>,
}

impl Extractor {
    /// For what [`Frames::checked`] found sound.
    pub(crate) fn new(frames: &Frames) -> Self {
        let spectral = frames.spectrum.clone().map(|settings| {
            let Spectrum { window, step, n_fft, mels, fmin, fmax, coefficients, .. } = settings;
            Spectral {
                power: PowerSpectrum::new(n_fft, window, step),
                bands: bands(frames.rate, n_fft, mels, fmin, fmax),
                cosines: coefficients.map_or(Vec::new(), |count| cepstrum::matrix(count, mels)),
                settings,
            }
        });
        Self { frames: frames.clone(), spectral }
    }

    /// A line on bands that no frequency of the transform falls into.
    pub(crate) fn empty_bands(&self) -> Option<String> {
        let spectral = self.spectral.as_ref()?;
        let empty = spectral.bands.iter().filter(|band| band.is_empty()).count();
        let Spectrum { mels, n_fft, .. } = spectral.settings;
        (empty > 0).then(|| {
            format!(
                "{empty} of {mels} mel bands hold no frequency of {n_fft} points: write fewer `mels`, or a larger \
                 `n_fft`"
            )
        })
    }

    /// The steps of a recording at the frames' rate.
    ///
    /// # Shapes
    ///
    /// From `[samples]` to `[1 + samples / step, channels]`; with `waveform` to `[samples, 1]`.
    pub(crate) fn series(&mut self, samples: &[f32]) -> Series {
        let steps = self.frames.steps(samples.len());
        let Some(spectral) = &mut self.spectral else { return Series { values: samples.to_vec(), channels: 1 } };
        let base = spectral.settings.base();
        let mut values = Vec::with_capacity(steps * base);
        for step in 0..steps {
            let power = spectral.power.of_frame(samples, step);
            let logs = spectral.bands.iter().map(|band| band.of(power).max(FLOOR).ln());
            if spectral.cosines.is_empty() {
                values.extend(logs);
                continue;
            }
            let logs: Vec<f64> = logs.collect();
            let product = |row: &[f64]| row.iter().zip(&logs).map(|(cosine, log)| cosine * log).sum::<f64>();
            values.extend(spectral.cosines.chunks(logs.len()).map(product));
        }
        let mut parts = vec![values];
        for order in 0..spectral.settings.deltas {
            let next = slopes(&parts[order], base);
            parts.push(next);
        }
        let row = |step: usize| parts.iter().flat_map(move |part| &part[step * base..(step + 1) * base]);
        let values = (0..steps).flat_map(row).map(|value| *value as f32).collect();
        Series { values, channels: self.frames.channels() }
    }
}
